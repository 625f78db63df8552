package analytics_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/analytics"
	reporting "satchel/analytics"
	"satchel/analytics/reports"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/spool"
	"satchel/policies/audit"
	"satchel/tenancy"
)

type bench struct {
	*activitytest.Fixture
	t       *testing.T
	admin   uuid.UUID
	builder *analytics.Builder
	sweeps  *analytics.Sweeps
	started []uuid.UUID
}

func (b *bench) StartAdmitted(context.Context, tenancy.OrgID) error { return nil }

func (b *bench) BeginReport(ctx context.Context, org tenancy.OrgID, _ reports.New, change func(*tenancy.Tx) error) error {
	return b.InTx(ctx, org, change)
}

func (b *bench) StartReport(_ context.Context, _ tenancy.OrgID, id uuid.UUID) error {
	b.started = append(b.started, id)
	return nil
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{Fixture: activitytest.New(t), t: t}
	b.admin = b.Member(t, b.Org, tenancy.Admin)
	owner, err := spool.Open(spool.Config{Dir: t.TempDir()}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { _ = owner.Close() })
	b.builder = &analytics.Builder{DB: b.DB, Staging: b.Staging, Admission: b, Spool: owner, Now: time.Now}
	b.sweeps = &analytics.Sweeps{DB: b.DB, Starter: b, Now: time.Now}
	return b
}

// acts writes what a person did into the audit log.
func (b *bench) acts(user uuid.UUID, role tenancy.Role, action string, n int) {
	b.t.Helper()
	ctx := tenancy.WithActor(b.t.Context(), tenancy.Actor{Org: b.Org, User: user, Role: role})
	for range n {
		require.NoError(b.t, audit.Record(ctx, b.Single(b.Org), audit.Event{Action: action, ObjectID: tenancy.NewID().String()}))
	}
}

// days are the roll-ups as text.
func (b *bench) days() (all []string) {
	rows, err := b.Single(b.Org).Query(b.t.Context(), "select verb, role, part, n, people from activity_days order by 1, 2, 3")
	require.NoError(b.t, err)
	defer rows.Close()
	for rows.Next() {
		var verb, role, part string
		var n, people int64
		require.NoError(b.t, rows.Scan(&verb, &role, &part, &n, &people))
		all = append(all, fmt.Sprintf("%s %s %s %d %d", verb, role, part, n, people))
	}
	require.NoError(b.t, rows.Err())
	return all
}

func (b *bench) rollUp() {
	b.t.Helper()
	require.NoError(b.t, reports.CatchUp(b.t.Context(), b.DB, b.Org))
}

// TestRollingUpAgainGivesTheSame: also from the beginning, and with what comes late.
func TestRollingUpAgainGivesTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.Member(t, b.Org, tenancy.Student)
	b.acts(b.User, tenancy.Student, "file.read", 3)
	b.acts(other, tenancy.Student, "file.read", 2)
	b.acts(b.admin, tenancy.Admin, "share.create", 1)
	b.rollUp()
	want := []string{"any   6 3", "any admin  1 1", "any student  5 2", "download student  5 2", "share admin  1 1"}
	require.Equal(t, want, b.days())
	b.rollUp()
	require.Equal(t, want, b.days())
	b.acts(b.User, tenancy.Student, "file.read", 1)
	b.rollUp()
	want = []string{"any   7 3", "any admin  1 1", "any student  6 2", "download student  6 2", "share admin  1 1"}
	require.Equal(t, want, b.days(), "replaced, not added to")
	_, err := b.Admin(t).Exec(t.Context(), "update activity_marks set audit_seq = 0, event_seq = 0")
	require.NoError(t, err)
	b.rollUp()
	require.Equal(t, want, b.days(), "each row of a log counts once")
	_, err = b.Admin(t).Exec(t.Context(), "delete from activity_days; delete from activity_events; update activity_marks set audit_seq = 0, event_seq = 0")
	require.NoError(t, err)
	b.rollUp()
	require.Equal(t, want, b.days(), "one reading of everything")
	var kept string
	require.NoError(t, b.Single(b.Org).QueryRow(t.Context(), "select string_agg(person::text, ' ') from activity_events").Scan(&kept))
	require.NotContains(t, kept, b.User.String(), "events name no one")
}

// TestAMonthIsKeptAsLong as its events are: the function that drops months has the same days.
func TestAMonthIsKeptAsLong(t *testing.T) {
	t.Parallel()
	var body string
	require.NoError(t, setup(t).Admin(t).QueryRow(t.Context(), "select prosrc from pg_proc where oid = 'app.ensure_months()'::regprocedure").Scan(&body))
	require.Contains(t, body, fmt.Sprintf("m.until < now() - interval '%d days'", reports.Kept/(24*time.Hour)))
}

