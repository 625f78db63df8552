package content

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/audit"
	"satchel/tenancy"
)

func reading(t *testing.T) (*Reads, *pgtest.Database, tenancy.Actor) {
	t.Helper()
	db := pgtest.New(t)
	org := db.Organization(t, 1<<30)
	return NewReads(db.DB, slog.New(slog.NewTextHandler(t.Output(), nil))), db, tenancy.Actor{Org: org, User: db.Member(t, org, tenancy.Teacher), Role: tenancy.Teacher}
}

// TestReadsShareACommit: what comes while the log is busy is written by one transaction
// behind it, and every read is on record once its wait is over.
func TestReadsShareACommit(t *testing.T) {
	t.Parallel()
	r, db, actor := reading(t)
	ctx := tenancy.WithActor(t.Context(), actor)
	record := func() func() error {
		wait, err := r.Record(ctx, Version{Organization: actor.Org, File: uuid.New(), Number: 1}, 0)
		require.NoError(t, err)
		return wait
	}
	require.NoError(t, record()())
	busy, err := db.Admin(t).Begin(t.Context())
	require.NoError(t, err)
	_, err = busy.Exec(t.Context(), "select from audit_heads for update")
	require.NoError(t, err)
	var waits []func() error
	for range 100 {
		waits = append(waits, record())
	}
	require.NoError(t, busy.Rollback(t.Context()))
	for _, wait := range waits {
		require.NoError(t, wait())
	}
	var rows, commits int
	require.NoError(t, db.Single(actor.Org).QueryRow(t.Context(), "select count(*), count(distinct xmin::text) from audit_events where action = 'file.read'").Scan(&rows, &commits))
	require.Equal(t, 101, rows)
	require.LessOrEqual(t, commits, 3, "the first, one that found nothing before it, and one of all others")
}

// TestRangesAreOneRead within the while, of one actor and version alone.
func TestRangesAreOneRead(t *testing.T) {
	t.Parallel()
	r, db, actor := reading(t)
	other := actor
	other.User = db.Member(t, actor.Org, tenancy.Teacher)
	file := uuid.New()
	read := func(a tenancy.Actor, number int32, while time.Duration) {
		wait, err := r.Record(tenancy.WithActor(t.Context(), a), Version{Organization: a.Org, File: file, Number: number}, while)
		require.NoError(t, err)
		require.NoError(t, wait())
	}
	for range 3 {
		read(actor, 1, time.Hour)
		read(other, 1, time.Hour)
		read(actor, 2, time.Hour)
	}
	read(actor, 1, 0)
	lines, err := audit.List(t.Context(), db.Single(actor.Org), audit.Filter{Action: "file.read", Limit: 50})
	require.NoError(t, err)
	require.Len(t, lines, 4)
}

// TestOneThatFailsFailsNoOther: a row that cannot be written is refused to its reader, and
// those that waited with it are on record.
func TestOneThatFailsFailsNoOther(t *testing.T) {
	t.Parallel()
	r, db, actor := reading(t)
	bad := uuid.New()
	_, err := db.Admin(t).Exec(t.Context(), `create function refuse() returns trigger language plpgsql as $$ begin
		if new.event like '%`+bad.String()+`%' then raise exception 'refused'; end if; return new; end $$;
		create trigger refused before insert on audit_events for each row execute function refuse()`)
	require.NoError(t, err)
	var waits []func() error
	for _, file := range []uuid.UUID{uuid.New(), bad, uuid.New()} {
		wait, err := r.Record(tenancy.WithActor(t.Context(), actor), Version{Organization: actor.Org, File: file, Number: 1}, 0)
		require.NoError(t, err)
		waits = append(waits, wait)
	}
	require.NoError(t, waits[0]())
	require.ErrorIs(t, waits[1](), errNotRecorded)
	require.NoError(t, waits[2]())
	lines, err := audit.List(t.Context(), db.Single(actor.Org), audit.Filter{Action: "file.read", Limit: 50})
	require.NoError(t, err)
	require.Len(t, lines, 2)
}

// TestWhatIsNotOnRecordSaysSo: without a database the wait ends with a refusal.
func TestWhatIsNotOnRecordSaysSo(t *testing.T) {
	t.Parallel()
	r, _, actor := reading(t)
	wait, err := r.Record(tenancy.WithActor(t.Context(), actor), Version{Organization: tenancy.OrgID{1}, File: uuid.New(), Number: 1}, 0)
	require.NoError(t, err)
	require.ErrorIs(t, wait(), errNotRecorded, "an organization that is not there has no log")
}
