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

// SweepsOf are the sweeps of changes of many files.
func SweepsOf(a *Activities) []queue.Sweep {
	return []queue.Sweep{
		{Name: "restart-changes", Every: 30 * time.Second, Run: a.restartChanges},
		{Name: "delete-old-changes", Every: 30 * time.Second, Run: a.deleteOldChanges},
	}
}

// restartChanges starts the workflow of every change that was never started, or was lost
// with the request that did it. Starting a running workflow changes nothing.
func (a *Activities) restartChanges(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "restart changes of files", after, func(r tenancy.OperationRef) uuid.UUID { return r.Operation },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.OperationRef, error) {
			return a.db.BulkChangesUnfinished(ctx, after, a.page)
		}, func(ctx context.Context, r tenancy.OperationRef) error {
			return a.starter.StartChange(ctx, r.Org, r.Operation)
		})
}

// mostDeleted bounds one transaction. The next run deletes the next.
const mostDeleted = 1000

// deleteOldChanges deletes what became of the files of changes that are older than Kept.
// The operation stays.
func (a *Activities) deleteOldChanges(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "delete old changes of files", after, func(r tenancy.Ref) uuid.UUID { return r.Org.UUID() },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
			return a.db.OrganizationsWithOldBulkChanges(ctx, Kept, after, a.page)
		}, func(ctx context.Context, r tenancy.Ref) error {
			return files.DeleteOldBulk(ctx, a.db.Single(r.Org), Kept, mostDeleted)
		})
}
