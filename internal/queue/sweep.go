package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// A sweep does the work for everything that was found. A failing item is logged,
// counted and passed over, so that it does not keep the sweep from those behind
// it. A sweep that is told when it must end begins no item in the second half of
// its time, cuts an item that would last longer, and says where the next run goes
// on: items that fail or are slow at the head of the list do not keep any run from
// its tail. Within one run, an attempt goes on behind the item that the attempt
// before had in hand.

// Swept counts what a sweep found, what it finished and what failed.
type Swept struct {
	Found, Done, Failed int

	// Next is the item behind which the next run goes on. It is zero when the end was
	// reached: the next run begins at the head.
	Next uuid.UUID `json:",omitzero"`
}

// Add adds the counts of another sweep.
func (s *Swept) Add(o Swept) {
	s.Found += o.Found
	s.Done += o.Done
	s.Failed += o.Failed
}

// LastResult is the result of the schedule's last run that completed, from which a
// sweep takes where it goes on. It is zero for the first run, and when the result
// is of another build and cannot be read: then the sweep begins at the head.
func LastResult[R any](ctx workflow.Context) R {
	var last, none R
	if !workflow.HasLastCompletionResult(ctx) || workflow.GetLastCompletionResult(ctx, &last) != nil {
		return none
	}
	return last
}

// Unless gives the error of a run that worked on several lists, unless the run has
// a place to hand over: a failed run hands over nothing. What failed is logged.
func Unless(unfinished bool, err error) error {
	if unfinished {
		return nil
	}
	return err
}

// SweepByID sweeps page after page, in the order of ids, until one comes back empty
// or its time is over. It begins behind the item after, and at the head for the
// zero id. next gives the page behind an id; id names an item. The sweep fails only
// when it went from the head to the end and every item failed: then the cause is
// not in the items, and a retry may help. A cancelled context ends it at once.
func SweepByID[T any](ctx context.Context, name string, after uuid.UUID, id func(T) uuid.UUID, next func(ctx context.Context, after uuid.UUID) ([]T, error), work func(context.Context, T) error) (Swept, error) {
	s := begin(ctx, name, byID{Sweep: name, After: after})
	swept, err := sweepByID(ctx, s, id, next, work)
	if err == nil && after == uuid.Nil && swept.Next == uuid.Nil {
		err = s.allFailed(swept)
	}
	s.end(err)
	return swept, err
}

// SweepAndNote is SweepByID for work that is noted, a page at a time, once it is done: note gets
// what was done of the page before the next one is listed, and at the end. What a process did
// and did not note, because it died, is found again.
func SweepAndNote[T any](ctx context.Context, name string, after uuid.UUID, id func(T) uuid.UUID, next func(ctx context.Context, after uuid.UUID) ([]T, error), work func(context.Context, T) error, note func(context.Context, []T) error) (Swept, error) {
	var done []T
	noteDone := func(ctx context.Context) error {
		if len(done) == 0 {
			return nil
		}
		err := note(ctx, done)
		done = nil
		return err
	}
	swept, err := SweepByID(ctx, name, after, id, func(ctx context.Context, after uuid.UUID) ([]T, error) {
		if err := noteDone(ctx); err != nil {
			return nil, err
		}
		return next(ctx, after)
	}, func(ctx context.Context, item T) error {
		err := work(ctx, item)
		if err == nil {
			done = append(done, item)
		}
		return err
	})
	return swept, errors.Join(err, noteDone(ctx))
}

// PageByID is SweepByID for a process that counts the items that failed, and fails
// at its end: it fails only when it cannot list, or is cancelled.
func PageByID[T any](ctx context.Context, name string, after uuid.UUID, id func(T) uuid.UUID, next func(ctx context.Context, after uuid.UUID) ([]T, error), work func(context.Context, T) error) (Swept, error) {
	s := begin(ctx, name, byID{Sweep: name, After: after})
	swept, err := sweepByID(ctx, s, id, next, work)
	s.end(err)
	return swept, err
}

// byID is how far a sweep is, and what its heartbeats keep.
type byID struct {
	Sweep string // an activity may have two
	After uuid.UUID
	Swept Swept
}

func (p byID) sweep() string { return p.Sweep }

