package roster

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/roster"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// SweepRostersInput names the platform.
type SweepRostersInput struct{ Org tenancy.OrgID }

// SweepRostersResult counts what was swept.
type SweepRostersResult struct{ Restarted, Removed roster.SweepRostersResult }

// SweepRosters starts imports that were lost and removes packages past their term. One
// that fails does not keep the other from its work.
func SweepRosters(ctx workflow.Context, in SweepRostersInput) (SweepRostersResult, error) {
	ctx = queue.ForSweep().Within(10*time.Minute, 20*time.Minute).On(ctx, queue.Batch, in.Org.String(), queue.Default)
	last := queue.LastResult[SweepRostersResult](ctx)
	restarting := workflow.ExecuteActivity(ctx, importer.RestartRosterImports, roster.RestartRosterImportsInput{Org: in.Org, After: last.Restarted.Next})
	removing := workflow.ExecuteActivity(ctx, importer.RemoveRosterPackages, roster.RemoveRosterPackagesInput{Org: in.Org, After: last.Removed.Next})
	var result SweepRostersResult
	restarted, removed := restarting.Get(ctx, &result.Restarted), removing.Get(ctx, &result.Removed)
	unfinished := result.Restarted.Next != uuid.Nil || result.Removed.Next != uuid.Nil
	switch {
	case restarted != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("restart imports: %w", restarted))
	case removed != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("remove packages: %w", removed))
	}
	return result, nil
}

// PickUpRostersInput names the platform.
type PickUpRostersInput struct{ Org tenancy.OrgID }

// PickUpRostersResult counts what was found in the inbox.
type PickUpRostersResult struct {
	Looked  roster.SweepRostersResult
	Unknown int // folders of no source
}

// PickUpRosters looks into the inbox folder for packages. That it cannot be told whose
// folders are unknown does not keep the packages of others from their imports.
func PickUpRosters(ctx workflow.Context, in PickUpRostersInput) (PickUpRostersResult, error) {
	ctx = queue.ForSweep().Within(10*time.Minute, 20*time.Minute).On(ctx, queue.Batch, in.Org.String(), queue.Default)
	last := queue.LastResult[PickUpRostersResult](ctx)
	looking := workflow.ExecuteActivity(ctx, inbox.PickUpRosters, roster.PickUpRostersInput{Org: in.Org, After: last.Looked.Next})
	finding := workflow.ExecuteActivity(ctx, inbox.FindUnknownInboxes, roster.FindUnknownInboxesInput{Org: in.Org})
	var result PickUpRostersResult
	var unknown roster.FindUnknownInboxesResult
	looked, found := looking.Get(ctx, &result.Looked), finding.Get(ctx, &unknown)
	result.Unknown = unknown.Unknown
	unfinished := result.Looked.Next != uuid.Nil
	switch {
	case looked != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("look into the inbox: %w", looked))
	case found != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("find unknown folders: %w", found))
	}
	return result, nil
}

// Schedules are how soon a lost import is found, and a package that is due goes; and how
// often the inbox is looked into.
func Schedules(c roster.InboxConfig) []queue.Schedule {
	return []queue.Schedule{
		{ID: "sweep-rosters", Every: time.Minute, Workflow: SweepRosters, Input: SweepRostersInput{Org: tenancy.Platform}},
		{ID: "pick-up-rosters", Every: c.Every, Workflow: PickUpRosters, Input: PickUpRostersInput{Org: tenancy.Platform}},
	}
}
