package roster

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"satchel/internal/fault"
	"satchel/rosters"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
)

// marker is the end of the name of an empty object by which a school says that the
// package of the name before it is complete.
const marker = ".done"

// What of a folder one look reads.
const (
	mostObjects = 1000
	mostOld     = 100
	mostName    = 200 // bytes of a package's name
)

// Why an object is refused without an import.
const (
	codeTooLarge = "roster_too_large"
	codeEmpty    = "roster_missing"
)

// waiting is a package in the folder of a source.
type waiting struct {
	InboxObject

	name     string
	complete bool // its marker is there
}

// look takes what is complete in the folder of a source, moves what was taken before and
// is read, and removes what was moved 30 days ago. Each step finds in the rows how far
// the one before it came.
func (i *Inbox) look(ctx context.Context, in tenancy.RosterInbox) error {
	found, whole, err := i.list(ctx, in)
	if err != nil {
		return err
	}
	var failures error
	for _, w := range found {
		failures = errors.Join(failures, i.one(ctx, in, w))
	}
	if whole {
		failures = errors.Join(failures, i.endMissing(ctx, in, found))
	}
	return errors.Join(failures, i.removeOld(ctx, in))
}

// list gives the packages of a folder, the oldest first, and whether it read all of it.
func (i *Inbox) list(ctx context.Context, in tenancy.RosterInbox) (found []waiting, whole bool, err error) {
	folder, seen := i.config.SourceFolder(in.Org, in.Source), map[string]bool{}
	whole = true
	for o, err := range i.Bucket.ListFolder(ctx, folder) {
		if err != nil {
			return nil, false, err
		}
		if len(seen) == mostObjects {
			whole = false
			break
		}
		name := strings.TrimPrefix(o.Key, folder)
		seen[name] = true
		if isPackage(name) {
			found = append(found, waiting{InboxObject: o, name: name})
		}
	}
	for n := range found {
		found[n].complete = seen[found[n].name+marker]
	}
	slices.SortFunc(found, func(a, b waiting) int {
		return cmp.Or(a.Modified.Compare(b.Modified), cmp.Compare(a.name, b.name))
	})
	return found, whole, nil
}

// isPackage says whether an object of this name is looked at. Others may be there while
// a program writes.
func isPackage(name string) bool {
	return len(name) <= mostName && utf8.ValidString(name) && strings.HasSuffix(strings.ToLower(name), ".zip") &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '/' || unicode.IsControl(r) })
}

// one carries one package as far as it can go now.
func (i *Inbox) one(ctx context.Context, in tenancy.RosterInbox, w waiting) error {
	q := i.DB.Single(in.Org)
	p, settled, err := rosters.SeePickup(ctx, q, in.Source, rosters.InInbox{Name: w.name, ETag: w.ETag, Size: w.Size}, i.config.Settle)
	if err != nil {
		return err
	}
	if p.State == rosters.PickupSeen {
		if !in.Pickup || !settled && !w.complete {
			return nil
		}
		return i.take(ctx, in, p, w.Key)
	}
	if p.ETag != w.ETag { // the next look sees the new one as one of its own
		return rosters.EndPickup(ctx, q, p.ID, rosters.PickupReplaced, "")
	}
	to, err := i.outcome(ctx, in, p)
	if err != nil || to == rosters.PickupTaken {
		return err
	}
	return i.move(ctx, in, p, w.Key, to)
}

// take begins the import of a complete package, or notes why there can be none. While
// another import of the source is open the package waits.
func (i *Inbox) take(ctx context.Context, in tenancy.RosterInbox, p rosters.Pickup, key string) error {
	q := i.DB.Single(in.Org)
	switch {
	case p.Size == 0:
		return rosters.RefusePickup(ctx, q, p, codeEmpty)
	case p.Size > oneroster.DefaultLimits.Bytes:
		return rosters.RefusePickup(ctx, q, p, codeTooLarge)
	}
	open, err := rosters.OpenImport(ctx, q, in.Source)
	if err != nil || open != [16]byte{} {
		return err
	}
	if err = i.receive(ctx, in, p, key); gone(err) || errors.Is(err, rosters.ErrImportOpen) {
		return nil
	}
	return err
}

// receive stores the package and begins its import. An object whose import is refused is
// removed; one that a crash leaves has no row, and the reconciler removes it.
func (i *Inbox) receive(ctx context.Context, in tenancy.RosterInbox, p rosters.Pickup, key string) error {
	file, err := i.Spool.File()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	body, err := i.Bucket.Open(ctx, key, p.ETag, 0, -1)
	if err != nil {
		return fmt.Errorf("open package of the inbox: %w", err)
	}
	defer func() { _ = body.Close() }()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(body, p.Size+1))
	switch {
	case err != nil:
		return fmt.Errorf("read package of the inbox: %w", err)
	case n != p.Size:
		return rosters.ErrPickupChanged
	}
	received := rosters.Package{Import: p.ID, Source: in.Source, Size: n, SHA256: hex.EncodeToString(hash.Sum(nil)), Pickup: p.ETag}
	stored := rosters.Key(in.Org, p.ID)
	if received.ETag, err = i.Packages.Put(ctx, stored, io.NewSectionReader(file, 0, n), n, "application/zip"); err != nil {
		return fmt.Errorf("store roster: %w", err)
	}
	err = i.Receiver.BeginImport(ctx, in.Org, received)
	if kind := fault.KindOf(err); err != nil && (kind == fault.Conflict || kind == fault.NotFound) {
		_ = i.Packages.Remove(context.WithoutCancel(ctx), stored)
	}
	return err
}

