package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/reports"
	"satchel/tenancy"
)

var (
	newReport     = map[string]any{"kind": "types", "format": "csv"}
	newReportTime = map[string]any{"kind": "storage", "every": "week", "at": "06:30"}
)

// reportTime is the address of a schedule of the owner's.
func (s *scene) reportTime() string {
	made := read[reports.ScheduleView](s.owner.call(post, reportTimesPath, newReportTime).is(http.StatusCreated))
	return reportTimesPath + "/" + made.ID.String()
}

// TestWhoHasWhichReport: the organization's are for who administers it, a class's for its
// teachers, and each person sees their own.
func TestWhoHasWhichReport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, colleague := b.person(org, tenancy.Owner), b.person(org, tenancy.Admin)
	teacher, pupil, other := b.person(org, tenancy.Teacher), b.person(org, tenancy.Student), b.person(b.organization(), tenancy.Owner)
	made := read[reports.View](owner.call(post, reportsPath, newReport).is(202))
	require.EqualValues(t, "waiting", made.State)
	require.EqualValues(t, "personal", made.Place)
	owner.call(get, reportsPath+"/"+made.ID.String(), nil).is(200)
	for _, p := range []*person{colleague, teacher, other} {
		p.call(get, reportsPath+"/"+made.ID.String(), nil).refused(404, "report_not_found")
	}
	pupil.call(post, reportsPath, newReport).is(403)
	teacher.call(post, reportsPath, newReport).refused(403, "report_not_allowed")
	teacher.call(post, reportTimesPath, newReportTime).refused(403, "report_not_allowed")
	owner.call(post, reportsPath, map[string]any{"kind": "class", "class_id": uuid.New()}).refused(404, "class_not_found")
	owner.call(post, reportsPath, map[string]any{"kind": "types", "place": "staff"}).refused(400, "no_staff_room")
	for code, in := range map[string]map[string]any{
		"invalid_kind":   {"kind": "roblox"},
		"invalid_format": {"kind": "types", "format": "docx"},
		"invalid_place":  {"kind": "types", "place": "elsewhere"},
		"invalid_class":  {"kind": "class"},
		"invalid_period": {"kind": "types", "from": "2026-02-01", "to": "2026-01-01"},
		"invalid_from":   {"kind": "types", "from": "yesterday"},
	} {
		owner.call(post, reportsPath, in).refused(400, code)
	}
}

// TestReportsThatComeByThemselves: they are said again, stopped and ended by their person.
func TestReportsThatComeByThemselves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, colleague := b.person(org, tenancy.Owner), b.person(org, tenancy.Admin)
	owner.call(patch, owner.orgPath("/policies"), map[string]any{"time_zone": "Europe/Berlin", "report_threshold": 4}).is(400)
	owner.call(patch, owner.orgPath("/policies"), map[string]any{"time_zone": "Europe/Berlin", "report_threshold": 12}).is(200)
	made := read[reports.ScheduleView](owner.call(post, reportTimesPath, newReportTime).is(201))
	require.Equal(t, "06:30", made.At)
	require.True(t, made.Active)
	require.NotNil(t, made.NextAt)
	at := reportTimesPath + "/" + made.ID.String()
	colleague.call(patch, at, map[string]any{"active": false}).refused(404, "report_schedule_not_found")
	owner.call(patch, at, map[string]any{"at": "25:00"}).refused(400, "invalid_at")
	owner.call(patch, at, map[string]any{"weekday": 8}).refused(400, "invalid_schedule")
	changed := read[reports.ScheduleView](owner.call(patch, at, map[string]any{"every": "month", "at": "05:15", "active": false}).is(200))
	require.Equal(t, "05:15", changed.At)
	require.False(t, changed.Active)
	owner.call(remove, at, nil).is(204)
	owner.call(remove, at, nil).refused(404, "report_schedule_not_found")
}
