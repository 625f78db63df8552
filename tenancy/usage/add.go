package usage

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/usage/usagedb"
)

// add puts a batch into the database, unless it is there already: the batch's
// id and its sums are committed together or not at all.
func add(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, b *batch) error {
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		added, err := usagedb.New(tx).FlushInsert(ctx, b.id)
		if err != nil || added == 0 {
			return err
		}
		if err := addSums(ctx, tx, b.sums); err != nil {
			return fmt.Errorf("add usage: %w", err)
		}
		return addVisits(ctx, tx, b.visits)
	})
}

func addSums(ctx context.Context, tx *tenancy.Tx, sums map[counter]int64) error {
	var rows usagedb.CountersAddParams
	for c, n := range sums {
		rows.Days, rows.Metrics, rows.Amounts = append(rows.Days, c.day), append(rows.Metrics, string(c.metric)), append(rows.Amounts, n)
	}
	return usagedb.New(tx).CountersAdd(ctx, rows)
}

func addVisits(ctx context.Context, tx *tenancy.Tx, visits []visit) error {
	rows := usagedb.ActiveAddParams{Days: make([]string, len(visits)), Users: make([]uuid.UUID, len(visits))}
	for i, v := range visits {
		rows.Days[i], rows.Users[i] = v.day, v.user
	}
	if err := usagedb.New(tx).ActiveAdd(ctx, rows); err != nil {
		return fmt.Errorf("note active users: %w", err)
	}
	return nil
}
