// Package checkpoint is the process that signs, every hour, the heads of the audit
// logs of all organizations.
package checkpoint

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/checkpoint"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var signer *checkpoint.Activities // by name; its receiver is never called here

// CheckpointAuditLogsInput names the platform.
type CheckpointAuditLogsInput struct{ Org tenancy.OrgID }

// CheckpointAuditLogs signs the end of every organization's audit log. Organizations
// that failed were passed over; the run then fails at its end, so that its
// outcome shows that logs are unsigned.
func CheckpointAuditLogs(ctx workflow.Context, in CheckpointAuditLogsInput) (checkpoint.CheckpointOrganizationsResult, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: string(queue.Batch), StartToCloseTimeout: time.Hour, ScheduleToCloseTimeout: 3 * time.Hour, HeartbeatTimeout: time.Minute,
		Priority:    queue.For(in.Org.String(), queue.Low),
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	})
	var result checkpoint.CheckpointOrganizationsResult
	err := workflow.ExecuteActivity(ctx, signer.CheckpointOrganizations, checkpoint.CheckpointOrganizationsInput(in)).Get(ctx, &result)
	if err != nil {
		return result, fmt.Errorf("sign checkpoints: %w", err)
	}
	return result, queue.FailedOf("sign checkpoints", result.Failed, result.Organizations)
}

// Schedules sign every hour: what is younger than that can only be held against
// the chain itself.
func Schedules() []queue.Schedule {
	return []queue.Schedule{{
		ID: "checkpoint-audit-logs", Every: time.Hour, Workflow: CheckpointAuditLogs, Input: CheckpointAuditLogsInput{Org: tenancy.Platform},
	}}
}
