package workers

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// sweeps runs the sweeps of the components. Each has its own time, and one worker of the
// deployment runs it: the one that holds its lock. That worker keeps it for as long as it
// lives, because where a run ended is in its memory.
type sweeps struct {
	db      *tenancy.DB
	locks   *tenancy.Locks
	log     *slog.Logger
	metrics *sweepMetrics
	list    []queue.Sweep
	hurried []chan struct{} // one for each of the list
}

const (
	// sweepTime is how long a run may take that says nothing else.
	sweepTime = 5 * time.Minute
	// mostFailures is behind how many runs that failed another worker may try: this one may
	// be the one that does not reach what it needs.
	mostFailures = 3
)

type sweepMetrics struct {
	runs, items        *prometheus.CounterVec
	succeeded, holding *prometheus.GaugeVec
}

func newSweeps(db *tenancy.DB, log *slog.Logger, r prometheus.Registerer, components []queue.Component) *sweeps {
	s := &sweeps{db: db, locks: tenancy.NewLocks(db), log: log, metrics: &sweepMetrics{
		runs:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_sweep_runs_total", Help: "Runs of sweeps in this worker, by how they ended: done, or failed."}, []string{"sweep", "outcome"}),
		items:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_sweep_items_total", Help: "What sweeps in this worker found, and of it what was done and what failed."}, []string{"sweep", "outcome"}),
		succeeded: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_sweep_last_success_timestamp_seconds", Help: "When the last run of a sweep in this worker was done."}, []string{"sweep"}),
		holding:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_sweep_held", Help: "1 in the worker that runs a sweep."}, []string{"sweep"}),
	}}
	r.MustRegister(s.metrics.runs, s.metrics.items, s.metrics.succeeded, s.metrics.holding)
	for _, c := range components {
		s.list = append(s.list, c.Sweeps...)
	}
	for range s.list {
		s.hurried = append(s.hurried, make(chan struct{}, 1))
	}
	return s
}

// run sweeps until ctx ends, and gives the locks back when all runs have ended. SIGUSR1 has
// each sweep run at once: for who does not want to wait after an outage, or after times in the
// database were changed.
func (s *sweeps) run(ctx context.Context) {
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1) // and never again without: its default ends the program
	var kept, swept sync.WaitGroup
	kept.Go(func() { s.locks.Keep(keeping) })
	kept.Go(func() {
		for {
			select {
			case <-keeping.Done():
				return
			case <-asked:
				s.hurry()
			}
		}
	})
	for i, w := range s.list {
		swept.Go(func() { s.repeat(ctx, w, s.hurried[i]) })
	}
	swept.Wait()
	stop()
	kept.Wait()
}

// hurry has each sweep run now, or once more where it runs already.
func (s *sweeps) hurry() {
	for _, c := range s.hurried {
		select {
		case c <- struct{}{}:
		default: // it was asked for and has not begun
		}
	}
}

// repeat runs one sweep again and again. The first run comes soon: a worker that starts
// may be the one that comes back after an outage.
func (s *sweeps) repeat(ctx context.Context, w queue.Sweep, hurried <-chan struct{}) {
	var after uuid.UUID
	failures := 0
	for pause := jittered(w.Every / 10); ; pause = w.Every - jittered(w.Every/10) {
		select {
		case <-ctx.Done():
			return
		case <-hurried:
		case <-time.After(pause):
		}
		next, err := s.once(ctx, w, after)
		if after, failures = next, failures+1; err == nil {
			failures = 0
		} else if failures >= mostFailures {
			s.locks.Release(ctx, lockOf(w))
			failures = 0
		}
	}
}

// jittered is a time up to the longest: the sweeps of a deployment do not come together.
func jittered(longest time.Duration) time.Duration { return rand.N(max(longest, 1)) } //nolint:gosec // no secret

func lockOf(w queue.Sweep) string { return "sweep/" + w.Name }

// once does one run if it is this worker's, and gives where the next one begins. A run
// that failed hands over nothing new.
func (s *sweeps) once(ctx context.Context, w queue.Sweep, after uuid.UUID) (uuid.UUID, error) {
	lost, mine, err := s.locks.Hold(ctx, lockOf(w))
	held := 0.0
	if mine {
		held = 1
	}
	s.metrics.holding.WithLabelValues(w.Name).Set(held)
	if err != nil {
		s.failed(ctx, w, err)
		return after, err
	}
	if !mine {
		return uuid.Nil, nil
	}
	begun := time.Now()
	swept, err := s.sweep(ctx, w, after, lost)
	s.count(w, swept)
	if err != nil {
		s.failed(ctx, w, err)
		return after, err
	}
	s.metrics.runs.WithLabelValues(w.Name, "done").Inc()
	s.metrics.succeeded.WithLabelValues(w.Name).SetToCurrentTime()
	s.note(ctx, w, begun, swept)
	return swept.Next, nil
}

// sweep bounds the run: by its time, and by the lock that this worker holds.
func (s *sweeps) sweep(ctx context.Context, w queue.Sweep, after uuid.UUID, lost <-chan struct{}) (swept queue.Swept, err error) {
	longest := w.Longest
	if longest == 0 {
		longest = sweepTime
	}
	limited, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	go func() {
		select {
		case <-lost:
			cancel()
		case <-limited.Done():
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("sweep panicked", "sweep", w.Name, "panic", p, "stack", string(debug.Stack()))
			err = errors.New("panic")
		}
	}()
	return w.Run(limited, after)
}

func (s *sweeps) count(w queue.Sweep, swept queue.Swept) {
	for outcome, n := range map[string]int{"found": swept.Found, "done": swept.Done, "failed": swept.Failed} {
		s.metrics.items.WithLabelValues(w.Name, outcome).Add(float64(n))
	}
}

func (s *sweeps) failed(ctx context.Context, w queue.Sweep, err error) {
	if ctx.Err() != nil {
		return // the program stops
	}
	s.metrics.runs.WithLabelValues(w.Name, "failed").Inc()
	s.log.Warn("sweep failed; will run again", "sweep", w.Name, "code", fault.Of(err).Code, "error", err)
}

// note makes the row of a run that found something: what found nothing is no job.
func (s *sweeps) note(ctx context.Context, w queue.Sweep, begun time.Time, swept queue.Swept) {
	if swept.Found == 0 {
		return
	}
	err := operations.Swept(ctx, s.db.Single(tenancy.Platform), operations.Sweep{
		Run: tenancy.NewID(), Kind: SweepKind(w.Name), Workflow: lockOf(w), Started: begun, Found: int64(swept.Found), Done: int64(swept.Done)})
	if err != nil && ctx.Err() == nil {
		s.log.Warn("job row not written", "doing", "note sweep", "sweep", w.Name, "error", err)
	}
}

// SweepKind is the kind of job that the runs of a sweep are which found something.
func SweepKind(name string) string { return strings.ReplaceAll(name, "-", "_") }
