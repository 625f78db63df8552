package usage

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/tenancy"
)

// add puts a batch into the database, unless it is there already: the batch's
// id and its sums are committed together or not at all.
func add(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, b *batch) error {
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		tag, err := tx.Exec(ctx, "insert into usage_flushes (organization_id, id) values (app.org(), $1) on conflict (organization_id, id) do nothing", b.id)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		if err := addSums(ctx, tx, b.sums); err != nil {
			return fmt.Errorf("add usage: %w", err)
		}
		return addVisits(ctx, tx, b.visits)
	})
}

// addSums goes in one order everywhere, so that two processes cannot wait for
// each other's rows.
func addSums(ctx context.Context, tx *tenancy.Tx, sums map[counter]int64) error {
	var days, metrics []string
	var amounts []int64
	for c, n := range sums {
		days, metrics, amounts = append(days, c.day), append(metrics, string(c.metric)), append(amounts, n)
	}
	_, err := tx.Exec(ctx, `insert into usage_counters as u (organization_id, day, metric, amount)
		select app.org(), d::date, m, n from unnest($1::text[], $2::text[], $3::bigint[]) x (d, m, n) order by d, m
		on conflict (organization_id, day, metric) do update set amount = u.amount + excluded.amount`, days, metrics, amounts)
	return err
}

func addVisits(ctx context.Context, tx *tenancy.Tx, visits []visit) error {
	days, users := make([]string, len(visits)), make([]uuid.UUID, len(visits))
	for i, v := range visits {
		days[i], users[i] = v.day, v.user
	}
	_, err := tx.Exec(ctx, `insert into usage_active (organization_id, day, user_id)
		select app.org(), d::date, u from unnest($1::text[], $2::uuid[]) x (d, u) order by d, u
		on conflict (organization_id, day, user_id) do nothing`, days, users)
	if err != nil {
		return fmt.Errorf("note active users: %w", err)
	}
	return nil
}
