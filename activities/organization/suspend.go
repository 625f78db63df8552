package organization

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// EndUploadsInput names the suspended organization.
type EndUploadsInput struct{ Org, Target tenancy.OrgID }

// EndUploadsResult counts the uploads that were open.
type EndUploadsResult struct{ Ended int64 }

// EndUploads expires every open upload, gives its bytes back and removes what it
// left. Versions whose bytes are complete go on. An organization that was resumed
// meanwhile keeps the uploads that it has.
func (a *BatchActivities) EndUploads(ctx context.Context, in EndUploadsInput) (EndUploadsResult, error) {
	defer queue.Heartbeat(ctx)()
	var result EndUploadsResult
	var after uuid.UUID
	for {
		page, err := files.ListVersions(ctx, a.DB.Single(in.Target), after, pageSize)
		if err != nil || len(page) == 0 {
			return result, err
		}
		for _, v := range page {
			after = v.ID
			if v.Status != files.Uploading {
				continue
			}
			err := a.endUpload(ctx, in.Target, v.ID)
			if errors.Is(err, errResumed) {
				return result, nil
			}
			if err != nil {
				return result, fmt.Errorf("end upload: %w", err)
			}
			result.Ended++
		}
		activity.RecordHeartbeat(ctx, after.String())
	}
}

const pageSize = 200

// errResumed ends EndUploads: what is open now was begun after the suspension.
var errResumed = errors.New("the organization is active again")

// endUpload withdraws the version before it touches its objects: a request that
// still writes finds its upload ended.
func (a *BatchActivities) endUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	err := a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		status, err := tenancy.LockStatus(ctx, tx)
		if err != nil {
			return err
		}
		if status == tenancy.Active {
			return errResumed
		}
		return files.Withdraw(ctx, tx, version, files.Expired, "expired")
	})
	if fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.NotFound {
		return nil // it moved on meanwhile
	}
	if err != nil {
		return err
	}
	return a.Clearer.Clear(ctx, org, version)
}

// RestartFilesInput names the organization that was resumed.
type RestartFilesInput struct{ Org, Target tenancy.OrgID }

// RestartFilesResult counts the versions whose workflow was started.
type RestartFilesResult struct{ Started int64 }

// RestartFiles starts the workflow of every version that was let into the
// pipeline and is in no one's hands, and moves the admission queue on.
func (a *BatchActivities) RestartFiles(ctx context.Context, in RestartFilesInput) (RestartFilesResult, error) {
	defer queue.Heartbeat(ctx)()
	var result RestartFilesResult
	open, err := a.inProcess(ctx, in.Target, &StopWorkflowsResult{})
	if err != nil {
		return result, err
	}
	for i, v := range open {
		activity.RecordHeartbeat(ctx, i)
		if v.StartedAt == nil {
			continue // in the admission queue
		}
		running, err := a.Workflows.Running(ctx, in.Target, v.ID)
		if err != nil {
			return result, err
		}
		if running {
			continue
		}
		if err := a.Workflows.StartUpload(ctx, in.Target, v.FileID, v.ID); err != nil {
			return result, err
		}
		result.Started++
	}
	return result, a.Workflows.StartAdmitted(ctx, in.Target)
}
