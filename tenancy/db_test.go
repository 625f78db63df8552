package tenancy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

func TestInTxCommitsOnlyOnNil(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	refused := errors.New("refused")
	cases := []struct {
		name string
		end  func() error
		kept int
	}{
		{"nil commits", func() error { return nil }, 1},
		{"an error rolls back", func() error { return refused }, 0},
		{"a panic rolls back", func() error { panic(refused) }, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			org := d.Organization(t, 1)
			run := func() (err error) {
				defer func() {
					if p := recover(); p != nil {
						err = p.(error)
					}
				}()
				return d.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
					require.Equal(t, org, tx.Org())
					_, err := tx.Exec(t.Context(), insert, tenancy.NewID(), c.name)
					require.NoError(t, err)
					return c.end()
				})
			}
			if err := run(); c.kept == 0 {
				require.ErrorIs(t, err, refused)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, c.kept, count(t, d.Single(org)))
		})
	}
}

func TestNoTenantIsRefused(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	var none tenancy.OrgID
	once := d.Single(none)
	err := d.InTx(t.Context(), none, func(*tenancy.Tx) error { panic("must not be called") })
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = once.Exec(t.Context(), "select 1")
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = once.Query(t.Context(), "select 1") //nolint:sqlclosecheck // there are no rows to close: that is what is shown
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	require.ErrorIs(t, once.QueryRow(t.Context(), "select 1").Scan(), tenancy.ErrNoTenant)
	requireUnbound(t, d.DB)
}

func TestTxOffersEveryWayIn(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	ctx := t.Context()
	err := d.InTx(ctx, org, func(tx *tenancy.Tx) error {
		var b pgx.Batch
		b.Queue(insert, tenancy.NewID(), "one")
		b.Queue(insert, tenancy.NewID(), "two")
		require.NoError(t, tx.SendBatch(ctx, &b).Close())
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"operations"}, []string{"organization_id", "id", "kind", "workflow_id"},
			pgx.CopyFromRows([][]any{{org, tenancy.NewID(), "three", ""}}))
		// Postgres offers no COPY into tables with row-level security: the
		// refusal is what keeps CopyFrom from being a way around it.
		require.ErrorContains(t, err, "row-level security")
		return err
	})
	require.Error(t, err)
	err = d.InTx(ctx, org, func(tx *tenancy.Tx) error {
		require.NoError(t, exec(tx, t))
		rows, err := tx.Query(ctx, "select kind from operations order by kind")
		require.NoError(t, err)
		kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.Equal(t, []string{"row"}, kinds)
		return err
	})
	require.NoError(t, err)
}

// TestLastRunsWithTheCommit and in order, for the organization, and not at all
// when the transaction is rolled back; one that fails rolls back what came before.
func TestLastRunsWithTheCommit(t *testing.T) {
	t.Parallel()
	_, db, org, _ := single(t)
	add := func(q tenancy.Queries) error { return onCommit(t, q, insert, tenancy.NewID(), "last") }
	fails := func(q tenancy.Queries) error { return onCommit(t, q, "select 1/0") }
	refused := func(tenancy.Queries) error { return errors.New("refused") }
	for name, c := range map[string]struct {
		do   []func(tenancy.Queries) error
		kept int
	}{
		"two of them":      {[]func(tenancy.Queries) error{add, add}, 3},
		"the second fails": {[]func(tenancy.Queries) error{add, fails}, 0},
		"the first fails":  {[]func(tenancy.Queries) error{fails, add}, 0},
		"rolled back":      {[]func(tenancy.Queries) error{add, refused}, 0},
	} {
		err := db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
			_, err := tx.Exec(t.Context(), insert, tenancy.NewID(), "first")
			require.NoError(t, err)
			for _, f := range c.do {
				if err := f(tx); err != nil {
					return err
				}
				require.Equal(t, 1, count(t, tx), name)
			}
			return nil
		})
		require.Equal(t, c.kept == 0, err != nil, name)
		require.Equal(t, c.kept, count(t, db.Single(org)), name)
		_, err = db.Single(org).Exec(t.Context(), "delete from operations")
		require.NoError(t, err)
	}
	require.NoError(t, add(db.Single(org)))
	require.Equal(t, 1, count(t, db.Single(org)), "a single statement runs at once")
	requireUnbound(t, db)
}