func sweepByID[T any](ctx context.Context, s *sweep[byID], id func(T) uuid.UUID, next func(ctx context.Context, after uuid.UUID) ([]T, error), work func(context.Context, T) error) (Swept, error) {
	p := s.from
	for {
		page, err := next(ctx, p.After)
		if err != nil {
			return p.Swept, fmt.Errorf("%s: list: %w", s.name, err)
		}
		if len(page) == 0 {
			return p.Swept, nil
		}
		whole := workOn(ctx, s, page, &p.Swept, func(item T) {
			p.After = id(item)
			s.beat.set(p) // an attempt that dies with this item passes it over
		}, work)
		if err := ctx.Err(); err != nil {
			return p.Swept, fmt.Errorf("%s: %w", s.name, err)
		}
		if !whole {
			p.Swept.Next = p.After
			return p.Swept, nil
		}
	}
}

// workOn works on the items of a page, until the sweep's time is over or its context
// ends. An item counts as failed until it is done. It says whether it came to the end
// of the page.
func workOn[P interface{ sweep() string }, T any](ctx context.Context, s *sweep[P], page []T, swept *Swept, begin func(T), work func(context.Context, T) error) bool {
	for _, item := range page {
		if s.late() || ctx.Err() != nil {
			return false
		}
		s.begun = true
		swept.Add(Swept{Found: 1, Failed: 1})
		begin(item)
		if err := s.do(ctx, item, func(ctx context.Context) error { return work(ctx, item) }); err == nil {
			swept.Add(Swept{Done: 1, Failed: -1})
		}
	}
	return true
}

// Places say, for each owner that a sweep has not finished, behind which item the
// next run goes on.
type Places map[uuid.UUID]uuid.UUID

// mostPlaces bounds what is written into Temporal's history. An owner beyond it
// begins at its head.
const mostPlaces = 1000

func (p Places) put(owner, last uuid.UUID) {
	if _, known := p[owner]; last != uuid.Nil && (known || len(p) < mostPlaces) {
		p[owner] = last
	}
}

// SweepFairly sweeps the items of many owners: each round takes one
// page of each owner, so that an owner with a million items does not hold up the
// others. It begins at the places that the run before gave. of names an owner and id
// an item; next gives the owner's page behind an item, or its first page for the zero
// id. An owner whose page cannot be listed is passed over. When its time is over, it
// gives the places at which the next run begins.
func SweepFairly[O, T any](ctx context.Context, name string, from Places, owners []O, of func(O) uuid.UUID, id func(T) uuid.UUID, next func(ctx context.Context, owner O, after uuid.UUID) ([]T, error), work func(context.Context, T) error) (Swept, Places, error) {
	s := begin(ctx, name, fairly{Sweep: name, Places: from})
	swept, places, err := sweepFairly(ctx, s, owners, of, id, next, work)
	if err == nil && len(from) == 0 && len(places) == 0 {
		err = s.allFailed(swept)
	}
	s.end(err)
	return swept, places, err
}

// fairly is how far a sweep of many owners is, and what its heartbeats keep.
type fairly struct {
	Sweep  string
	Places Places
	Swept  Swept
}

func (p fairly) sweep() string { return p.Sweep }

func sweepFairly[O, T any](ctx context.Context, s *sweep[fairly], owners []O, of func(O) uuid.UUID, id func(T) uuid.UUID, next func(ctx context.Context, owner O, after uuid.UUID) ([]T, error), work func(context.Context, T) error) (Swept, Places, error) {
	swept, places := s.from.Swept, Places{}
	maps.Copy(places, s.from.Places)
	lasts := make(map[uuid.UUID]uuid.UUID, len(owners)) // of those that are not finished
	for _, owner := range owners {
		lasts[of(owner)] = places[of(owner)]
	}
	for len(lasts) > 0 {
		for _, owner := range owners {
			last, left := lasts[of(owner)]
			if !left {
				continue
			}
			page, err := next(ctx, owner, last)
			if err != nil && ctx.Err() == nil {
				s.fail(ctx, owner, err)
				swept.Add(Swept{Found: 1, Failed: 1})
			}
			whole := workOn(ctx, s, page, &swept, func(item T) { last = id(item) }, work)
			if err := ctx.Err(); err != nil {
				return swept, nil, fmt.Errorf("%s: %w", s.name, err)
			}
			lasts[of(owner)] = last
			places.put(of(owner), last)
			if len(page) == 0 {
				delete(lasts, of(owner))
				delete(places, of(owner))
			}
			if !whole {
				return swept, places, nil
			}
			s.beat.set(fairly{Sweep: s.name, Places: maps.Clone(places), Swept: swept})
		}
	}
	return swept, nil, nil
}

