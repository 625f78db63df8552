package organization

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// unfinishedFor is how long an organization may be quiet before someone looks
// whether its workflow was lost.
const unfinishedFor = 20 * time.Second

// loginsOnTheirWay is above the time between the row of the directory for a login and the login's row in its cluster.
const loginsOnTheirWay = time.Hour

// SweepsOf is the sweep of organizations.
func SweepsOf(a *BatchActivities) []queue.Sweep {
	return []queue.Sweep{{Name: "restart-organizations", Every: 20 * time.Second, Run: a.restartUnfinished}}
}

// restartUnfinished starts the process of every organization whose workflow was
// not started, or was lost. A running one is not changed.
func (a *BatchActivities) restartUnfinished(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	swept, err := queue.SweepByID(ctx, "restart unfinished organizations", after, func(u tenancy.UnfinishedOrganization) uuid.UUID { return u.Org.UUID() },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.UnfinishedOrganization, error) {
			return a.DB.OrganizationsUnfinished(ctx, unfinishedFor, after, a.page)
		}, a.restart)
	// Behind the work, so that a cluster that is slow is in the way of no organization of another one.
	if err := errors.Join(a.DB.SettleOrganizations(ctx), a.DB.ForgetLogins(ctx, loginsOnTheirWay)); err != nil {
		slog.WarnContext(ctx, "a cluster lacks what the directory has for it; the next run tries again", "error", err)
	}
	return swept, err
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
