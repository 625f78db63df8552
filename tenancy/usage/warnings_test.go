package usage_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/usage"
)

// office is an organization whose use and limits a test sets as it likes.
type office struct {
	*pgtest.Database
	org tenancy.OrgID
}

func newOffice(t *testing.T) *office {
	t.Helper()
	d := pgtest.New(t)
	return &office{d, d.Organization(t, 1000)}
}

func (o *office) admin(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := o.Admin(t).Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

func (o *office) use(t *testing.T, used int64) {
	t.Helper()
	o.admin(t, "update storage_quotas set used_bytes = $2 where organization_id = $1", o.org, used)
}

// cross raises and takes down, as the sweep does, and gives the thresholds that
// were raised by metric.
func (o *office) cross(t *testing.T) map[string]int {
	t.Helper()
	thresholds := map[string]int{}
	require.NoError(t, o.InTx(t.Context(), o.org, func(tx *tenancy.Tx) error {
		raised, err := usage.Cross(t.Context(), tx)
		for _, r := range raised {
			if err := events.Record(t.Context(), tx, r.ID, events.UsageWarning, r); err != nil {
				return err
			}
			if err := usage.RecordWarning(t.Context(), tx, r); err != nil {
				return err
			}
			thresholds[r.Metric] = r.Threshold
		}
		return err
	}))
	return thresholds
}

func (o *office) open(t *testing.T) []usage.Warning {
	t.Helper()
	found, err := usage.Warnings(t.Context(), o.Single(o.org))
	require.NoError(t, err)
	return found
}

// TestOneWarningAThresholdAndCrossing walks up and down over the thresholds and
// the levels below which they may come again.
func TestOneWarningAThresholdAndCrossing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for i, step := range []struct {
		used   int64
		raised int
		open   []int
	}{
		{0, 0, nil},
		{799, 0, nil},
		{800, 80, []int{80}},
		{800, 0, []int{80}},
		{750, 0, []int{80}}, // not far enough below
		{810, 0, []int{80}}, // so this is the same crossing
		{950, 95, []int{95, 80}},
		{900, 0, []int{95, 80}},
		{1000, 0, []int{95, 80}},
		{899, 0, []int{80}},
		{950, 95, []int{95, 80}}, // a new one
		{749, 0, nil},
		{2000, 95, []int{95, 80}}, // past both at once, as after a smaller tier: one warning
		{0, 0, nil},
		{800, 80, []int{80}},
	} {
		o.use(t, step.used)
		want := map[string]int{}
		if step.raised > 0 {
			want["bytes"] = step.raised
		}
		due, err := o.UsageCrossings(t.Context(), uuid.Nil, 10)
		require.NoError(t, err)
		before := o.open(t)
		require.Equal(t, want, o.cross(t), "step %d: %d", i, step.used)
		var thresholds []int
		for _, w := range o.open(t) {
			require.Equal(t, "bytes", w.Metric)
			require.EqualValues(t, step.used/10, w.Percent)
			thresholds = append(thresholds, w.Threshold)
		}
		require.Equal(t, step.open, thresholds, "step %d: %d", i, step.used)
		require.Equal(t, len(before) != len(thresholds) || step.raised > 0, len(due) == 1, "step %d: only the due are found", i)
		due, err = o.UsageCrossings(t.Context(), uuid.Nil, 10)
		require.NoError(t, err)
		require.Empty(t, due, "step %d: asked once", i)
	}
	happened, err := events.List(t.Context(), o.Single(o.org), events.UsageWarning, 0, 100)
	require.NoError(t, err)
	require.Len(t, happened, 5)
	require.JSONEq(t, `{"threshold": 80, "metric": "bytes", "used": 800, "limit": 1000, "percent": 80}`, string(happened[0].Data))
	last, err := events.List(t.Context(), o.Single(o.org), events.UsageWarning, happened[3].Seq, 100)
	require.NoError(t, err)
	require.Equal(t, happened[4:], last)
}

