package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy/exports"
)

// deep reads the object and compares its bytes with those that were received.
func (r *scanState) deep(row files.VersionRow, key string) error {
	hash := sha256.New()
	if row.Size > 0 {
		body, err := r.Clean.Open(r.ctx, key, "", 0, -1)
		if err != nil {
			return err
		}
		_, err = io.Copy(hash, body)
		if closeErr := body.Close(); err == nil {
			err = closeErr
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

// cleanObjects looks from the store to the rows: what can be downloaded belongs
// to a published version, or to one that is about to be.
func (r *scanState) cleanObjects() error {
	return r.owned(r.Clean, OrphanClean, files.Published, files.Processing)
}

func (r *scanState) quarantined() error {
	return r.owned(r.Quarantine, OrphanQuarantine, files.Quarantined, files.Processing, files.Published)
}

func (r *scanState) staged() error {
	return r.owned(r.Staging, OrphanStaged, files.Uploading, files.Processing, files.Held)
}

// owned reports the objects of a bucket whose version is in none of the states.
// Listings come in the order of the keys, so a version is asked for once.
func (r *scanState) owned(b Bucket, kind Kind, states ...files.Status) error {
	var asked uuid.UUID
	var status files.Status
	var orphans []string
	err := b.Each(r.ctx, r.org.String()+"/", func(key string, modified time.Time) error {
		if time.Since(modified) < r.Grace {
			return nil
		}
		version := r.versionOf(key)
		if version != asked || asked == uuid.Nil {
			var err error
			if status, err = r.status(version); err != nil {
				return err
			}
			asked = version
		}
		if !slices.Contains(states, status) {
			orphans = append(orphans, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range orphans {
		// A listing shows for a while what was removed since it began.
		if _, _, err := b.Size(r.ctx, key); fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err := r.report(kind, r.versionOf(key), func() error { return b.Remove(r.ctx, key) }); err != nil {
			return err
		}
	}
	return nil
}

// versionOf reads the version out of a key. A key of another shape belongs to
// nothing, and so to no version.
func (r *scanState) versionOf(key string) uuid.UUID {
	rest := strings.TrimPrefix(key, r.org.String()+"/")
	rest, _, _ = strings.Cut(rest, "/")
	id, err := uuid.Parse(strings.TrimSuffix(rest, ".tail"))
	if err != nil {
		return uuid.Nil
	}
	return id
}

// parts finds multipart uploads that no one will end: a row comes before its
// upload begins, so one without an open row is left over.
func (r *scanState) parts() error {
	pending, err := r.Staging.Pending(r.ctx, r.org.String()+"/")
	if err != nil {
		return err
	}
	for _, key := range pending {
		version := r.versionOf(key)
		status, err := r.status(version)
		if err != nil {
			return err
		}
		if status == files.Uploading {
			continue
		}
		if err := r.report(OrphanParts, version, func() error { return r.Staging.AbortAll(r.ctx, key) }); err != nil {
			return err
		}
	}
	return nil
}

// exported finds copies of everything that no one can download: of an export
// that failed, is past its time, or is not there. Objects and open multipart
// uploads of one that is being made are its workflow's.
func (r *scanState) exported() error {
	left := map[uuid.UUID]bool{}
	note := func(key string) error {
		id := r.versionOf(key) // an export's keys have the same shape
		if _, known := left[id]; known {
			return nil
		}
		e, err := exports.Get(r.ctx, r.q, id)
		if fault.KindOf(err) == fault.NotFound {
			e, err = exports.Export{State: exports.Removed}, nil
		}
		left[id] = e.State != exports.Running && e.State != exports.Ready
		return err
	}
	var keys []string
	err := r.Exports.Each(r.ctx, r.org.String()+"/", func(key string, modified time.Time) error {
		if time.Since(modified) < r.Grace {
			return nil
		}
		keys = append(keys, key)
		return note(key)
	})
	if err != nil {
		return err
	}
	pending, err := r.Exports.Pending(r.ctx, r.org.String()+"/")
	if err != nil {
		return err
	}
	for _, key := range pending {
		if err := note(key); err != nil {
			return err
		}
	}
	return r.removeExports(keys, pending, left)
}

func (r *scanState) removeExports(keys, pending []string, left map[uuid.UUID]bool) error {
	for _, key := range keys {
		if !left[r.versionOf(key)] {
			continue
		}
		if _, _, err := r.Exports.Size(r.ctx, key); fault.KindOf(err) == fault.NotFound {
			continue // as above
		}
		if err := r.report(OrphanExport, r.versionOf(key), func() error { return r.Exports.Remove(r.ctx, key) }); err != nil {
			return err
		}
	}
	for _, key := range pending {
		if !left[r.versionOf(key)] {
			continue
		}
		if err := r.report(OrphanExport, r.versionOf(key), func() error { return r.Exports.AbortAll(r.ctx, key) }); err != nil {
			return err
		}
	}
	return nil
}
