package tenancy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

func state(code string) error { return &pgconn.PgError{Code: code, Message: "said so"} }

func TestTranslate(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		err  error
		kind fault.Kind
	}{
		{"nothing", nil, fault.Internal},
		{"the quota's own state", state("SQ001"), fault.OverQuota},
		{"serialization", state("40001"), fault.Unavailable},
		{"deadlock", state("40P01"), fault.Unavailable},
		{"no connection", state("08006"), fault.Unavailable},
		{"too many connections", state("53300"), fault.Unavailable},
		{"disk full", state("53100"), fault.Unavailable},
		{"shutdown", state("57P01"), fault.Unavailable},
		{"starting up", state("57P03"), fault.Unavailable},
		{"lock not available", state("55P03"), fault.Unavailable},
		{"statement timeout", state("57014"), fault.Unavailable},
		{"unique", state("23505"), fault.Internal},
		{"row-level security", &pgconn.PgError{Code: "42501", Routine: "ExecWithCheckOptions"}, fault.Denied},
		{"a right that was not granted", &pgconn.PgError{Code: "42501", Routine: "aclcheck_error"}, fault.Internal},
		{"a code cut short", state(""), fault.Internal},
		{"no rows", pgx.ErrNoRows, fault.Internal},
		{"connection reset", fmt.Errorf("write: %w", &net.OpError{Op: "write", Err: syscall.ECONNRESET}), fault.Unavailable},
		{"unexpected end", fmt.Errorf("read: %w", io.ErrUnexpectedEOF), fault.Unavailable},
		{"deadline", context.DeadlineExceeded, fault.Unavailable},
		{"cancelled", context.Canceled, fault.Internal},
		{"a fault stays itself", fault.New(fault.Conflict, "c", "t").Because(state("40001")), fault.Conflict},
		{"anything else", errors.New("odd"), fault.Internal},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := (*tenancy.DB)(nil).Translate(c.err)
			require.Equal(t, c.kind, fault.KindOf(got))
			require.ErrorIs(t, got, c.err, "the cause stays in the chain")
		})
	}
}

// TestLostDatabaseIsUnavailable cuts the admission queue under each way of asking: while a
// query runs, and before one.
func TestLostDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	const slow = "select pg_sleep(60) /* cut here */"
	asks := map[string]func(*tenancy.DB, string) error{
		"tx": func(db *tenancy.DB, sql string) error {
			return db.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
				_, err := tx.Exec(t.Context(), sql)
				return err
			})
		},
		"once exec": func(db *tenancy.DB, sql string) error {
			_, err := db.Single(org).Exec(t.Context(), sql)
			return err
		},
		"once row": func(db *tenancy.DB, sql string) error {
			return db.Single(org).QueryRow(t.Context(), sql).Scan(nil)
		},
		"once rows": func(db *tenancy.DB, sql string) error {
			rows, err := db.Single(org).Query(t.Context(), sql)
			if err != nil {
				return err
			}
			_, err = pgx.CollectRows(rows, pgx.RowToMap)
			return err
		},
	}
	for name, ask := range asks {
		t.Run(name, func(t *testing.T) {
			own := pgtest.New(t)
			l, through := newLine(t, own.AppURL)
			db := open(t, through, 1)
			whenRunning(t, own.Admin(t), "cut here", l.cut)
			require.Equal(t, fault.Unavailable, fault.KindOf(ask(db, slow)), "in mid-query")
			require.Equal(t, fault.Unavailable, fault.KindOf(ask(db, "select 1")), "afterwards")
			_, err := db.VersionsWaiting(t.Context(), 1, 1, uuid.Nil, 1)
			require.Equal(t, fault.Unavailable, fault.KindOf(err), "a question across organizations")
			require.Zero(t, db.Stat().Acquired)
		})
	}
}

// TestFullPoolIsUnavailable holds the only connection: who gives up waiting for
// it is told to try again.
func TestFullPoolIsUnavailable(t *testing.T) {
	t.Parallel()
	_, db, a, _ := single(t)
	held, err := db.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer held.Release()
	ctx, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	require.Equal(t, fault.Unavailable, fault.KindOf(db.InTx(ctx, a, func(*tenancy.Tx) error { return nil })))
	_, err = db.Single(a).Exec(ctx, "select 1")
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func TestDeadlockIsUnavailable(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	ids := []any{tenancy.NewID(), tenancy.NewID()}
	for _, id := range ids {
		_, err := d.Single(org).Exec(t.Context(), insert, id, "row")
		require.NoError(t, err)
	}
	ready := make(chan struct{}, 2)
	both := make(chan struct{})
	results := make(chan error, 2)
	for i := range ids {
		go func() {
			results <- d.InTx(context.Background(), org, func(tx *tenancy.Tx) error {
				lock := "select from operations where id = $1 for update"
				if _, err := tx.Exec(context.Background(), lock, ids[i]); err != nil {
					return err
				}
				ready <- struct{}{}
				<-both
				_, err := tx.Exec(context.Background(), lock, ids[1-i])
				return err
			})
		}()
	}
	<-ready
	<-ready
	close(both)
	var failed []error
	for range ids {
		if err := <-results; err != nil {
			failed = append(failed, err)
		}
	}
	require.Len(t, failed, 1, "Postgres ends one of the two")
	require.Equal(t, fault.Unavailable, fault.KindOf(failed[0]))
}