// TestSeatsWarnToo: people take seats and service accounts do not, and what is
// on its way counts as bytes.
func TestSeatsWarnToo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for range 7 {
		o.Member(t, o.org, tenancy.Student)
	}
	service := o.Member(t, o.org, tenancy.Teacher)
	o.admin(t, "update members set service = true where user_id = $1", service)
	o.admin(t, "update tiers set max_members = 10")
	require.Empty(t, o.cross(t), "7 of 10")
	limits, err := usage.GetLimits(t.Context(), o.Single(o.org))
	require.NoError(t, err)
	require.EqualValues(t, 7, limits.Members)
	o.Member(t, o.org, tenancy.Student)
	o.admin(t, "update storage_quotas set used_bytes = 1, reserved_bytes = 959")
	require.Equal(t, map[string]int{"members": 80, "bytes": 95}, o.cross(t))
	o.admin(t, "update tiers set max_members = 8")
	require.Equal(t, map[string]int{"members": 95}, o.cross(t), "a smaller tier warns as growth does")
}

// TestLimitsAtTheirEdges: none at all, and the largest.
func TestLimitsAtTheirEdges(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.admin(t, "update storage_quotas set max_bytes = 0")
	require.Empty(t, o.cross(t), "nothing of nothing")
	o.use(t, 1)
	require.Equal(t, map[string]int{"bytes": 95}, o.cross(t))
	o.admin(t, "update storage_quotas set max_bytes = 9223372036854775807, used_bytes = 9223372036854775807")
	require.Empty(t, o.cross(t))
	o.admin(t, "update organizations set status = 'suspended' where id = $1", o.org)
	o.use(t, 0)
	due, err := o.UsageCrossings(t.Context(), uuid.Nil, 10)
	require.NoError(t, err)
	require.Empty(t, due)
	require.Empty(t, o.cross(t))
	require.Len(t, o.open(t), 2, "who is suspended cannot grow, and is left as they are")
}

// TestRacingSweepsWarnOnce lets several find the same crossing.
func TestRacingSweepsWarnOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.use(t, 960)
	found := make(chan int, 8)
	for range cap(found) {
		go func() {
			n := -1
			_ = o.InTx(context.Background(), o.org, func(tx *tenancy.Tx) error {
				raised, err := usage.Cross(context.Background(), tx)
				if err == nil {
					n = len(raised)
				}
				return err
			})
			found <- n
		}()
	}
	sum := 0
	for range cap(found) {
		n := <-found
		require.GreaterOrEqual(t, n, 0)
		sum += n
	}
	require.Equal(t, 1, sum)
}

// TestMailWaitsForSomebodyToWriteTo: without a contact there is the event, and
// no mail; with one it waits in the row until it was taken or is refused.
func TestMailWaitsForSomebodyToWriteTo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	waiting := func() int {
		refs, err := o.UsageWarningsWaiting(t.Context(), time.Minute, uuid.Nil, 10)
		require.NoError(t, err)
		return len(refs)
	}
	o.use(t, 800)
	o.cross(t)
	require.Equal(t, usage.NoMail, o.open(t)[0].Mail)
	require.Zero(t, waiting())
	o.use(t, 0)
	o.cross(t)

	o.admin(t, "update organizations set contact_email = 'office@school.example'")
	o.use(t, 800)
	o.cross(t)
	w := o.open(t)[0]
	require.Equal(t, usage.Queued, w.Mail)
	require.Equal(t, 1, waiting())
	require.NoError(t, usage.MarkSending(t.Context(), o.Single(o.org), *w.Event))
	require.Zero(t, waiting(), "its workflow was just started")
	o.admin(t, "update usage_warnings set started_at = now() - interval '1 hour'")
	require.Equal(t, 1, waiting(), "and is lost")
	for _, m := range []struct {
		mail usage.Mail
		want bool
	}{{usage.Queued, true}, {usage.Sent, true}, {usage.Failed, false}} {
		noted, err := usage.RecordMail(t.Context(), o.Single(o.org), *w.Event, m.mail, "code")
		require.NoError(t, err)
		require.Equal(t, m.want, noted, m.mail)
	}
	require.Zero(t, waiting())
	require.NotNil(t, o.open(t)[0].MailedAt)
	o.use(t, 0)
	o.cross(t)
	_, _, err := usage.WarningToMail(t.Context(), o.Single(o.org), *w.Event)
	require.ErrorIs(t, err, usage.ErrNoWarning)
}

