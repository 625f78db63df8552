package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/compliance"
	"satchel/api/evidence"
	"satchel/api/request"
	"satchel/tenancy"
)

var (
	newIncident    = map[string]any{"title": planted, "description": planted, "discovered_at": "2026-11-01T00:00:00Z"}
	newDisposition = map[string]any{"kind": "return", "scope": "organization", "reason": planted}
)

func newDuty(who uuid.UUID) map[string]any {
	return map[string]any{"kind": "risk_assessment", "responsible_id": who, "note": planted, "done_at": "2026-11-01T00:00:00Z"}
}

// incident records one and gives its path.
func (s *scene) incident() string {
	return s.school("/incidents/" + s.owner.made(s.school("/incidents"), newIncident))
}

// state is that of a check of the compliance report.
func (p *person) state(check string) string {
	p.b.t.Helper()
	for _, c := range read[compliance.View](p.call(get, apiPath+"/compliance-report", nil).is(http.StatusOK)).Checks {
		if c.ID == check {
			return string(c.State)
		}
	}
	p.b.t.Fatalf("there is no check %s", check)
	return ""
}

// TestIncidents: the clocks that are over break the rule in the report until somebody was told; an
// auditor reads, and does not write.
func TestIncidents(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	auditor := s.person(s.owner.org, tenancy.Auditor)
	require.Equal(t, "met", auditor.state("incidents"))
	at := s.incident()
	require.Equal(t, "not_met", auditor.state("incidents"))
	v := read[evidence.IncidentView](auditor.call(get, at, nil).is(http.StatusOK))
	require.Len(t, v.Clocks, 1)
	require.True(t, v.Clocks[0].Late)
	auditor.call(post, at+"/clocks/own/told", map[string]any{"note": "n"}).refused(http.StatusForbidden, "not_granted")
	s.owner.call(post, at+"/close", map[string]any{"closing": "c"}).refused(http.StatusConflict, "incident_clocks_run")
	require.False(t, read[evidence.IncidentView](s.owner.call(post, at+"/clocks/own/told", map[string]any{"note": "by letter"}).is(http.StatusOK)).Clocks[0].Late)
	require.Equal(t, "needs_attention", auditor.state("incidents"))
	require.Equal(t, "closed", read[evidence.IncidentView](s.owner.call(post, at+"/close", map[string]any{"closing": "c"}).is(http.StatusOK)).State)
	require.Equal(t, "met", auditor.state("incidents"))
	require.NotEmpty(t, read[request.Page[evidence.ClockView]](auditor.call(get, s.school("/incident-clocks"), nil).is(http.StatusOK)).Items)
	auditor.call(put, s.school("/incident-clocks"), map[string]any{"own_hours": 24}).refused(http.StatusForbidden, "not_granted")
	s.owner.call(put, s.school("/incident-clocks"), map[string]any{"own_hours": 0}).refused(http.StatusBadRequest, "invalid_own_hours")
	s.owner.call(put, s.school("/incident-clocks"), map[string]any{"own_hours": 24}).is(http.StatusOK)
	auditor.call(get, s.school("/incident-clocks"), nil).is(http.StatusOK).holds(`"own_hours":24`)
	require.Len(t, read[request.Page[evidence.IncidentView]](auditor.call(get, s.school("/incidents"), nil).is(http.StatusOK)).Items, 1)
	s.person(s.owner.org, tenancy.Teacher).call(get, s.school("/incidents"), nil).refused(http.StatusForbidden, "not_granted")
	s.owner.call(get, s.school("/incidents/"+uuid.NewString()), nil).refused(http.StatusNotFound, "incident_not_found")
}

// TestDispositionsAreRecorded, and end once with what became of them.
func TestDispositionsAreRecorded(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	made := s.owner.made(s.school("/dispositions"), newDisposition)
	require.Equal(t, "needs_attention", s.owner.state("disposition"))
	end := s.school("/dispositions/" + made + "/end")
	v := read[evidence.DispositionView](s.owner.call(post, end, map[string]any{"state": "done", "outcome": "Export 7"}).is(http.StatusOK))
	require.Equal(t, "done", v.State)
	s.owner.call(post, end, map[string]any{"state": "done", "outcome": "Export 7"}).refused(http.StatusConflict, "disposition_ended")
	require.Equal(t, "met", s.owner.state("disposition"))
	require.Len(t, read[request.Page[evidence.DispositionView]](s.owner.call(get, s.school("/dispositions"), nil).is(http.StatusOK)).Items, 1)
	duty := s.owner.made(s.school("/compliance-duties"), newDuty(s.owner.id))
	require.Equal(t, duty, read[request.Page[evidence.DutyView]](s.owner.call(get, s.school("/compliance-duties"), nil).is(http.StatusOK)).Items[0].ID.String())
}

// dutiesAreRecorded is the part of the metamorphic script.
func (s *school) dutiesAreRecorded(at func(string) string) {
	s.do(s.owner, post, at("/compliance-duties"), newDuty(s.owner.id))
	s.do(s.owner, post, at("/compliance-duties"), newDuty(s.strange))
	s.do(s.owner, get, at("/compliance-duties?limit=1"), nil)
	s.do(s.owner, get, at("/incident-clocks"), nil)
	s.do(s.owner, put, at("/incident-clocks"), map[string]any{"own_hours": 24})
	incident := at("/incidents/" + id(s.do(s.owner, post, at("/incidents"), newIncident)).String())
	s.do(s.owner, get, at("/incidents?limit=1"), nil)
	s.do(s.owner, get, incident, nil)
	s.do(s.owner, get, at("/incidents/"+s.strange.String()), nil)
	s.do(s.owner, post, incident+"/confirm", map[string]any{"confirmed_at": "2026-11-02T00:00:00Z"})
	s.do(s.owner, post, incident+"/clocks/own/told", map[string]any{"note": "n"})
	s.do(s.owner, post, incident+"/close", map[string]any{"closing": "c"})
	made := id(s.do(s.owner, post, at("/dispositions"), newDisposition)).String()
	s.do(s.owner, get, at("/dispositions"), nil)
	s.do(s.owner, post, at("/dispositions/"+made+"/end"), map[string]any{"state": "done", "outcome": "o"})
	s.do(s.owner, post, at("/dispositions/"+s.strange.String()+"/end"), map[string]any{"state": "done", "outcome": "o"})
}
