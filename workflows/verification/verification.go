// Package verification is the process that verifies the whole audit log of an
// organization, step by step, behind every other work.
package verification

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/verification"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

var verifier *verification.Activities // by name; its receiver is never called here

// VerifyAuditLogInput names the organization and the operation that reports.
type VerifyAuditLogInput struct {
	Org       tenancy.OrgID
	Operation uuid.UUID

	// How far it is, carried on when a long run continues as new.
	Verification audit.Verification
}

// WorkflowID names the workflow of an operation.
func WorkflowID(org tenancy.OrgID, op uuid.UUID) string {
	return "verification/" + org.String() + "/" + op.String()
}

// Kind is what operations of this process are called. One of an organization runs
// at a time, by an index.
const Kind = "verify_audit_log"

// Begin makes the row of a verification under the id and starts its workflow, and
// gives the operation. While one of the organization runs, that one is the
// answer: forty requests cost what one costs. A workflow that cannot be started
// is started by the sweep.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, org tenancy.OrgID, id uuid.UUID) (uuid.UUID, error) {
	return operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: id, Kind: Kind, WorkflowID: WorkflowID(org, id), CreatedBy: &by},
		Org:       org, Action: "audit.verify", Swept: true,
		Start: func(ctx context.Context, id uuid.UUID) error { return Start(ctx, c, org, id) },
	})
}

// Start starts the workflow of a verification, or finds it started.
func Start(ctx context.Context, c client.Client, org tenancy.OrgID, op uuid.UUID) error {
	in := VerifyAuditLogInput{Org: org, Operation: op}
	_, err := c.ExecuteWorkflow(ctx, queue.Start(WorkflowID(org, op), queue.Batch, org.String(), queue.For(org.String(), queue.Low), "verification"), VerifyAuditLog, in)
	if err != nil {
		return fmt.Errorf("start VerifyAuditLog: %w", err)
	}
	return nil
}

// VerifyAuditLog verifies the audit log from its first event to its end, or to
// the first event that is broken. Both are results.
func VerifyAuditLog(ctx workflow.Context, in VerifyAuditLogInput) (audit.Report, error) {
	r := &run{in: in, report: operation.Report{Org: in.Org, ID: in.Operation, Priority: queue.Low}}
	err := r.all(r.options(ctx))
	report := r.in.Verification.Report()
	var result any
	if err == nil {
		result = report
	}
	return report, r.report.End(ctx, err, operation.Code(err, "verification_failed"), r.steps, result)
}

// run is one run of VerifyAuditLog.
type run struct {
	in     VerifyAuditLogInput
	report operation.Report
}

func (r *run) all(ctx workflow.Context) error {
	for {
		var step verification.VerifyAuditEventsResult
		in := verification.VerifyAuditEventsInput{Org: r.in.Org, Verification: r.in.Verification}
		if err := workflow.ExecuteActivity(ctx, verifier.VerifyAuditEvents, in).Get(ctx, &step); err != nil {
			return fmt.Errorf("verify events: %w", err)
		}
		r.in.Verification = step.Verification
		if step.Verification.Ended {
			return nil
		}
		if err := r.report.Progress(ctx, r.steps(operations.Running), nil); err != nil {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, VerifyAuditLog, r.in)
		}
	}
}

// steps shows how many events are verified, of as many as there are now.
func (r *run) steps(state operations.State) []operations.Step {
	v := r.in.Verification
	return []operations.Step{{Name: "events", State: state, Done: v.Chain.Seq, Total: v.Head.Seq}}
}

func (r *run) options(ctx workflow.Context) workflow.Context {
	return queue.Long.Within(10*time.Minute, 24*time.Hour).On(ctx, queue.Batch, r.in.Org.String(), queue.Low)
}
