// Package suspension is the process that follows a suspension: what was open
// ends, what runs finishes.
package suspension

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
	"satchel/activities/organization"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// The activities by name; their receivers are never called here.
var (
	organizer *organization.Activities
	recorder  *operation.Activities
)

// Kind is what operations of this process are called.
const Kind = "suspend_organization"

// SuspendOrganizationInput names the platform, whose process it is, the
// organization, and the operation that reports. The reason stands in the
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
	err := db.InTx(ctx, target, func(tx *tenancy.Tx) error {
		if err := tenancy.Suspend(ctx, tx, reason); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "organization.suspend", ObjectID: target.String()})
	})
	if err != nil {
		return err
	}
	platform := db.Once(tenancy.Platform)
	if err := operations.Insert(ctx, platform, operations.Operation{ID: op, Kind: Kind, WorkflowID: WorkflowID(target, op), CreatedBy: &by}); err != nil {
		return err
	}
	if err := Start(ctx, c, SuspendOrganizationInput{Org: tenancy.Platform, Target: target, Operation: op}); err != nil {
		trouble := &operations.Trouble{Code: "not_started"}
		_ = operations.End(context.WithoutCancel(ctx), platform, op, operations.Failed, nil, nil, trouble)
		return err
	}
	return nil
}

// Start starts the workflow of an operation, or finds it started.
func Start(ctx context.Context, c client.Client, in SuspendOrganizationInput) error {
	_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: WorkflowID(in.Target, in.Operation), TaskQueue: string(queue.Batch),
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		Priority:                 queue.For(in.Target.String(), queue.Default),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("OrgId").ValueSet(in.Target.String()),
			temporal.NewSearchAttributeKeyKeyword("JobKind").ValueSet("suspend")),
	}, SuspendOrganization, in)
	if err != nil {
		return fmt.Errorf("start SuspendOrganization: %w", err)
	}
	return nil
}

// SuspendOrganization ends the open uploads of a suspended organization.
func SuspendOrganization(ctx workflow.Context, in SuspendOrganizationInput) (SuspendOrganizationResult, error) {
	var result SuspendOrganizationResult
	var ended organization.EndUploadsResult
	err := workflow.ExecuteActivity(options(ctx, in), organizer.EndUploads, organization.EndUploadsInput{Org: in.Org, Target: in.Target}).Get(ctx, &ended)
	result.UploadsEnded = ended.Ended
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	record := operation.RecordOperationInput{Org: in.Org, ID: in.Operation, State: operations.Succeeded, Result: result}
	switch {
	case ctx.Err() != nil:
		record.State = operations.Cancelled
	case err != nil:
		record.State, record.Trouble = operations.Failed, &operations.Trouble{Code: "suspension_failed"}
	}
	record.Steps = []operations.Step{{Name: "uploads", State: record.State, Done: ended.Ended}}
	if recordErr := workflow.ExecuteActivity(workflow.WithTaskQueue(options(own, in), string(queue.Batch)), recorder.RecordOperation, record).Get(own, nil); err == nil {
		err = recordErr
	}
	return result, err
}

func options(ctx workflow.Context, in SuspendOrganizationInput) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: string(queue.Interactive), StartToCloseTimeout: time.Hour, ScheduleToCloseTimeout: 24 * time.Hour,
		HeartbeatTimeout: queue.BeatTimeout, Priority: queue.For(in.Target.String(), queue.Default),
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second},
	})
}
