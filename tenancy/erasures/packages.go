package erasures

import (
	"context"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/erasures/erasuresdb"
)

// Package is a package of a roster that names a person who is about to be erased.
type Package struct {
	Import  uuid.UUID
	Reading bool // it is needed still
}

// PickedUp is a copy of such a package in the inbox.
type PickedUp struct {
	Source uuid.UUID
	Name   string // below the folder of the source
}

// Goes says whether what names the person of an erasure may be removed in this transaction: their own row is
// about to be emptied, and no hold covers it. A hold that is placed beside it waits until the transaction ends.
func Goes(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (bool, error) {
	db := erasuresdb.New(tx)
	if err := db.HoldsWait(ctx); err != nil {
		return false, wrap("wait for holds", err)
	}
	goes, err := db.PersonGoes(ctx, id)
	return goes, wrap("ask whether the person's row goes", err)
}

// Packages lists those of the person of an erasure, until it is certified; of another erasure there are none, nor
// of a person whose row stays.
func Packages(ctx context.Context, q tenancy.Queries, id uuid.UUID) ([]Package, []PickedUp, error) {
	db := erasuresdb.New(q)
	rows, err := db.PersonPackages(ctx, id)
	if err != nil {
		return nil, nil, wrap("list packages of rosters", err)
	}
	packages := make([]Package, len(rows))
	for i, r := range rows {
		packages[i] = Package{r.ID, r.Reading}
	}
	moved, err := db.PersonPickups(ctx, id)
	picked := make([]PickedUp, len(moved))
	for i, m := range moved {
		picked[i] = PickedUp{m.SourceID, m.MovedTo}
	}
	return packages, picked, wrap("list packages of the inbox", err)
}
