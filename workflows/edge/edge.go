// Package edge is the process that tells the cache in front of the content host what has
// ended in one organization. The rows say how far it was told; a run that is lost is
// started again by a sweep.
package edge

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/edge"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var purger *edge.Activities // by name; its receiver is never called here

// EventsWait is the signal that there are new events. The rows say which.
const EventsWait = "EventsWait"

// TellEdgeInput names the organization.
type TellEdgeInput struct {
	Org  tenancy.OrgID
	Keys int64 // that were purged so far, carried on when a long run continues as new
}

// TellEdgeResult counts the keys of all runs that followed each other.
type TellEdgeResult struct{ Keys int64 }

// WorkflowID is the only way to name the workflow of an organization.
func WorkflowID(org tenancy.OrgID) string { return "edge/" + org.String() }

// Wake starts the workflow of an organization, or tells the one that runs.
func Wake(ctx context.Context, c client.Client, org tenancy.OrgID) error {
	o := queue.Start(WorkflowID(org), queue.Interactive, org.String(), queue.For(org.String(), queue.Default), "edge")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	_, err := c.SignalWithStartWorkflow(ctx, o.ID, EventsWait, nil, o, TellEdge, TellEdgeInput{Org: org})
	if err != nil {
		return fault.New(fault.Unavailable, "workflows_unavailable", "The workflow engine does not answer right now.").Because(fmt.Errorf("signal TellEdge: %w", err))
	}
	return nil
}

// TellEdge tells the cache until it has heard of everything. What fails for a day has
// failed: by then the cache has forgotten it by its age.
func TellEdge(ctx workflow.Context, in TellEdgeInput) (TellEdgeResult, error) {
	waiting := workflow.GetSignalChannel(ctx, EventsWait)
	act := queue.Long.Within(time.Minute, edge.Kept).Pauses(time.Second, time.Minute).On(ctx, queue.External, in.Org.String(), queue.Default)
	for {
		for waiting.ReceiveAsync(nil) { // the next activity sees everything that they tell
		}
		var done edge.PurgeEdgeResult
		if err := workflow.ExecuteActivity(act, purger.PurgeEdge, edge.PurgeEdgeInput{Org: in.Org}).Get(ctx, &done); err != nil {
			return TellEdgeResult{in.Keys}, fmt.Errorf("purge edge: %w", err)
		}
		in.Keys += int64(done.Keys)
		switch {
		case workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return TellEdgeResult{}, workflow.NewContinueAsNewError(ctx, TellEdge, in)
		case !done.More && waiting.Len() == 0:
			return TellEdgeResult{in.Keys}, nil
		}
	}
}
