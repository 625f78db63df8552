// Package reconcile is the process that takes the check of the invariants
// through all organizations and writes the report.
package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/reconcile"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// The activities by name; their receivers are never called here.
var (
	checker  *reconcile.Activities
	recorder *operation.Activities
)

// Kind is what operations of this process are called.
const Kind = "reconcile_storage"

// ReconcileStorageInput says how deep to look. A run that nobody asked for, as
// the schedule's, has no operation.
type ReconcileStorageInput struct {
	Org          tenancy.OrgID
	Operation    uuid.UUID
	Only         tenancy.OrgID // zero: every organization
	Repair, Deep bool
	Grace        time.Duration

	// What is known so far, carried on when a long run continues as new.
	After tenancy.OrgID
	Sum   ReconcileStorageResult
}

// ReconcileStorageResult is the report.
type ReconcileStorageResult struct {
	Organizations int64                    `json:"organizations"`
	Counts        map[reconcile.Kind]int64 `json:"counts"`
	Findings      []reconcile.Finding      `json:"findings"` // the first ones
}

// DefaultGrace leaves alone what is younger: it may be work in progress.
const DefaultGrace = 10 * time.Minute

// mostFindings bounds the report; the counts are complete.
const mostFindings = 500

// WorkflowID names the workflow of an operation.
func WorkflowID(op uuid.UUID) string {
	return "reconcile/" + tenancy.Platform.String() + "/" + op.String()
}

// Begin makes the operation's row, starts its workflow and gives its id. The
// operation belongs to the platform.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, in ReconcileStorageInput) (uuid.UUID, error) {
	in.Org, in.Operation = tenancy.Platform, tenancy.NewID()
	q := db.Once(in.Org)
	err := operations.Insert(ctx, q, operations.Operation{ID: in.Operation, Kind: Kind, WorkflowID: WorkflowID(in.Operation), CreatedBy: &by})
	if err != nil {
		return uuid.Nil, err
	}
	if err := Start(ctx, c, in); err != nil {
		trouble := &operations.Trouble{Code: "not_started"}
		_ = operations.End(context.WithoutCancel(ctx), q, in.Operation, operations.Failed, nil, nil, trouble)
		return uuid.Nil, err
	}
	return in.Operation, nil
}

// Start starts the workflow of an operation, or finds it started.
func Start(ctx context.Context, c client.Client, in ReconcileStorageInput) error {
	_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: WorkflowID(in.Operation), TaskQueue: string(queue.Batch),
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		Priority:                 queue.For(in.Org.String(), queue.Default),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("OrgId").ValueSet(in.Org.String()),
			temporal.NewSearchAttributeKeyKeyword("JobKind").ValueSet("reconcile")),
	}, ReconcileStorage, in)
	if err != nil {
		return fmt.Errorf("start ReconcileStorage: %w", err)
	}
	return nil
}

// ReconcileStorage pages through the organizations and sums up what was found.
func ReconcileStorage(ctx workflow.Context, in ReconcileStorageInput) (ReconcileStorageResult, error) {
	r := &run{in: in, sum: in.Sum}
	if r.sum.Counts == nil {
		r.sum.Counts = map[reconcile.Kind]int64{}
	}
	err := r.all(ctx)
	if workflow.IsContinueAsNewError(err) {
		return r.sum, err
	}
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if recordErr := r.end(own, err, ctx.Err()); err == nil {
		err = recordErr
	}
	return r.sum, err
}

// run is one run of ReconcileStorage.
type run struct {
	in  ReconcileStorageInput
	sum ReconcileStorageResult
}

func (r *run) all(ctx workflow.Context) error {
	for {
		stretch, err := r.check(ctx)
		if err != nil {
			return fmt.Errorf("check organizations: %w", err)
		}
		r.add(stretch)
		if stretch.Last.IsZero() {
			return nil
		}
		r.in.After = stretch.Last
		if err := r.record(ctx, operations.Running, nil); err != nil {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			r.in.Sum = r.sum
			return workflow.NewContinueAsNewError(ctx, ReconcileStorage, r.in)
		}
	}
}

func (r *run) check(ctx workflow.Context) (reconcile.ReconcileOrganizationsResult, error) {
	ctx = workflow.WithActivityOptions(ctx, options(r.in.Org, 2*time.Hour, 6*time.Hour, 30*time.Second))
	in := reconcile.ReconcileOrganizationsInput{Org: r.in.Org, Only: r.in.Only, After: r.in.After, Repair: r.in.Repair, Deep: r.in.Deep, Grace: r.in.Grace}
	var result reconcile.ReconcileOrganizationsResult
	err := workflow.ExecuteActivity(ctx, checker.ReconcileOrganizations, in).Get(ctx, &result)
	return result, err
}

func (r *run) add(s reconcile.ReconcileOrganizationsResult) {
	r.sum.Organizations += s.Organizations
	for _, kind := range reconcile.Kinds {
		if n := s.Counts[kind]; n > 0 {
			r.sum.Counts[kind] += n
		}
	}
	room := mostFindings - len(r.sum.Findings)
	r.sum.Findings = append(r.sum.Findings, s.Findings[:min(room, len(s.Findings))]...)
}

func (r *run) end(ctx workflow.Context, err, cancelled error) error {
	switch {
	case cancelled != nil:
		return r.record(ctx, operations.Cancelled, nil)
	case err != nil:
		return r.record(ctx, operations.Failed, &operations.Trouble{Code: "check_failed"})
	}
	return r.record(ctx, operations.Succeeded, nil)
}

func (r *run) record(ctx workflow.Context, state operations.State, trouble *operations.Trouble) error {
	if r.in.Operation == uuid.Nil {
		return nil
	}
	in := operation.RecordOperationInput{
		Org: r.in.Org, ID: r.in.Operation, State: state, Trouble: trouble,
		Steps: []operations.Step{{Name: "organizations", State: state, Done: r.sum.Organizations}},
	}
	if state != operations.Running {
		in.Result = r.sum
	}
	ctx = workflow.WithActivityOptions(ctx, options(r.in.Org, time.Minute, time.Hour, 0))
	return workflow.ExecuteActivity(ctx, recorder.RecordOperation, in).Get(ctx, nil)
}

func options(org tenancy.OrgID, attempt, overall, heartbeat time.Duration) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue: string(queue.Batch), StartToCloseTimeout: attempt, ScheduleToCloseTimeout: overall, HeartbeatTimeout: heartbeat,
		Priority:    queue.For(org.String(), queue.Default),
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	}
}

// Schedules repair every hour what a crash left over.
func Schedules() []queue.Schedule {
	return []queue.Schedule{{
		ID: "reconcile-storage", Every: time.Hour, Workflow: ReconcileStorage,
		Input: ReconcileStorageInput{Org: tenancy.Platform, Repair: true, Grace: DefaultGrace},
	}}
}
