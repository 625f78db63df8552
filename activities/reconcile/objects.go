package reconcile

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/rosters"
	"satchel/tenancy/exports"
)

func (r *scanState) quarantined() error {
	return r.owned(r.Quarantine, OrphanQuarantine, files.Quarantined, files.Processing, files.Published)
}

func (r *scanState) staged() error {
	return r.owned(r.Staging, OrphanStaged, files.Uploading, files.Processing, files.Held)
}

const groupsPage = 500

// owned reports the objects of a bucket whose version is in none of the states. It
// asks for the states of a page of versions at once.
func (r *scanState) owned(b Bucket, kind Kind, states ...files.Status) error {
	objects := list(r.ctx, b, r.org, r.Next.After)
	defer objects.stop()
	for {
		page, err := groups(objects)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := r.ownedPage(b, kind, states, page); err != nil {
			return err
		}
	}
}

func (r *scanState) ownedPage(b Bucket, kind Kind, states []files.Status, page []group) error {
	ids := make([]uuid.UUID, len(page))
	for i, g := range page {
		ids[i] = g.version
	}
	found, err := files.States(r.ctx, r.q, ids)
	if err != nil {
		return err
	}
	for _, g := range page {
		owned := slices.Contains(states, found[g.version])
		if !owned {
			if owned, err = r.ofOther(kind, g); err != nil {
				return err
			}
		}
		if !owned {
			if err := r.orphans(b, kind, g.objects); err != nil {
				return err
			}
		}
		if g.version == uuid.Nil {
			continue
		}
		if err := r.passed(g.version); err != nil {
			return err
		}
	}
	return nil
}

// ofOther says whether objects that are of no version in one of the states belong to something
// else.
func (r *scanState) ofOther(kind Kind, g group) (bool, error) {
	if kind == OrphanStaged {
		if owned, err := r.ofRoster(g); err != nil || owned {
			return owned, err
		}
	}
	return r.ofLost(g.version)
}

// ofLost says whether objects are of a version whose bytes a check after a restore did not
// find. Perhaps they are these.
func (r *scanState) ofLost(version uuid.UUID) (bool, error) {
	if version == uuid.Nil {
		return false, nil
	}
	v, err := files.GetVersion(r.ctx, r.q, version)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return files.KeptAsLost(v.Status, v.StatusReason), err
}

// ofRoster says whether an object that is of no version is the package of a roster's
// import. It is the import's until it is cleaned.
func (r *scanState) ofRoster(g group) (bool, error) {
	id, ok := rosters.ImportOf(r.org, g.objects[0].Key)
	if !ok {
		return false, nil
	}
	i, err := rosters.Get(r.ctx, r.q, id)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return i.CleanedAt == nil, err
}

func groups(l *listing) (page []group, err error) {
	for len(page) < groupsPage {
		g, err := l.peek()
		if err != nil || g == nil {
			return page, err
		}
		l.take()
		page = append(page, *g)
	}
	return page, nil
}

// orphans reports objects that belong to nothing, but those that may be work in
// progress, or of a version that a restored database does not know. A listing shows for a while what was removed since it began.
func (r *scanState) orphans(b Bucket, kind Kind, objects []Object) error {
	for _, o := range objects {
		if time.Since(o.Modified) < max(r.Grace, r.Delay) {
			continue
		}
		if _, _, err := b.Size(r.ctx, o.Key); fault.KindOf(err) == fault.NotFound {
			continue
		}
		remove := func() error { return r.removeOrphan(b, kind, o.Key) }
		if waits, err := r.mayBeReceived(kind, o); err != nil {
			return err
		} else if waits {
			remove = nil
		}
		if err := r.report(kind, versionOf(r.org, o.Key), remove); err != nil {
			return err
		}
	}
	return nil
}

// mayBeReceived says whether an object may be of a small form whose rows are not committed yet: its bytes
// are stored before them. What is found with less grace than that may take is told and stays.
func (r *scanState) mayBeReceived(kind Kind, o Object) (bool, error) {
	age := r.Rowless
	if age == 0 {
		age = rowlessAge
	}
	if kind != OrphanStaged || time.Since(o.Modified) >= age {
		return false, nil
	}
	status, err := r.status(versionOf(r.org, o.Key))
	return status == "", err
}

// rowlessAge is far above the tries of a form's commit.
const rowlessAge = 10 * time.Minute

// removeOrphan removes an object that belongs to nothing, and the data key with the last one of
// a version that has no row: nothing else would ever destroy it. The key goes first, so that a
// process that dies in between leaves an object that is found again.
func (r *scanState) removeOrphan(b Bucket, kind Kind, key string) error {
	last, err := r.lastOf(kind, versionOf(r.org, key))
	if err != nil {
		return err
	}
	if last {
		if err := b.DropKey(r.ctx, key); err != nil {
			return err
		}
	}
	return b.Remove(r.ctx, key)
}

// lastOf says whether a version has no row and one object at most in all buckets.
func (r *scanState) lastOf(kind Kind, version uuid.UUID) (bool, error) {
	if kind == OrphanExport || version == uuid.Nil {
		return false, nil
	}
	if status, err := r.status(version); err != nil || status != "" {
		return false, err
	}
	objects := 0
	for _, b := range []Bucket{r.Staging, r.Clean, r.Quarantine} {
		for _, err := range b.List(r.ctx, r.org.String()+"/"+version.String(), "") {
			if err != nil {
				return false, err
			}
			if objects++; objects > 1 {
				return false, nil
			}
		}
	}
	return true, nil
}

// parts finds multipart uploads that are left over: a row comes before its upload
// begins, so an upload without an open row is never ended.
func (r *scanState) parts() error {
	pending, err := r.Staging.Pending(r.ctx, r.org.String()+"/")
	if err != nil {
		return err
	}
	for keys := range slices.Chunk(pending, groupsPage) {
		ids := make([]uuid.UUID, len(keys))
		for i, key := range keys {
			ids[i] = versionOf(r.org, key)
		}
		found, err := files.States(r.ctx, r.q, ids)
		if err != nil {
			return err
		}
		for i, key := range keys {
			if found[ids[i]] == files.Uploading {
				continue
			}
			if err := r.report(OrphanParts, ids[i], func() error { return r.Staging.AbortAll(r.ctx, key) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// exported finds copies of everything that cannot be downloaded: of an export
// that failed, is past its time, or is not there. Objects and open multipart
// uploads of one that is being made are its workflow's.
func (r *scanState) exported() error {
	left := map[uuid.UUID]bool{} // whether what is there of an export is left over
	objects := list(r.ctx, r.Exports, r.org, uuid.Nil)
	defer objects.stop()
	for {
		g, err := objects.peek() // an export's keys have the shape of a version's
		if err != nil {
			return err
		}
		if g == nil {
			break
		}
		objects.take()
		if err := r.noteExport(left, g.version); err != nil {
			return err
		}
		if !left[g.version] {
			continue
		}
		if err := r.orphans(r.Exports, OrphanExport, g.objects); err != nil {
			return err
		}
	}
	pending, err := r.Exports.Pending(r.ctx, r.org.String()+"/")
	if err != nil {
		return err
	}
	for _, key := range pending {
		id := versionOf(r.org, key)
		if err := r.noteExport(left, id); err != nil {
			return err
		}
		if !left[id] {
			continue
		}
		if err := r.report(OrphanExport, id, func() error { return r.Exports.AbortAll(r.ctx, key) }); err != nil {
			return err
		}
	}
	return nil
}

// noteExport asks for an export once.
func (r *scanState) noteExport(left map[uuid.UUID]bool, id uuid.UUID) error {
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
