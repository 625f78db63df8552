package organization

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// unfinishedFor is how long an organization may be quiet before someone looks
// whether its workflow was lost.
const unfinishedFor = 20 * time.Second

// RestartUnfinishedInput names the platform, and where to go on.
type RestartUnfinishedInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the run before ended
}

// PlatformWork marks work across organizations.
func (RestartUnfinishedInput) PlatformWork() {}

// RestartUnfinishedResult counts what was found, what was started or found
// running, and what failed.
type RestartUnfinishedResult = queue.Swept

// RestartUnfinished starts the process of every organization whose workflow was
// not started, or was lost. A running one is not changed.
func (a *BatchActivities) RestartUnfinished(ctx context.Context, in RestartUnfinishedInput) (RestartUnfinishedResult, error) {
	return queue.SweepByID(ctx, "restart unfinished organizations", in.After, func(u tenancy.UnfinishedOrganization) uuid.UUID { return u.Org.UUID() },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.UnfinishedOrganization, error) {
			return a.DB.OrganizationsUnfinished(ctx, unfinishedFor, after, a.page)
		}, a.restart)
}

// restart opens the operation again first, where an attempt before has failed: a
// workflow would have nowhere to report.
func (a *BatchActivities) restart(ctx context.Context, u tenancy.UnfinishedOrganization) error {
	org, platform := u.Org, a.DB.Single(tenancy.Platform)
	if u.Status == tenancy.Deleting && u.Deletion != nil {
		if err := operations.Reopen(ctx, platform, *u.Deletion); err != nil {
			return err
		}
		return a.Workflows.StartDeletion(ctx, org, *u.Deletion)
	}
	if err := operations.Reopen(ctx, platform, u.Org.UUID()); err != nil {
		return err
	}
	return a.Workflows.StartProvisioning(ctx, org)
}
