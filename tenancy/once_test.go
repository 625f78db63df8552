package tenancy_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

func TestOnceGivesItsConnectionBack(t *testing.T) {
	t.Parallel()
	_, db, a, _ := single(t)
	rows := func(ctx context.Context, read func(pgx.Rows), sql string, args ...any) {
		found, err := db.Single(a).Query(ctx, sql, args...)
		if err == nil {
			read(found)
		}
	}
	end := func(r pgx.Rows) {
		for r.Next() {
			_ = r.Scan(nil)
		}
	}
	cases := []struct {
		name string
		run  func(t *testing.T)
	}{
		{"exec", func(t *testing.T) { _, _ = db.Single(a).Exec(t.Context(), "select 1") }},
		{"exec fails", func(t *testing.T) { _, _ = db.Single(a).Exec(t.Context(), "select 1/0") }},
		{"exec nonsense", func(t *testing.T) { _, _ = db.Single(a).Exec(t.Context(), "selekt") }},
		{"exec with a wrong number of arguments", func(t *testing.T) { _, _ = db.Single(a).Exec(t.Context(), "select $1::int", 1, 2) }},
		{"row", func(t *testing.T) { _ = db.Single(a).QueryRow(t.Context(), "select 1").Scan(nil) }},
		{"no row", func(t *testing.T) { _ = db.Single(a).QueryRow(t.Context(), "select 1 where false").Scan(nil) }},
		{"row fails", func(t *testing.T) { _ = db.Single(a).QueryRow(t.Context(), "select 1/0").Scan(nil) }},
		{"row into the wrong type", func(t *testing.T) { _ = db.Single(a).QueryRow(t.Context(), "select 'x'").Scan(new(int)) }},
		{"rows to the end", func(t *testing.T) { rows(t.Context(), end, "select generate_series(1, 10)") }},
		{"rows closed early", func(t *testing.T) { rows(t.Context(), pgx.Rows.Close, "select generate_series(1, 100000)") }},
		{"rows closed twice", func(t *testing.T) {
			rows(t.Context(), func(r pgx.Rows) { end(r); r.Close(); r.Close() }, "select 1")
		}},
		{"rows fail at once", func(t *testing.T) { rows(t.Context(), end, "select 1/0") }},
		{"rows fail in the middle", func(t *testing.T) { rows(t.Context(), end, "select 1/(5 - n) from generate_series(1, 10) n") }},
		{"rows nonsense", func(t *testing.T) { rows(t.Context(), end, "selekt") }},
		{"rows with a wrong number of arguments", func(t *testing.T) { rows(t.Context(), end, "select $1::int", 1, 2) }},
		{"rows cancelled", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			rows(ctx, func(r pgx.Rows) { r.Next(); cancel(); end(r) }, "select generate_series(1, 10000000)")
		}},
	}
	for _, c := range cases {
		returned := t.Run(c.name, func(t *testing.T) {
			c.run(t)
			requireUnbound(t, db)
		})
		require.True(t, returned, "the next would wait for the connection that this one lost")
	}
}

// TestOnceReportsTheEnd shows that an error after the last row is not lost.
func TestOnceReportsTheEnd(t *testing.T) {
	t.Parallel()
	_, db, a, _ := single(t)
	rows, err := db.Single(a).Query(t.Context(), "select 1/(5 - n) from generate_series(1, 10) n")
	if err == nil {
		_, err = pgx.CollectRows(rows, pgx.RowTo[int])
	}
	require.ErrorContains(t, err, "division by zero")
}

// TestOnceIsAllOrNothing shows that the binding and the statement are one
// transaction: what a failing statement did is undone.
func TestOnceIsAllOrNothing(t *testing.T) {
	t.Parallel()
	_, db, a, b := single(t)
	_, err := db.Single(a).Exec(t.Context(), `with new as (insert into operations (organization_id, id, kind, workflow_id)
		values (app.org(), gen_random_uuid(), 'x', '') returning 1) select 1/(count(*) - 1) from new`)
	require.Error(t, err)
	require.Zero(t, count(t, db.Single(a)))
	require.Equal(t, b, db.Single(b).Org())
}

// BenchmarkTenantContext prices the tenant's context: the same query bare,
// bound in one round trip, and in a transaction of its own.
func BenchmarkTenantContext(b *testing.B) {
	d := pgtest.New(b)
	org := d.Organization(b, 1)
	const sql = "select max_bytes from storage_quotas where organization_id = $1"
	var n int64
	ways := []struct {
		name string
		ask  func(ctx context.Context) error
	}{
		{"bare", func(ctx context.Context) error {
			err := d.Pool().QueryRow(ctx, sql, org).Scan(&n)
			if errors.Is(err, pgx.ErrNoRows) { // no one is bound, so nothing is seen
				return nil
			}
			return err
		}},
		{"once", func(ctx context.Context) error { return d.Single(org).QueryRow(ctx, sql, org).Scan(&n) }},
		{"transaction", func(ctx context.Context) error {
			return d.InTx(ctx, org, func(tx *tenancy.Tx) error { return tx.QueryRow(ctx, sql, org).Scan(&n) })
		}},
	}
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			took := make([]time.Duration, 0, b.N)
			for b.Loop() {
				start := time.Now()
				require.NoError(b, w.ask(b.Context()))
				took = append(took, time.Since(start))
			}
			slices.SortFunc(took, cmp.Compare[time.Duration])
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-µs")
		})
	}
}

// TestPlannedOnce: one plan serves all values, for these statements alone.
func TestPlannedOnce(t *testing.T) {
	t.Parallel()
	_, db, a, _ := single(t)
	const sql = "select count(*) from files where id < $1"
	ask := func(q tenancy.Queries) {
		for range 3 {
			var n int
			require.NoError(t, q.QueryRow(t.Context(), sql, tenancy.NewID()).Scan(&n))
		}
	}
	plans := func() (generic, custom int, mode string) {
		err := db.Single(a).QueryRow(t.Context(), "select generic_plans, custom_plans, current_setting('plan_cache_mode') from pg_prepared_statements where statement = $1", sql).Scan(&generic, &custom, &mode)
		require.NoError(t, err)
		return generic, custom, mode
	}
	ask(tenancy.PlannedOnce(db.Single(a)))
	generic, custom, mode := plans()
	require.Equal(t, []any{3, 0, "auto"}, []any{generic, custom, mode})
	ask(db.Single(a))
	generic, custom, _ = plans()
	require.Equal(t, []any{3, 3}, []any{generic, custom}, "others are planned for their values")
}
