package compliance_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/policies/compliance"
	"satchel/tenancy"
)

type school struct {
	*pgtest.Database
	t     *testing.T
	org   tenancy.OrgID
	owner uuid.UUID
}

func newSchool(t *testing.T) school {
	t.Helper()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<30)
	return school{d, t, org, d.Member(t, org, tenancy.Owner)}
}

func (s school) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.Single(s.org).Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
}

// file makes the row of a file, as an upload does.
func (s school) file(by uuid.UUID) (id uuid.UUID) {
	id = tenancy.NewID()
	require.NoError(s.t, s.InTx(s.t.Context(), s.org, func(tx *tenancy.Tx) error {
		_, err := tx.Exec(s.t.Context(), "insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)", id, by)
		return err
	}))
	return id
}

func (s school) report() *compliance.Report { return s.reportIn(0) }

// reportIn is the report of a day to come.
func (s school) reportIn(days int) *compliance.Report {
	s.t.Helper()
	r, err := compliance.Make(s.t.Context(), s.Database.DB, s.org, time.Now().AddDate(0, 0, days))
	require.NoError(s.t, err)
	return r
}

// says asserts the state of one check, and gives its counts.
func (s school) says(id string, want compliance.State) map[string]int64 {
	s.t.Helper()
	return s.saysIn(0, id, want)
}

func (s school) saysIn(days int, id string, want compliance.State) map[string]int64 {
	s.t.Helper()
	for _, c := range s.reportIn(days).Checks {
		if c.ID != id {
			continue
		}
		require.Equal(s.t, want, c.State, "%s: %s %v", id, c.Reason, c.Evidence)
		counts := map[string]int64{}
		for _, e := range c.Evidence {
			counts[e.Name] = e.Count
		}
		return counts
	}
	s.t.Fatalf("there is no check %s", id)
	return nil
}

// TestRulesAreWhole: each row says what it asks, where its rows are, and what proves it. That
// the tests are there is looked at beside the other documents (TestNamedTestsAreThere).
func TestRulesAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range compliance.Rules() {
		require.False(t, seen[r.ID], "two rules are called %s", r.ID)
		seen[r.ID] = true
		require.Contains(t, compliance.Laws, r.Law, r.ID)
		require.Contains(t, []compliance.Kind{compliance.Enforced, compliance.Recorded}, r.Kind, r.ID)
		require.Regexp(t, map[compliance.Law]string{compliance.COPPA: `^16 CFR 312\.`, compliance.FERPA: `^34 CFR 99\.`}[r.Law], r.Section)
		require.NotEmpty(t, r.Asks, r.ID)
		require.NotEmpty(t, r.Proof, r.ID)
		require.Regexp(t, `^/[a-z-/]+$`, r.API, r.ID)
	}
	require.Greater(t, len(seen), 20)
}

// TestReportFollowsTheRows: each state of a check comes from what the organization has, and
// with the rows it goes.
func TestReportFollowsTheRows(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	empty := s.report()
	require.True(t, empty.Compliant(compliance.COPPA))
	require.True(t, empty.Compliant(compliance.FERPA))
	s.says("consent_before_collection", compliance.NotAsked)
	s.says("retention", compliance.NotAsked)
	s.says("school_authorization", compliance.NotAsked)

	pupil := s.Member(t, s.org, tenancy.Student)
	file := s.file(pupil)
	counts := s.says("consent_before_collection", compliance.Met)
	require.EqualValues(t, 1, counts["children"])
	require.EqualValues(t, 1, counts["files_by_school"])
	s.says("retention", compliance.NotMet)
	require.False(t, s.report().Compliant(compliance.COPPA))
	s.exec("insert into retention_policies (organization_id, id, category, children, purpose, business_need, days, begins, disposal, created_by) values (app.org(), $1, 'essay', true, 'p', 'n', 30, 'published', 'delete', $2)", tenancy.NewID(), s.owner)
	require.EqualValues(t, 1, s.says("retention", compliance.NotMet)["files_without_policy"])
	s.exec("update retention_policies set category = ''")
	s.says("retention", compliance.Met)

	s.says("school_authorization", compliance.Met)
	s.exec("update agreements set ended_at = now()")
	s.says("school_authorization", compliance.NotMet)
	agree := "insert into agreements (organization_id, id, origin, signer, authority, purpose, contact, notice_sent_at, expires_at) values (app.org(), $1, $2, 'n', 'a', 'p', case $2 when 'recorded' then 'office' else '' end, now(), now() + $3::interval)"
	s.exec(agree, tenancy.NewID(), "upgrade", "180 days")
	require.EqualValues(t, 1, s.says("school_authorization", compliance.NotMet)["agreements_assumed"])
	s.says("online_notice", compliance.NotMet)
	s.exec(agree, tenancy.NewID(), "recorded", "20 days")
	s.says("online_notice", compliance.Met)
	s.says("school_authorization", compliance.Attention)
	s.exec(agree, tenancy.NewID(), "recorded", "200 days")
	s.says("school_authorization", compliance.Met)
	s.says("security_program", compliance.NotMet)
	for _, kind := range []string{"coordinator", "risk_assessment", "safeguards_test", "program_evaluation"} {
		s.duty(kind, "20 days")
	}
	s.says("security_program", compliance.Attention)
	require.True(t, s.report().Compliant(compliance.COPPA), "what needs attention is met")

	s.exec("update files set held_since = now(), held_until = now() + interval '1 day', legal_basis = '', basis_agreement = null where id = $1", file)
	s.says("consent_before_collection", compliance.Attention)
	s.says("held_files_end", compliance.Met)
	s.exec("update files set held_until = now() - interval '3 days' where id = $1", file)
	s.says("held_files_end", compliance.NotMet)
}

