// Package usage is the process that writes down every hour what each
// organization used, and warns it before it meets a limit.
package usage

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"satchel/activities/usage"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var roller *usage.Activities

// RollUpUsageInput names the platform, for all organizations, or one of them.
type RollUpUsageInput struct {
	Org tenancy.OrgID

	// What is known so far, carried on when a long run continues as new.
	After         tenancy.OrgID
	Organizations int64
	Failed        int64
}

// RollUpUsageResult counts the organizations that were rolled up.
type RollUpUsageResult struct{ Organizations int64 }

// RollUpUsage pages through the organizations. Those that failed were passed
// over; the run then fails at its end, so that its outcome shows them.
func RollUpUsage(ctx workflow.Context, in RollUpUsageInput) (RollUpUsageResult, error) {
	bounded := workflow.WithActivityOptions(ctx, options(in.Org))
	for {
		var stretch usage.RollUpOrganizationsResult
		err := workflow.ExecuteActivity(bounded, roller.RollUpOrganizations, usage.RollUpOrganizationsInput{Org: in.Org, After: in.After}).Get(ctx, &stretch)
		in.Organizations += stretch.Organizations
		in.Failed += stretch.Failed
		if err != nil {
			return RollUpUsageResult{in.Organizations}, fmt.Errorf("roll up organizations: %w", err)
		}
		if stretch.Last.IsZero() {
			return RollUpUsageResult{in.Organizations}, queue.FailedOf("roll up usage", in.Failed, in.Organizations)
		}
		in.After = stretch.Last
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return RollUpUsageResult{}, workflow.NewContinueAsNewError(ctx, RollUpUsage, in)
		}
	}
}

// options gives up within the hour: the next round is the retry.
func options(org tenancy.OrgID) workflow.ActivityOptions {
	return queue.Long.Within(10*time.Minute, 30*time.Minute).Options(queue.Batch, org.String(), queue.Low)
}

// Schedules roll up every hour.
func Schedules() []queue.Schedule {
	return []queue.Schedule{
		{ID: "roll-up-usage", Every: time.Hour, Workflow: RollUpUsage, Input: RollUpUsageInput{Org: tenancy.Platform}},
	}
}
