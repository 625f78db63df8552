// Package operation lets a workflow write into the row of the operation that it
// carries out.
package operation

import (
	"context"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// Activities are the activities of this package.
type Activities struct{ db *tenancy.DB }

// New makes the activities.
func New(db *tenancy.DB) *Activities { return &Activities{db: db} }

// RecordOperationInput is what becomes of the row. State Running notes progress,
// any other ends it.
type RecordOperationInput struct {
	Org     tenancy.OrgID
	ID      uuid.UUID
	State   operations.State
	Steps   []operations.Step
	Result  any                 `json:",omitempty"`
	Failure *operations.Failure `json:",omitempty"`
}

// RecordOperationResult is empty: the row is the answer.
type RecordOperationResult struct{}

// RecordOperation writes progress or the end of an operation.
func (a *Activities) RecordOperation(ctx context.Context, in RecordOperationInput) (RecordOperationResult, error) {
	q := a.db.Single(in.Org)
	if in.State == operations.Running {
		return RecordOperationResult{}, operations.Progress(ctx, q, in.ID, in.Steps)
	}
	return RecordOperationResult{}, operations.End(ctx, q, in.ID, in.State, in.Steps, in.Result, in.Failure)
}
