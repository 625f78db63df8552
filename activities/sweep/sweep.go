// Package sweep finishes what no one else will: versions whose workflow was
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

	"satchel/files"
	"satchel/internal/queue"
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

// Cleaner removes objects of a version: those that its status does not need, or
// all of a deleted one, unless they have to stay for now.
type Cleaner interface {
	Clear(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (files.Status, error)
	RemoveDeleted(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (bool, error)
	RemoveVersion(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
}

// Config says how long things may wait.
type Config struct {
	Unstarted time.Duration `env:"SATCHEL_SWEEP_UNSTARTED" envDefault:"20s"`  // a complete upload without a workflow for this long is started by the sweep
	Silent    time.Duration `env:"SATCHEL_SWEEP_SILENT" envDefault:"3m"`      // a version in process whose workflow is silent for this long is started again
	Trash     time.Duration `env:"SATCHEL_TRASH_RETENTION" envDefault:"720h"` // a file is deleted for good after this long in the trash, unless the organization's policy says otherwise
	Uncleaned time.Duration `env:"SATCHEL_SWEEP_UNCLEANED" envDefault:"1m"`   // the objects of a version that ended this long ago are removed by the sweep
}

// Activities are the activities of this package.
type Activities struct {
	db      *tenancy.DB
	starter UploadStarter
	remover Cleaner
	config  Config
	page    int // length of one list
}

// New makes the activities.
func New(db *tenancy.DB, starter UploadStarter, remover Cleaner, c Config) *Activities {
	return &Activities{db: db, starter: starter, remover: remover, config: c, page: 500}
}

// organizationPage is how many files of one organization are purged before the next
// organization follows.
const organizationPage = 50

// PurgeTrashInput names the platform, and where to go on.
type PurgeTrashInput struct {
	Org   tenancy.OrgID
	After queue.Places // where the run before ended, by organization
}

// PlatformWork marks work across organizations.
func (PurgeTrashInput) PlatformWork() {}

// DeleteExpiredIdempotencyKeysInput names the platform, and where to go on.
type DeleteExpiredIdempotencyKeysInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the run before ended
}

// PlatformWork marks work across organizations.
func (DeleteExpiredIdempotencyKeysInput) PlatformWork() {}

// SweepResult counts what was found, what was done and what failed, and says where
// the next run goes on.
type SweepResult = queue.Swept

// PurgeTrashResult is the same of the organizations' lists in one.
type PurgeTrashResult struct {
	SweepResult

	Places queue.Places `json:",omitempty"` // where the next run goes on; its Next stays zero
}

// SweepsOf are the sweeps of uploads, of consent before collection, of days by which something is due, and of partitions by month. The interval of the
// first two limits how long a version waits whose start was lost. Those that ask the store
// are apart, so that one that is slow or away delays none of the others.
func SweepsOf(a *Activities) []queue.Sweep {
	return []queue.Sweep{
		{Name: "start-waiting-uploads", Every: 20 * time.Second, Run: a.startWaitingUploads},
		{Name: "admit-waiting-uploads", Every: 20 * time.Second, Run: a.admitWaitingUploads},
		{Name: "expire-uploads", Every: 20 * time.Second, Run: a.expireUploads},
		{Name: "clean-ended-uploads", Every: 30 * time.Second, Run: a.cleanUploads},
		{Name: "end-expired-agreements", Every: 2 * time.Minute, Run: a.expireAgreements},
		{Name: "delete-files-held-long", Every: 2 * time.Minute, Run: a.deleteHeld},
		{Name: "note-ages", Every: 2 * time.Minute, Run: a.noteAges},
		{Name: "tell-deadlines", Every: 2 * time.Minute, Run: a.tellDeadlines},
		{Name: "make-months", Every: 2 * time.Minute, Run: a.makeMonths},
	}
}

// startWaitingUploads starts the workflow of every admitted version that has no steps.
// Starting a running workflow again changes nothing, and one that ended starts again while
// the row is in process.
func (a *Activities) startWaitingUploads(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start waiting uploads", after, versionOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.VersionsWaiting(ctx, a.config.Unstarted, a.config.Silent, after, a.page)
	}, a.start)
}

// admitWaitingUploads admits from every queue that has waited for a while although there
// is room: an admission was missed, or the tier's limit was raised. Admitting without room
// changes nothing.
func (a *Activities) admitWaitingUploads(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "admit waiting uploads", after, orgOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.OrganizationsWaiting(ctx, a.config.Unstarted, a.starter.MaxRunning(), after, a.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		return a.starter.StartAdmitted(ctx, r.Org)
	})
}

func (a *Activities) start(ctx context.Context, r tenancy.Ref) error {
	org := r.Org
	q := a.db.Single(org)
	// It may have ended since it was found: a workflow would start for nothing.
	if v, err := files.GetVersion(ctx, q, r.Version); err != nil || v.Status != files.Processing {
		return err
	}
	if err := a.starter.StartUpload(ctx, org, r.File, r.Version); err != nil {
		return err
	}
	if err := files.MarkStarted(ctx, q, r.Version); err != nil {
		return fmt.Errorf("note the start: %w", err)
	}
	return files.TouchVersion(ctx, q, r.Version)
}

