// Package suspension holds the processes of suspension and resumption.
// Suspending ends open uploads and lets running workflows finish; resuming
// starts the waiting ones.
package suspension

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/organization"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

var organizer *organization.BatchActivities // by name; its receiver is never called here

// Kind is what operations of this process are called.
const Kind = "suspend_organization"

// SuspendOrganizationInput names the platform, whose process it is, the
// organization, and the operation that reports. The reason is in the
// organization's row.
type SuspendOrganizationInput struct {
	Org, Target tenancy.OrgID
	Operation   uuid.UUID
}

// SuspendOrganizationResult is the report.
type SuspendOrganizationResult struct {
	UploadsEnded int64 `json:"uploads_ended"`
}

// WorkflowID names the workflow of an operation.
func WorkflowID(target tenancy.OrgID, op uuid.UUID) string {
	return "suspend/" + target.String() + "/" + op.String()
}

// Begin suspends the organization, which is in force at once, and starts the
// workflow that ends its open uploads. Without it they expire at their own time.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, target tenancy.OrgID, op uuid.UUID, reason string) error {
	row := operations.Operation{ID: op, Kind: Kind, WorkflowID: WorkflowID(target, op), CreatedBy: &by}
	return begin(ctx, db, target, row, "organization.suspend", func(tx *tenancy.Tx) error { return tenancy.Suspend(ctx, tx, reason) }, func() error {
		return Start(ctx, c, SuspendOrganizationInput{Org: tenancy.Platform, Target: target, Operation: op})
	})
}

// begin changes the organization, which is in force with its commit, and only
// then starts what follows. A try that came so far before is only followed.
func begin(ctx context.Context, db *tenancy.DB, target tenancy.OrgID, row operations.Operation, action string, change func(*tenancy.Tx) error, start func() error) error {
	platform := db.Single(tenancy.Platform)
	_, err := operations.Get(ctx, platform, row.ID)
	if errors.Is(err, operations.ErrNotFound) {
		err = put(ctx, db, target, row, action, change)
	}
	if err != nil {
		return err
	}
	return operation.BeginAndStart(ctx, platform, row.ID, start)
}

func put(ctx context.Context, db *tenancy.DB, target tenancy.OrgID, row operations.Operation, action string, change func(*tenancy.Tx) error) error {
	err := db.InTx(ctx, target, func(tx *tenancy.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: target.String()})
	})
	if err != nil {
		return err
	}
	return operations.Insert(ctx, db.Single(tenancy.Platform), row)
}

// Start starts the workflow of an operation, or finds it started.
func Start(ctx context.Context, c client.Client, in SuspendOrganizationInput) error {
	_, err := c.ExecuteWorkflow(ctx, queue.Start(WorkflowID(in.Target, in.Operation), queue.Batch, in.Target.String(), queue.For(in.Target.String(), queue.Default), "suspend"), SuspendOrganization, in)
	if err != nil {
		return fmt.Errorf("start SuspendOrganization: %w", err)
	}
	return nil
}

// SuspendOrganization ends the open uploads of a suspended organization.
func SuspendOrganization(ctx workflow.Context, in SuspendOrganizationInput) (SuspendOrganizationResult, error) {
	var result SuspendOrganizationResult
	var ended organization.EndUploadsResult
	err := workflow.ExecuteActivity(options(ctx, in.Target), organizer.EndUploads, organization.EndUploadsInput{Org: in.Org, Target: in.Target}).Get(ctx, &ended)
	result.UploadsEnded = ended.Ended
	report := operation.Report{Org: in.Org, ID: in.Operation, Priority: queue.Default}
	return result, report.End(ctx, err, "suspension_failed", func(state operations.State) []operations.Step {
		return []operations.Step{{Name: "uploads", State: state, Done: ended.Ended}}
	}, result)
}

func options(ctx workflow.Context, target tenancy.OrgID) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: string(queue.Batch), StartToCloseTimeout: time.Hour, ScheduleToCloseTimeout: 24 * time.Hour,
		HeartbeatTimeout: queue.HeartbeatTimeout, Priority: queue.For(target.String(), queue.Default),
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second},
	})
}
