package usage_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/usage"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

var midnight = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func days(t *testing.T, d *pgtest.Database, org tenancy.OrgID, now time.Time) map[string]usage.Day {
	t.Helper()
	list, err := usage.Days(t.Context(), d.Single(org), now.AddDate(0, 0, -30), now, now)
	require.NoError(t, err)
	byDay := map[string]usage.Day{}
	for _, day := range list {
		byDay[day.Day.Format(time.DateOnly)] = day
	}
	require.Len(t, byDay, len(list), "a day is there once")
	return byDay
}

func rollUp(t *testing.T, d *pgtest.Database, org tenancy.OrgID, now time.Time) {
	t.Helper()
	require.NoError(t, d.InTx(t.Context(), org, func(tx *tenancy.Tx) error { return usage.RollUp(t.Context(), tx, now) }))
}

// TestWhatIsSentIsWhatIsCounted lets many count while others flush.
func TestWhatIsSentIsWhatIsCounted(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	orgs := []tenancy.OrgID{d.Organization(t, 1), d.Organization(t, 1)}
	users := []uuid.UUID{tenancy.NewID(), tenancy.NewID(), tenancy.NewID()}
	m := usage.NewMeter(d.DB, func() time.Time { return midnight })
	const callers, calls = 8, 200
	var counting, flushing sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		flushing.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if err := m.Flush(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for i := range callers {
		counting.Go(func() {
			for n := range calls {
				org := orgs[n%2]
				m.Add(org, usage.BytesOut, 7)
				m.Add(org, usage.Downloads, 1)
				m.Active(org, users[(i+n)%3])
			}
		})
	}
	counting.Wait()
	close(done)
	flushing.Wait()
	require.NoError(t, m.Flush(t.Context()))
	for _, org := range orgs {
		got := days(t, d, org, midnight)["2026-03-02"]
		require.EqualValues(t, callers*calls/2*7, got.BytesOut)
		require.EqualValues(t, callers*calls/2, got.Downloads)
		require.EqualValues(t, len(users), got.ActiveUsers)
	}
}

// TestUnclearCommitCountsOnce commits a batch and lets the meter never hear of
// it: the retry, and what came in since, count once each.
func TestUnclearCommitCountsOnce(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	m := usage.NewMeter(d.DB, func() time.Time { return midnight })
	m.Add(org, usage.Downloads, 5)
	require.NoError(t, m.FlushUnheard(t.Context()))
	m.Add(org, usage.Downloads, 2)
	require.NoError(t, m.FlushUnheard(t.Context()))
	require.EqualValues(t, 5, days(t, d, org, midnight)["2026-03-02"].Downloads)
	for range 3 {
		require.NoError(t, m.Flush(t.Context()))
	}
	require.EqualValues(t, 7, days(t, d, org, midnight)["2026-03-02"].Downloads)
}

// TestLostFlushIsSentAgain ends the backend inside the commit, which is lost
// with it.
func TestLostFlushIsSentAgain(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	_, err := d.Admin(t).Exec(t.Context(), `create function lose() returns trigger language plpgsql security definer as
		$$ begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); return null; end $$;
		create constraint trigger lose after insert on usage_flushes deferrable initially deferred for each row execute function lose()`)
	require.NoError(t, err)
	m := usage.NewMeter(d.DB, func() time.Time { return midnight })
	m.Add(org, usage.Downloads, 5)
	require.Error(t, m.Flush(t.Context()))
	m.Add(org, usage.Downloads, 2)
	require.Error(t, m.Flush(t.Context()), "the same batch again")
	require.Zero(t, days(t, d, org, midnight)["2026-03-02"].Downloads)
	_, err = d.Admin(t).Exec(t.Context(), "drop trigger lose on usage_flushes")
	require.NoError(t, err)
	require.NoError(t, m.Flush(t.Context()))
	require.EqualValues(t, 5, days(t, d, org, midnight)["2026-03-02"].Downloads)
	require.NoError(t, m.Flush(t.Context()))
	require.NoError(t, m.Flush(t.Context()))
	require.EqualValues(t, 7, days(t, d, org, midnight)["2026-03-02"].Downloads)
}

func TestDaysEndAtMidnightOfUTC(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1)
	c := &clock{at: midnight.Add(-time.Nanosecond)}
	m := usage.NewMeter(d.DB, c.now)
	user := tenancy.NewID()
	m.Add(org, usage.Downloads, 1)
	m.Active(org, user)
	c.set(midnight.In(time.FixedZone("west", -8*3600)))
	m.Add(org, usage.Downloads, 2)
	m.Active(org, user)
	require.NoError(t, m.Flush(t.Context()))
	got := days(t, d, org, midnight)
	require.EqualValues(t, 1, got["2026-03-01"].Downloads)
	require.EqualValues(t, 2, got["2026-03-02"].Downloads)
	require.EqualValues(t, 1, got["2026-03-01"].ActiveUsers)
	require.EqualValues(t, 1, got["2026-03-02"].ActiveUsers)
}

// TestRolledDaysDoNotShrink rolls up, takes the rows away, and rolls up again,
// inside the time for what is late and after it.
func TestRolledDaysDoNotShrink(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<20)
	user := d.Member(t, org, tenancy.Teacher)
	file := tenancy.NewID()
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{"insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)", []any{file, user}},
		{"insert into file_versions (organization_id, id, file_id, number, size, uploaded_by, received_at, scanned_at) values (app.org(), $1, $1, 1, 10, $2, $3, $4)",
			[]any{file, user, midnight.Add(-time.Microsecond), midnight}},
		{"insert into usage_active (organization_id, day, user_id) values (app.org(), '2026-03-01', $1)", []any{user}},
	} {
		_, err := d.Single(org).Exec(t.Context(), s.sql, s.args...)
		require.NoError(t, err, s.sql)
	}
	for range 2 {
		rollUp(t, d, org, midnight)
		got := days(t, d, org, midnight)
		require.EqualValues(t, 1, got["2026-03-01"].Uploads)
		require.EqualValues(t, 10, got["2026-03-01"].BytesIn)
		require.Zero(t, got["2026-03-01"].Scans)
		require.EqualValues(t, 1, got["2026-03-02"].Scans)
		require.Zero(t, got["2026-03-02"].Uploads)
	}
	for _, table := range []string{"file_versions", "files"} {
		_, err := d.Admin(t).Exec(t.Context(), "delete from "+table)
		require.NoError(t, err)
	}
	for _, later := range []time.Duration{time.Hour, 4 * 24 * time.Hour, 20 * 24 * time.Hour} {
		rollUp(t, d, org, midnight.Add(later))
		got := days(t, d, org, midnight.Add(later))
		require.EqualValues(t, 1, got["2026-03-01"].Uploads, later)
		require.EqualValues(t, 1, got["2026-03-01"].ActiveUsers, later)
		require.EqualValues(t, 1, got["2026-03-02"].Scans, later)
	}
	var left int
	require.NoError(t, d.Single(org).QueryRow(t.Context(), "select count(*) from usage_active").Scan(&left))
	require.Zero(t, left, "who was active is deleted, how many is not")
}
