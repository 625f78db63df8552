// Package reconcile is the process that takes the check of the invariants
// through all organizations and writes the report.
package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/reconcile"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

var checker *reconcile.Activities // by name; its receiver is never called here

// Kind is what operations of this process are called.
const Kind = "reconcile_storage"

// ReconcileStorageInput says how deep to look. A run that no one asked for, as
// the schedule's, has no operation.
type ReconcileStorageInput struct {
	Org          tenancy.OrgID
	Operation    uuid.UUID
	Only         tenancy.OrgID // zero: every organization
	Repair, Deep bool
	Grace        time.Duration
	Due          bool // only what is due, a slice at a time; for the schedule

	Restore reconcile.Restore `json:",omitzero"` // the check of a system that was restored

	// What is known so far, carried on when a long run continues as new.
	After reconcile.Cursor
	Sum   ReconcileStorageResult
}

// ReconcileStorageResult is the report.
type ReconcileStorageResult struct {
	Organizations int64                    `json:"organizations"`
	Failed        int64                    `json:"failed"` // organizations whose check broke off
	Counts        map[reconcile.Kind]int64 `json:"counts"`
	Findings      []reconcile.Finding      `json:"findings"` // the first ones
}

// DefaultGrace leaves alone what is younger: it may be work in progress.
const DefaultGrace = 10 * time.Minute

// longestDue is the time after which a run of the schedule begins no other stretch:
// what is due then goes on in the next run.
const longestDue = 45 * time.Minute

// mostFindings bounds the report; the counts are complete.
const mostFindings = 500

// WorkflowID names the workflow of an operation.
func WorkflowID(op uuid.UUID) string {
	return "reconcile/" + tenancy.Platform.String() + "/" + op.String()
}

// Begin makes the row of the named operation and starts its workflow. The
// operation belongs to the platform.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, in ReconcileStorageInput) error {
	in.Org = tenancy.Platform
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: in.Operation, Kind: Kind, WorkflowID: WorkflowID(in.Operation), CreatedBy: &by},
		Org:       in.Org, Action: "storage.reconcile",
		Start: func(ctx context.Context, _ uuid.UUID) error { return Start(ctx, c, in) },
	})
	return err
}

// Start starts the workflow of an operation, or finds it started.
func Start(ctx context.Context, c client.Client, in ReconcileStorageInput) error {
	_, err := c.ExecuteWorkflow(ctx, queue.Start(WorkflowID(in.Operation), queue.Batch, in.Org.String(), queue.For(in.Org.String(), queue.Default), "reconcile"), ReconcileStorage, in)
	if err != nil {
		return fmt.Errorf("start ReconcileStorage: %w", err)
	}
	return nil
}

// ReconcileStorage pages through the organizations, or those that are due, and sums
// up what was found.
// Organizations whose check failed were passed over; the run then fails at its
// end, with the report of all others.
func ReconcileStorage(ctx workflow.Context, in ReconcileStorageInput) (ReconcileStorageResult, error) {
	r := &run{in: in, sum: in.Sum, report: operation.Report{Org: in.Org, ID: in.Operation, Priority: queue.Default}}
	if r.sum.Counts == nil {
		r.sum.Counts = map[reconcile.Kind]int64{}
	}
	err := r.all(ctx)
	return r.sum, r.report.End(ctx, err, "check_failed", r.steps, r.sum)
}

// run is one run of ReconcileStorage.
type run struct {
	in  ReconcileStorageInput
	sum ReconcileStorageResult

	report operation.Report
}

func (r *run) all(ctx workflow.Context) error {
	begun := workflow.Now(ctx)
	for {
		stretch, err := r.check(ctx)
		if err != nil {
			return fmt.Errorf("check organizations: %w", err)
		}
		r.add(stretch)
		if !stretch.More || r.in.Due && workflow.Now(ctx).Sub(begun) >= longestDue {
			return queue.FailedOf("check organizations", r.sum.Failed, r.sum.Organizations-r.sum.Failed)
		}
		r.in.After = stretch.Next
		if err := r.report.Progress(ctx, r.steps(operations.Running), nil); err != nil {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			r.in.Sum = r.sum
			return workflow.NewContinueAsNewError(ctx, ReconcileStorage, r.in)
		}
	}
}

func (r *run) check(ctx workflow.Context) (reconcile.ReconcileOrganizationsResult, error) {
	ctx = queue.Long.Within(2*time.Hour, 6*time.Hour).Heartbeat(30*time.Second).On(ctx, queue.Batch, r.in.Org.String(), queue.Default)
	var result reconcile.ReconcileOrganizationsResult
	if r.in.Due {
		in := reconcile.ReconcileDueOrganizationsInput{Org: r.in.Org, Repair: r.in.Repair, Grace: r.in.Grace}
		err := workflow.ExecuteActivity(ctx, checker.ReconcileDueOrganizations, in).Get(ctx, &result)
		return result, err
	}
	in := reconcile.ReconcileOrganizationsInput{Org: r.in.Org, Only: r.in.Only, After: r.in.After, Repair: r.in.Repair, Deep: r.in.Deep, Grace: r.in.Grace, Restore: r.in.Restore}
	err := workflow.ExecuteActivity(ctx, checker.ReconcileOrganizations, in).Get(ctx, &result)
	return result, err
}

func (r *run) add(s reconcile.ReconcileOrganizationsResult) {
	r.sum.Organizations += s.Organizations
	r.sum.Failed += s.Failed
	for _, kind := range reconcile.Kinds {
		if n := s.Counts[kind]; n > 0 {
			r.sum.Counts[kind] += n
		}
	}
	room := mostFindings - len(r.sum.Findings)
	r.sum.Findings = append(r.sum.Findings, s.Findings[:min(room, len(s.Findings))]...)
}

func (r *run) steps(state operations.State) []operations.Step {
	return []operations.Step{{Name: "organizations", State: state, Done: r.sum.Organizations}}
}

// Schedules check a slice of what is due every hour. Each organization is due a day
// after its last complete pass; a run ends before the next one begins.
func Schedules() []queue.Schedule {
	return []queue.Schedule{{
		ID: "reconcile-storage", Every: time.Hour, Longest: 7 * time.Hour, Workflow: ReconcileStorage,
		Input: ReconcileStorageInput{Org: tenancy.Platform, Due: true, Repair: true, Grace: DefaultGrace},
	}}
}