// TestAtTheEndComesBeforeWhatIsDeferred: whatever the order in which they are given, and both in one transaction.
func TestAtTheEndComesBeforeWhatIsDeferred(t *testing.T) {
	t.Parallel()
	_, db, org, _ := single(t)
	for _, fails := range []bool{false, true} {
		err := db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
			require.NoError(t, onCommit(t, tx, "update operations set kind = kind || '!'"))
			_, err := tenancy.AtEnd(tx).Exec(t.Context(), insert, tenancy.NewID(), "end")
			require.NoError(t, err)
			require.Zero(t, count(t, tx))
			if fails {
				_, err = tenancy.AtEnd(tx).Exec(t.Context(), "select 1/0")
			}
			return err
		})
		require.Equal(t, fails, err != nil)
		var kind string
		require.NoError(t, db.Single(org).QueryRow(t.Context(), "select coalesce(min(kind), '') from operations").Scan(&kind))
		require.Equal(t, map[bool]string{false: "end!", true: ""}[fails], kind)
		_, err = tenancy.AtEnd(db.Single(org)).Exec(t.Context(), "delete from operations")
		require.NoError(t, err, "a single statement runs at once")
		require.Zero(t, count(t, db.Single(org)))
	}
	requireUnbound(t, db)
}

func onCommit(t *testing.T, q tenancy.Queries, sql string, args ...any) error {
	_, err := tenancy.OnCommit(q).Exec(t.Context(), sql, args...)
	return err
}

// endings are the ways in which a transaction or a statement can end. None may
// leave its organization on the connection that the next caller gets.
func endings(d *pgtest.Database) map[string]func(*testing.T, *tenancy.DB, tenancy.OrgID) error {
	return map[string]func(*testing.T, *tenancy.DB, tenancy.OrgID) error{
		"commit": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			return db.InTx(t.Context(), org, func(tx *tenancy.Tx) error { count(t, tx); return nil })
		},
		"statement": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			count(t, db.Single(org))
			return nil
		},
		"error": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			return db.InTx(t.Context(), org, func(*tenancy.Tx) error { return errors.New("no") })
		},
		"panic": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) (err error) {
			defer func() { err = recover().(error) }()
			return db.InTx(t.Context(), org, func(*tenancy.Tx) error { panic(errors.New("no")) })
		},
		"failed statement": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			_, err := db.Single(org).Exec(t.Context(), "select 1/0")
			return err
		},
		"swallowed error": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			return db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
				_, err := tx.Exec(t.Context(), "select 1/0")
				require.Error(t, err)
				return nil
			})
		},
		"failed last statement": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			return db.InTx(t.Context(), org, func(tx *tenancy.Tx) error { return onCommit(t, tx, "select 1/0") })
		},
		"last statement after a swallowed error": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			return db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
				_, err := tx.Exec(t.Context(), "select 1/0")
				require.Error(t, err)
				return onCommit(t, tx, "select 1")
			})
		},
		"unread rows": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			return db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
				_, err := tx.Query(t.Context(), "select generate_series(1, 100000)") //nolint:sqlclosecheck // leaving them open is the fault that is tried
				return err
			})
		},
		"ended from inside": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			return db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
				_, err := tx.Exec(t.Context(), "commit")
				return err
			})
		},
		"cancelled before": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return db.InTx(ctx, org, func(*tenancy.Tx) error { panic("must not be called") })
		},
		"cancelled at commit": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			return db.InTx(ctx, org, func(*tenancy.Tx) error { cancel(); return nil })
		},
		"cancelled in mid-query": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			whenRunning(t, d.Admin(t), "mid-query", cancel)
			return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
				_, err := tx.Exec(ctx, "select pg_sleep(60) /* mid-query */")
				return err
			})
		},
		"statement cancelled in mid-query": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			whenRunning(t, d.Admin(t), "mid-statement", cancel)
			_, err := db.Single(org).Exec(ctx, "select pg_sleep(60) /* mid-statement */")
			return err
		},
		"backend ended": func(t *testing.T, db *tenancy.DB, org tenancy.OrgID) error {
			return db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
				_, err := tx.Exec(t.Context(), "select pg_terminate_backend(pg_backend_pid())")
				require.Equal(t, fault.Unavailable, fault.KindOf(db.Translate(err)))
				return err
			})
		},
	}
}