// TestTheSweepFindsWhoHasMore once, and not the others.
func TestTheSweepFindsWhoHasMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Organization(t, 1<<20) // where nothing happened
	b.acts(b.User, tenancy.Student, "file.read", 1)
	swept, err := activitytest.Sweep(t, analytics.SweepsOf(b.sweeps), "roll-up-activity")
	require.NoError(t, err)
	require.GreaterOrEqual(t, swept.Done, 1)
	require.NotEmpty(t, b.days())
	swept, err = activitytest.Sweep(t, analytics.SweepsOf(b.sweeps), "roll-up-activity")
	require.NoError(t, err)
	require.Zero(t, swept.Found, "not again within its time")
}

func (b *bench) ask(kind reporting.Kind, format reporting.Format, by uuid.UUID, class *uuid.UUID) uuid.UUID {
	b.t.Helper()
	today := reporting.Date(time.Now(), time.UTC)
	n := reports.New{ID: tenancy.NewID(), By: by, Class: class, Definition: reporting.Definition{Kind: kind, Format: format, Place: reporting.Personal},
		Period: reporting.Period{From: today.AddDate(0, 0, -6), To: today}}
	require.NoError(b.t, reports.Insert(b.t.Context(), b.Single(b.Org), n))
	return n.ID
}

func (b *bench) build(id uuid.UUID) (analytics.BuildReportResult, error) {
	return activitytest.Run[analytics.BuildReportResult](b.t, b.builder, b.builder.BuildReport, analytics.BuildReportInput{Org: b.Org, Report: id})
}

func (b *bench) row(id uuid.UUID) reports.Report {
	r, err := reports.Get(b.t.Context(), b.Single(b.Org), id)
	require.NoError(b.t, err)
	return r
}

// TestEveryKindIsAFile that waits for its inspection, with a notification; a second try
// makes no second one.
func TestEveryKindIsAFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.acts(b.User, tenancy.Student, "file.read", 3)
	for i, kind := range reporting.Kinds {
		if kind == reporting.Class {
			continue
		}
		format := reporting.Formats[i%len(reporting.Formats)]
		id := b.ask(kind, format, b.admin, nil)
		built, err := b.build(id)
		require.NoError(t, err, kind)
		require.Equal(t, reports.Ready, built.State)
		again, err := b.build(id)
		require.NoError(t, err)
		require.Equal(t, built, again)
		v := b.Version(t, id)
		require.Equal(t, files.Processing, v.Status)
		body, err := b.Staging.Open(t.Context(), files.StagingKey(b.Org, id), "", 0, v.Size)
		require.NoError(t, err)
		content, err := io.ReadAll(body)
		require.NoError(t, err)
		require.Len(t, content, int(v.Size))
		require.NotContains(t, string(content), b.User.String())
	}
	var told int
	require.NoError(t, b.Single(b.Org).QueryRow(t.Context(), "select count(*) from notifications where kind = 'report.ready' and user_id = $1", b.admin).Scan(&told))
	require.Equal(t, len(reporting.Kinds)-1, told)
}

// TestTheLanguageOfAReport is that of who asked, otherwise the organization's, in every text and
// in the name of the file.
func TestTheLanguageOfAReport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.acts(b.User, tenancy.Student, "file.read", 3)
	said := func(kind reporting.Kind) (name, content string) {
		id := b.ask(kind, reporting.CSV, b.admin, nil)
		_, err := b.build(id)
		require.NoError(t, err)
		v := b.Version(t, id)
		body, err := b.Staging.Open(t.Context(), files.StagingKey(b.Org, id), "", 0, v.Size)
		require.NoError(t, err)
		all, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, b.Single(b.Org).QueryRow(t.Context(), "select f.name from files f join file_versions v on v.file_id = f.id and v.organization_id = f.organization_id where v.id = $1", id).Scan(&name))
		return name, string(all)
	}
	p, err := tenancy.GetPolicies(t.Context(), b.Single(b.Org))
	require.NoError(t, err)
	p.MailLanguage = "de"
	require.NoError(t, tenancy.SetPolicies(t.Context(), b.Single(b.Org), p))
	for _, kind := range reporting.Kinds {
		if kind == reporting.Class {
			continue
		}
		name, content := said(kind)
		require.Contains(t, name, " bis ")
		require.Contains(t, content, "Zeitzone,")
		require.NotRegexp(t, `\b(column|label|table|note|kind|about|role|space)\.[a-z]`, content, "a key of the catalog is no word")
		for _, english := range []string{"Day\n", "Day,", "Total,", "Note,", "People", "Kind,", "Downloads"} {
			require.NotContains(t, content, english, kind)
		}
	}
	_, err = b.Single(b.Org).Exec(t.Context(), "insert into notification_settings (organization_id, user_id, language) values (app.org(), $1, 'en')", b.admin)
	require.NoError(t, err)
	name, content := said(reporting.Storage)
	require.Contains(t, name, " to ")
	require.Contains(t, content, "Time zone,")
}