// sweep is what both kinds have in common.
type sweep[P interface{ sweep() string }] struct {
	name      string
	from      P
	beat      *beat
	stop, cut time.Time // when the last item begins and when it ends; zero: never
	begun     bool      // one item at least, however late it is
	failures  []error
}

// begin goes on where the attempt before was, or from the given place.
func begin[P interface{ sweep() string }](ctx context.Context, name string, from P) *sweep[P] {
	countFailures(ctx, name, 0)
	s := &sweep[P]{name: name, from: from}
	if activity.IsActivity(ctx) && activity.HasHeartbeatDetails(ctx) {
		var before P
		if err := activity.GetHeartbeatDetails(ctx, &before); err == nil && before.sweep() == name {
			s.from = before
		}
	}
	if deadline, limited := ctx.Deadline(); limited {
		left := time.Until(deadline)
		s.stop, s.cut = time.Now().Add(left/2), time.Now().Add(left/10*9)
	}
	s.beat = startBeat(ctx)
	s.beat.set(s.from)
	return s
}

// end keeps the place for the next attempt, if there is one.
func (s *sweep[P]) end(err error) {
	s.beat.stop()
	if err != nil {
		s.beat.record()
	}
}

// late says whether no other item begins.
func (s *sweep[P]) late() bool { return s.begun && !s.stop.IsZero() && !time.Now().Before(s.stop) }

// do works on one item, which must leave time to say how far the sweep came.
func (s *sweep[P]) do(ctx context.Context, item any, work func(context.Context) error) error {
	limited := ctx
	if !s.cut.IsZero() {
		var cancel context.CancelFunc
		limited, cancel = context.WithDeadline(ctx, s.cut)
		defer cancel()
	}
	err := work(limited)
	if err != nil {
		s.fail(ctx, item, err)
	}
	return err
}

// mostErrors bounds the errors that a failed sweep returns: they are written
// into Temporal's history. All of them are logged.
const mostErrors = 10

func (s *sweep[P]) fail(ctx context.Context, item any, err error) {
	SweepFailed(ctx, s.name, item, err)
	if len(s.failures) < mostErrors {
		s.failures = append(s.failures, err)
	}
}

// allFailed is the error of a sweep in which nothing succeeded. The next attempt
// begins at the head again.
func (s *sweep[P]) allFailed(swept Swept) error {
	if swept.Done > 0 || swept.Failed == 0 {
		return nil
	}
	s.beat.set(nil)
	return fmt.Errorf("%s: all %d failed: %w", s.name, swept.Failed, errors.Join(s.failures...))
}

// SweepFailed logs and counts an item that a sweep passes over.
func SweepFailed(ctx context.Context, name string, item any, err error) {
	if !activity.IsActivity(ctx) {
		slog.WarnContext(ctx, "sweep item failed", "sweep", name, "item", fmt.Sprintf("%+v", item), "error", err)
		return
	}
	activity.GetLogger(ctx).Warn("sweep item failed", "sweep", name, "item", fmt.Sprintf("%+v", item), "error", err)
	countFailures(ctx, name, 1)
}

// countFailures adds to the counter of a sweep. It is told of 0 at the beginning of each run: a
// counter that appears at 1 shows no increase, and the first failure would raise no alert.
func countFailures(ctx context.Context, name string, n int64) {
	if activity.IsActivity(ctx) {
		activity.GetMetricsHandler(ctx).WithTags(map[string]string{"sweep": name}).Counter("satchel_sweep_failures").Inc(n)
	}
}

// FailedOf is the error of a process that went through all organizations and
// passed over some that failed; nil when none did. It is not to be retried: the
// next scheduled run is the retry.
func FailedOf(name string, failed, done int64) error {
	if failed == 0 {
		return nil
	}
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf("%s: %d of %d organizations failed; the log names them", name, failed, failed+done), "organizations_failed", nil)
}
