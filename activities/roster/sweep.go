package roster

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// unfinishedFor is how long an import may be quiet before someone looks whether its
// workflow was lost, or was not told of a decision.
const unfinishedFor = 30 * time.Second

func importOf(r tenancy.RosterRef) uuid.UUID { return r.Import }

// SweepsOf are the sweeps of imports.
func SweepsOf(a *Activities) []queue.Sweep {
	return []queue.Sweep{
		{Name: "restart-roster-imports", Every: time.Minute, Longest: 10 * time.Minute, Run: a.restartRosterImports},
		{Name: "remove-roster-packages", Every: time.Minute, Longest: 10 * time.Minute, Run: a.removeRosterPackages},
	}
}

// restartRosterImports starts the workflow of every import that was never started or
// was lost, and has those look that wait although they may go on: what they were told was
// lost. A workflow that runs is found, and nothing changes.
func (a *Activities) restartRosterImports(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "restart roster imports", after, importOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.RosterRef, error) {
		return a.DB.RosterImportsUnfinished(ctx, unfinishedFor, after, a.page)
	}, a.restart)
}

func (a *Activities) restart(ctx context.Context, r tenancy.RosterRef) error {
	if rosters.State(r.State) == rosters.Undoing {
		if err := operations.Reopen(ctx, a.DB.Single(r.Org), rosters.UndoOperation(r.Import)); err != nil {
			return err
		}
		return a.Workflows.StartUndo(ctx, r.Org, r.Import)
	}
	if err := operations.Reopen(ctx, a.DB.Single(r.Org), r.Import); err != nil {
		return err
	}
	if err := a.Workflows.StartImport(ctx, r.Org, r.Import); err != nil || !r.Ready {
		return err
	}
	return a.Workflows.Look(ctx, r.Org, r.Import)
}

// removeRosterPackages removes packages, rows and changes of imports that ended 30
// days ago. What a crash leaves is removed by the next sweep, which finds the import
// not cleaned.
func (a *Activities) removeRosterPackages(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "remove roster packages", after, importOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.RosterRef, error) {
		return a.DB.RosterImportsDue(ctx, rosters.Kept, after, a.page)
	}, func(ctx context.Context, r tenancy.RosterRef) error {
		if err := a.Packages.Remove(ctx, rosters.Key(r.Org, r.Import)); err != nil {
			return err
		}
		return rosters.Clean(ctx, a.DB, r.Org, r.Import)
	})
}
