// Package sweep is the process that comes round every few seconds and finishes
// what was left: uploads to start, uploads to expire, trash to purge, requests
// to forget, people whose time is over.
package sweep

import (
	"fmt"
	"time"

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

// SweepPeopleInput names the platform.
type SweepPeopleInput struct{ Org tenancy.OrgID }

// SweepPeopleResult counts what was swept.
type SweepPeopleResult struct{ Ended, Forgotten sweep.SweepResult }

// SweepPeople ends the memberships of people whose time is over, and forgets logins
// that no one decided about. One that fails does not keep the other from its work.
func SweepPeople(ctx workflow.Context, in SweepPeopleInput) (SweepPeopleResult, error) {
	ctx = options(ctx, in.Org)
	ending := workflow.ExecuteActivity(ctx, sweeper.EndPeople, sweep.EndPeopleInput{Org: in.Org})
	forgetting := workflow.ExecuteActivity(ctx, sweeper.DeleteOldLoginRequests, sweep.DeleteOldLoginRequestsInput{Org: in.Org})
	var result SweepPeopleResult
	ended, forgotten := ending.Get(ctx, &result.Ended), forgetting.Get(ctx, &result.Forgotten)
	switch {
	case ended != nil:
		return result, fmt.Errorf("end people: %w", ended)
	case forgotten != nil:
		return result, fmt.Errorf("delete old login requests: %w", forgotten)
	}
	return result, nil
}

// options gives up early: the next round is the retry.
func options(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	return queue.ForSweep().On(ctx, queue.Batch, org.String(), queue.Default)
}

// long leaves a sweep that pages until nothing is left the time for a large
// backlog. A schedule does not start a second run beside one that runs.
func long(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	return queue.ForSweep().Within(6*time.Hour, 12*time.Hour).On(ctx, queue.Batch, org.String(), queue.Default)
}

// Schedules are the intervals of the sweeps. The interval of SweepUploads
// limits how long a version waits whose start was lost.
func Schedules() []queue.Schedule {
	return []queue.Schedule{
		{ID: "sweep-uploads", Every: 20 * time.Second, Workflow: SweepUploads, Input: SweepUploadsInput{Org: tenancy.Platform}},
		{ID: "clean-ended-uploads", Every: 30 * time.Second, Workflow: CleanEndedUploads, Input: CleanEndedUploadsInput{Org: tenancy.Platform}},
		{ID: "purge-trashed-files", Every: time.Hour, Longest: 24 * time.Hour, Workflow: PurgeTrashedFiles, Input: PurgeTrashedFilesInput{Org: tenancy.Platform}},
		{ID: "sweep-people", Every: 10 * time.Minute, Workflow: SweepPeople, Input: SweepPeopleInput{Org: tenancy.Platform}},
		{ID: "clean-idempotency-keys", Every: time.Hour, Workflow: CleanIdempotencyKeys, Input: CleanIdempotencyKeysInput{Org: tenancy.Platform}},
	}
}
