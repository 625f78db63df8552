package erasure

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
)

// Ledger erases again what a restored database has, and keys that a restored bucket has, of
// what was erased after the moment of the restore.
type Ledger struct {
	parts Parts
	again func(ctx context.Context, org tenancy.OrgID) error // deletes an organization again
}

// NewLedger makes it. again begins the deletion of an organization that was erased.
func NewLedger(p Parts, again func(ctx context.Context, org tenancy.OrgID) error) *Ledger {
	return &Ledger{parts: p, again: again}
}

const (
	keysPage      = 1000
	mostEntry     = 1 << 20  // of an entry, which names a page of files
	mostOfRecords = 64 << 20 // of a certificate, which names every version
)

// each reads the entries of an organization's ledger. One whose signature is not the platform's ends the
// work: somebody has written into the bucket, and what it says would be destroyed.
func (l *Ledger) each(ctx context.Context, org tenancy.OrgID, visit func(e erasures.Entry) error) error {
	var after string
	for {
		keys, err := l.parts.Archive.ListAfter(ctx, erasures.LedgerPrefix(org), after, keysPage)
		if err != nil {
			return fmt.Errorf("list ledger of erasures: %w", err)
		}
		for _, key := range keys {
			b, err := l.parts.Archive.Read(ctx, key, mostEntry)
			if err != nil {
				return fmt.Errorf("read ledger of erasures: %w", err)
			}
			e, err := erasures.ReadEntry(b, org, l.parts.Signer.Trusted()...)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			if err := visit(e); err != nil {
				return err
			}
		}
		if len(keys) < keysPage {
			return nil
		}
		after = keys[len(keys)-1]
	}
}

// Each visits what the ledger of an organization says was erased, and is there: a file with its
// versions, or, with no file, the organization itself.
func (l *Ledger) Each(ctx context.Context, org tenancy.OrgID, visit func(file uuid.UUID, versions []uuid.UUID) error) error {
	return l.each(ctx, org, func(e erasures.Entry) error {
		if e.Scope == erasures.Organization {
			return visit(uuid.Nil, nil) // it is among those that are checked, so it is there
		}
		for _, f := range e.Files {
			there, err := l.there(ctx, org, f)
			if err == nil && there {
				err = visit(f.File, f.Versions)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// there says whether a row or a key is there of what was erased. Objects without a row are found by the
// check of rows and objects, and without a key they are unreadable.
func (l *Ledger) there(ctx context.Context, org tenancy.OrgID, f erasures.EntryFile) (bool, error) {
	rows, err := erasures.RowsLeft(ctx, l.parts.DB.Single(org), f.Versions, []uuid.UUID{f.File})
	if err != nil || rows > 0 {
		return rows > 0, err
	}
	for _, version := range f.Versions {
		if has, err := listed(ctx, l.parts.KeyStore, files.StagingKey(org, version)); err != nil || has {
			return has, err
		}
	}
	return false, nil
}

// People visits the people whose own rows the ledger says were emptied, and who are there again. One whose
// erasure is certified in this database was emptied in it, and came back since by another way.
func (l *Ledger) People(ctx context.Context, org tenancy.OrgID, visit func(person uuid.UUID) error) error {
	q := l.parts.DB.Single(org)
	return l.each(ctx, org, func(e erasures.Entry) error {
		if e.Person == nil {
			return nil
		}
		known, err := erasures.Get(ctx, q, e.Erasure)
		if err != nil && fault.KindOf(err) != fault.NotFound || err == nil && known.State == erasures.Certified {
			return err
		}
		there, err := erasures.PersonThere(ctx, q, *e.Person)
		if err != nil || !there {
			return err
		}
		return visit(*e.Person)
	})
}

// Forget empties the row of a person again. It says true where the person is a member in the restored
// database, or a hold of it covers them: a person decides.
func (l *Ledger) Forget(ctx context.Context, org tenancy.OrgID, person uuid.UUID) (held bool, err error) {
	err = l.parts.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		state, err := erasures.ForgetAgain(ctx, tx, person)
		held = state == erasures.PersonMember || state == erasures.PersonHeld
		return err
	})
	return held, err
}

// Again erases a file that was erased. It says true where a hold that the restored database has in force
// covers it: the keys are destroyed all the same, as they were before; the rows stay, in the trash, until
// it is released.
func (l *Ledger) Again(ctx context.Context, org tenancy.OrgID, file uuid.UUID, versions []uuid.UUID) (held bool, err error) {
	if file == uuid.Nil {
		return false, l.again(ctx, org)
	}
	err = l.parts.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := files.Lock(ctx, tx, file); err != nil {
			return err
		}
		_, err := EndVersions(ctx, tx, file, againWhy)
		return err
	})
	held, gone := errors.Is(err, tenancy.ErrOnHold), fault.KindOf(err) == fault.NotFound
	if err != nil && !held && !gone {
		return false, err
	}
	if held {
		err := l.parts.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
			_, err := files.TrashFor(ctx, tx, file, againWhy)
			return err
		})
		if err != nil {
			return true, err
		}
	}
	dropped := each(ctx, versions, func(ctx context.Context, _ int, version uuid.UUID) error {
		return l.parts.Keys.DropKey(ctx, files.ContentKey(org, version))
	})
	if dropped != nil || held {
		return held, dropped
	}
	err = each(ctx, versions, func(ctx context.Context, _ int, version uuid.UUID) error {
		return l.parts.Objects.RemoveVersion(ctx, org, version)
	})
	if err != nil || gone {
		return false, err
	}
	return false, l.parts.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return files.Purge(ctx, tx, file) })
}

