package roster

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/rosters"
	"satchel/tenancy"
)

// slice is how long one activity applies batches: then the workflow says how far it
// is, and others of the queue have their turn.
const slice = 20 * time.Second

// rest is the pause behind a batch, as a part of the time that the batch took, so
// that the requests of others find the database idle in between.
const rest = 4

// ApplyRosterInput names an import that is being applied.
type ApplyRosterInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID
}

// ApplyRosterResult counts the changes that this slice applied.
type ApplyRosterResult struct {
	Changes int64
	More    bool
}

// ApplyRoster applies batches of changes for a while. A batch is applied once,
// however often it is tried.
func (a *Activities) ApplyRoster(ctx context.Context, in ApplyRosterInput) (ApplyRosterResult, error) {
	defer queue.Heartbeat(ctx)()
	applier, err := rosters.NewApplier(ctx, a.DB, in.Org, in.Import)
	if err != nil {
		return ApplyRosterResult{}, err
	}
	var result ApplyRosterResult
	result.More, err = inSlices(ctx, func() (bool, error) {
		batch, err := applier.Apply(ctx)
		result.Changes += batch.Changes
		return batch.Reached > 0, err
	})
	return result, err
}

// UndoRosterInput names an import that is being undone.
type UndoRosterInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID
}

// UndoRosterResult says whether batches are left.
type UndoRosterResult struct{ More bool }

// UndoRoster takes batches back for a while, the last one first.
func (a *Activities) UndoRoster(ctx context.Context, in UndoRosterInput) (UndoRosterResult, error) {
	defer queue.Heartbeat(ctx)()
	applier, err := rosters.NewApplier(ctx, a.DB, in.Org, in.Import)
	if err != nil {
		return UndoRosterResult{}, err
	}
	more, err := inSlices(ctx, func() (bool, error) { return applier.Undo(ctx) })
	return UndoRosterResult{More: more}, err
}

// inSlices does one batch after another until none is left or the slice is over.
func inSlices(ctx context.Context, batch func() (bool, error)) (more bool, err error) {
	for end := time.Now().Add(slice); time.Now().Before(end); {
		begun := time.Now()
		if more, err = batch(); err != nil || !more {
			return more, err
		}
		pause := time.NewTimer(time.Since(begun) / rest)
		select {
		case <-ctx.Done():
			pause.Stop()
			return true, ctx.Err()
		case <-pause.C:
		}
	}
	return true, nil
}

// FinishRosterInput names an import all of whose batches are applied, or undone.
type FinishRosterInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID
	Undone bool
}

// FinishRosterResult is the report.
type FinishRosterResult struct{ Report rosters.Report }

// FinishRoster derives the guardianships and ends the import.
func (a *Activities) FinishRoster(ctx context.Context, in FinishRosterInput) (FinishRosterResult, error) {
	defer queue.Heartbeat(ctx)()
	applier, err := rosters.NewApplier(ctx, a.DB, in.Org, in.Import)
	if err != nil {
		return FinishRosterResult{}, err
	}
	to := rosters.Applied
	if in.Undone {
		to = rosters.Undone
	}
	report, err := applier.Finish(ctx, to)
	return FinishRosterResult{Report: report}, err
}

// FailRosterInput names an import whose process cannot go on.
type FailRosterInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID
	Code   string
}

// FailRosterResult is empty: the import's row is the answer.
type FailRosterResult struct{}

// FailRoster ends an import that cannot go on. What was applied until then stays; one
// that has ended stays as it ended.
func (a *Activities) FailRoster(ctx context.Context, in FailRosterInput) (FailRosterResult, error) {
	why := rosters.StopReason{Code: in.Code, Text: "The import could not be carried through. What was applied until then stays, and can be undone. Send the roster again; what is there already is not changed."}
	return FailRosterResult{}, rosters.EndWithout(ctx, a.DB, in.Org, in.Import, rosters.Failed, &why)
}

// CleanRosterRowsInput names an import that has ended.
type CleanRosterRowsInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID
}

// CleanRosterRowsResult is empty: nothing is left of the rows.
type CleanRosterRowsResult struct{}

// CleanRosterRows removes what was staged for an import that has ended: the changes
// alone show what it did, and undo it.
func (a *Activities) CleanRosterRows(ctx context.Context, in CleanRosterRowsInput) (CleanRosterRowsResult, error) {
	defer queue.Heartbeat(ctx)()
	i, err := rosters.Get(ctx, a.DB.Single(in.Org), in.Import)
	if err != nil || i.State.Open() {
		return CleanRosterRowsResult{}, err
	}
	return CleanRosterRowsResult{}, rosters.CleanRows(ctx, a.DB, in.Org, in.Import)
}
