// Package sweep finishes what nobody else will: versions whose workflow was
// never started, uploads that were given up, trash that is due, requests whose
// keys are past their time. It belongs to
// the platform and not to an organization; each thing it finds is worked on in
// the transaction of the organization to which it belongs.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/tenancy"
	"satchel/tenancy/idempotency"
)

// UploadStarter starts the workflow of a version, or finds it started, and lets an
// organization's waiting versions into the pipeline as far as there is room.
// However much its tier allows, an organization has at most Ceiling in it.
type UploadStarter interface {
	MaxRunning() int
	StartUpload(ctx context.Context, org tenancy.OrgID, file, version uuid.UUID) error
	StartAdmitted(ctx context.Context, org tenancy.OrgID) error
}

// Cleaner removes what a version left: what its state has no use for, or
// everything.
type Cleaner interface {
	Clear(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (files.Status, error)
	RemoveVersion(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
}

// Config says how long things may wait.
type Config struct {
	Unstarted time.Duration `env:"SATCHEL_SWEEP_UNSTARTED" envDefault:"20s"`  // a complete upload without a workflow for this long is started by the sweep
	Silent    time.Duration `env:"SATCHEL_SWEEP_SILENT" envDefault:"3m"`      // a version in process whose workflow is silent for this long is started again
	Trash     time.Duration `env:"SATCHEL_TRASH_RETENTION" envDefault:"720h"` // a file is deleted for good after this long in the trash, unless the organization's policy says otherwise
}

// Activities are the activities of this package.
type Activities struct {
	db      *tenancy.DB
	starter UploadStarter
	remover Cleaner
	config  Config
}

// New makes the activities.
func New(db *tenancy.DB, starter UploadStarter, remover Cleaner, c Config) *Activities {
	return &Activities{db: db, starter: starter, remover: remover, config: c}
}

// page bounds one run of a sweep. What is left over is found by the next run,
// which starts within seconds.
const page = 500

// StartWaitingUploadsInput names the platform.
type StartWaitingUploadsInput struct{ Org tenancy.OrgID }

// ExpireUploadsInput names the platform.
type ExpireUploadsInput struct{ Org tenancy.OrgID }

// PurgeTrashInput names the platform.
type PurgeTrashInput struct{ Org tenancy.OrgID }

// ForgetRequestsInput names the platform.
type ForgetRequestsInput struct{ Org tenancy.OrgID }

// SweepResult counts what was found and what was done.
type SweepResult struct{ Found, Done int }

// StartWaitingUploads starts the workflow of every version that was let into the
// pipeline and shows no life, and moves every line that has stood for a while
// though there is room: its end was not heard of, or its tier's bound was raised.
// Starting what runs, and moving a line without room, changes nothing.
func (a *Activities) StartWaitingUploads(ctx context.Context, in StartWaitingUploadsInput) (SweepResult, error) {
	if err := platform(in.Org); err != nil {
		return SweepResult{}, err
	}
	waiting, err := a.db.VersionsWaiting(ctx, a.config.Unstarted, a.config.Silent, page)
	if err != nil {
		return SweepResult{}, fmt.Errorf("find waiting versions: %w", err)
	}
	started, err := each(ctx, waiting, a.start)
	if err != nil {
		return started, err
	}
	lines, err := a.db.OrganizationsWaiting(ctx, a.config.Unstarted, a.starter.MaxRunning(), page)
	if err != nil {
		return started, fmt.Errorf("find waiting organizations: %w", err)
	}
	moved, err := each(ctx, lines, func(ctx context.Context, r tenancy.Ref) error {
		return a.starter.StartAdmitted(ctx, tenancy.OrgID(r.Org))
	})
	return SweepResult{Found: started.Found + moved.Found, Done: started.Done + moved.Done}, err
}

func (a *Activities) start(ctx context.Context, r tenancy.Ref) error {
	org := tenancy.OrgID(r.Org)
	if err := a.starter.StartUpload(ctx, org, r.File, r.Version); err != nil {
		return err
	}
	q := a.db.Single(org)
	if err := files.MarkStarted(ctx, q, r.Version); err != nil {
		return fmt.Errorf("note the start: %w", err)
	}
	return files.TouchVersion(ctx, q, r.Version)
}

// ExpireUploads ends uploads that made no progress for their time, gives their
// bytes back and removes what they left.
func (a *Activities) ExpireUploads(ctx context.Context, in ExpireUploadsInput) (SweepResult, error) {
	if err := platform(in.Org); err != nil {
		return SweepResult{}, err
	}
	expired, err := a.db.UploadsExpired(ctx, page)
	if err != nil {
		return SweepResult{}, fmt.Errorf("find expired uploads: %w", err)
	}
	return each(ctx, expired, a.expire)
}

// expire decides by the row before it touches an object: the upload may have
// moved on. What a crash leaves between the two is found by the reconciler.
func (a *Activities) expire(ctx context.Context, r tenancy.Ref) error {
	org := tenancy.OrgID(r.Org)
	var expired bool
	err := a.db.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		expired, err = files.Expire(ctx, tx, r.Upload)
		return err
	})
	if err != nil || !expired {
		return err
	}
	_, err = a.remover.Clear(ctx, org, r.Version)
	return err
}

