package export

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/export"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// SweepExportsInput names the platform.
type SweepExportsInput struct{ Org tenancy.OrgID }

// SweepExportsResult counts what was swept.
type SweepExportsResult struct{ Restarted, Removed export.SweepExportsResult }

// SweepExports starts exports that were lost and removes those past their time.
// One that fails does not keep the other from its work.
func SweepExports(ctx workflow.Context, in SweepExportsInput) (SweepExportsResult, error) {
	ctx = queue.ForSweep().Within(10*time.Minute, 20*time.Minute).On(ctx, queue.Batch, in.Org.String(), queue.Default)
	last := queue.LastResult[SweepExportsResult](ctx)
	restarting := workflow.ExecuteActivity(ctx, exporter.RestartExports, export.RestartExportsInput{Org: in.Org, After: last.Restarted.Next})
	removing := workflow.ExecuteActivity(ctx, exporter.RemoveExports, export.RemoveExportsInput{Org: in.Org, After: last.Removed.Next})
	var result SweepExportsResult
	restarted, removed := restarting.Get(ctx, &result.Restarted), removing.Get(ctx, &result.Removed)
	unfinished := result.Restarted.Next != uuid.Nil || result.Removed.Next != uuid.Nil
	switch {
	case restarted != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("restart exports: %w", restarted))
	case removed != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("remove exports: %w", removed))
	}
	return result, nil
}

// Schedules are how soon a lost export is found, and one that is due goes.
func Schedules() []queue.Schedule {
	return []queue.Schedule{{ID: "sweep-exports", Every: time.Minute, Workflow: SweepExports, Input: SweepExportsInput{Org: tenancy.Platform}}}
}
