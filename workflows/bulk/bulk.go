// Package bulk is the process that changes many files for a person, and says what became
// of each.
package bulk

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/bulk"
	"satchel/activities/operation"
	"satchel/files"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

var changer *bulk.Activities // by name; its receiver is never called here

// Kind is what operations of this process are called. app.bulk_changes_unfinished knows
// the name.
const Kind = "change_files"

// InRequest is how many files are changed before the request is answered. It takes tens
// of milliseconds; more would keep people waiting.
const InRequest = 20

// ChangeManyFilesInput names the organization and the change, whose id is the operation's.
type ChangeManyFilesInput struct {
	Org    tenancy.OrgID
	Change uuid.UUID
}

// WorkflowID names the workflow of a change.
func WorkflowID(org tenancy.OrgID, change uuid.UUID) string {
	return "bulk/" + org.String() + "/" + change.String()
}

// Begin makes the rows of a change. A few files are changed before it returns; the workflow
// of more is started. What does not come to its end here, by whatever fault, is ended by
// the workflow that the sweep starts.
func Begin(ctx context.Context, c client.Client, do bulk.Changer, org tenancy.OrgID, b files.Bulk) error {
	few := len(b.Files) <= InRequest
	_, err := operation.Begin(ctx, do.DB, operation.Request{
		Operation: operations.Operation{ID: b.ID, Kind: Kind, WorkflowID: WorkflowID(org, b.ID), CreatedBy: &b.Actor},
		Org:       org, Action: "file.bulk", Swept: true,
		Change: func(tx *tenancy.Tx) error { return files.InsertBulk(ctx, tx, b) },
		Start: func(ctx context.Context, id uuid.UUID) error {
			if few {
				return nil
			}
			return Start(ctx, c, org, id)
		},
	})
	if err != nil || !few {
		return err
	}
	return end(ctx, do, org, b.ID)
}

// end changes the files and ends the operation. A fault on the way is the sweep's: the
// caller is told that the change is running.
func end(ctx context.Context, do bulk.Changer, org tenancy.OrgID, id uuid.UUID) error {
	sums, err := do.Change(ctx, org, id)
	if err != nil {
		return nil //nolint:nilerr // the sweep goes on with it
	}
	result := bulk.ChangeFilesResult{OK: sums.Ok, Refused: sums.Refused, Skipped: sums.Skipped, Total: sums.Total}
	return operations.End(ctx, do.DB.Single(org), id, operations.Succeeded, steps(operations.Succeeded, result), result, nil)
}

// Start starts the workflow of a change, or finds it started.
func Start(ctx context.Context, c client.Client, org tenancy.OrgID, change uuid.UUID) error {
	in := ChangeManyFilesInput{Org: org, Change: change}
	_, err := c.ExecuteWorkflow(ctx, queue.Start(WorkflowID(org, change), queue.Batch, org.String(), queue.For(org.String(), queue.Default), "bulk"), ChangeManyFiles, in)
	if err != nil {
		return fmt.Errorf("start ChangeManyFiles: %w", err)
	}
	return nil
}

// ChangeManyFiles changes the files of a change, and ends its operation. A refused file is
// a result and no failure.
func ChangeManyFiles(ctx workflow.Context, in ChangeManyFilesInput) (bulk.ChangeFilesResult, error) {
	var result bulk.ChangeFilesResult
	own := queue.Long.Within(30*time.Minute, 24*time.Hour).On(ctx, queue.Batch, in.Org.String(), queue.Default)
	err := workflow.ExecuteActivity(own, changer.ChangeFiles, bulk.ChangeFilesInput{Org: in.Org, Change: in.Change}).Get(ctx, &result)
	report := operation.Report{Org: in.Org, ID: in.Change, Priority: queue.Default}
	var shown any
	if err == nil {
		shown = result
	}
	return result, report.End(ctx, err, operation.Code(err, "bulk_failed"), func(s operations.State) []operations.Step { return steps(s, result) }, shown)
}

func steps(state operations.State, r bulk.ChangeFilesResult) []operations.Step {
	return []operations.Step{{Name: "files", State: state, Done: r.OK + r.Refused + r.Skipped, Total: r.Total}}
}
