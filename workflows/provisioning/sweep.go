package provisioning

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"satchel/activities/organization"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var restarter *organization.BatchActivities // by name; its receiver is never called here

// SweepOrganizationsInput names the platform.
type SweepOrganizationsInput struct{ Org tenancy.OrgID }

// SweepOrganizations starts the process of organizations whose workflow was
// never started or was lost.
func SweepOrganizations(ctx workflow.Context, in SweepOrganizationsInput) (organization.RestartUnfinishedResult, error) {
	ctx = queue.ForSweep().On(ctx, queue.Batch, in.Org.String(), queue.Default)
	var result organization.RestartUnfinishedResult
	input := organization.RestartUnfinishedInput{Org: in.Org, After: queue.LastResult[organization.RestartUnfinishedResult](ctx).Next}
	err := workflow.ExecuteActivity(ctx, restarter.RestartUnfinished, input).Get(ctx, &result)
	return result, err
}

// Schedules is how soon a lost start is made good.
func Schedules() []queue.Schedule {
	return []queue.Schedule{{ID: "sweep-organizations", Every: 20 * time.Second, Workflow: SweepOrganizations, Input: SweepOrganizationsInput{Org: tenancy.Platform}}}
}
