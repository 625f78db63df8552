package reconcile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/envelope"
	"satchel/internal/fault"
	"satchel/policies/verdict"
)

// clean goes through the rows and the listing of the clean bucket side by side,
// both in the order of the versions. Only what differs costs a request of its own.
func (r *scanState) clean() error {
	rows := &versionRows{ctx: r.ctx, q: r.q, after: r.Next.After}
	objects := list(r.ctx, r.Clean, r.org, r.Next.After)
	defer objects.stop()
	for {
		more, err := r.next(rows, objects)
		if err != nil || !more {
			return err
		}
	}
}

// next looks at what comes first in the rows and the listing, and says false when
// both have come to their end.
func (r *scanState) next(rows *versionRows, objects *listing) (bool, error) {
	row, err := rows.peek()
	if err != nil {
		return false, fmt.Errorf("read versions: %w", err)
	}
	found, err := objects.peek()
	if err != nil || row == nil && found == nil {
		return false, err
	}
	if found != nil && found.version == uuid.Nil {
		objects.take()
		return true, r.orphans(r.Clean, OrphanClean, found.objects)
	}
	id, err := r.compare(row, found)
	if err != nil {
		return false, err
	}
	if row != nil && row.ID == id {
		rows.take()
	}
	if found != nil && found.version == id {
		objects.take()
	}
	return true, r.passed(id)
}

// compare looks at the version that comes first in the rows and the listing, and
// names it.
func (r *scanState) compare(row *files.VersionRow, found *group) (uuid.UUID, error) {
	var order int
	switch {
	case row == nil:
		order = 1
	case found == nil:
		order = -1
	default:
		order = bytes.Compare(row.ID[:], found.version[:])
	}
	switch {
	case order < 0:
		return row.ID, r.version(*row, nil)
	case order > 0:
		return found.version, r.unowned(found)
	}
	if err := r.version(*row, found.objects); err != nil {
		return row.ID, err
	}
	if row.Status == files.Published || row.Status == files.Processing || files.KeptAsLost(row.Status, row.StatusReason) {
		return row.ID, nil
	}
	return row.ID, r.unowned(found)
}

// unowned reports objects of the clean bucket that belong to no version that is
// published, or about to be. The row may have come, or moved on, since it was read.
func (r *scanState) unowned(found *group) error {
	v, err := files.GetVersion(r.ctx, r.q, found.version)
	switch {
	case err != nil && fault.KindOf(err) != fault.NotFound:
		return err
	case v.Status == files.Published || v.Status == files.Processing, files.KeptAsLost(v.Status, v.StatusReason), r.staying(v.Status, v.CleanedAt, v.RemovableAt, v.UpdatedAt):
		return nil
	}
	return r.orphans(r.Clean, OrphanClean, found.objects)
}

// staying says whether the objects of a deleted version have to stay for now, or it is about to
// be said until when.
func (r *scanState) staying(status files.Status, cleaned, removable *time.Time, changed time.Time) bool {
	switch {
	case status != files.Deleted || cleaned != nil || r.Delay == 0:
		return false
	case removable == nil:
		return time.Since(changed) < r.Grace
	}
	return time.Now().Before(*removable)
}

// version looks from a row to the store and to Temporal. listed is what the clean
// bucket holds of it.
func (r *scanState) version(row files.VersionRow, listed []Object) error {
	old := time.Since(row.UpdatedAt) >= r.Grace
	switch {
	case row.Status == files.Published:
		if row.ScanVerdict != verdict.Clean {
			if err := r.report(Unscanned, row.ID, nil); err != nil {
				return err
			}
		}
		return r.content(row, listed)
	case row.Status == files.Processing && old:
		return r.processing(row)
	case files.Final(row.Status) && row.Status != files.Held && row.CleanedAt == nil && old && !r.staying(row.Status, row.CleanedAt, row.RemovableAt, row.UpdatedAt):
		return r.report(UncleanedVersion, row.ID, func() error {
			_, err := r.Clearer.Clear(r.ctx, r.org, row.ID)
			return err
		})
	}
	return nil
}

func (r *scanState) processing(row files.VersionRow) error {
	running, err := r.Workflows.Running(r.ctx, r.org, row.ID)
	if err != nil || running {
		return err
	}
	if row.StartedAt == nil {
		if moving, err := files.ListInPipeline(r.ctx, r.q); err != nil || moving {
			return err // in the admission queue behind another of its organization
		}
	}
	// The workflow may have ended, and with it the row, since the row was read.
	if status, err := r.status(row.ID); err != nil || status != files.Processing {
		return err
	}
	return r.report(Stuck, row.ID, func() error { return r.Workflows.StartUpload(r.ctx, r.org, row.FileID, row.ID) })
}

// content compares a published version with its object. One that the listing
// shows with the size and the ETag of the row costs no request.
func (r *scanState) content(row files.VersionRow, listed []Object) error {
	key := files.ContentKey(r.org, row.ID)
	if !r.Deep {
		for _, o := range listed {
			if o.Key == key && (o.Size == row.Size || o.Size == envelope.SealedSize(row.Size)) && o.ETag == row.ObjectEtag {
				return nil
			}
		}
	}
	size, etag, err := r.Clean.Size(r.ctx, key)
	missing := fault.KindOf(err) == fault.NotFound
	altered := fault.KindOf(err) == fault.Conflict // of a size that no encrypted object has
	switch {
	case err != nil && !missing && !altered:
		return err
	case err == nil && size == row.Size && etag == row.ObjectEtag && !r.Deep:
		return nil
	}
	// What looks wrong may have been deleted a moment ago.
	if status, err := r.status(row.ID); err != nil || status != files.Published {
		return err
	}
	switch {
	case missing:
		return r.report(ContentMissing, row.ID, nil)
	case altered || size != row.Size:
		return r.report(ContentSize, row.ID, nil)
	case etag != row.ObjectEtag:
		return r.report(ContentDiffers, row.ID, nil)
	}
	return r.deep(row, key)
}

// deep reads the object and compares its bytes with those that were received.
func (r *scanState) deep(row files.VersionRow, key string) error {
	hash := sha256.New()
	if row.Size > 0 {
		body, err := r.Clean.Open(r.ctx, key, "", 0, -1)
		if fault.KindOf(err) == fault.NotFound { // its key is gone
			return r.report(ContentMissing, row.ID, nil)
		}
		if err != nil {
			return err
		}
		_, err = io.Copy(hash, body)
		if closeErr := body.Close(); err == nil {
			err = closeErr
		}
		if fault.KindOf(err) == fault.Conflict { // it is not what was encrypted
			return r.report(ContentDiffers, row.ID, nil)
		}
		if err != nil {
			return fmt.Errorf("read object: %w", err)
		}
	}
	if hex.EncodeToString(hash.Sum(nil)) == row.Sha256 {
		return nil
	}
	return r.report(ContentDiffers, row.ID, nil)
}
