package queue_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"satchel/internal/queue"
)

var (
	errItem = errors.New("this one fails")
	errList = errors.New("the list fails")
)

// failing refuses the items that it names and keeps the order of all.
func failing(seen *[]int, bad ...int) func(context.Context, int) error {
	return func(_ context.Context, n int) error {
		*seen = append(*seen, n)
		for _, b := range bad {
			if n == b {
				return errItem
			}
		}
		return nil
	}
}

// list gives the numbers from 1 to the last in pages of two, by ids that follow them.
func list(last int) (id func(int) uuid.UUID, next func(context.Context, uuid.UUID) ([]int, error)) {
	id = func(n int) uuid.UUID { return uuid.UUID{15: byte(n)} }
	return id, func(_ context.Context, after uuid.UUID) (page []int, _ error) {
		for n := int(after[15]) + 1; n <= last && len(page) < 2; n++ {
			page = append(page, n)
		}
		return page, nil
	}
}

func TestSweepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	id, next := list(5)
	var seen []int
	_, err := queue.SweepByID(ctx, "test", uuid.Nil, id, next, func(ctx context.Context, n int) error {
		cancel()
		return failing(&seen)(ctx, n)
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []int{1}, seen)
}

// TestSlowHeadDoesNotKeepTheTail: the first items never end by themselves. Each run
// cuts one and says where it was; the next goes on behind it, to the end, and the
// one after that begins at the head.
func TestSlowHeadDoesNotKeepTheTail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // by its own clock
		const slow, last = 3, 5
		id, next := list(last)
		var done []int
		var after uuid.UUID
		runs := 0
		run := func() queue.Swept {
			runs++
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			swept, err := queue.SweepByID(ctx, "test", after, id, next, func(ctx context.Context, n int) error {
				if n <= slow {
					<-ctx.Done()
					return ctx.Err()
				}
				done = append(done, n)
				return nil
			})
			require.NoError(t, err, "it ends before its own time does")
			return swept
		}
		for {
			swept := run()
			if after = swept.Next; after == uuid.Nil {
				break
			}
			require.LessOrEqual(t, runs, slow, "each run passes over one slow item at least")
			require.Equal(t, queue.Swept{Found: 1, Failed: 1, Next: after}, swept)
		}
		require.Equal(t, []int{4, 5}, done)
		require.Equal(t, id(1), run().Next, "the head has its next chance")
	})
}

// TestAttemptGoesOnBehindTheItemInHand: a worker dies, or an item outlives the
// attempt. The next attempt of the same run passes over that item.
func TestAttemptGoesOnBehindTheItemInHand(t *testing.T) {
	t.Parallel()
	id, next := list(4)
	var seen []int
	sweep := func(ctx context.Context) (queue.Swept, error) {
		return queue.SweepByID(ctx, "test", uuid.Nil, id, next, failing(&seen, 1, 3, 4))
	}
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	env.RegisterActivity(sweep)
	type details struct {
		Sweep string
		After uuid.UUID
		Swept queue.Swept
	}
	for _, c := range []struct {
		of   string
		want queue.Swept
		seen []int
	}{
		{"test", queue.Swept{Found: 4, Done: 1, Failed: 3}, []int{3, 4}},
		{"another sweep of the activity", queue.Swept{Found: 4, Done: 1, Failed: 3}, []int{1, 2, 3, 4}},
	} {
		seen = nil
		env.SetHeartbeatDetails(details{Sweep: c.of, After: id(2), Swept: queue.Swept{Found: 2, Done: 1, Failed: 1}})
		encoded, err := env.ExecuteActivity(sweep)
		require.NoError(t, err)
		var swept queue.Swept
		require.NoError(t, encoded.Get(&swept))
		require.Equal(t, c.want, swept)
		require.Equal(t, c.seen, seen)
	}
}

// TestSweepGoesBeyondAFailingPage: whole pages of items that fail do not keep the
// sweep from what is behind them.
func TestSweepGoesBeyondAFailingPage(t *testing.T) {
	t.Parallel()
	id, next := list(5)
	var seen []int
	swept, err := queue.SweepByID(t.Context(), "test", uuid.Nil, id, next, failing(&seen, 1, 2, 3, 4))
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 5, Done: 1, Failed: 4}, swept)
	require.Equal(t, []int{1, 2, 3, 4, 5}, seen)

	swept, err = queue.SweepByID(t.Context(), "test", uuid.Nil, id, next, failing(&seen, 1, 2, 3, 4, 5))
	require.ErrorIs(t, err, errItem, "nothing was done")
	require.Equal(t, 5, swept.Failed)

	_, err = queue.SweepByID(t.Context(), "test", uuid.Nil, id, func(context.Context, uuid.UUID) ([]int, error) { return nil, errList }, failing(&seen))
	require.ErrorIs(t, err, errList)

	swept, err = queue.SweepByID(t.Context(), "test", id(3), id, next, failing(&seen, 4, 5))
	require.NoError(t, err, "a failed run hands over nothing, and the next would begin here again")
	require.Equal(t, queue.Swept{Found: 2, Failed: 2}, swept)

	swept, err = queue.PageByID(t.Context(), "test", uuid.Nil, id, next, failing(&seen, 1, 2, 3, 4, 5))
	require.NoError(t, err, "its process counts them")
	require.Equal(t, 5, swept.Failed)
}

