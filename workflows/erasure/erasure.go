// Package erasure is the process that erases what a request names, and ends in a certificate.
// Where a hold covers something it ends without one: the sweep starts it again when the hold
// is released.
package erasure

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/erasure"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
)

var eraser *erasure.Activities // by name; its receiver is never called here

// EraseRecordsInput names the erasure.
type EraseRecordsInput struct {
	Org     tenancy.OrgID
	Erasure uuid.UUID
}

// EraseRecordsResult says how far it came: certified, or blocked by a hold.
type EraseRecordsResult struct{ State erasures.State }

// WorkflowID is the only way to name the workflow of an erasure.
func WorkflowID(org tenancy.OrgID, id uuid.UUID) string {
	return "erasure/" + org.String() + "/" + id.String()
}

// Start starts the workflow of an erasure, or finds it started. One that ended runs again: the
// row says that something is left.
func Start(ctx context.Context, c client.Client, org tenancy.OrgID, id uuid.UUID) error {
	o := queue.Start(WorkflowID(org, id), queue.Batch, org.String(), queue.For(org.String(), queue.Default), "erasure")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	if err := queue.StartOrFind(ctx, c, o, EraseRecords, EraseRecordsInput{Org: org, Erasure: id}); err != nil {
		return fmt.Errorf("start EraseRecords: %w", err)
	}
	return nil
}

// mostRounds bounds one run: a round more is needed when a hold is released, or a version
// comes, while it goes on. The sweep starts what is left.
const mostRounds = 5

// EraseRecords erases, verifies and certifies.
func EraseRecords(ctx workflow.Context, in EraseRecordsInput) (EraseRecordsResult, error) {
	own := queue.Long.Within(6*time.Hour, 7*24*time.Hour).On(ctx, queue.Batch, in.Org.String(), queue.Default)
	named := erasure.Input(in)
	for range mostRounds {
		var begun erasure.BeginErasureResult
		if err := workflow.ExecuteActivity(own, eraser.BeginErasure, erasure.BeginErasureInput(named)).Get(ctx, &begun); err != nil {
			return EraseRecordsResult{}, fmt.Errorf("begin: %w", err)
		}
		if begun.State == erasures.Certified {
			return EraseRecordsResult{begun.State}, certify(own, named)
		}
		if err := workflow.ExecuteActivity(own, eraser.EraseVersions, erasure.EraseVersionsInput(named)).Get(ctx, nil); err != nil {
			return EraseRecordsResult{}, fmt.Errorf("erase versions: %w", err)
		}
		var settled erasure.SettleErasureResult
		if err := workflow.ExecuteActivity(own, eraser.SettleErasure, erasure.SettleErasureInput(named)).Get(ctx, &settled); err != nil {
			return EraseRecordsResult{}, fmt.Errorf("settle: %w", err)
		}
		switch settled.State {
		case erasures.Verifying:
			if err := workflow.ExecuteActivity(own, eraser.VerifyErasure, erasure.VerifyErasureInput(named)).Get(ctx, nil); err != nil {
				return EraseRecordsResult{}, fmt.Errorf("verify: %w", err)
			}
			return EraseRecordsResult{erasures.Certified}, certify(own, named)
		case erasures.Blocked, erasures.Certified:
			return EraseRecordsResult{settled.State}, nil
		case erasures.Planned, erasures.Erasing: // something is left: again
		}
	}
	return EraseRecordsResult{erasures.Erasing}, nil
}

// certify signs the certificate, or sees to it that the copy of the one that is signed is kept.
func certify(ctx workflow.Context, in erasure.Input) error {
	if err := workflow.ExecuteActivity(ctx, eraser.CertifyErasure, erasure.CertifyErasureInput(in)).Get(ctx, nil); err != nil {
		return fmt.Errorf("certify: %w", err)
	}
	return nil
}
