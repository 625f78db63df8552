package bulk

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// Kept is for how long what became of the files of a change can be read.
const Kept = 30 * 24 * time.Hour

// RestartChangesInput names the platform, and where to go on.
type RestartChangesInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the run before ended
}

// PlatformWork marks work across organizations.
func (RestartChangesInput) PlatformWork() {}

// DeleteOldChangesInput names the platform, and where to go on.
type DeleteOldChangesInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the run before ended
}

// PlatformWork marks work across organizations.
func (DeleteOldChangesInput) PlatformWork() {}

// SweepChangesResult counts what was found, what was done and what failed.
type SweepChangesResult = queue.Swept

// RestartChanges starts the workflow of every change that was never started, or was lost
// with the request that did it. Starting a running workflow changes nothing.
func (a *Activities) RestartChanges(ctx context.Context, in RestartChangesInput) (SweepChangesResult, error) {
	return queue.SweepByID(ctx, "restart changes of files", in.After, func(r tenancy.OperationRef) uuid.UUID { return r.Operation },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.OperationRef, error) {
			return a.db.BulkChangesUnfinished(ctx, after, a.page)
		}, func(ctx context.Context, r tenancy.OperationRef) error {
			return a.starter.StartChange(ctx, r.Org, r.Operation)
		})
}

// mostDeleted bounds one transaction. The next run deletes the next.
const mostDeleted = 1000

// DeleteOldChanges deletes what became of the files of changes that are older than Kept.
// The operation stays.
func (a *Activities) DeleteOldChanges(ctx context.Context, in DeleteOldChangesInput) (SweepChangesResult, error) {
	return queue.SweepByID(ctx, "delete old changes of files", in.After, func(r tenancy.Ref) uuid.UUID { return r.Org.UUID() },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
			return a.db.OrganizationsWithOldBulkChanges(ctx, Kept, after, a.page)
		}, func(ctx context.Context, r tenancy.Ref) error {
			return files.DeleteOldBulk(ctx, a.db.Single(r.Org), Kept, mostDeleted)
		})
}
