package rosters

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/rosters/rostersdb"
	"satchel/tenancy"
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
