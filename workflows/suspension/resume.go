package suspension

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/organization"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// ResumeKind is what operations that end a suspension are called.
const ResumeKind = "resume_organization"

// ResumeOrganizationInput names the platform, whose process it is, the
// organization, and the operation that reports.
type ResumeOrganizationInput struct {
	Org, Target tenancy.OrgID
	Operation   uuid.UUID
}

// ResumeOrganizationResult is the report.
type ResumeOrganizationResult struct {
	FilesStarted int64 `json:"files_started"`
}

// ResumeID names the workflow of an operation.
func ResumeID(target tenancy.OrgID, op uuid.UUID) string {
	return "resume/" + target.String() + "/" + op.String()
}

// BeginResume ends the suspension, which is in force at once, and starts the
// workflow that starts again what was held back. Without it the sweep does, in
// its own time.
func BeginResume(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, target tenancy.OrgID, op uuid.UUID) error {
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: op, Kind: ResumeKind, WorkflowID: ResumeID(target, op), CreatedBy: &by},
		Org:       tenancy.Platform, Target: target, Action: "organization.resume",
		Change: func(tx *tenancy.Tx) error { return tenancy.Resume(ctx, tx) },
		Start: func(ctx context.Context, id uuid.UUID) error {
			return StartResume(ctx, c, ResumeOrganizationInput{Org: tenancy.Platform, Target: target, Operation: id})
		},
	})
	return err
}

// StartResume starts the workflow of an operation, or finds it started.
func StartResume(ctx context.Context, c client.Client, in ResumeOrganizationInput) error {
	_, err := c.ExecuteWorkflow(ctx, queue.Start(ResumeID(in.Target, in.Operation), queue.Batch, in.Target.String(), queue.For(in.Target.String(), queue.Default), "resume"), ResumeOrganization, in)
	if err != nil {
		return fmt.Errorf("start ResumeOrganization: %w", err)
	}
	return nil
}

// ResumeOrganization starts again what an organization's suspension held back.
// A suspension that still ends uploads sees by the organization's row that it is
// over.
func ResumeOrganization(ctx workflow.Context, in ResumeOrganizationInput) (ResumeOrganizationResult, error) {
	var result ResumeOrganizationResult
	var restarted organization.RestartFilesResult
	err := workflow.ExecuteActivity(options(ctx, in.Target), organizer.RestartFiles, organization.RestartFilesInput{Org: in.Org, Target: in.Target}).Get(ctx, &restarted)
	result.FilesStarted = restarted.Started
	report := operation.Report{Org: in.Org, ID: in.Operation, Priority: queue.Default}
	return result, report.End(ctx, err, operation.Code(err, "resumption_failed"), func(state operations.State) []operations.Step {
		return []operations.Step{{Name: "files", State: state, Done: restarted.Started}}
	}, result)
}
