// Package offboarding is the process that deletes an organization: after its
// grace period, and then everything that it had.
package offboarding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
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
const Kind = "delete_organization"

// DefaultGrace is how long an organization can be kept, unless it was asked for
// otherwise.
const DefaultGrace = 30 * 24 * time.Hour

// DeleteOrganizationInput names the platform, whose process it is, the
// organization, and the operation that reports.
type DeleteOrganizationInput struct {
	Org, Target tenancy.OrgID
	Operation   uuid.UUID
	Grace       time.Duration // until the deletion begins
}

// DeleteOrganizationResult is the report.
type DeleteOrganizationResult struct {
	Target             tenancy.OrgID    `json:"organization_id"`
	UploadsEnded       int64            `json:"uploads_ended"`
	WorkflowsCancelled int64            `json:"workflows_cancelled"`
	WorkflowsEnded     int64            `json:"workflows_terminated"`
	Files              int64            `json:"files"`
	Objects            int64            `json:"objects"`
	Rows               map[string]int64 `json:"rows"`
}

// WorkflowID names the workflow of an operation.
func WorkflowID(target tenancy.OrgID, op uuid.UUID) string {
	return "delete/" + target.String() + "/" + op.String()
}

// cancelTimeout is how long a request waits for Temporal.
const cancelTimeout = 5 * time.Second

// Begin refuses everything to the organization from now on, and starts the
// workflow that waits for the end of the grace period. One that cannot be started
// is found by the sweep when it is due.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, target tenancy.OrgID, op uuid.UUID, grace time.Duration) error {
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: op, Kind: Kind, WorkflowID: WorkflowID(target, op), CreatedBy: &by},
		Org:       tenancy.Platform, Target: target, Action: "organization.delete", RowFirst: true, Swept: true,
		Change: func(tx *tenancy.Tx) error { return tenancy.ScheduleDeletion(ctx, tx, op, grace) },
		Start: func(ctx context.Context, id uuid.UUID) error {
			return Start(ctx, c, DeleteOrganizationInput{Org: tenancy.Platform, Target: target, Operation: id, Grace: grace})
		},
	})
	return err
}

// Again begins the deletion of an organization that a restore brought back, though it was erased. It
// has no grace period. One that is being deleted already goes on.
func Again(ctx context.Context, db *tenancy.DB, c client.Client, target tenancy.OrgID) error {
	op := tenancy.NewID()
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: op, Kind: Kind, WorkflowID: WorkflowID(target, op)},
		Org:       tenancy.Platform, Target: target, Action: "organization.delete", RowFirst: true, Swept: true,
		Change: func(tx *tenancy.Tx) error { return tenancy.ScheduleDeletion(ctx, tx, op, 0) },
		Start: func(ctx context.Context, id uuid.UUID) error {
			return Start(ctx, c, DeleteOrganizationInput{Org: tenancy.Platform, Target: target, Operation: id})
		},
	})
	if errors.Is(err, tenancy.ErrWrongStatus) {
		return nil
	}
	return err
}

// Start starts the workflow of an operation, or finds it started. Its search
// attribute is the platform's: it must not be among those that it ends.
func Start(ctx context.Context, c client.Client, in DeleteOrganizationInput) error {
	_, err := c.ExecuteWorkflow(ctx, queue.Start(WorkflowID(in.Target, in.Operation), queue.Batch, tenancy.Platform.String(), queue.For(in.Target.String(), queue.Low), "delete"), DeleteOrganization, in)
	if err != nil {
		return fmt.Errorf("start DeleteOrganization: %w", err)
	}
	return nil
}

// CancelDeletion ends the grace period: the organization is what it was before, and the
// deletion's operation is cancelled.
func CancelDeletion(ctx context.Context, db *tenancy.DB, c client.Client, target tenancy.OrgID) error {
	var op uuid.UUID
	err := db.InTx(ctx, target, func(tx *tenancy.Tx) (err error) {
		if op, err = tenancy.CancelDeletion(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "organization.keep", ObjectID: target.String()})
	})
	if err != nil {
		return err
	}
	if err := operations.End(ctx, db.Single(tenancy.Platform), op, operations.Cancelled, nil, nil, nil); err != nil {
		return err
	}
	// A timer that is not cancelled finds, when it ends, that it was kept.
	attempt, cancel := context.WithTimeout(ctx, cancelTimeout)
	defer cancel()
	_ = c.CancelWorkflow(attempt, WorkflowID(target, op), "")
	return nil
}

// DeleteOrganization waits for the end of the grace period and removes
// everything.
func DeleteOrganization(ctx workflow.Context, in DeleteOrganizationInput) (DeleteOrganizationResult, error) {
	r := &run{in: in, sum: DeleteOrganizationResult{Target: in.Target},
		report: operation.Report{Org: in.Org, ID: in.Operation, Priority: queue.Low, Timeout: stepTimeout}}
	if err := r.wait(ctx); err != nil {
		return r.sum, r.end(ctx, err)
	}
	// From here on no one stops it: whether the organization was kept is for its
	// row to say.
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	own = r.options(own)
	begun, err := r.begin(own, ctx)
	switch {
	case workflow.IsContinueAsNewError(err):
		return r.sum, err
	case err == nil && !begun:
		return r.sum, r.report.Cancelled(own, r.reportedState(operations.Cancelled))
	case err == nil:
		err = r.remove(own)
	}
	return r.sum, r.end(own, err)
}

