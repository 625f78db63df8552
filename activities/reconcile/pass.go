package reconcile

import (
	"context"
	"fmt"
	"time"

	"satchel/tenancy"
)

const (
	// interval is how long after a complete pass over an organization the next one
	// is due.
	interval = 24 * time.Hour
	// retryAfter is how long an organization waits whose check failed. It is longer
	// than an activity and shorter than the time to the next run, so that a check
	// that always fails is tried once in a run.
	retryAfter = 55 * time.Minute
)

// savePass keeps where the check of the organization goes on, and when.
func savePass(ctx context.Context, q tenancy.Queries, s Slice, failed bool) error {
	var wait time.Duration
	switch {
	case s.Done:
		wait = interval
	case failed:
		wait = retryAfter
	}
	_, err := q.Exec(ctx, `insert into reconcile_passes (organization_id, stage, after_id, due_at, completed_at)
		values (app.org(), $1, $2, now() + $3::interval, case when $4 then now() end)
		on conflict (organization_id) do update set stage = excluded.stage, after_id = excluded.after_id, due_at = excluded.due_at,
			completed_at = coalesce(excluded.completed_at, reconcile_passes.completed_at), updated_at = now()`,
		string(s.Next.Stage), s.Next.After, wait, s.Done)
	if err != nil {
		return fmt.Errorf("keep the position: %w", err)
	}
	return nil
}
