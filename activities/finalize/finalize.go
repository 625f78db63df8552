// Package finalize ends a version's way: published, quarantined or withdrawn. The
// row and the objects must agree afterwards whatever died in between, so the
// objects always move first, the row decides, and what the decision leaves
// over is removed last.
package finalize

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/policies/previews"
	"satchel/tenancy"
)

// Admission is where an organization's files wait until one leaves the pipeline.
type Admission interface {
	StartAdmitted(ctx context.Context, org tenancy.OrgID) error
	// StartAdmittedBehind is StartAdmitted that notes, in the same transaction, that the
	// objects which a published version needs no more are removed.
	StartAdmittedBehind(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
}

// Activities are the activities of this package.
type Activities struct {
	db        *tenancy.DB
	objects   Objects
	cleaner   Cleaner
	admission Admission

	settled *prometheus.HistogramVec // nil: not measured
}

// New makes the activities.
func New(r Cleaner, admission Admission) *Activities {
	return &Activities{db: r.db, objects: r.objects, cleaner: r, admission: admission}
}

// startNext ends a step that ends a version: it clears what the version's state has
// no use for, and lets the next of its organization in. That the admission queue did not
// move is no failure of this version; the sweep moves it.
func (a *Activities) startNext(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (files.Status, error) {
	status, err := a.cleaner.Clear(ctx, org, version)
	if err != nil || !files.Final(status) {
		return status, err
	}
	if err := a.admission.StartAdmitted(ctx, org); err != nil {
		activity.GetLogger(ctx).Warn("start next admitted version failed; sweep will retry", "org", org, "error", err)
	}
	return status, nil
}

// PublishVersionInput names the version to publish.
type PublishVersionInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
	Image   bool // its previews were tried
	Pending bool // they are still being made
}

// PublishVersionResult holds the current status of the version. Any status but
// Published means that another step has ended it in the meantime.
type PublishVersionResult struct{ Status files.Status }

// PublishVersion makes a scanned version readable: it copies the very bytes
// that were scanned into the clean bucket, changes the row, and clears staging.
func (a *Activities) PublishVersion(ctx context.Context, in PublishVersionInput) (PublishVersionResult, error) {
	defer queue.Heartbeat(ctx)()
	q := a.db.Single(in.Org)
	v, err := files.ListInProcess(ctx, q, in.Version)
	if err != nil && !errors.Is(err, files.ErrVersionEnded) {
		return PublishVersionResult{}, err
	}
	if err == nil {
		err = a.publish(ctx, q, in, v)
	}
	if err != nil && !errors.Is(err, files.ErrVersionEnded) {
		return PublishVersionResult{}, err
	}
	status, err := a.startNext(ctx, in.Org, in.Version)
	return PublishVersionResult{Status: status}, err
}

func (a *Activities) publish(ctx context.Context, q tenancy.Queries, in PublishVersionInput, v files.Version) error {
	var etag string
	err := files.Step(ctx, q, in.Version, files.StepPublish, activity.GetInfo(ctx).Attempt, func() (err error) {
		etag, err = copyObject(ctx, a.objects.staged(v), a.objects.Clean, v)
		return err
	})
	if err != nil {
		return fmt.Errorf("bring object to the clean bucket: %w", err)
	}
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		if err := decidePreview(ctx, tx, v, in); err != nil {
			return err
		}
		return files.Publish(ctx, tx, in.Version, etag)
	})
	if err == nil {
		a.settle(v, files.Published)
	}
	return err
}

// decidePreview gives every published version a state of its previews. The step that
// makes them may have been abandoned without one, or still run.
func decidePreview(ctx context.Context, tx *tenancy.Tx, v files.Version, in PublishVersionInput) error {
	state, reason := previewOf(v, in)
	return files.DecidePreview(ctx, tx, v.ID, state, reason)
}

func previewOf(v files.Version, in PublishVersionInput) (state, reason string) {
	_, known := previews.For(v.MimeType)
	state, reason = files.PreviewNone, "no_preview_of_kind"
	switch {
	case in.Pending:
		state, reason = files.PreviewPending, ""
	case in.Image:
		state, reason = files.PreviewUnavailable, "failed"
	case v.Size == 0:
		reason = "empty"
	case known:
		reason = "tier_without_previews"
	}
	return state, reason
}

// QuarantineVersionInput names the version and says why. The reason is a
// signature or a rule, never anything of the file.
type QuarantineVersionInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
	Reason  string
}

// QuarantineVersionResult holds the current status of the version.
type QuarantineVersionResult struct{ Status files.Status }

// QuarantineVersion puts a version aside where no one can read it.
func (a *Activities) QuarantineVersion(ctx context.Context, in QuarantineVersionInput) (QuarantineVersionResult, error) {
	defer queue.Heartbeat(ctx)()
	q := a.db.Single(in.Org)
	v, err := files.GetVersion(ctx, q, in.Version)
	if err != nil {
		return QuarantineVersionResult{}, err
	}
	if v.Status == files.Processing {
		if err := a.quarantine(ctx, q, in, v); err != nil {
			return QuarantineVersionResult{}, err
		}
	}
	status, err := a.startNext(ctx, in.Org, in.Version)
	return QuarantineVersionResult{Status: status}, err
}

func (a *Activities) quarantine(ctx context.Context, q tenancy.Queries, in QuarantineVersionInput, v files.Version) error {
	err := files.Step(ctx, q, in.Version, files.StepQuarantine, activity.GetInfo(ctx).Attempt, func() error {
		_, err := copyObject(ctx, a.objects.staged(v), a.objects.Quarantine, v)
		return err
	})
	if err != nil {
		return fmt.Errorf("bring object to quarantine: %w", err)
	}
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		return files.Withdraw(ctx, tx, in.Version, files.Quarantined, in.Reason)
	})
	if err == nil {
		a.settle(v, files.Quarantined)
	}
	return err
}

// WithdrawVersionInput names the version, how it ends, and why.
type WithdrawVersionInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
	Status  files.Status
	Reason  string // a rule or a code
}

// WithdrawVersionResult says how the version ended, which is another way than
// asked for when it had ended before.
type WithdrawVersionResult struct{ Status files.Status }

// WithdrawVersion ends a version that will not be published, gives its bytes
// back to the quota and leaves nothing of it in the store. One that has ended
// already keeps its end.
func (a *Activities) WithdrawVersion(ctx context.Context, in WithdrawVersionInput) (WithdrawVersionResult, error) {
	defer queue.Heartbeat(ctx)()
	var v files.Version
	err := a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
		// A version that waits for a decision has ended for its workflow. A second run of
		// that, started while the first one ended, must not take it away.
		v, err = files.GetVersion(ctx, tx, in.Version)
		if err != nil || v.Status == files.Held && v.TrashedAt == nil {
			return err
		}
		return files.Withdraw(ctx, tx, in.Version, in.Status, in.Reason)
	})
	if err != nil {
		return WithdrawVersionResult{}, err
	}
	if v.Status == files.Processing {
		a.settle(v, in.Status)
	}
	status, err := a.startNext(ctx, in.Org, in.Version)
	return WithdrawVersionResult{Status: status}, err
}