// duty records one that was done, and is due again in a time; negative: before now.
func (s school) duty(kind, due string) {
	s.t.Helper()
	s.exec("insert into compliance_duties (organization_id, id, kind, responsible_id, note, done_at, due_at, recorded_by) values (app.org(), $1, $2, $3, 'n', now() - interval '300 days', now() + $4::interval, $3)",
		tenancy.NewID(), kind, s.owner, due)
}

// TestReportOfDuties: the newest record of a duty counts while it is not due again, an incident
// whose clock is over breaks the rule until somebody was told, and so does a directive that is late.
func TestReportOfDuties(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.says("annual_notice", compliance.Attention)
	s.duty("annual_notice", "60 days")
	s.says("annual_notice", compliance.Met)
	s.exec("delete from compliance_duties")
	s.duty("annual_notice", "-1 days")
	s.says("annual_notice", compliance.Attention)

	s.says("incidents", compliance.Met)
	incident := tenancy.NewID()
	s.exec("insert into incidents (organization_id, id, title, description, discovered_at, recorded_by) values (app.org(), $1, 't', 'd', now(), $2)", incident, s.owner)
	s.exec("insert into incident_clocks (organization_id, incident_id, clock, due_at) values (app.org(), $1, 'own', now() + interval '1 hour')", incident)
	s.says("incidents", compliance.Attention)
	s.exec("update incident_clocks set due_at = now() - interval '1 hour'")
	s.says("incidents", compliance.NotMet)

	s.exec("insert into dispositions (organization_id, id, kind, scope, reason, due_at, recorded_by) values (app.org(), $1, 'destroy', 'organization', 'r', now() + interval '1 day', $2)", incident, s.owner)
	s.says("disposition", compliance.Attention)
	s.exec("delete from dispositions")
	s.says("disposition", compliance.Met)
}

// TestServicesNeedAssurances: a receiver of webhooks without written assurances breaks
// 312.8(c), and so does an assurance whose file is in the trash.
func TestServicesNeedAssurances(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.says("written_assurances", compliance.NotAsked)
	s.exec("insert into webhooks (organization_id, id, url, created_by) values (app.org(), $1, 'https://receiver.example/', $2)", tenancy.NewID(), s.owner)
	s.says("written_assurances", compliance.NotMet)
	s.Assured(t, s.org, s.owner, "webhook")
	s.says("written_assurances", compliance.Met)
	s.exec("update files set trashed_at = now()")
	require.EqualValues(t, 1, s.says("written_assurances", compliance.NotMet)["assurances_missing"])
}

// TestReportOfRequests: a request to see records that is late breaks 99.10, and its hold is
// there while it is open.
func TestReportOfRequests(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	pupil, parent := s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Parent)
	s.says("right_to_inspect", compliance.NotAsked)
	coppa := s.report().Compliant(compliance.COPPA)
	id, owner := tenancy.NewID(), s.Admin(t)
	change := func(sql string, args ...any) {
		_, err := owner.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	change("insert into access_requests (organization_id, id, student_id, requester_id) values ($4, $1, $2, $3)", id, pupil, parent, s.org)
	s.says("right_to_inspect", compliance.Met)
	s.says("no_destruction_meanwhile", compliance.Met)
	change("update access_requests set due_at = now() + interval '10 days' where id = $1", id)
	s.says("right_to_inspect", compliance.Attention)
	change("update access_requests set due_at = now() - interval '1 hour' where id = $1", id)
	s.says("right_to_inspect", compliance.NotMet)
	require.False(t, s.report().Compliant(compliance.FERPA))
	require.Equal(t, coppa, s.report().Compliant(compliance.COPPA), "each law for itself")
}

