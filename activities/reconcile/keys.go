package reconcile

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/files"
)

// keyAge is how old a data key that opens nothing must be to be removed. It is far above the time from
// a key to its object and its row, and a key that opens nothing does no harm meanwhile.
const keyAge = 24 * time.Hour

// errPage ends a page of keys.
var errPage = errors.New("enough for one page")

// keys finds data keys that open nothing: of versions without a row and without an object in any
// bucket. A process that died between the key and the object leaves one.
func (r *scanState) keys() error {
	if r.Keys == nil || r.Restore.Made() { // what a restore brings back may come after this check
		return nil
	}
	for {
		page, err := r.keysPage()
		if err != nil || len(page) == 0 {
			return err
		}
		if err := r.checkKeys(page); err != nil {
			return err
		}
	}
}

func (r *scanState) checkKeys(page []keyRecord) error {
	ids := make([]uuid.UUID, len(page))
	for i, k := range page {
		ids[i] = k.version
	}
	found, err := files.States(r.ctx, r.q, ids)
	if err != nil {
		return err
	}
	for _, k := range page {
		if found[k.version] == "" && time.Since(k.since) >= r.longEnough() {
			if err := r.rowlessKey(k.version); err != nil {
				return err
			}
		}
		if err := r.passed(k.version); err != nil {
			return err
		}
	}
	return nil
}

type keyRecord struct {
	version uuid.UUID
	since   time.Time
}

func (r *scanState) keysPage() (page []keyRecord, err error) {
	err = r.Keys.Each(r.ctx, r.org, r.Next.After, func(version uuid.UUID, since time.Time) error {
		page = append(page, keyRecord{version, since})
		if len(page) == groupsPage {
			return errPage
		}
		return nil
	})
	if err != nil && !errors.Is(err, errPage) {
		return nil, fmt.Errorf("list data keys: %w", err)
	}
	return page, nil
}

// longEnough is at least as long as objects stay of which a restored database does not know.
func (r *scanState) longEnough() time.Duration {
	age := r.KeyAge
	if age == 0 {
		age = keyAge
	}
	return max(age, r.Grace, r.Delay)
}

// rowlessKey reports the key of a version without a row, unless there are objects of it: they are found by
// their buckets, and the last one takes its key with it.
func (r *scanState) rowlessKey(version uuid.UUID) error {
	for _, b := range []Bucket{r.Staging, r.Clean, r.Quarantine} {
		for _, err := range b.List(r.ctx, r.org.String()+"/"+version.String(), "") {
			return err
		}
	}
	return r.report(OrphanKey, version, func() error { return r.Keys.Drop(r.ctx, r.org, version) })
}