// run is one run of DeleteOrganization.
type run struct {
	in     DeleteOrganizationInput
	sum    DeleteOrganizationResult
	steps  []operations.Step
	report operation.Report
}

func (r *run) wait(ctx workflow.Context) error {
	if err := r.reportProgress(ctx, "grace", operations.Running, 0); err != nil {
		return err
	}
	return workflow.Sleep(ctx, r.in.Grace)
}

const (
	// holdPause is how long a deletion waits before it looks again whether a hold is in
	// force: a hold lasts for months.
	holdPause = 6 * time.Hour
	// holdLooks bounds the history of one run.
	holdLooks = 500
)

// begin begins the deletion, or says that the organization was kept. While a hold of the
// organization is in force it waits; the operation says so by its step "hold". waiting is
// cancelled with the workflow, and then the row is looked at once more.
func (r *run) begin(ctx, waiting workflow.Context) (bool, error) {
	in := organization.BeginDeletionInput{Org: r.in.Org, Target: r.in.Target, Operation: r.in.Operation}
	for look := 0; ; look++ {
		var result organization.BeginDeletionResult
		err := workflow.ExecuteActivity(ctx, organizer.BeginDeletion, in).Get(ctx, &result)
		if err != nil || !result.OnHold {
			return result.Begun, err
		}
		if look == 0 {
			if err := r.reportProgress(ctx, "hold", operations.Running, 0); err != nil {
				return false, err
			}
		}
		if look == holdLooks {
			next := r.in
			next.Grace = 0
			return false, workflow.NewContinueAsNewError(ctx, DeleteOrganization, next)
		}
		pausing := waiting
		if waiting.Err() != nil {
			pausing = ctx
		}
		if err := workflow.Sleep(pausing, holdPause); err != nil && waiting.Err() == nil {
			return false, err
		}
	}
}

func (r *run) remove(ctx workflow.Context) error {
	org, target := r.in.Org, r.in.Target
	var ended organization.EndUploadsResult
	var stopped organization.StopWorkflowsResult
	var removed organization.RemoveFilesResult
	var deleted organization.DeleteOrganizationRowsResult
	if err := workflow.ExecuteActivity(ctx, organizer.EndUploads, organization.EndUploadsInput{Org: org, Target: target}).Get(ctx, &ended); err != nil {
		return fmt.Errorf("end uploads: %w", err)
	}
	r.sum.UploadsEnded = ended.Ended
	if err := r.reportProgress(ctx, "uploads", operations.Succeeded, ended.Ended); err != nil {
		return err
	}
	if err := workflow.ExecuteActivity(ctx, organizer.StopWorkflows, organization.StopWorkflowsInput{Org: org, Target: target}).Get(ctx, &stopped); err != nil {
		return fmt.Errorf("stop workflows: %w", err)
	}
	r.sum.WorkflowsCancelled, r.sum.WorkflowsEnded = stopped.Cancelled, stopped.Terminated
	if err := r.reportProgress(ctx, "workflows", operations.Succeeded, stopped.Cancelled+stopped.Terminated); err != nil {
		return err
	}
	if err := workflow.ExecuteActivity(ctx, organizer.RemoveFiles, organization.RemoveFilesInput{Org: org, Target: target}).Get(ctx, &removed); err != nil {
		return fmt.Errorf("remove files: %w", err)
	}
	r.sum.Files, r.sum.Objects = removed.Files, removed.Objects
	if err := r.reportProgress(ctx, "files", operations.Succeeded, removed.Files); err != nil {
		return err
	}
	rows := organization.DeleteOrganizationRowsInput{Org: org, Target: target, Operation: r.in.Operation, Files: int(removed.Files), Objects: int(removed.Objects), Versions: int(stopped.Versions), Bytes: int(stopped.Bytes)}
	if err := workflow.ExecuteActivity(ctx, organizer.DeleteOrganizationRows, rows).Get(ctx, &deleted); err != nil {
		return fmt.Errorf("delete rows: %w", err)
	}
	r.sum.Rows = deleted.Rows
	return nil
}

// reportProgress adds a step to those that the operation shows.
func (r *run) reportProgress(ctx workflow.Context, name string, state operations.State, done int64) error {
	for i := range r.steps {
		r.steps[i].State = operations.Succeeded
	}
	r.steps = append(r.steps, operations.Step{Name: name, State: state, Done: done})
	return r.report.Progress(ctx, r.steps, nil)
}

// reportedState is the steps at the end. A failure is that of the step that came next.
func (r *run) reportedState(state operations.State) []operations.Step {
	steps := r.steps
	if state == operations.Succeeded {
		return append(steps, operations.Step{Name: "rows", State: state, Done: 1})
	}
	if n := len(steps); n > 0 && steps[n-1].State == operations.Running {
		steps[n-1].State = state
	}
	return steps
}

// end writes how it ended. A deletion that failed is started again by the sweep
// for as long as the organization waits for it, and its operation opened again.
func (r *run) end(ctx workflow.Context, err error) error {
	return r.report.End(ctx, err, operation.Code(err, "deletion_failed"), r.reportedState, r.sum)
}

// stepTimeout is how long a step is tried: what has begun must come to its end.
const stepTimeout = 7 * 24 * time.Hour

// options let a deletion wait behind everything else, and try for days. Its steps may
// last for hours: on the interactive queue they would hold the slots of steps that
// someone waits for.
func (r *run) options(ctx workflow.Context) workflow.Context {
	return queue.Long.Within(6*time.Hour, stepTimeout).On(ctx, queue.Batch, r.in.Target.String(), queue.Low)
}
