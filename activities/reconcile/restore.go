package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"satchel/activities/reconcile/reconciledb"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/idempotency"
)

// Restore says that the database was restored from a backup, and the buckets perhaps from a
// copy. Rows and objects may differ then in ways that a running system never has.
type Restore struct {
	To    time.Time // the moment to which the database was restored
	Found time.Time // when the check was asked for: what changed since is of the system that runs again
	Fast  bool      // an object with the size of the row is taken for its bytes, unless the store knows another SHA-256
}

// Made says whether there was a restore.
func (r Restore) Made() bool { return !r.To.IsZero() }

// ErrOneByOne refuses the check after a restore of all organizations where they are in several clusters: each
// cluster is restored by itself, and the check ends the open uploads of those that lost nothing.
var ErrOneByOne = fault.New(fault.Invalid, "organization_required", "With several database clusters the check after a restore is of one organization at a time. Name it: organization_id, or satchel admin restore-check --organization. docs/operating.md says which are in the cluster that was restored.")

// Allowed refuses a check of all organizations that is of one cluster alone.
func (r Restore) Allowed(db *tenancy.DB, only tenancy.OrgID) error {
	if r.Made() && only.IsZero() && len(db.Clusters()) > 0 {
		return ErrOneByOne
	}
	return nil
}

// restoredVersions goes through the versions and their pictures, and takes the state of rows
// and objects to one that a running system may have.
func (r *scanState) restoredVersions() error {
	for {
		page, err := files.ListVersions(r.ctx, r.q, r.Next.After, groupsPage)
		if err != nil || len(page) == 0 {
			return err
		}
		var published []uuid.UUID
		for _, row := range page {
			if row.Status == files.Published {
				published = append(published, row.ID)
			}
		}
		// Pictures first: their version may be locked away below, and then they have no row.
		if err := r.restoredPictures(published); err != nil {
			return err
		}
		for len(page) > 0 {
			n := min(len(page), 8*restoredAtOnce)
			if r.Limit.Versions > 0 {
				n = min(n, r.Limit.Versions-r.Slice.Versions) // what is looked at behind the limit would be reported twice
			}
			if err := r.restoredRows(page[:n]); err != nil {
				return err
			}
			page = page[n:]
		}
	}
}

// restoredAtOnce is how many versions and pictures are looked at side by side: the store answers two to three small
// requests for each, and one after another they are most of the time that a restore takes.
const restoredAtOnce = 8

// restoredRows looks at versions side by side, and passes them in their order: all of them, or those before the first that failed.
func (r *scanState) restoredRows(rows []files.VersionRow) error {
	var g errgroup.Group
	g.SetLimit(restoredAtOnce)
	failed := make([]error, len(rows))
	for i, row := range rows {
		g.Go(func() error {
			failed[i] = r.restoredVersion(row)
			return nil
		})
	}
	_ = g.Wait()
	var over error
	for i, row := range rows {
		if failed[i] != nil {
			return fmt.Errorf("version %s: %w", row.ID, failed[i])
		}
		if err := r.passed(row.ID); err != nil {
			over = err
		}
	}
	return over
}

func (r *scanState) restoredVersion(row files.VersionRow) error {
	if row.UpdatedAt.After(r.Restore.Found) {
		return nil
	}
	lost := files.KeptAsLost(row.Status, row.StatusReason) // by an earlier check: its bytes may be there now
	switch {
	case row.Status == files.Uploading:
		return r.report(LostUpload, row.ID, func() error { return r.withdraw(row.ID, files.Expired) })
	case row.Status == files.Processing, row.Status == files.Held, lost && row.Status == files.Failed:
		return r.restoredArrived(row, lost)
	case row.Status == files.Published, lost && row.Status == files.Quarantined:
		return r.restoredContent(row, lost)
	}
	return nil // it has ended, and no one reads it
}

// restoredContent ties a published version to its object, or locks it away.
func (r *scanState) restoredContent(row files.VersionRow, lost bool) error {
	key := files.ContentKey(r.org, row.ID)
	if missing, err := r.keyMissing(r.Clean, key, row); err != nil || missing {
		return err
	}
	etag, found, err := r.same(r.Clean, key, row.ObjectEtag, row)
	switch {
	case err != nil || lost && !found:
		return err
	case lost:
		return r.reportIn(Found, row.ID, func(tx *tenancy.Tx) error {
			_, err := files.FoundContent(r.ctx, tx, row.ID, etag)
			return err
		})
	case !found:
		return r.reportIn(LostContent, row.ID, func(tx *tenancy.Tx) error {
			_, err := files.Lost(r.ctx, tx, row.ID)
			return err
		})
	case etag == row.ObjectEtag:
		return nil
	}
	return r.report(Adopted, row.ID, func() error {
		_, err := files.AdoptContent(r.ctx, r.q, row.ID, etag)
		return err
	})
}