// outcome says where a package that was taken goes: nowhere while its import is read.
func (i *Inbox) outcome(ctx context.Context, in tenancy.RosterInbox, p rosters.Pickup) (rosters.PickupState, error) {
	if p.Code != "" {
		return rosters.PickupRefused, nil
	}
	imported, err := rosters.Get(ctx, i.DB.Single(in.Org), p.ID)
	if err != nil {
		return "", err
	}
	switch imported.State {
	case rosters.Received, rosters.Checking:
		return rosters.PickupTaken, nil
	case rosters.Stopped, rosters.Failed:
		return rosters.PickupRefused, nil
	case rosters.Waiting, rosters.Applying, rosters.Undoing, rosters.Applied, rosters.Discarded, rosters.Undone:
	}
	return rosters.PickupDone, nil
}

// movedTo is where a package goes, below the folder of its source. The id keeps two of
// one name apart.
func movedTo(p rosters.Pickup, to rosters.PickupState) string {
	return string(to) + "/" + p.ID.String() + "-" + p.Name
}

// move moves the object and ends its row. A second call finds the copy made, the object
// removed, or both. An object that came under the name in between stays.
func (i *Inbox) move(ctx context.Context, in tenancy.RosterInbox, p rosters.Pickup, key string, to rosters.PickupState) error {
	folder, target := i.config.SourceFolder(in.Org, in.Source), movedTo(p, to)
	err := i.Bucket.Copy(ctx, key, p.ETag, folder+target)
	if gone(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("move package of the inbox: %w", err)
	}
	_, etag, err := i.Bucket.Size(ctx, key)
	if err != nil && !gone(err) {
		return fmt.Errorf("look at package of the inbox: %w", err)
	}
	if err == nil && etag == p.ETag {
		// The marker goes first: one that stays would say of the next package that it is complete.
		if err := i.Bucket.Remove(ctx, key+marker); err != nil {
			return fmt.Errorf("remove marker of the inbox: %w", err)
		}
		if err := i.Bucket.Remove(ctx, key); err != nil {
			return fmt.Errorf("remove package of the inbox: %w", err)
		}
	}
	return rosters.EndPickup(ctx, i.DB.Single(in.Org), p.ID, to, target)
}

// endMissing ends the rows whose object is not in the folder any more. One that was only
// seen leaves no row. One that was taken was moved by a process that died before it could
// say so, or the school took it away.
func (i *Inbox) endMissing(ctx context.Context, in tenancy.RosterInbox, found []waiting) error {
	q := i.DB.Single(in.Org)
	open, err := rosters.OpenPickups(ctx, q, in.Source)
	if err != nil {
		return err
	}
	for _, p := range open {
		if slices.ContainsFunc(found, func(w waiting) bool { return w.name == p.Name }) {
			continue
		}
		if p.State == rosters.PickupSeen {
			err = rosters.ForgetPickup(ctx, q, p.ID)
		} else {
			err = i.endMoved(ctx, in, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (i *Inbox) endMoved(ctx context.Context, in tenancy.RosterInbox, p rosters.Pickup) error {
	for _, to := range []rosters.PickupState{rosters.PickupDone, rosters.PickupRefused} {
		_, _, err := i.Bucket.Size(ctx, i.config.SourceFolder(in.Org, in.Source)+movedTo(p, to))
		if err == nil {
			return rosters.EndPickup(ctx, i.DB.Single(in.Org), p.ID, to, movedTo(p, to))
		}
		if !gone(err) {
			return fmt.Errorf("look for moved package: %w", err)
		}
	}
	return rosters.EndPickup(ctx, i.DB.Single(in.Org), p.ID, rosters.PickupReplaced, "")
}

// removeOld removes what was moved so long ago that the package of its import is gone
// too, and then its row.
func (i *Inbox) removeOld(ctx context.Context, in tenancy.RosterInbox) error {
	q := i.DB.Single(in.Org)
	old, err := rosters.OldPickups(ctx, q, in.Source, mostOld)
	if err != nil {
		return err
	}
	for _, p := range old {
		if p.MovedTo != "" {
			if err := i.Bucket.Remove(ctx, i.config.SourceFolder(in.Org, in.Source)+p.MovedTo); err != nil {
				return fmt.Errorf("remove old package of the inbox: %w", err)
			}
		}
		if err := rosters.ForgetPickup(ctx, q, p.ID); err != nil {
			return err
		}
	}
	return nil
}