// PurgeTrash removes for good what has lain in the trash for its time.
func (a *Activities) PurgeTrash(ctx context.Context, in PurgeTrashInput) (SweepResult, error) {
	if err := platform(in.Org); err != nil {
		return SweepResult{}, err
	}
	trashed, err := a.db.FilesTrashed(ctx, a.config.Trash, page)
	if err != nil {
		return SweepResult{}, fmt.Errorf("find trash that is due: %w", err)
	}
	return each(ctx, trashed, a.purge)
}

// purge unpublishes, erases and only then forgets: the rows are the list of
// what is to be erased.
func (a *Activities) purge(ctx context.Context, r tenancy.Ref) error {
	org := tenancy.OrgID(r.Org)
	var versions []uuid.UUID
	err := a.db.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		versions, err = files.Unpublish(ctx, tx, r.File)
		if err != nil {
			return err
		}
		for _, v := range versions { // one that is still on its way ends here
			if err := files.Withdraw(ctx, tx, v, files.Deleted, "deleted"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, v := range versions {
		if err := a.remover.RemoveVersion(ctx, org, v); err != nil {
			return err
		}
	}
	return a.db.InTx(ctx, org, func(tx *tenancy.Tx) error { return files.Purge(ctx, tx, r.File) })
}

// ForgetRequests removes the keys of requests that may be used anew: nothing
// knows them any more.
func (a *Activities) ForgetRequests(ctx context.Context, in ForgetRequestsInput) (SweepResult, error) {
	if err := platform(in.Org); err != nil {
		return SweepResult{}, err
	}
	old, err := a.db.OrganizationsWithOldRequests(ctx, page)
	if err != nil {
		return SweepResult{}, fmt.Errorf("find requests past their time: %w", err)
	}
	return each(ctx, old, func(ctx context.Context, r tenancy.Ref) error {
		return idempotency.DeleteExpired(ctx, a.db.Single(tenancy.OrgID(r.Org)))
	})
}

// platform refuses to sweep on behalf of one organization.
func platform(org tenancy.OrgID) error {
	if org != tenancy.Platform {
		return ErrNotPlatform
	}
	return nil
}

// each does the work for everything found. One that fails does not stop those
// behind it; the activity fails only when nothing worked at all, because then
// it is not about the things found.
func each(ctx context.Context, found []tenancy.Ref, work func(context.Context, tenancy.Ref) error) (SweepResult, error) {
	result := SweepResult{Found: len(found)}
	var failures []error
	for i, ref := range found {
		activity.RecordHeartbeat(ctx, i)
		if err := ctx.Err(); err != nil {
			return result, err
		}
		if err := work(ctx, ref); err != nil {
			activity.GetLogger(ctx).Warn("sweep", "org", ref.Org, "file", ref.File, "version", ref.Version, "error", err)
			failures = append(failures, err)
			continue
		}
		result.Done++
	}
	if result.Done == 0 && len(failures) > 0 {
		return result, errors.Join(failures...)
	}
	return result, nil
}