// reportIn is report with a repair in one transaction.
func (r *scanState) reportIn(kind Kind, version uuid.UUID, repair func(*tenancy.Tx) error) error {
	return r.report(kind, version, func() error { return r.DB.InTx(r.ctx, r.org, repair) })
}

// restoredArrived gives a version that is in process the bytes that arrived: from staging,
// or from the bucket into which they were moved in the time that was lost. Without them it
// ends, and says so to who sent it.
func (r *scanState) restoredArrived(row files.VersionRow, lost bool) error {
	staging, content := files.StagingKey(r.org, row.ID), files.ContentKey(r.org, row.ID)
	for _, place := range []struct {
		Bucket
		key, etag string
	}{{r.Staging, staging, row.StagingEtag}, {r.Clean, content, ""}, {r.Quarantine, content, ""}} {
		missing, err := r.keyMissing(place, place.key, row)
		if err != nil {
			return err
		}
		if missing {
			break // its workflow would find that no one can read it, and remove it; what is lost stays
		}
		etag, found, err := r.same(place, place.key, place.etag, row)
		switch {
		case err != nil:
			return err
		case !found:
			continue
		case !lost && place.key == staging && etag == row.StagingEtag:
			return nil
		}
		return r.adoptArrived(row, lost, func() (string, error) {
			if place.key == staging {
				return etag, nil
			}
			return r.Staging.CopyFrom(r.ctx, place.Name(), place.key, etag, staging)
		})
	}
	if lost {
		return nil
	}
	return r.report(LostArrived, row.ID, func() error { return r.withdraw(row.ID, files.Failed) })
}

// adoptArrived ties a version to the bytes that arrived, which bring puts into staging.
func (r *scanState) adoptArrived(row files.VersionRow, lost bool, bring func() (etag string, err error)) error {
	kind := AdoptedAgain
	if lost {
		kind = Found
	}
	return r.report(kind, row.ID, func() error {
		etag, err := bring()
		if err != nil {
			return err
		}
		if !lost {
			_, err = files.AdoptStaged(r.ctx, r.q, row.ID, etag)
			return err
		}
		return r.DB.InTx(r.ctx, r.org, func(tx *tenancy.Tx) error {
			_, err := files.FoundStaged(r.ctx, tx, row.ID, etag)
			return err
		})
	})
}

// keyMissing reports an object that no one can read because its data key is not there, or does
// not open: the bucket of keys is lost, or older than the objects. The keys may be brought back,
// so nothing is done about it.
func (r *scanState) keyMissing(b Bucket, key string, row files.VersionRow) (bool, error) {
	missing, err := b.KeyMissing(r.ctx, key)
	switch {
	case noBytes(err):
		return false, nil // there is no object
	case errors.Is(err, keyring.ErrNoMaster), errors.Is(err, kms.ErrOpen), errors.Is(err, kms.ErrNoKey):
	case err != nil || !missing:
		return false, err
	}
	return true, r.report(KeyMissing, row.ID, nil)
}

func (r *scanState) withdraw(version uuid.UUID, to files.Status) error {
	return r.DB.InTx(r.ctx, r.org, func(tx *tenancy.Tx) error {
		return files.Withdraw(r.ctx, tx, version, to, files.LostInRestore)
	})
}

// same says whether an object holds the bytes of a version, and gives its ETag. One that has
// the ETag of the row is the row's: no request reads it.
func (r *scanState) same(b Bucket, key, known string, row files.VersionRow) (etag string, found bool, err error) {
	size, etag, err := b.Size(r.ctx, key)
	switch {
	case noBytes(err):
		return "", false, nil
	case err != nil || size != row.Size:
		return "", false, err
	case etag == known || row.Size == 0:
		return etag, true, nil
	}
	sum, err := b.SHA256(r.ctx, key)
	if err != nil {
		return "", false, ignoring(err)
	}
	if sum != "" || r.Restore.Fast {
		return etag, sum == "" || sum == row.Sha256, nil
	}
	sum, err = readSHA256(r.ctx, b, key, etag)
	return etag, err == nil && sum == row.Sha256, ignoring(err)
}

// noBytes says whether an object will not give the bytes of its version however often it is
// asked: it is gone, another one, not what was encrypted, or its key was destroyed. One such
// object must not keep the check from all that come behind it.
func noBytes(err error) bool {
	kind := fault.KindOf(err)
	return err != nil && (kind == fault.NotFound || kind == fault.Conflict)
}

