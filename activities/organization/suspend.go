package organization

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// EndUploadsInput names the organization that takes nothing more.
type EndUploadsInput struct{ Org, Target tenancy.OrgID }

// EndUploadsResult counts the uploads that were open.
type EndUploadsResult struct{ Ended int64 }

// EndUploads expires every open upload, gives its bytes back and removes what it
// left. Versions whose bytes are complete go on.
func (a *Activities) EndUploads(ctx context.Context, in EndUploadsInput) (EndUploadsResult, error) {
	defer queue.Beat(ctx)()
	var result EndUploadsResult
	var after uuid.UUID
	for {
		page, err := files.Page(ctx, a.DB.Once(in.Target), after, pageSize)
		if err != nil || len(page) == 0 {
			return result, err
		}
		for _, v := range page {
			after = v.ID
			if v.Status != files.Uploading {
				continue
			}
			if err := a.endUpload(ctx, in.Target, v.ID); err != nil {
				return result, fmt.Errorf("end upload: %w", err)
			}
			result.Ended++
		}
		activity.RecordHeartbeat(ctx, after.String())
	}
}

const pageSize = 200

// endUpload withdraws the version before it touches its objects: a request that
// still writes finds its upload ended.
func (a *Activities) endUpload(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	err := a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
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
