// Package suspension holds the processes of suspension and resumption.
// Suspending ends open uploads and lets running workflows finish; resuming
// starts the waiting ones.
package suspension

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/organization"
	"satchel/internal/queue"
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
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: op, Kind: Kind, WorkflowID: WorkflowID(target, op), CreatedBy: &by},
		Org:       tenancy.Platform, Target: target, Action: "organization.suspend",
		Change: func(tx *tenancy.Tx) error { return tenancy.Suspend(ctx, tx, reason) },
		Start: func(ctx context.Context, id uuid.UUID) error {
			return Start(ctx, c, SuspendOrganizationInput{Org: tenancy.Platform, Target: target, Operation: id})
		},
	})
	return err
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
	return queue.Long.Within(time.Hour, 24*time.Hour).Pauses(time.Second, 30*time.Second).On(ctx, queue.Batch, target.String(), queue.Default)
}
