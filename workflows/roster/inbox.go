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

// PickUpRostersInput names the platform.
type PickUpRostersInput struct{ Org tenancy.OrgID }

// PickUpRostersResult counts what was found in the inbox.
type PickUpRostersResult struct {
	Looked  queue.Swept
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

// Schedules are how often the inbox is looked into.
func Schedules(c roster.InboxConfig) []queue.Schedule {
	return []queue.Schedule{
		{ID: "pick-up-rosters", Every: c.Every, Workflow: PickUpRosters, Input: PickUpRostersInput{Org: tenancy.Platform}},
	}
}
