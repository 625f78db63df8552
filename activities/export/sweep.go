package export

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/spaces"
	"satchel/tenancy"
	"satchel/tenancy/accessrequests"
	"satchel/tenancy/exports"
	"satchel/tenancy/operations"
)

// unfinishedFor is how long an export may be quiet before someone looks whether
// its workflow was lost. Looking costs a call, and finds most of them running.
const unfinishedFor = 30 * time.Second

func exportOf(r tenancy.ExportRef) uuid.UUID { return r.Export }

// SweepsOf are the sweeps of exports.
func SweepsOf(a *Activities) []queue.Sweep {
	return []queue.Sweep{
		{Name: "restart-exports", Every: time.Minute, Longest: 10 * time.Minute, Run: a.restartExports},
		{Name: "tell-access-requests", Every: 2 * time.Minute, Longest: 10 * time.Minute, Run: a.tellAccessRequests},
		{Name: "tell-break-glass-reviews", Every: 2 * time.Minute, Longest: 10 * time.Minute, Run: a.tellReviews},
		{Name: "remove-exports", Every: time.Minute, Longest: 10 * time.Minute, Run: a.removeExports},
	}
}

// restartExports starts the workflow of every export that was never started, or
// was lost.
func (a *Activities) restartExports(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "restart exports", after, exportOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.ExportRef, error) {
		return a.db.ExportsUnfinished(ctx, unfinishedFor, after, a.page)
	}, func(ctx context.Context, r tenancy.ExportRef) error {
		org := r.Org
		if err := operations.Reopen(ctx, a.db.Single(org), r.Export); err != nil {
			return err
		}
		return a.workflows.StartExport(ctx, org, r.Export)
	})
}

// removeExports removes what has been kept for its term. The row goes out of
// reach first; objects that a crash leaves behind it are removed by the next sweep,
// which finds the row not cleaned.
func (a *Activities) removeExports(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "remove exports", after, exportOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.ExportRef, error) {
		return a.db.ExportsDue(ctx, after, a.page)
	}, func(ctx context.Context, r tenancy.ExportRef) error {
		org := r.Org
		if _, err := exports.End(ctx, a.db.Single(org), r.Export, exports.Removed); err != nil {
			return err
		}
		return a.clearAll(ctx, org, r.Export)
	})
}

// tellAccessRequests tells officers of requests for access that reach their 30th, 40th or 45th
// day (34 CFR 99.10(b)), each day once. The clock is the row's: nothing is lost with a process.
func (a *Activities) tellAccessRequests(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "tell of access requests", after, func(r tenancy.AccessRequestRef) uuid.UUID { return r.Request },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.AccessRequestRef, error) {
			return a.db.AccessRequestsDue(ctx, after, a.page)
		}, func(ctx context.Context, r tenancy.AccessRequestRef) error {
			return a.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error { return accessrequests.Tell(ctx, tx, r.Request) })
		})
}

// tellReviews tells owners of uses of break-glass that were not reviewed yet, on their third and
// seventh day, each once.
func (a *Activities) tellReviews(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "tell of break-glass", after, func(r tenancy.AccessRequestRef) uuid.UUID { return r.Request },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.AccessRequestRef, error) {
			return a.db.BreakGlassDue(ctx, after, a.page)
		}, func(ctx context.Context, r tenancy.AccessRequestRef) error {
			return a.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error { return spaces.Tell(ctx, tx, r.Request) })
		})
}
