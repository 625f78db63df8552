package roster

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/roster"
	"satchel/internal/queue"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// UndoRosterInput names the organization and the import.
type UndoRosterInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID
}

// UndoID names the workflow that undoes an import.
func UndoID(org tenancy.OrgID, id uuid.UUID) string { return WorkflowID(org, id) + "/undo" }

// BeginUndo lets an import be undone and starts the workflow that does it, and gives
// its operation. One that cannot be started is started by the sweep.
func BeginUndo(ctx context.Context, db *tenancy.DB, c client.Client, org tenancy.OrgID, id uuid.UUID, by *uuid.UUID) (uuid.UUID, error) {
	op := rosters.UndoOperation(id)
	return operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: op, Kind: UndoKind, WorkflowID: UndoID(org, id), CreatedBy: by},
		Org:       org, Action: "roster.undo", Swept: true,
		Change: func(tx *tenancy.Tx) error { return rosters.BeginUndo(ctx, tx, id) },
		Start:  func(ctx context.Context, _ uuid.UUID) error { return StartUndo(ctx, c, org, id) },
	})
}

// StartUndo starts the workflow that undoes an import, or finds it started.
func StartUndo(ctx context.Context, c client.Client, org tenancy.OrgID, id uuid.UUID) error {
	in := UndoRosterInput{Org: org, Import: id}
	_, err := c.ExecuteWorkflow(ctx, queue.Start(UndoID(org, id), queue.Batch, org.String(), queue.For(org.String(), queue.Default), "roster"), UndoRoster, in)
	if err != nil {
		return fmt.Errorf("start UndoRoster: %w", err)
	}
	return nil
}

// UndoRoster takes the batches of an import back, the last one first. What a failure
// leaves is taken back by the sweep's next start: the import stays one that is being
// undone.
func UndoRoster(ctx workflow.Context, in UndoRosterInput) (ImportRosterResult, error) {
	report := operation.Report{Org: in.Org, ID: rosters.UndoOperation(in.Import), Priority: queue.Default}
	finished, err := undo(options(ctx, in.Org), in)
	result := ImportRosterResult{State: rosters.Undone, Report: &finished}
	steps := func(state operations.State) []operations.Step {
		return []operations.Step{{Name: "undo", State: state}}
	}
	return result, report.End(ctx, err, operation.Code(err, "undo_failed"), steps, result)
}

func undo(ctx workflow.Context, in UndoRosterInput) (rosters.Report, error) {
	for more := true; more; {
		var undone roster.UndoRosterResult
		err := workflow.ExecuteActivity(ctx, importer.UndoRoster, roster.UndoRosterInput{Org: in.Org, Import: in.Import}).Get(ctx, &undone)
		if err != nil {
			return rosters.Report{}, fmt.Errorf("undo roster: %w", err)
		}
		if more = undone.More; more && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return rosters.Report{}, workflow.NewContinueAsNewError(ctx, UndoRoster, in)
		}
	}
	var finished roster.FinishRosterResult
	err := workflow.ExecuteActivity(ctx, importer.FinishRoster, roster.FinishRosterInput{Org: in.Org, Import: in.Import, Undone: true}).Get(ctx, &finished)
	return finished.Report, err
}