// expireUploads ends uploads that made no progress for their time, gives their
// bytes back and removes what they left.
func (a *Activities) expireUploads(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "expire uploads", after, func(r tenancy.Ref) uuid.UUID { return r.Upload }, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.UploadsExpired(ctx, after, a.page)
	}, a.expire)
}

// expire decides by the row before it touches an object: the upload may have
// moved on. What a crash leaves between the two is found
// by cleanUploads.
func (a *Activities) expire(ctx context.Context, r tenancy.Ref) error {
	org := r.Org
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

// cleanUploads removes what ended versions left in the store, and what published ones
// left in staging: the step that ended them died, or the store was away, before it was
// removed.
func (a *Activities) cleanUploads(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "clean ended versions", after, versionOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.VersionsUncleaned(ctx, a.config.Uncleaned, after, a.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		_, err := a.remover.Clear(ctx, r.Org, r.Version)
		return err
	})
}

// PurgeTrash deletes files permanently when their time in the trash is over. It
// pages until none are left, a page of each organization at a time. Failing files
// are skipped and tried again by the next run that begins at the head.
func (a *Activities) PurgeTrash(ctx context.Context, in PurgeTrashInput) (PurgeTrashResult, error) {
	orgs, err := a.organizationsWithTrash(ctx)
	if err != nil {
		return PurgeTrashResult{}, fmt.Errorf("find trash that is due: %w", err)
	}
	swept, places, err := queue.SweepFairly(ctx, "purge trash", in.After, orgs, orgOf, func(r tenancy.Ref) uuid.UUID { return r.File },
		func(ctx context.Context, org tenancy.Ref, after uuid.UUID) ([]tenancy.Ref, error) {
			return a.db.FilesTrashed(ctx, org.Org, a.config.Trash, after, organizationPage)
		}, a.purge)
	return PurgeTrashResult{SweepResult: swept, Places: places}, err
}

func (a *Activities) organizationsWithTrash(ctx context.Context) ([]tenancy.Ref, error) {
	return organizations(ctx, func(after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.OrganizationsWithTrash(ctx, a.config.Trash, after, a.page)
	})
}

// organizations lists all of them, page after page.
func organizations(ctx context.Context, page func(after uuid.UUID) ([]tenancy.Ref, error)) ([]tenancy.Ref, error) {
	defer queue.Heartbeat(ctx)() // a listing may take longer than a heartbeat
	var orgs []tenancy.Ref
	for {
		var last tenancy.Ref
		if len(orgs) > 0 {
			last = orgs[len(orgs)-1]
		}
		next, err := page(last.Org.UUID())
		if err != nil || len(next) == 0 {
			return orgs, err
		}
		orgs = append(orgs, next...)
	}
}

// purge deletes what has been in the trash for its time.
func (a *Activities) purge(ctx context.Context, r tenancy.Ref) error {
	always := func(*tenancy.Tx) (bool, error) { return true, nil }
	return a.deleteForGood(ctx, r, a.remover.RemoveDeleted, always, func(*tenancy.Tx) error { return nil })
}

// removal removes the objects of a version, and says false while they have to stay.
type removal func(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (bool, error)

// erase removes at once: what may not be kept does not wait for backups of the objects.
func (a *Activities) erase(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (bool, error) {
	return true, a.remover.RemoveVersion(ctx, org, version)
}

// deleteForGood unpublishes, removes the objects and only then the rows: they are the list of
// what is to be removed. due decides in the transaction that unpublishes, and note records in
// that which removes the rows.
func (a *Activities) deleteForGood(ctx context.Context, r tenancy.Ref, remove removal, due func(*tenancy.Tx) (bool, error), note func(*tenancy.Tx) error) error {
	org := r.Org
	var versions []uuid.UUID
	var is bool
	err := a.db.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		if is, err = due(tx); err != nil || !is {
			return err
		}
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
	if errors.Is(err, tenancy.ErrOnHold) { // placed since the file was found; it is not found again
		return nil
	}
	if err != nil || !is {
		return err
	}
	removed := true
	for _, v := range versions {
		gone, err := remove(ctx, org, v)
		if err != nil {
			return err
		}
		removed = removed && gone
	}
	if !removed {
		return nil // the file is found again when the last of its objects may go
	}
	return a.db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := files.Purge(ctx, tx, r.File); err != nil {
			return err
		}
		return note(tx)
	})
}

// DeleteExpiredIdempotencyKeys removes what requests left and is not asked for any more: keys
// that may be used again, and zips.
func (a *Activities) DeleteExpiredIdempotencyKeys(ctx context.Context, in DeleteExpiredIdempotencyKeysInput) (SweepResult, error) {
	return queue.SweepByID(ctx, "delete expired idempotency keys", in.After, orgOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.OrganizationsWithOldRequests(ctx, after, a.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		q := a.db.Single(r.Org)
		return errors.Join(idempotency.DeleteExpired(ctx, q), files.DeleteExpiredZips(ctx, q))
	})
}

func orgOf(r tenancy.Ref) uuid.UUID { return r.Org.UUID() }

func versionOf(r tenancy.Ref) uuid.UUID { return r.Version }
