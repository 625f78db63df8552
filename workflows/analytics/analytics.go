// Package analytics is the process that makes a report: its figures are read, and its file is
// sent on its way.
package analytics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/analytics"
	"satchel/activities/operation"
	"satchel/analytics/reports"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

var builder *analytics.Builder // by name; its receiver is never called here

// Kind is what operations of this process are called.
const Kind = "build_report"

// BuildReportInput names the report, whose operation has the same id.
type BuildReportInput struct {
	Org    tenancy.OrgID
	Report uuid.UUID
}

// BuildReportResult names the file.
type BuildReportResult struct {
	State reports.State `json:"state"`
	File  uuid.UUID     `json:"file_id,omitzero"`
}

// WorkflowID names the workflow of a report.
func WorkflowID(org tenancy.OrgID, id uuid.UUID) string {
	return "report/" + org.String() + "/" + id.String()
}

// Begin makes the rows of a report, by change, and starts its workflow. One that cannot be
// started is started by the sweep.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, org tenancy.OrgID, priority operations.Priority, n reports.New, change func(*tenancy.Tx) error) error {
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: n.ID, Kind: Kind, WorkflowID: WorkflowID(org, n.ID), CreatedBy: &n.By, Priority: priority},
		Org:       org, Action: "report.request", Swept: true, Change: change,
		Start: func(ctx context.Context, id uuid.UUID) error { return Start(ctx, c, org, id, priority.Key()) },
	})
	return err
}

// Start starts the workflow of a report, or finds it started.
func Start(ctx context.Context, c client.Client, org tenancy.OrgID, id uuid.UUID, key int) error {
	o := queue.Start(WorkflowID(org, id), queue.Batch, org.String(), queue.For(org.String(), key), "report")
	if err := queue.StartOrFind(ctx, c, o, BuildReport, BuildReportInput{Org: org, Report: id}); err != nil {
		return fmt.Errorf("start BuildReport: %w", err)
	}
	return nil
}

// BuildReport makes one report.
func BuildReport(ctx workflow.Context, in BuildReportInput) (BuildReportResult, error) {
	report := operation.Report{Org: in.Org, ID: in.Report, Priority: queue.Low}
	steps := operation.OneStep("build")
	var built analytics.BuildReportResult
	building := queue.Long.Within(15*time.Minute, 6*time.Hour).Attempts(10).Inherits(ctx, queue.Batch)
	err := workflow.ExecuteActivity(building, builder.BuildReport, analytics.BuildReportInput{Org: in.Org, Report: in.Report}).Get(ctx, &built)
	if err == nil {
		result := BuildReportResult{State: built.State, File: built.File}
		return result, report.End(ctx, nil, "", steps, result)
	}
	end := analytics.EndReportInput{Org: in.Org, Report: in.Report, State: reports.Failed, Code: operation.Code(err, "report_failed")}
	if ctx.Err() != nil {
		end.State, end.Code = reports.Cancelled, ""
	}
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	own = queue.Short.On(own, queue.Batch, in.Org.String(), queue.Low)
	if endErr := workflow.ExecuteActivity(own, builder.EndReport, end).Get(own, nil); endErr != nil {
		err = errors.Join(err, fmt.Errorf("end the report: %w", endErr))
	}
	return BuildReportResult{State: end.State}, report.End(ctx, err, end.Code, steps, nil)
}
