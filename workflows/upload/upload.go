// Package upload is the process that takes a received file to its end:
// inspect, scan, then quarantine, or previews and publication, with everything
// that was reserved given back on every other way out.
package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"satchel/internal/queue"
	"satchel/tenancy"
)

// UploadFileInput names the version to process. Ids only: Temporal's history is
// a store too, and holds nothing personal.
type UploadFileInput struct {
	Org     tenancy.OrgID
	File    uuid.UUID
	Version uuid.UUID
}

// WorkflowID is the only way to name the workflow of a version, which makes a
// second start a no-op while it runs.
func WorkflowID(org tenancy.OrgID, version uuid.UUID) string {
	return "upload/" + org.String() + "/" + version.String()
}

// Start starts the version's workflow, or finds it running. It is asked for only while
// the version's row is in process: the row decides and not what Temporal remembers, so
// a row that a restore of Postgres set back is taken to its end again.
func Start(ctx context.Context, c client.Client, in UploadFileInput) error {
	return start(ctx, c, in, true)
}

// start starts it eagerly where that is asked for: a worker that starts it may have its first task
// at once. Among versioned workers that would be so too where the worker's build is not the
// current one: the server gives such a task without a look at builds.
func start(ctx context.Context, c client.Client, in UploadFileInput, eager bool) error {
	options := queue.Start(WorkflowID(in.Org, in.Version), queue.Interactive, in.Org.String(), queue.For(in.Org.String(), queue.Default), "upload")
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	options.WorkflowTaskTimeout = 10 * time.Second
	options.EnableEagerStart = eager
	if err := queue.StartOrFind(ctx, c, options, "UploadFile", in); err != nil {
		return fmt.Errorf("start UploadFile: %w", err)
	}
	return nil
}

// Cancel asks the version's workflow to end clean. One that is not running has
// nothing to cancel.
func Cancel(ctx context.Context, c client.Client, org tenancy.OrgID, version uuid.UUID) error {
	err := c.CancelWorkflow(ctx, WorkflowID(org, version), "")
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("cancel UploadFile: %w", err)
	}
	return nil
}

// Running says whether the version's workflow runs.
func Running(ctx context.Context, c client.Client, org tenancy.OrgID, version uuid.UUID) (bool, error) {
	found, err := c.DescribeWorkflowExecution(ctx, WorkflowID(org, version), "")
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("describe UploadFile: %w", err)
	}
	return found.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil
}
