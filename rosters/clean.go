package rosters

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/policies/audit"
	"satchel/rosters/rostersdb"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// cleanRows is how many rows one transaction removes.
const cleanRows = 5000

// CleanRows removes what was staged for an import.
func CleanRows(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID) error {
	return drain(ctx, func() (int64, error) {
		return rostersdb.New(db.Single(org)).RowsClean(ctx, rostersdb.RowsCleanParams{ImportID: id, Most: cleanRows})
	})
}

// Clean removes the rows and changes of an import that ended, and notes it.
func Clean(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID) error {
	if err := CleanRows(ctx, db, org, id); err != nil {
		return err
	}
	err := drain(ctx, func() (int64, error) {
		return rostersdb.New(db.Single(org)).ChangesClean(ctx, rostersdb.ChangesCleanParams{ImportID: id, Most: cleanRows})
	})
	if err != nil {
		return err
	}
	if err := rostersdb.New(db.Single(org)).ImportCleaned(ctx, id); err != nil {
		return fmt.Errorf("note that the import is cleaned: %w", err)
	}
	return nil
}

func drain(ctx context.Context, remove func() (int64, error)) error {
	for {
		n, err := remove()
		if err != nil {
			return fmt.Errorf("remove rows of an import: %w", err)
		}
		if n == 0 {
			return ctx.Err()
		}
	}
}

// EndPerson ends the membership of a person whose time to leave has come. The
// person's files stay the organization's. A person who came back, or became an
// owner or admin meanwhile, stays.
func EndPerson(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, user uuid.UUID) error {
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		q := rostersdb.New(tx)
		p, err := q.PersonDue(ctx, user)
		if err != nil {
			return found("read person", err, ErrNotDue)
		}
		role := tenancy.Role(p.Role)
		if role.MustRemain() || role == tenancy.Admin {
			return q.PersonStays(ctx, user)
		}
		if err := q.PersonLeft(ctx, user); err != nil {
			return fmt.Errorf("end person: %w", err)
		}
		if role == "" {
			return nil
		}
		if err := members.Leave(ctx, tx, user); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "member.remove", ObjectID: user.String(), Code: "roster"})
	})
}
