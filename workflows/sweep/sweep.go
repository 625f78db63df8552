// Package sweep is the processes that finish what was left: trash to purge, versions
// beyond what is kept, old requests to delete, people whose time is over.
package sweep

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/sweep"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var sweeper *sweep.Activities

// PurgeTrashedFilesInput names the platform.
type PurgeTrashedFilesInput struct{ Org tenancy.OrgID }

// PurgeTrashedFiles removes for good what has been in the trash for its time.
func PurgeTrashedFiles(ctx workflow.Context, in PurgeTrashedFilesInput) (sweep.PurgeTrashResult, error) {
	var result sweep.PurgeTrashResult
	input := sweep.PurgeTrashInput{Org: in.Org, After: queue.LastResult[sweep.PurgeTrashResult](ctx).Places}
	err := workflow.ExecuteActivity(long(ctx, in.Org), sweeper.PurgeTrash, input).Get(ctx, &result)
	return result, err
}

// PruneVersionsInput names the platform.
type PruneVersionsInput struct{ Org tenancy.OrgID }

// PruneOldVersions removes for good the versions that are beyond what their organizations
// keep.
func PruneOldVersions(ctx workflow.Context, in PruneVersionsInput) (sweep.PruneVersionsResult, error) {
	var result sweep.PruneVersionsResult
	input := sweep.PruneVersionsInput{Org: in.Org, After: queue.LastResult[sweep.PruneVersionsResult](ctx).Places}
	err := workflow.ExecuteActivity(long(ctx, in.Org), sweeper.PruneVersions, input).Get(ctx, &result)
	return result, err
}

// ApplyRetentionInput names the platform.
type ApplyRetentionInput struct{ Org tenancy.OrgID }

// ApplyRetention puts what is due by policies of retention into the trash, or lists it for a
// decision.
func ApplyRetention(ctx workflow.Context, in ApplyRetentionInput) (sweep.ApplyRetentionResult, error) {
	var result sweep.ApplyRetentionResult
	input := sweep.ApplyRetentionInput{Org: in.Org, After: queue.LastResult[sweep.ApplyRetentionResult](ctx).Places}
	err := workflow.ExecuteActivity(long(ctx, in.Org), sweeper.ApplyRetention, input).Get(ctx, &result)
	return result, err
}

// CleanIdempotencyKeysInput names the platform.
type CleanIdempotencyKeysInput struct{ Org tenancy.OrgID }

// CleanIdempotencyKeys removes the keys of requests after their time.
func CleanIdempotencyKeys(ctx workflow.Context, in CleanIdempotencyKeysInput) (sweep.SweepResult, error) {
	var result sweep.SweepResult
	input := sweep.DeleteExpiredIdempotencyKeysInput{Org: in.Org, After: queue.LastResult[sweep.SweepResult](ctx).Next}
	err := workflow.ExecuteActivity(options(ctx, in.Org), sweeper.DeleteExpiredIdempotencyKeys, input).Get(ctx, &result)
	return result, err
}

// SweepPeopleInput names the platform.
type SweepPeopleInput struct{ Org tenancy.OrgID }

// SweepPeopleResult counts what was swept.
type SweepPeopleResult struct{ Ended, Deleted sweep.SweepResult }

// SweepPeople ends the memberships of people whose time is over, and deletes requests
// of logins that were not decided. One that fails does not keep the other from its work.
func SweepPeople(ctx workflow.Context, in SweepPeopleInput) (SweepPeopleResult, error) {
	ctx = options(ctx, in.Org)
	last := queue.LastResult[SweepPeopleResult](ctx)
	ending := workflow.ExecuteActivity(ctx, sweeper.EndPeople, sweep.EndPeopleInput{Org: in.Org, After: last.Ended.Next})
	deleting := workflow.ExecuteActivity(ctx, sweeper.DeleteOldLoginRequests, sweep.DeleteOldLoginRequestsInput{Org: in.Org, After: last.Deleted.Next})
	var result SweepPeopleResult
	ended, deleted := ending.Get(ctx, &result.Ended), deleting.Get(ctx, &result.Deleted)
	unfinished := result.Ended.Next != uuid.Nil || result.Deleted.Next != uuid.Nil
	switch {
	case ended != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("end people: %w", ended))
	case deleted != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("delete old login requests: %w", deleted))
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

// Schedules are the intervals of the processes.
func Schedules() []queue.Schedule {
	return []queue.Schedule{
		{ID: "purge-trashed-files", Every: time.Hour, Longest: 24 * time.Hour, Workflow: PurgeTrashedFiles, Input: PurgeTrashedFilesInput{Org: tenancy.Platform}},
		{ID: "prune-old-versions", Every: time.Hour, Longest: 24 * time.Hour, Workflow: PruneOldVersions, Input: PruneVersionsInput{Org: tenancy.Platform}},
		{ID: "apply-retention", Every: 24 * time.Hour, Longest: 24 * time.Hour, Workflow: ApplyRetention, Input: ApplyRetentionInput{Org: tenancy.Platform}},
		{ID: "sweep-people", Every: 10 * time.Minute, Workflow: SweepPeople, Input: SweepPeopleInput{Org: tenancy.Platform}},
		{ID: "clean-idempotency-keys", Every: time.Hour, Workflow: CleanIdempotencyKeys, Input: CleanIdempotencyKeysInput{Org: tenancy.Platform}},
	}
}
