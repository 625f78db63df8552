package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

// Swept counts what a sweep found, what it finished and what failed.
type Swept struct{ Found, Done, Failed int }

// Add adds the counts of another sweep.
func (s *Swept) Add(o Swept) {
	s.Found += o.Found
	s.Done += o.Done
	s.Failed += o.Failed
}

// mostErrors bounds the errors that a failed sweep returns: they are written
// into Temporal's history. All of them are logged.
const mostErrors = 10

// Sweep does the work for everything that was found. A failing item is logged,
// counted and passed over, so that it does not keep the sweep from those behind
// it. The sweep itself fails only when every item failed: then the cause is not
// in the items, and a retry may help. A cancelled context ends it at once.
func Sweep[T any](ctx context.Context, name string, found []T, work func(context.Context, T) error) (Swept, error) {
	swept := Swept{Found: len(found)}
	var failures []error
	for i, item := range found {
		if err := ctx.Err(); err != nil {
			return swept, fmt.Errorf("%s: %w", name, err)
		}
		if activity.IsActivity(ctx) {
			activity.RecordHeartbeat(ctx, i)
		}
		err := work(ctx, item)
		if err == nil {
			swept.Done++
			continue
		}
		swept.Failed++
		SweepFailed(ctx, name, item, err)
		if len(failures) < mostErrors {
			failures = append(failures, err)
		}
	}
	if swept.Done == 0 && len(failures) > 0 {
		return swept, fmt.Errorf("%s: all %d failed: %w", name, swept.Failed, errors.Join(failures...))
	}
	return swept, nil
}

// SweepFailed logs and counts an item that a sweep passes over.
func SweepFailed(ctx context.Context, name string, item any, err error) {
	if !activity.IsActivity(ctx) {
		slog.WarnContext(ctx, "sweep item failed", "sweep", name, "item", fmt.Sprintf("%+v", item), "error", err)
		return
	}
	activity.GetLogger(ctx).Warn("sweep item failed", "sweep", name, "item", fmt.Sprintf("%+v", item), "error", err)
	activity.GetMetricsHandler(ctx).WithTags(map[string]string{"sweep": name}).Counter("satchel_sweep_failures").Inc(1)
}

// SweepByID sweeps page after page, in the order of ids, until one comes back empty.
// next gives the page behind an id, and the first one for the zero id; id names an
// item. Items that fail are passed over: however many there are, they do not keep the
// sweep from those behind them.
func SweepByID[T any](ctx context.Context, name string, id func(T) uuid.UUID, next func(ctx context.Context, after uuid.UUID) ([]T, error), work func(context.Context, T) error) (Swept, error) {
	var all Swept
	var after uuid.UUID
	var failed error
	for {
		page, err := next(ctx, after)
		if err != nil {
			return all, fmt.Errorf("%s: list: %w", name, err)
		}
		if len(page) == 0 {
			break
		}
		swept, err := Sweep(ctx, name, page, work)
		all.Add(swept)
		if ctx.Err() != nil {
			return all, err
		}
		failed = cmp.Or(failed, err) // one page's: it is written into Temporal's history
		after = id(page[len(page)-1])
	}
	if all.Done == 0 {
		return all, failed
	}
	return all, nil
}

// SweepFairly sweeps the items of many owners in turns: each round takes one
// page of each owner, so that an owner with a million items does not hold up the
// others. next gives the owner's page behind the last item of its page before,
// or its first page for nil. An owner whose page cannot be listed is passed over.
func SweepFairly[O, T any](ctx context.Context, name string, owners []O, next func(ctx context.Context, owner O, last *T) ([]T, error), work func(context.Context, T) error) (Swept, error) {
	var all Swept
	var failed error
	lasts := make([]*T, len(owners))
	ended := make([]bool, len(owners))
	for left := len(owners); left > 0; {
		for i, owner := range owners {
			if ended[i] {
				continue
			}
			page, err := next(ctx, owner, lasts[i])
			if ctx.Err() != nil {
				return all, fmt.Errorf("%s: %w", name, ctx.Err())
			}
			if err != nil {
				SweepFailed(ctx, name, owner, err)
				all.Add(Swept{Found: 1, Failed: 1})
				failed, page = err, nil
			}
			if len(page) == 0 {
				ended[i] = true
				left--
				continue
			}
			swept, err := Sweep(ctx, name, page, work)
			all.Add(swept)
			if ctx.Err() != nil {
				return all, err
			}
			failed = cmp.Or(err, failed)
			lasts[i] = &page[len(page)-1]
		}
	}
	if all.Done == 0 {
		return all, failed
	}
	return all, nil
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
