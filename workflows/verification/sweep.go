package verification

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"satchel/activities/verification"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// SweepVerificationsInput names the platform.
type SweepVerificationsInput struct{ Org tenancy.OrgID }

// SweepVerifications starts the workflow of verifications that were never started
// or were lost.
func SweepVerifications(ctx workflow.Context, in SweepVerificationsInput) (verification.RestartVerificationsResult, error) {
	ctx = queue.ForSweep().On(ctx, queue.Batch, in.Org.String(), queue.Default)
	var result verification.RestartVerificationsResult
	input := verification.RestartVerificationsInput{Org: in.Org, After: queue.LastResult[verification.RestartVerificationsResult](ctx).Next}
	err := workflow.ExecuteActivity(ctx, verifier.RestartVerifications, input).Get(ctx, &result)
	return result, err
}

// Schedules is how soon a lost verification is found.
func Schedules() []queue.Schedule {
	return []queue.Schedule{{ID: "sweep-verifications", Every: time.Minute, Workflow: SweepVerifications, Input: SweepVerificationsInput{Org: tenancy.Platform}}}
}
