package workers

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var errAway = errors.New("away")

// sweeping makes the sweeps of one worker; the test's end gives their locks back.
func sweeping(t *testing.T, db *pgtest.Database, list ...queue.Sweep) *sweeps {
	t.Helper()
	s := newSweeps(db.DB, slog.New(slog.DiscardHandler), prometheus.NewRegistry(), []queue.Component{{Sweeps: list}})
	t.Cleanup(func() {
		done, cancel := context.WithCancel(context.Background())
		cancel()
		s.locks.Keep(done)
	})
	return s
}

// value reads a counter or a gauge.
func value(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var read dto.Metric
	require.NoError(t, m.Write(&read))
	return read.GetCounter().GetValue() + read.GetGauge().GetValue()
}

// TestSweepGoesOnWhereItEnded: in the memory of the worker, and past a run that failed or
// panicked.
func TestSweepGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	place := tenancy.NewID()
	var began []uuid.UUID
	w := queue.Sweep{Name: "start-waiting-uploads", Every: time.Minute, Run: func(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
		deadline, limited := ctx.Deadline()
		require.True(t, limited && time.Until(deadline) <= sweepTime, "a run is bounded")
		began = append(began, after)
		switch len(began) {
		case 1:
			return queue.Swept{Found: 3, Done: 2, Failed: 1, Next: place}, nil
		case 2:
			return queue.Swept{}, errAway
		case 3:
			panic("no one foresaw this")
		default:
			return queue.Swept{}, nil
		}
	}}
	s := sweeping(t, db, w)
	var after uuid.UUID
	for range 5 {
		after, _ = s.once(ctx, w, after)
	}
	require.Equal(t, []uuid.UUID{uuid.Nil, place, place, place, uuid.Nil}, began)
	require.InDelta(t, 3, value(t, s.metrics.runs.WithLabelValues(w.Name, "done")), 0)
	require.InDelta(t, 2, value(t, s.metrics.runs.WithLabelValues(w.Name, "failed")), 0)
	for outcome, want := range map[string]float64{"found": 3, "done": 2, "failed": 1} {
		require.InDelta(t, want, value(t, s.metrics.items.WithLabelValues(w.Name, outcome)), 0)
	}
	require.InDelta(t, float64(time.Now().Unix()), value(t, s.metrics.succeeded.WithLabelValues(w.Name)), 60)

	// The run that found something has a row, and no other.
	var kind, code string
	var done, total, rows int64
	require.NoError(t, db.Single(tenancy.Platform).QueryRow(ctx, "select kind, reason_code, done, total, count(*) over () from operations").Scan(&kind, &code, &done, &total, &rows))
	require.Equal(t, []any{"start_waiting_uploads", "items_failed", int64(2), int64(3), int64(1)}, []any{kind, code, done, total, rows})
}

// TestOneWorkerSweeps: the others stand by, and one of them goes on from the head when it
// has stopped.
func TestOneWorkerSweeps(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var runs [2]atomic.Int64
	var atOnce, most atomic.Int64
	var workers [2]*sweeps
	for i := range workers {
		workers[i] = sweeping(t, db, queue.Sweep{Name: "restart-exports", Every: 10 * time.Millisecond, Run: func(context.Context, uuid.UUID) (queue.Swept, error) {
			if n := atOnce.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer atOnce.Add(-1)
			runs[i].Add(1)
			return queue.Swept{Next: tenancy.NewID()}, nil
		}})
	}
	start := func(s *sweeps) (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); s.run(ctx) }()
		return func() { cancel(); <-ended }
	}
	sees := func(n *atomic.Int64, more int64) {
		want := n.Load() + more
		require.Eventually(t, func() bool { return n.Load() >= want }, time.Minute, time.Millisecond)
	}
	stopFirst := start(workers[0])
	sees(&runs[0], 3)
	stopSecond := start(workers[1])
	defer stopSecond()
	sees(&runs[0], 20)
	require.Zero(t, runs[1].Load())
	stopFirst()
	sees(&runs[1], 3)
	require.EqualValues(t, 1, most.Load())
}

// TestRunEndsWithItsLock: the connection that holds it breaks while a run lasts.
func TestRunEndsWithItsLock(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	running := make(chan struct{})
	w := queue.Sweep{Name: "expire-uploads", Every: time.Minute, Run: func(ctx context.Context, _ uuid.UUID) (queue.Swept, error) {
		close(running)
		<-ctx.Done()
		return queue.Swept{}, ctx.Err()
	}}
	s := sweeping(t, db, w)
	place := tenancy.NewID()
	went := make(chan uuid.UUID)
	go func() {
		next, _ := s.once(context.Background(), w, place)
		went <- next
	}()
	<-running
	_, err := db.Admin(t).Exec(t.Context(), "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())")
	require.NoError(t, err)
	_, _, err = s.locks.Hold(t.Context(), "sweep/another") // as the next sweep of the worker does, or the sign of life
	require.Error(t, err)
	require.Equal(t, place, <-went)
}

// TestStoppedWorkerSweepsNoMore, also in the middle of a run.
func TestStoppedWorkerSweepsNoMore(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	running := make(chan struct{})
	s := sweeping(t, db, queue.Sweep{Name: "expire-uploads", Every: time.Millisecond, Run: func(ctx context.Context, _ uuid.UUID) (queue.Swept, error) {
		close(running) // a second run would panic
		<-ctx.Done()
		return queue.Swept{}, ctx.Err()
	}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.run(ctx) }()
	<-running
	cancel()
	<-ended
	require.Zero(t, value(t, s.metrics.runs.WithLabelValues("expire-uploads", "failed")), "that is no failure")
}

// TestWorkerThatFailsLetsAnotherTry: it may be the only one that does not reach Temporal.
func TestWorkerThatFailsLetsAnotherTry(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	swept := make(chan struct{}, 1)
	sweep := func(run queue.SweepFunc) *sweeps {
		return sweeping(t, db, queue.Sweep{Name: "restart-exports", Every: 10 * time.Millisecond, Run: run})
	}
	failing := sweep(func(context.Context, uuid.UUID) (queue.Swept, error) { return queue.Swept{}, errAway })
	good := sweep(func(context.Context, uuid.UUID) (queue.Swept, error) {
		select {
		case swept <- struct{}{}:
		default:
		}
		return queue.Swept{}, nil
	})
	_, err := failing.once(t.Context(), failing.list[0], uuid.Nil)
	require.ErrorIs(t, err, errAway, "it is the first to hold the lock")
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	for _, s := range []*sweeps{failing, good} {
		ended.Go(func() { s.run(ctx) })
	}
	<-swept
	cancel()
	ended.Wait()
}

// TestSweepsRunWhenTheyAreAsked to, and keep their times otherwise.
func TestSweepsRunWhenTheyAreAsked(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	runs := map[string]*atomic.Int64{"restart-exports": {}, "start-waiting-uploads": {}}
	var list []queue.Sweep
	for name, n := range runs {
		list = append(list, queue.Sweep{Name: name, Every: 1000 * time.Hour, Run: func(context.Context, uuid.UUID) (queue.Swept, error) {
			n.Add(1)
			return queue.Swept{}, nil
		}})
	}
	s := sweeping(t, db, list...)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.run(ctx) }()
	for want := range int64(3) {
		for name, n := range runs {
			require.Eventually(t, func() bool { return n.Load() == want }, time.Minute, time.Millisecond, name)
		}
		s.hurry()
	}
	cancel()
	<-ended
}
