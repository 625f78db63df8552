package bulk

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/bulk"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// SweepChangesInput names the platform.
type SweepChangesInput struct{ Org tenancy.OrgID }

// SweepChangesResult counts what was swept.
type SweepChangesResult struct{ Restarted, Deleted bulk.SweepChangesResult }

// SweepChanges starts changes that were lost and deletes old ones. One that fails does not
// keep the other from its work.
func SweepChanges(ctx workflow.Context, in SweepChangesInput) (SweepChangesResult, error) {
	ctx = queue.ForSweep().On(ctx, queue.Batch, in.Org.String(), queue.Default)
	last := queue.LastResult[SweepChangesResult](ctx)
	restarting := workflow.ExecuteActivity(ctx, changer.RestartChanges, bulk.RestartChangesInput{Org: in.Org, After: last.Restarted.Next})
	deleting := workflow.ExecuteActivity(ctx, changer.DeleteOldChanges, bulk.DeleteOldChangesInput{Org: in.Org, After: last.Deleted.Next})
	var result SweepChangesResult
	restarted, deleted := restarting.Get(ctx, &result.Restarted), deleting.Get(ctx, &result.Deleted)
	unfinished := result.Restarted.Next != uuid.Nil || result.Deleted.Next != uuid.Nil
	switch {
	case restarted != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("restart changes of files: %w", restarted))
	case deleted != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("delete old changes of files: %w", deleted))
	}
	return result, nil
}

// Schedules is how soon a change is found that was lost.
func Schedules() []queue.Schedule {
	return []queue.Schedule{{ID: "sweep-changes", Every: 30 * time.Second, Workflow: SweepChanges, Input: SweepChangesInput{Org: tenancy.Platform}}}
}
