package finalize

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/tenancy"
)

// Whole publishes a version that one step took from its inspection to its verdict: as
// PublishVersion, with one transaction for all that was found. It is no activity: it is the end
// of one. The order is that of PublishVersion: the clean object, the row, and what arrived is
// removed last. What a crash leaves between any two, a second call or the sweep repairs.
func Whole(ctx context.Context, a *Activities, v files.Version, pending bool, found files.Whole) error {
	began := time.Now()
	etag, err := copyObject(ctx, a.objects.staged(v), a.objects.Clean, v)
	if err != nil {
		return fmt.Errorf("bring object to the clean bucket: %w", err)
	}
	v.MimeType = found.Inspection.MimeType
	found.ObjectETag = etag
	found.Preview, found.Reason = previewOf(v, PublishVersionInput{Pending: pending})
	found.Steps = append(found.Steps, files.DoneStep{Name: files.StepPublish, Began: began, Ended: time.Now()})
	err = a.db.InTx(ctx, v.OrganizationID, func(tx *tenancy.Tx) error { return files.PublishWhole(ctx, tx, v.ID, found) })
	if err != nil {
		return err
	}
	a.settle(v, files.Published)
	Leave(ctx, a, v)
	return nil
}

// Leave clears what a published version needs no more and lets the next of its organization
// in. A failure of either is none of the version's: the sweeps do both.
func Leave(ctx context.Context, a *Activities, v files.Version) {
	err := a.objects.eraseReceived(ctx, v.OrganizationID, v.ID)
	if err != nil {
		activity.GetLogger(ctx).Warn("clear staging of a published version failed; sweep will retry", "org", v.OrganizationID, "version", v.ID, "error", err)
		err = a.admission.StartAdmitted(ctx, v.OrganizationID)
	} else {
		err = a.admission.StartAdmittedBehind(ctx, v.OrganizationID, v.ID)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		activity.GetLogger(ctx).Warn("start next admitted version failed; sweep will retry", "org", v.OrganizationID, "error", err)
	}
}