func ignoring(err error) error {
	if noBytes(err) {
		return nil
	}
	return err
}

func readSHA256(ctx context.Context, b Bucket, key, etag string) (string, error) {
	body, err := b.Open(ctx, key, etag, 0, -1)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, body)
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", fmt.Errorf("read object: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// restoredPictures ties pictures to their objects by the size, since their SHA-256 is not
// known. One whose object is gone loses its row: it is made again, or not shown.
func (r *scanState) restoredPictures(versions []uuid.UUID) error {
	pictures, err := files.Pictures(r.ctx, r.q, versions)
	if err != nil {
		return fmt.Errorf("list pictures: %w", err)
	}
	var g errgroup.Group
	g.SetLimit(restoredAtOnce)
	for _, p := range pictures {
		g.Go(func() error {
			size, etag, err := r.Clean.Size(r.ctx, files.PictureKey(r.org, p))
			missing := noBytes(err) || err == nil && size != p.Size
			switch {
			case missing:
				return r.report(Picture, p.VersionID, func() error { return files.ForgetPicture(r.ctx, r.q, p) })
			case err == nil && etag != p.Etag:
				return r.report(Picture, p.VersionID, func() error { return files.AdoptPicture(r.ctx, r.q, p, etag) })
			}
			return err
		})
	}
	return g.Wait()
}

// restoredErasures erases again what was erased in the time that was lost, before anything else:
// no version of that is tied to bytes that were copied back. Where the ledger cannot be read the
// check of the organization ends here, and fails.
func (r *scanState) restoredErasures() error {
	if r.Checker.Erasures == nil {
		return nil
	}
	err := r.Checker.Erasures.Each(r.ctx, r.org, func(file uuid.UUID, versions []uuid.UUID) error {
		var version uuid.UUID
		if len(versions) > 0 {
			version = versions[0]
		}
		if !r.Repair {
			return r.report(ErasedAgain, version, nil)
		}
		if file == uuid.Nil {
			return r.erasedOrganization()
		}
		held, err := r.Checker.Erasures.Again(r.ctx, r.org, file, versions)
		return r.erased(version, held, err)
	})
	if err == nil {
		err = r.Checker.Erasures.People(r.ctx, r.org, func(person uuid.UUID) error {
			if !r.Repair {
				return r.report(ErasedAgain, person, nil)
			}
			held, err := r.Checker.Erasures.Forget(r.ctx, r.org, person)
			return r.erased(person, held, err)
		})
	}
	if err != nil || !r.Repair {
		return err
	}
	return r.Checker.Erasures.Certificates(r.ctx, r.org)
}

// erased reports what became of what was erased again: a version or a person. What failed is not
// reported as kept by a hold, and fails the check.
func (r *scanState) erased(id uuid.UUID, held bool, err error) error {
	if held && err == nil {
		return r.report(ErasedHeld, id, nil)
	}
	return r.report(ErasedAgain, id, func() error { return err })
}

// erasedOrganization has an organization deleted again. Its audit log goes with it, so nothing is
// recorded there, and nothing else is looked at.
func (r *scanState) erasedOrganization() error {
	if _, err := r.Checker.Erasures.Again(r.ctx, r.org, uuid.Nil, nil); err != nil {
		return fmt.Errorf("delete the organization again: %w", err)
	}
	r.Findings = append(r.Findings, Finding{Kind: ErasedAgain, Org: r.org, Repaired: true})
	return errErased
}

// restoredRest does what is done once for an organization.
func (r *scanState) restoredRest() error {
	if !r.Repair {
		return nil
	}
	if r.Checker.Restored != nil {
		forked, err := r.Checker.Restored.Restored(r.ctx, r.org)
		if err != nil {
			return fmt.Errorf("compare the audit log with its checkpoints: %w", err)
		}
		if forked {
			if err := r.report(AuditFork, uuid.Nil, func() error { return nil }); err != nil {
				return err
			}
		}
	}
	return r.DB.InTx(r.ctx, r.org, func(tx *tenancy.Tx) error {
		// A request that was answered in the time that was lost is done again when it comes
		// again: its key must not answer with what is not there.
		if err := idempotency.Forget(r.ctx, tx, r.Restore.Found); err != nil {
			return err
		}
		if err := reconciledb.New(tx).EdgeForget(r.ctx); err != nil {
			return fmt.Errorf("have the cache told: %w", err)
		}
		return audit.Record(r.ctx, tx, audit.Event{Action: "storage.restored", ObjectID: r.org.String(), Code: r.Restore.To.UTC().Format(time.RFC3339)})
	})
}