// TestAStoreThatIsDown leaves nothing but the report, which is made later.
func TestAStoreThatIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.ask(reporting.Types, reporting.CSV, b.admin, nil)
	b.Staging.Fail("put")
	_, err := b.build(id)
	require.Error(t, err)
	_, err = files.GetVersion(t.Context(), b.Single(b.Org), id)
	require.ErrorIs(t, err, files.ErrNotFound)
	require.True(t, b.row(id).Open())
	_, err = b.build(id)
	require.NoError(t, err)
	require.Equal(t, reports.Ready, b.row(id).State)
}

// TestWhoLostTheRight gets nothing, and a report that ended stays ended.
func TestWhoLostTheRight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.Member(t, b.Org, tenancy.Teacher)
	_, err := b.build(b.ask(reporting.Activity, reporting.JSON, teacher, nil))
	activitytest.RequireRefused(t, err, "report_not_allowed", false)
	class, mine := tenancy.NewID(), tenancy.NewID()
	for _, id := range []uuid.UUID{class, mine} {
		_, err = b.Single(b.Org).Exec(t.Context(), "insert into classes (organization_id, id, title) values (app.org(), $1, '7b')", id)
		require.NoError(t, err)
	}
	_, err = b.Single(b.Org).Exec(t.Context(), "insert into class_members (organization_id, class_id, user_id, origin, role) values (app.org(), $1, $2, 'manual', 'teacher')", mine, teacher)
	require.NoError(t, err)
	_, err = b.build(b.ask(reporting.Class, reporting.JSON, teacher, &class))
	activitytest.RequireRefused(t, err, "class_not_found", false)
	built, err := b.build(b.ask(reporting.Class, reporting.JSON, teacher, &mine))
	require.NoError(t, err)
	require.Equal(t, reports.Ready, built.State)
	id := b.ask(reporting.Types, reporting.CSV, b.admin, nil)
	end := analytics.EndReportInput{Org: b.Org, Report: id, State: reports.Cancelled}
	_, err = activitytest.Run[analytics.EndReportResult](t, b.builder, b.builder.EndReport, end)
	require.NoError(t, err)
	built, err = b.build(id)
	require.NoError(t, err)
	require.Equal(t, reports.Cancelled, built.State)
}

// TestASchedulesTurn is taken once, and what was missed is made up for once.
func TestASchedulesTurn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, ctx := tenancy.NewID(), t.Context()
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) error {
		return reports.AddSchedule(ctx, tx, reports.Schedule{ID: id, CreatedBy: b.admin, Definition: reporting.Definition{Kind: reporting.Types, Format: reporting.CSV, Place: reporting.Personal},
			Timing: reporting.Timing{Every: reporting.Day, Weekday: 1, Minute: 390}})
	}))
	sweep := func() int {
		_, err := activitytest.Sweep(t, analytics.SweepsOf(b.sweeps), "start-due-reports")
		require.NoError(t, err)
		made, err := reports.List(ctx, b.Single(b.Org), "", uuid.Nil, 10)
		require.NoError(t, err)
		return len(made)
	}
	require.Zero(t, sweep(), "its time was not known")
	s, err := reports.GetSchedule(ctx, b.Single(b.Org), id)
	require.NoError(t, err)
	require.True(t, s.NextAt.After(time.Now()))
	require.Zero(t, sweep(), "and has not come")
	_, err = b.Single(b.Org).Exec(ctx, "update report_schedules set next_at = now() - interval '5 days'")
	require.NoError(t, err)
	require.Equal(t, 1, sweep())
	require.Equal(t, 1, sweep())
	s, err = reports.GetSchedule(ctx, b.Single(b.Org), id)
	require.NoError(t, err)
	require.True(t, s.NextAt.After(time.Now()))
	yesterday := reporting.Date(time.Now(), time.UTC).AddDate(0, 0, -1)
	require.Equal(t, yesterday, b.row(*s.LastReport).To.UTC())
	_, err = b.Single(b.Org).Exec(ctx, "update organization_policies set time_zone = 'Asia/Tokyo'")
	require.NoError(t, err)
}