// TestDayEndsWithWhatWasStored asks days later for the use at the end of a day:
// what nothing changed since, and what was there before the next day's first
// change, whenever the roll-ups came.
func TestDayEndsWithWhatWasStored(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	open := func(day string, opening, used int64) {
		o.admin(t, "update storage_quotas set opened_on = $2::text::date, opening_bytes = $3, used_bytes = $4 where organization_id = $1", o.org, day, opening, used)
	}
	noon := midnight.Add(12 * time.Hour) // of the 2nd of March
	open("2026-03-02", 100, 300)
	rollUp(t, o.Database, o.org, noon)
	got := days(t, o.Database, o.org, noon)
	require.EqualValues(t, 100, got["2026-03-01"].StoredBytes, "before the first change of the 2nd")
	require.EqualValues(t, 300, got["2026-03-02"].StoredBytes, "now")
	require.Zero(t, got["2026-02-28"].StoredBytes, "unknown, and not what is stored now")

	open("2026-03-02", 100, 450) // after the last roll-up of the 2nd
	tomorrow := noon.AddDate(0, 0, 1)
	require.EqualValues(t, 450, days(t, o.Database, o.org, tomorrow)["2026-03-02"].StoredBytes, "nothing changed since")
	open("2026-03-03", 450, 70) // and all of this before the first roll-up of the 3rd
	rollUp(t, o.Database, o.org, tomorrow)
	got = days(t, o.Database, o.org, tomorrow)
	require.EqualValues(t, 100, got["2026-03-01"].StoredBytes)
	require.EqualValues(t, 450, got["2026-03-02"].StoredBytes)
	require.EqualValues(t, 70, got["2026-03-03"].StoredBytes)

	open("2026-03-05", 80, 90) // no one rolled up on the 4th
	later := noon.AddDate(0, 0, 3)
	rollUp(t, o.Database, o.org, later)
	got = days(t, o.Database, o.org, later)
	require.EqualValues(t, 450, got["2026-03-02"].StoredBytes)
	require.EqualValues(t, 70, got["2026-03-03"].StoredBytes, "what was seen last")
	require.EqualValues(t, 80, got["2026-03-04"].StoredBytes)
	require.EqualValues(t, 90, got["2026-03-05"].StoredBytes)
}

// TestFirstChangeOfADayKeepsWhatWasThere through the trigger that keeps the sums.
func TestFirstChangeOfADayKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	user, file := o.Member(t, o.org, tenancy.Teacher), tenancy.NewID()
	o.admin(t, "update storage_quotas set opened_on = current_date - 5, opening_bytes = 1, used_bytes = 40 where organization_id = $1", o.org)
	for _, sql := range []string{
		"insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)",
		"insert into file_versions (organization_id, id, file_id, number, size, used_bytes, uploaded_by) values (app.org(), $1, $1, 1, 10, 10, $2)",
	} {
		_, err := o.Single(o.org).Exec(t.Context(), sql, file, user)
		require.NoError(t, err)
	}
	_, err := o.Single(o.org).Exec(t.Context(), "update file_versions set used_bytes = 25")
	require.NoError(t, err)
	var today bool
	var opening, used int64
	require.NoError(t, o.Single(o.org).QueryRow(t.Context(), "select opened_on = (now() at time zone 'UTC')::date, opening_bytes, used_bytes from storage_quotas").Scan(&today, &opening, &used))
	require.True(t, today)
	require.EqualValues(t, 40, opening, "of the first change, and not of the second")
	require.EqualValues(t, 65, used)
}
