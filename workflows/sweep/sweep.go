// Package sweep is the process that comes round every few seconds and finishes
// what was left: uploads to start, uploads to expire, trash to purge, requests
// to forget.
package sweep

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/sweep"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var sweeper *sweep.Activities

// SweepUploadsInput names the platform.
type SweepUploadsInput struct{ Org tenancy.OrgID }

// SweepUploadsResult counts what was swept.
type SweepUploadsResult struct{ Started, Expired sweep.SweepResult }

// SweepUploads starts what waits and ends what was given up. The two are
// independent: one that fails does not keep the other from its work.
func SweepUploads(ctx workflow.Context, in SweepUploadsInput) (SweepUploadsResult, error) {
	ctx = options(ctx, in.Org)
	starting := workflow.ExecuteActivity(ctx, sweeper.StartWaitingUploads, sweep.StartWaitingUploadsInput{Org: in.Org})
	expiring := workflow.ExecuteActivity(ctx, sweeper.ExpireUploads, sweep.ExpireUploadsInput{Org: in.Org})
	var result SweepUploadsResult
	started, expired := starting.Get(ctx, &result.Started), expiring.Get(ctx, &result.Expired)
	switch {
	case started != nil:
		return result, fmt.Errorf("start waiting uploads: %w", started)
	case expired != nil:
		return result, fmt.Errorf("expire uploads: %w", expired)
	}
	return result, nil
}

// CleanEndedUploadsInput names the platform.
type CleanEndedUploadsInput struct{ Org tenancy.OrgID }

// CleanEndedUploads removes what ended versions left in the store. It is a
// process of its own, so that a store that is slow or away does not delay the
// next SweepUploads.
func CleanEndedUploads(ctx workflow.Context, in CleanEndedUploadsInput) (sweep.SweepResult, error) {
	var result sweep.SweepResult
	err := workflow.ExecuteActivity(options(ctx, in.Org), sweeper.CleanUploads, sweep.CleanUploadsInput{Org: in.Org}).Get(ctx, &result)
	return result, err
}

// PurgeTrashedFilesInput names the platform.
type PurgeTrashedFilesInput struct{ Org tenancy.OrgID }

// PurgeTrashedFiles removes for good what has been in the trash for its time.
func PurgeTrashedFiles(ctx workflow.Context, in PurgeTrashedFilesInput) (sweep.SweepResult, error) {
	var result sweep.SweepResult
	err := workflow.ExecuteActivity(long(ctx, in.Org), sweeper.PurgeTrash, sweep.PurgeTrashInput{Org: in.Org}).Get(ctx, &result)
	return result, err
}

// CleanIdempotencyKeysInput names the platform.
type CleanIdempotencyKeysInput struct{ Org tenancy.OrgID }

// CleanIdempotencyKeys removes the keys of requests after their time.
func CleanIdempotencyKeys(ctx workflow.Context, in CleanIdempotencyKeysInput) (sweep.SweepResult, error) {
	var result sweep.SweepResult
	err := workflow.ExecuteActivity(options(ctx, in.Org), sweeper.DeleteExpiredIdempotencyKeys, sweep.DeleteExpiredIdempotencyKeysInput{Org: in.Org}).Get(ctx, &result)
	return result, err
}

// options gives up early: the next round is the retry.
func options(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              string(queue.Batch),
		StartToCloseTimeout:    5 * time.Minute,
		ScheduleToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:       30 * time.Second,
		Priority:               queue.For(org.String(), queue.Default),
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second, MaximumAttempts: 3},
	})
}

// long leaves a sweep that pages until nothing is left the time for a large
// backlog. A schedule does not start a second run beside one that runs.
func long(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	ctx = options(ctx, org)
	ctx = workflow.WithStartToCloseTimeout(ctx, 6*time.Hour)
	return workflow.WithScheduleToCloseTimeout(ctx, 12*time.Hour)
}

// Schedules are the intervals of the sweeps. The interval of SweepUploads
// limits how long a version waits whose start was lost.
func Schedules() []queue.Schedule {
	return []queue.Schedule{
		{ID: "sweep-uploads", Every: 20 * time.Second, Workflow: SweepUploads, Input: SweepUploadsInput{Org: tenancy.Platform}},
		{ID: "clean-ended-uploads", Every: 30 * time.Second, Workflow: CleanEndedUploads, Input: CleanEndedUploadsInput{Org: tenancy.Platform}},
		{ID: "purge-trashed-files", Every: time.Hour, Longest: 24 * time.Hour, Workflow: PurgeTrashedFiles, Input: PurgeTrashedFilesInput{Org: tenancy.Platform}},
		{ID: "clean-idempotency-keys", Every: time.Hour, Workflow: CleanIdempotencyKeys, Input: CleanIdempotencyKeysInput{Org: tenancy.Platform}},
	}
}