func TestReuseLeavesNoTenantBehind(t *testing.T) {
	t.Parallel()
	d, _, a, _ := single(t)
	require.NoError(t, exec(d.Single(a), t))
	good := map[string]bool{"commit": true, "statement": true}
	for name, end := range endings(d) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, d.AppURL, 1)
			err := end(t, db, a)
			require.Equal(t, good[name], err == nil, "%v", err)
			requireUnbound(t, db)
			require.Equal(t, 1, count(t, db.Single(a)), "the pool still serves")
		})
	}
}

func exec(q tenancy.Queries, t testing.TB) error {
	_, err := q.Exec(t.Context(), insert, tenancy.NewID(), "row")
	return err
}

// TestOneConnectionNeverCrosses lets two organizations share one
// connection, each use ending well or badly, and checks after each that both
// see exactly what they wrote.
func TestOneConnectionNeverCrosses(t *testing.T) {
	t.Parallel()
	_, db, a, b := single(t)
	wrote := map[tenancy.OrgID]int{a: 0, b: 0}
	rapid.Check(t, func(r *rapid.T) {
		for range rapid.IntRange(1, 30).Draw(r, "uses") {
			org := rapid.SampledFrom([]tenancy.OrgID{a, b}).Draw(r, "org")
			use := rapid.SampledFrom([]string{"tx", "once", "tx fails", "once fails", "cancelled", "foreign"}).Draw(r, "use")
			if take(t, db, org, map[tenancy.OrgID]tenancy.OrgID{a: b, b: a}[org], use) == nil {
				wrote[org]++
			}
			for org, n := range wrote {
				if got := count(t, db.Single(org)); got != n {
					r.Fatalf("after %q: %d rows, want %d", use, got, n)
				}
			}
		}
		requireUnbound(t, db)
	})
}

func take(t *testing.T, db *tenancy.DB, org, other tenancy.OrgID, use string) error {
	ctx := t.Context()
	switch use {
	case "once":
		return exec(db.Single(org), t)
	case "once fails":
		_, err := db.Single(org).Exec(ctx, "insert into operations (organization_id) values (app.org())")
		return err
	case "foreign":
		_, err := db.Single(org).Exec(ctx, "insert into operations (organization_id, id, kind, workflow_id) values ($1, $2, 'x', '')", other, tenancy.NewID())
		return err
	case "cancelled":
		cancelled, cancel := context.WithCancel(ctx)
		defer cancel()
		return db.InTx(cancelled, org, func(tx *tenancy.Tx) error {
			defer cancel()
			return exec(tx, t)
		})
	}
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := exec(tx, t); err != nil || use == "tx" {
			return err
		}
		return errors.New("no")
	})
}

// TestDeletionTakesTheQuotaLast: a version that is removed settles the quota,
// which must still be there then, though it is settled at the end otherwise.
func TestDeletionTakesTheQuotaLast(t *testing.T) {
	t.Parallel()
	d, db, org, _ := single(t)
	user := d.Member(t, org, tenancy.Teacher)
	file := tenancy.NewID()
	for _, sql := range []string{
		"insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)",
		"insert into file_versions (organization_id, id, file_id, number, size, used_bytes, uploaded_by) values (app.org(), $1, $1, 1, 10, 10, $2)",
	} {
		_, err := db.Single(org).Exec(t.Context(), sql, file, user)
		require.NoError(t, err)
	}
	_, err := d.Admin(t).Exec(t.Context(), "update organizations set status = 'provisioning' where id = $1", org)
	require.NoError(t, err)
	var counts map[string]int64
	require.NoError(t, db.InTx(t.Context(), tenancy.Platform, func(tx *tenancy.Tx) (err error) {
		counts, err = tenancy.DeleteOrganizationRows(t.Context(), tx, org)
		return err
	}))
	require.EqualValues(t, 1, counts["file_versions"])
	require.EqualValues(t, 1, counts["storage_quotas"])
	requireUnbound(t, db)
}
