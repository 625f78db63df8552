package audit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
)

func TestOneEventIsRecordedOnceInARequest(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	e := audit.Event{Action: "file.trash", ObjectID: "x"}
	ctx, _ := audit.Begin(t.Context(), e.Action)
	no := errors.New("no")
	fail := func(tx *tenancy.Tx) error {
		require.NoError(t, audit.Record(ctx, tx, e))
		return no
	}
	require.ErrorIs(t, d.InTx(ctx, org, fail), no)
	require.ErrorIs(t, d.InTx(ctx, org, fail), no, "what was rolled back may be tried again")
	require.NoError(t, audit.Record(ctx, d.Single(org), e))
	require.ErrorIs(t, audit.Record(ctx, d.Single(org), e), audit.ErrTwice)
	require.NoError(t, audit.Record(ctx, d.Single(org), audit.Event{Action: "file.trash", ObjectID: "y"}), "another thing")
}

// An action whose transaction was rolled back has left nothing, so its refusal
// does.
func TestRefusalAfterARollback(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	ctx, attempt := audit.Begin(t.Context(), "file.trash")
	refusal := fault.New(fault.Conflict, "too_late", "Too late.")
	err := d.InTx(ctx, org, func(tx *tenancy.Tx) error {
		require.NoError(t, audit.Record(ctx, tx, audit.Event{Action: "file.trash", ObjectID: "x"}))
		return refusal
	})
	require.ErrorIs(t, err, refusal)
	audit.Refused(ctx, refusal)
	var bound audit.RefusalLimiter
	require.NoError(t, attempt.Conclude(ctx, d.Single(org), "x", &bound))
	lines, err := audit.List(t.Context(), d.Single(org), audit.Filter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, lines, 1)
	require.Contains(t, string(lines[0].Event), `"code":"too_late"`)
	require.Contains(t, string(lines[0].Event), `"result":"failed"`)
}

func TestAFloodOfRefusalsIsBounded(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	one := tenancy.Actor{Org: org, User: uuid.New(), Role: tenancy.Parent}
	other := tenancy.Actor{Org: org, User: uuid.New(), Role: tenancy.Parent}
	var bound audit.RefusalLimiter
	refuse := func(actor tenancy.Actor, times int) {
		for range times {
			ctx, attempt := audit.Begin(tenancy.WithActor(context.Background(), actor), "file.trash")
			audit.Refused(ctx, fault.New(fault.Denied, "not_granted", "No."))
			require.NoError(t, attempt.Conclude(ctx, d.Single(org), "x", &bound))
		}
	}
	count := func(action string, actor tenancy.Actor) int {
		lines, err := audit.List(t.Context(), d.Single(org), audit.Filter{Action: action, Actor: actor.User.String(), Limit: 1000})
		require.NoError(t, err)
		return len(lines)
	}
	refuse(one, 5*audit.MaxRefusals)
	floods := count("access.flood", one) // two when a minute passed meanwhile
	require.Contains(t, []int{1, 2}, floods)
	require.LessOrEqual(t, count("file.trash", one), 2*audit.MaxRefusals)
	require.GreaterOrEqual(t, count("file.trash", one), audit.MaxRefusals)
	refuse(other, 1)
	require.Equal(t, 1, count("file.trash", other), "another caller's refusals are their own")
}

// BenchmarkRecord measures what one organization can record: 32 writers, each a
// transaction of its own, one after another at the end of the chain.
func BenchmarkRecord(b *testing.B) {
	d := pgtest.Clone(b)
	db, err := tenancy.Open(b.Context(), tenancy.Config{URL: d.AppURL, MaxConns: 32, Timeout: 60e9})
	require.NoError(b, err)
	b.Cleanup(db.Close)
	d.DB = db
	org := d.Organization(b, 1)
	b.SetParallelism(16) // times GOMAXPROCS
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			err := db.InTx(context.Background(), org, func(tx *tenancy.Tx) error {
				return audit.Record(context.Background(), tx, audit.Event{Action: "file.trash", ObjectID: "x"})
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkRow compares a transaction of one statement with one that has its row
// as well: the difference is what each step of a file's way pays, its
// publication included.
func BenchmarkRow(b *testing.B) {
	d := pgtest.New(b)
	org := d.Organization(b, 1)
	for name, f := range map[string]func(*tenancy.Tx) error{
		"without": func(*tenancy.Tx) error { return nil },
		"with": func(tx *tenancy.Tx) error {
			return audit.Record(context.Background(), tx, audit.Event{Action: "file.trash", ObjectID: "x"})
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				err := d.InTx(context.Background(), org, func(tx *tenancy.Tx) error {
					if _, err := tx.Exec(context.Background(), "update storage_quotas set updated_at = now()"); err != nil {
						return err
					}
					return f(tx)
				})
				require.NoError(b, err)
			}
		})
	}
}
