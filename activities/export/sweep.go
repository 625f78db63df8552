package export

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/exports"
	"satchel/tenancy/operations"
)

// unfinishedFor is how long an export may be quiet before someone looks whether
// its workflow was lost. Looking costs a call, and finds most of them running.
const unfinishedFor = 30 * time.Second

// RestartExportsInput names the platform, and where to go on.
type RestartExportsInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the run before ended
}

// PlatformWork marks work across organizations.
func (RestartExportsInput) PlatformWork() {}

// RemoveExportsInput names the platform, and where to go on.
type RemoveExportsInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the run before ended
}

// PlatformWork marks work across organizations.
func (RemoveExportsInput) PlatformWork() {}

// SweepExportsResult counts what was found, what was done and what failed.
type SweepExportsResult = queue.Swept

func exportOf(r tenancy.ExportRef) uuid.UUID { return r.Export }

// RestartExports starts the workflow of every export that was never started, or
// was lost.
func (a *Activities) RestartExports(ctx context.Context, in RestartExportsInput) (SweepExportsResult, error) {
	return queue.SweepByID(ctx, "restart exports", in.After, exportOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.ExportRef, error) {
		return a.db.ExportsUnfinished(ctx, unfinishedFor, after, a.page)
	}, func(ctx context.Context, r tenancy.ExportRef) error {
		org := r.Org
		if err := operations.Reopen(ctx, a.db.Single(org), r.Export); err != nil {
			return err
		}
		return a.workflows.StartExport(ctx, org, r.Export)
	})
}

// RemoveExports removes what has been kept for its term. The row goes out of
// reach first; objects that a crash leaves behind it are removed by the next sweep,
// which finds the row not cleaned.
func (a *Activities) RemoveExports(ctx context.Context, in RemoveExportsInput) (SweepExportsResult, error) {
	return queue.SweepByID(ctx, "remove exports", in.After, exportOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.ExportRef, error) {
		return a.db.ExportsDue(ctx, after, a.page)
	}, func(ctx context.Context, r tenancy.ExportRef) error {
		org := r.Org
		if _, err := exports.End(ctx, a.db.Single(org), r.Export, exports.Removed); err != nil {
			return err
		}
		return a.clearAll(ctx, org, r.Export)
	})
}
