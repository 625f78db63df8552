// Package export is the process that copies everything an organization has into
// archives, part by part, and keeps them for a while.
package export

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/export"
	"satchel/activities/operation"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/accessrequests"
	"satchel/tenancy/exports"
	"satchel/tenancy/operations"
)

var exporter *export.Activities // by name; its receiver is never called here

// Kind is what operations of this process are called.
const Kind = "export_organization"

// ExportOrganizationInput names the organization and the operation, whose id is
// the export's.
type ExportOrganizationInput struct {
	Org       tenancy.OrgID
	Operation uuid.UUID

	// How far it is, carried on when a long run continues as new.
	Part  int
	Files int64
}

// WorkflowID names the workflow of an operation.
func WorkflowID(org tenancy.OrgID, op uuid.UUID) string {
	return "export/" + org.String() + "/" + op.String()
}

// Begin makes the rows of an export under the id and starts its workflow, and
// gives the operation. While an export of the organization is being made, that one is the
// answer. A workflow that cannot be started is started by the sweep.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, org tenancy.OrgID, id uuid.UUID) (uuid.UUID, error) {
	return operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: id, Kind: Kind, WorkflowID: WorkflowID(org, id), CreatedBy: &by},
		Org:       org, Action: "organization.export", Swept: true,
		Change: func(tx *tenancy.Tx) error {
			running, begun, err := exports.Begin(ctx, tx, id)
			if err == nil && !begun {
				err = operations.AlreadyRunning{ID: running}
			}
			return err
		},
		Start: func(ctx context.Context, id uuid.UUID) error { return Start(ctx, c, org, id) },
	})
}

// BeginOf releases the records of a request for access and begins their package, which is
// an export under the operation's id. While another one of the organization is being made it
// is refused.
func BeginOf(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, org tenancy.OrgID, request, id uuid.UUID) error {
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: id, Kind: Kind, WorkflowID: WorkflowID(org, id), CreatedBy: &by},
		Org:       org, Action: "access_request.release", Swept: true,
		Change: func(tx *tenancy.Tx) error { return accessrequests.Release(ctx, tx, request, by, id) },
		Start:  func(ctx context.Context, id uuid.UUID) error { return Start(ctx, c, org, id) },
	})
	return err
}

// Start starts the workflow of an export, or finds it started.
func Start(ctx context.Context, c client.Client, org tenancy.OrgID, op uuid.UUID) error {
	in := ExportOrganizationInput{Org: org, Operation: op}
	_, err := c.ExecuteWorkflow(ctx, queue.Start(WorkflowID(org, op), queue.Batch, org.String(), queue.For(org.String(), queue.Low), "export"), ExportOrganization, in)
	if err != nil {
		return fmt.Errorf("start ExportOrganization: %w", err)
	}
	return nil
}

// ExportOrganization writes the parts one after the other and makes the export
// readable, or leaves nothing of it.
func ExportOrganization(ctx workflow.Context, in ExportOrganizationInput) (export.FinishExportResult, error) {
	r := &run{in: in, report: operation.Report{Org: in.Org, ID: in.Operation, Priority: queue.Low}}
	result, err := r.all(options(ctx, in.Org, queue.Low))
	var made any
	switch {
	case err == nil:
		made = result
	case !workflow.IsContinueAsNewError(err):
		own, cancel := workflow.NewDisconnectedContext(ctx)
		defer cancel()
		discard := export.DiscardExportInput{Org: in.Org, Export: in.Operation}
		if undoErr := workflow.ExecuteActivity(options(own, in.Org, queue.Default), exporter.DiscardExport, discard).Get(own, nil); undoErr != nil {
			err = fmt.Errorf("%w; discard: %w", err, undoErr)
		}
	}
	return result, r.report.End(ctx, err, operation.Code(err, "export_failed"), r.steps, made)
}

// run is one run of ExportOrganization.
type run struct {
	in     ExportOrganizationInput
	step   string
	report operation.Report
}

// The steps as the operation shows them.
const (
	stepRows   = "rows"
	stepFiles  = "files"
	stepFinish = "finish"
)

func (r *run) all(ctx workflow.Context) (export.FinishExportResult, error) {
	for end := false; !end; {
		part, err := r.write(ctx)
		if err != nil {
			return export.FinishExportResult{}, fmt.Errorf("write part %d: %w", r.in.Part+1, err)
		}
		r.in.Part, r.in.Files, end = r.in.Part+1, r.in.Files+part.Files, part.End
		if err := r.report.Progress(ctx, r.steps(operations.Running), nil); err != nil {
			return export.FinishExportResult{}, err
		}
		if !end && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return export.FinishExportResult{}, workflow.NewContinueAsNewError(ctx, ExportOrganization, r.in)
		}
	}
	r.step = stepFinish
	var result export.FinishExportResult
	err := workflow.ExecuteActivity(ctx, exporter.FinishExport, export.FinishExportInput{Org: r.in.Org, Export: r.in.Operation}).Get(ctx, &result)
	return result, err
}

func (r *run) write(ctx workflow.Context) (result export.WriteExportPartResult, err error) {
	r.step = stepFiles
	if r.in.Part == 0 {
		r.step = stepRows
	}
	in := export.WriteExportPartInput{Org: r.in.Org, Export: r.in.Operation, Part: r.in.Part + 1}
	err = workflow.ExecuteActivity(ctx, exporter.WriteExportPart, in).Get(ctx, &result)
	return result, err
}

// steps shows those that ended, and the one that was begun last as state.
func (r *run) steps(state operations.State) []operations.Step {
	shown := []operations.Step{{Name: stepRows, State: operations.Succeeded, Done: 1}}
	if r.in.Part == 0 {
		shown[0] = operations.Step{Name: stepRows, State: state}
		return shown
	}
	if r.step == stepFinish {
		return append(shown, operations.Step{Name: stepFiles, State: operations.Succeeded, Done: r.in.Files}, operations.Step{Name: stepFinish, State: state})
	}
	return append(shown, operations.Step{Name: stepFiles, State: state, Done: r.in.Files})
}

// options let an export wait behind everything else, and behind the exports
// before it. A part that a worker died over is tried again.
func options(ctx workflow.Context, org tenancy.OrgID, priority int) workflow.Context {
	return queue.Long.Within(6*time.Hour, 3*24*time.Hour).On(ctx, queue.Batch, org.String(), priority)
}