// TestReportOfErasureRequests: of a parent's request to erase a week is left, then it is late and breaks 312.6, until
// the school has decided. What is not about a child, and an erasure that a hold keeps, asks for a person.
func TestReportOfErasureRequests(t *testing.T) {
	t.Parallel()
	const rule = "erasure_on_request"
	s := newSchool(t)
	pupil, older, parent := s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Parent)
	s.exec("insert into people (organization_id, user_id, kind, display_name, thirteen_from) values (app.org(), $1, 'student', 'Older', current_date - 400)", older)
	s.exec("insert into compliance_duties (organization_id, id, kind, responsible_id, note, done_at, due_at, recorded_by) select app.org(), gen_random_uuid(), k, $1, 'n', now(), now() + interval '60 days', $1 from unnest('{coordinator,risk_assessment,safeguards_test,program_evaluation}'::text[]) k", s.owner)
	s.exec("insert into retention_policies (organization_id, id, category, children, purpose, business_need, days, begins, disposal, created_by) values (app.org(), $1, '', true, 'p', 'n', 30, 'published', 'delete', $2)", tenancy.NewID(), s.owner)
	s.exec("insert into agreements (organization_id, id, origin, signer, authority, purpose, contact, notice_sent_at, expires_at) values (app.org(), $1, 'recorded', 'n', 'a', 'p', 'office', now(), now() + interval '200 days')", tenancy.NewID())
	s.says(rule, compliance.NotAsked)
	ask := func(student uuid.UUID) (id uuid.UUID) {
		id = tenancy.NewID()
		s.exec("insert into erasure_requests (organization_id, id, student_id, requester_id) values (app.org(), $1, $2, $3)", id, student, parent)
		return id
	}
	request := ask(older)
	require.EqualValues(t, 1, s.saysIn(31, rule, compliance.Attention)["erasure_requests_older"])
	require.True(t, s.reportIn(31).Compliant(compliance.COPPA), "the rule is about children")
	s.exec("update erasure_requests set state = 'withdrawn', ended_by = $2, ended_at = now() where id = $1", request, parent)
	s.saysIn(31, rule, compliance.NotAsked)

	request = ask(pupil)
	require.EqualValues(t, 1, s.says(rule, compliance.Met)["erasure_requests_open"])
	s.saysIn(22, rule, compliance.Met)
	require.EqualValues(t, 1, s.saysIn(24, rule, compliance.Attention)["erasure_requests_soon"])
	require.True(t, s.reportIn(29).Compliant(compliance.COPPA))
	require.EqualValues(t, 1, s.saysIn(31, rule, compliance.NotMet)["erasure_requests_overdue"])
	require.False(t, s.reportIn(31).Compliant(compliance.COPPA))
	require.True(t, s.reportIn(31).Compliant(compliance.FERPA))

	erasure := tenancy.NewID()
	s.exec("insert into erasures (organization_id, id, scope, target_id, basis, requested_by) values (app.org(), $1, 'person', $2, 'parent_request', $3)", erasure, pupil, s.owner)
	s.exec("update erasure_requests set state = 'accepted', erasure_id = $2, ended_by = $3, ended_at = now() where id = $1", request, erasure, s.owner)
	require.EqualValues(t, 1, s.says(rule, compliance.Met)["erasure_requests_answered"])
	require.EqualValues(t, 1, s.saysIn(31, rule, compliance.Attention)["erasures_late"])
	require.True(t, s.reportIn(31).Compliant(compliance.COPPA))
}

// TestReportsAreOfOneOrganization: rows of others count for nothing.
func TestReportsAreOfOneOrganization(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	other := school{s.Database, t, s.Organization(t, 1<<30), s.owner}
	other.file(s.Member(t, other.org, tenancy.Student))
	other.says("retention", compliance.NotMet)
	s.says("retention", compliance.NotAsked)
	require.True(t, s.report().Compliant(compliance.COPPA))
}

// TestReportOnPaper: the same report is the same bytes, of more than one page.
func TestReportOnPaper(t *testing.T) {
	t.Parallel()
	r := newSchool(t).report()
	var first, again bytes.Buffer
	require.NoError(t, r.WritePDF(&first))
	require.NoError(t, r.WritePDF(&again))
	require.Equal(t, first.Bytes(), again.Bytes())
	require.True(t, bytes.HasPrefix(first.Bytes(), []byte("%PDF-")))
	require.Greater(t, bytes.Count(first.Bytes(), []byte("/Type /Page\n")), 2)
}
