package reconcile

import (
	"context"
	"fmt"
	"time"

	"satchel/activities/reconcile/reconciledb"
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
	err := reconciledb.New(q).PassSave(ctx, reconciledb.PassSaveParams{Stage: string(s.Next.Stage), AfterID: s.Next.After, Wait: wait, Done: s.Done})
	if err != nil {
		return fmt.Errorf("keep the position: %w", err)
	}
	return nil
}
