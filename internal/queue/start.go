package queue

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// What operators filter by in the Temporal UI. Both are ids or fixed words.
var (
	orgID   = temporal.NewSearchAttributeKeyKeyword("OrgId")
	jobKind = temporal.NewSearchAttributeKeyKeyword("JobKind")
)

// SearchAttributes names the attributes, all keywords, that a namespace must have.
func SearchAttributes() []string { return []string{orgID.GetName(), jobKind.GetName()} }

// Start is how every process starts its workflow: a run that is there is found
// and not doubled, and the attributes say whose it is and what it does. org owns
// the run, and a deletion ends what carries its organization; the fairness key is
// the priority's own.
func Start(id string, q Name, org string, p temporal.Priority, kind string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: string(q), Priority: p,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    temporal.NewSearchAttributes(orgID.ValueSet(org), jobKind.ValueSet(kind)),
	}
}

// StartOrFind starts a workflow with one input, or finds it started: one that runs, or
// one that ended and may not run again.
func StartOrFind(ctx context.Context, c client.Client, o client.StartWorkflowOptions, workflow, input any) error {
	_, err := c.ExecuteWorkflow(ctx, o, workflow, input)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &started) {
		return nil
	}
	return err
}

// StartAgain starts a process about one thing that a row asks for, or finds it running. One
// that ended may run again: it is only asked for while the row says that it is to be done.
// Sweeps start it, so a worker that does not answer is given up soon.
func StartAgain(ctx context.Context, c client.Client, id, org string, priority int, kind string, workflow, input any) error {
	o := Start(id, Interactive, org, For(org, priority), kind)
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	o.WorkflowTaskTimeout = 10 * time.Second
	return StartOrFind(ctx, c, o, workflow, input)
}
