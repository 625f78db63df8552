package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/api/compliance"
	"satchel/tenancy"
)

// TestComplianceReport: owners, admins and auditors see which rules are met, as JSON and PDF,
// and on the organization; no one else does, and no key.
func TestComplianceReport(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	const path = apiPath + "/compliance-report"
	auditor := s.person(s.owner.org, tenancy.Auditor)
	for _, p := range []*person{s.owner, s.colleague(), auditor} {
		v := read[compliance.View](p.call(get, path, nil).is(http.StatusOK))
		require.Equal(t, s.owner.org.UUID(), v.Organization)
		require.Greater(t, len(v.Checks), 20)
		o := read[struct {
			COPPA *bool `json:"coppa_compliant"`
			FERPA *bool `json:"ferpa_compliant"`
		}](p.call(get, s.school("?include=compliance"), nil).is(http.StatusOK))
		require.Equal(t, v.COPPA, *o.COPPA)
		require.Equal(t, v.FERPA, *o.FERPA)
	}
	for _, c := range read[compliance.View](auditor.call(get, path, nil)).Checks {
		require.NotEqual(t, http.StatusNotFound, s.owner.call(get, c.API, nil).status, "the evidence of %s is at %s", c.ID, c.API)
	}
	paper := auditor.call(get, path+"?format=pdf", nil).is(http.StatusOK)
	require.Contains(t, paper.text()[:5], "%PDF-")
	s.owner.call(get, path+"?format=doc", nil).refused(http.StatusBadRequest, "invalid_format")
	s.owner.call(get, s.school("?include=all"), nil).refused(http.StatusBadRequest, "invalid_include")
	require.NotContains(t, s.owner.call(get, s.school(""), nil).text(), "coppa_compliant", "nothing is counted that no one asked for")
	for _, role := range []tenancy.Role{tenancy.Teacher, tenancy.Student, tenancy.Parent} {
		p := s.person(s.owner.org, role)
		p.call(get, path, nil).refused(http.StatusForbidden, "not_granted")
		p.call(get, s.school("?include=compliance"), nil).refused(http.StatusForbidden, "not_granted")
	}
}

// TestDataInventory: made from the live schema with the organization's own rules of retention;
// for those who may read the report.
func TestDataInventory(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	const path = apiPath + "/data-inventory"
	s.retention("essay")
	v := read[compliance.InventoryView](s.person(s.owner.org, tenancy.Auditor).call(get, path, nil).is(http.StatusOK))
	require.Greater(t, len(v.Tables), 80)
	require.Len(t, v.Retention, 1)
	require.Equal(t, "essay", v.Retention[0].Category)
	require.NotEmpty(t, v.Stores)
	for _, e := range v.ExhibitB {
		require.Equal(t, len(e.Tables) > 0, e.Collected, e.Element)
	}
	s.person(s.owner.org, tenancy.Teacher).call(get, path, nil).refused(http.StatusForbidden, "not_granted")
}

// TestThePrivacyNoticeIsWhatIsInForce: what the school changes is on the page at once, hostile text
// is text, and an organization that is not there has none.
func TestThePrivacyNoticeIsWhatIsInForce(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	page := func() answer { return s.call("", get, "/privacy/"+s.owner.org.String(), nil).is(http.StatusOK) }
	notice := func() compliance.PrivacyView {
		return read[compliance.PrivacyView](s.call("", get, apiPath+"/public/organizations/"+s.owner.org.String()+"/privacy-notice", nil).is(http.StatusOK))
	}
	require.Empty(t, notice().Contact)
	require.Nil(t, notice().Notice)
	s.owner.made(s.school("/consent/notices"), newNotice(false))
	rule := newRetention("essay<script>")
	rule["children"] = true
	s.owner.made(s.school("/retention-policies"), rule)
	_, err := s.db.Single(s.owner.org).Exec(t.Context(), "insert into agreements (organization_id, id, signer, authority, purpose, contact, notice_sent_at, expires_at) values (app.org(), gen_random_uuid(), 'n', 'a', 'p', 'office@school.example', now(), now() + interval '2 years')")
	require.NoError(t, err)
	v := notice()
	require.Equal(t, "office@school.example", v.Contact)
	require.EqualValues(t, 1, v.Notice.Number)
	require.NotEmpty(t, v.Purposes)
	require.Equal(t, "essay<script>", v.Retention[0].Category)
	shown := page()
	for _, text := range []string{"office@school.example", "essay&lt;script&gt;", v.Notice.SHA256, "before a parent has consented"} {
		require.Contains(t, shown.text(), text)
	}
	require.NotContains(t, shown.text(), "<script")
	require.NotContains(t, shown.text(), s.owner.id.String(), "it names no person who keeps it")
	require.Contains(t, shown.header.Get("Content-Security-Policy"), "default-src 'none'")
	made := s.owner.made(s.school("/subprocessors"), newSubprocessor(s.owner.published("assurance.txt", lorem).ID))
	require.NotEmpty(t, notice().Subprocessors)
	before := len(notice().Subprocessors)
	s.owner.call(remove, s.school("/subprocessors/"+made), nil).is(http.StatusNoContent)
	require.Len(t, notice().Subprocessors, before-1)
	for _, id := range []string{"00000000-0000-7000-8000-000000000000", "00000000-0000-7000-8000-000000000001", "none"} {
		s.call("", get, "/privacy/"+id, nil).refused(http.StatusNotFound, "organization_not_found")
	}
}