const againWhy = "erased_before_restore"

// Certificates brings back the certificates of an organization that the restore lost. An erasure that was
// certified is so again, and is not done a second time with less to show for it. One of which something is
// there still, because a hold of the restored database keeps it, goes on instead: it waits for that hold.
func (l *Ledger) Certificates(ctx context.Context, org tenancy.OrgID) error {
	var order []uuid.UUID
	left := map[uuid.UUID]bool{} // of each erasure, whether something is there
	err := l.each(ctx, org, func(e erasures.Entry) error {
		if e.Scope == erasures.Organization {
			return nil
		}
		was, seen := left[e.Erasure]
		if !seen {
			order = append(order, e.Erasure)
		}
		is, err := l.left(ctx, org, e)
		left[e.Erasure] = was || is
		return err
	})
	for _, id := range order {
		if err == nil {
			err = l.certificate(ctx, org, id, left[id])
		}
	}
	return err
}

// left says whether a row is there of what an entry names.
func (l *Ledger) left(ctx context.Context, org tenancy.OrgID, e erasures.Entry) (bool, error) {
	q := l.parts.DB.Single(org)
	var versions, gone []uuid.UUID
	for _, f := range e.Files {
		versions, gone = append(versions, f.Versions...), append(gone, f.File)
	}
	rows, err := erasures.RowsLeft(ctx, q, versions, gone)
	if err != nil || rows > 0 || e.Person == nil {
		return rows > 0, err
	}
	return erasures.PersonThere(ctx, q, *e.Person)
}

func (l *Ledger) certificate(ctx context.Context, org tenancy.OrgID, id uuid.UUID, left bool) error {
	b, err := l.parts.Archive.Read(ctx, erasures.CertificateKey(org, id), mostOfRecords)
	if fault.KindOf(err) == fault.NotFound {
		return nil // it was not at its end: its row goes on, or it is asked for again
	}
	if err != nil {
		return fmt.Errorf("read copy of certificate: %w", err)
	}
	c, err := erasures.CertificateOf(b, l.parts.Signer.Trusted(), org, id)
	if err != nil {
		return err
	}
	bring, event := erasures.Restore, audit.Event{Action: "erasure.certify", ObjectID: c.ID.String(), Code: "restored"}
	if left {
		bring, event = erasures.Reopen, audit.Event{Action: "erasure.request", ObjectID: c.ID.String(), Code: "restored"}
	}
	return l.parts.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if changed, err := bring(ctx, tx, c); err != nil || !changed {
			return err
		}
		return audit.Record(ctx, tx, event)
	})
}