// TestSweepNotesWhatWasDone: a page is noted once it is done, without what failed, and before the
// next one is listed.
func TestSweepNotesWhatWasDone(t *testing.T) {
	t.Parallel()
	id, next := list(5)
	var seen []int
	var events [][]int
	note := func(_ context.Context, done []int) error {
		events = append(events, done)
		return nil
	}
	listing := func(ctx context.Context, after uuid.UUID) ([]int, error) {
		events = append(events, nil)
		return next(ctx, after)
	}
	swept, err := queue.SweepAndNote(t.Context(), "test", uuid.Nil, id, listing, failing(&seen, 2, 5), note)
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 5, Done: 3, Failed: 2}, swept)
	require.Equal(t, [][]int{nil, {1}, nil, {3, 4}, nil, nil}, events)

	_, err = queue.SweepAndNote(t.Context(), "test", uuid.Nil, id, next, failing(&seen), func(context.Context, []int) error { return errItem })
	require.ErrorIs(t, err, errItem)

	ctx, cancel := context.WithCancel(t.Context())
	events = nil
	_, err = queue.SweepAndNote(ctx, "test", uuid.Nil, id, next, func(ctx context.Context, n int) error {
		cancel()
		return ctx.Err()
	}, note)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, events)
}

// TestFailedOf: a process that passed over organizations fails at its end, and is not
// tried again as a whole.
func TestFailedOf(t *testing.T) {
	t.Parallel()
	require.NoError(t, queue.FailedOf("check organizations", 0, 7))
	err := queue.FailedOf("check organizations", 2, 5)
	var failure *temporal.ApplicationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "organizations_failed", failure.Type())
	require.True(t, failure.NonRetryable())
	require.ErrorContains(t, err, "check organizations: 2 of 7 organizations failed")
}

// fair is three owners' numbers; the list of the one that is broken fails.
type fair map[string][]int

func (f fair) of(owner string) uuid.UUID { return uuid.UUID{0: owner[0]} }

func (f fair) id(n int) uuid.UUID { return uuid.UUID{15: byte(n)} }

func (f fair) next(_ context.Context, owner string, after uuid.UUID) ([]int, error) {
	if owner == "broken" {
		return nil, errItem
	}
	for i, n := range f[owner] {
		if n > int(after[15]) {
			return f[owner][i:min(i+2, len(f[owner]))], nil
		}
	}
	return nil, nil
}

func TestSweepIsFair(t *testing.T) {
	t.Parallel()
	f := fair{"large": {1, 2, 3, 4}, "small": {10}}
	var seen []int
	owners := []string{"large", "broken", "small"}
	swept, places, err := queue.SweepFairly(t.Context(), "test", nil, owners, f.of, f.id, f.next, failing(&seen, 1, 2))
	require.NoError(t, err)
	require.Empty(t, places)
	require.Equal(t, []int{1, 2, 10, 3, 4}, seen)
	require.Equal(t, queue.Swept{Found: 6, Done: 3, Failed: 3}, swept)
	_, _, err = queue.SweepFairly(t.Context(), "test", nil, owners, f.of, f.id, f.next, failing(&seen, 1, 2, 3, 4, 10))
	require.ErrorIs(t, err, errItem)
}

// TestFairSweepGoesOnAtItsPlaces: the first items of one owner are slow. The runs get
// to the end of both.
func TestFairSweepGoesOnAtItsPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // by its own clock
		f := fair{"large": {1, 2, 3, 4}, "small": {10, 11, 12}}
		var done []int
		var places queue.Places
		for runs := 0; runs == 0 || len(places) > 0; runs++ {
			require.Less(t, runs, 5, "each run passes over a slow item at least")
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			var err error
			_, places, err = queue.SweepFairly(ctx, "test", places, []string{"large", "small"}, f.of, f.id, f.next, func(ctx context.Context, n int) error {
				if n <= 2 {
					<-ctx.Done()
					return ctx.Err()
				}
				done = append(done, n)
				return nil
			})
			cancel()
			require.NoError(t, err)
		}
		require.Subset(t, done, []int{3, 4, 10, 11, 12})
	})
}
