// Package checkpoint is the process that signs, every hour, the heads of the audit
// logs of all organizations.
package checkpoint

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/checkpoint"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var signer *checkpoint.Activities // by name; its receiver is never called here

// CheckpointAuditLogsInput names the platform.
type CheckpointAuditLogsInput struct {
	Org tenancy.OrgID

	// What is known so far, carried on when a long run continues as new.
	Sum checkpoint.CheckpointOrganizationsResult
}

// CheckpointAuditLogs signs the end of every organization's audit log. Organizations
// that failed were passed over; the run then fails at its end, so that its
// outcome shows that logs are unsigned.
func CheckpointAuditLogs(ctx workflow.Context, in CheckpointAuditLogsInput) (checkpoint.CheckpointOrganizationsResult, error) {
	bounded := queue.Long.Within(time.Hour, 3*time.Hour).Heartbeat(time.Minute).On(ctx, queue.Batch, in.Org.String(), queue.Low)
	for sum := in.Sum; ; {
		var step checkpoint.CheckpointOrganizationsResult
		err := workflow.ExecuteActivity(bounded, signer.CheckpointOrganizations, checkpoint.CheckpointOrganizationsInput{Org: in.Org, After: sum.Next}).Get(ctx, &step)
		if err != nil {
			return sum, fmt.Errorf("sign checkpoints: %w", err)
		}
		sum.Organizations += step.Organizations
		sum.Signed += step.Signed
		sum.Failed += step.Failed
		if sum.Next = step.Next; sum.Next == uuid.Nil {
			return sum, queue.FailedOf("sign checkpoints", sum.Failed, sum.Organizations)
		}
		if in.Sum = sum; workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return sum, workflow.NewContinueAsNewError(ctx, CheckpointAuditLogs, in)
		}
	}
}

// Schedules sign every hour: what is younger than that can only be held against
// the chain itself.
func Schedules() []queue.Schedule {
	return []queue.Schedule{{
		ID: "checkpoint-audit-logs", Every: time.Hour, Workflow: CheckpointAuditLogs, Input: CheckpointAuditLogsInput{Org: tenancy.Platform},
	}}
}
