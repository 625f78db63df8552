package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/problem"
	"satchel/tenancy"
	"satchel/tenancy/apikeys"
)

var (
	newConsentSettings = map[string]any{"gate": "pre_upload", "youngest_grade": 3, "hold_days": 7, "own_webhooks": true, "own_webhooks_reason": "Our own server"}
	newAgreement       = map[string]any{
		"signer": "A. Signer", "authority": "Superintendent", "purpose": "School work", "covers": "Files of students", "contact": "The office",
		"notice_sent_at": "2026-01-02T00:00:00Z", "expires_at": time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339),
	}
)

func newSubprocessor(file uuid.UUID) map[string]any {
	return map[string]any{"kind": "roblox", "name": "Roblox", "purpose": "Places of classes", "categories": "Pictures", "location": "US", "assurance_file_id": file}
}

func newDecision(kind string, file uuid.UUID, scopes ...string) map[string]any {
	return map[string]any{"kind": kind, "evidence_file_id": file, "scopes": append([]string{"collect_use"}, scopes...)}
}

// made is the id of what a POST makes.
func (p *person) made(path string, in any) string {
	p.b.t.Helper()
	return read[struct{ ID uuid.UUID }](p.call(post, path, in).is(http.StatusCreated)).ID.String()
}

// consentRefused demands the code and the rule of a refusal.
func (a answer) consentRefused(code, rule string) {
	a.t.Helper()
	p := read[problem.Problem](a.is(http.StatusForbidden))
	require.Equal(a.t, code, p.Code)
	require.Equal(a.t, rule, p.Rule)
}

// endAgreements takes the authorization of the school away.
func (p *person) endAgreements() {
	p.b.t.Helper()
	found := read[struct{ Items []struct{ ID uuid.UUID } }](p.call(get, p.orgPath("/agreements"), nil).is(http.StatusOK))
	require.NotEmpty(p.b.t, found.Items)
	for _, a := range found.Items {
		p.call(remove, p.orgPath("/agreements/"+a.ID.String()), nil).is(http.StatusNoContent)
	}
}

const (
	noBasis    = "16 CFR 312.5(a)(1)"
	assurances = "16 CFR 312.8(c)"
)

// TestNoBasisNoByte: a known child adds nothing by any way while neither a parent nor the
// school has agreed, and does once one of them has.
func TestNoBasisNoByte(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.professional()
	owner, teacher, pupil := b.person(org, tenancy.Owner), b.person(org, tenancy.Teacher), b.person(org, tenancy.Student)
	machine, _ := owner.key(tenancy.Student, apikeys.FilesRead, apikeys.FilesWrite)
	mine := pupil.published("mine.txt", lorem)
	tus := func(p *person) answer {
		return p.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ=")
	}
	byForm := func(p *person, fields map[string]string) answer {
		body, contentType := form("new.txt", []byte("a"), fields, nil)
		return p.call(post, storagePath+"/upload", body, "Content-Type", contentType)
	}
	form := byForm(pupil, nil)
	require.Equal(t, http.StatusAccepted, form.status, "%s", form.body)
	tus(pupil).is(http.StatusCreated)
	owner.endAgreements()
	before := owner.count("files") + owner.count("uploads")
	byForm(pupil, nil).consentRefused("consent_required", noBasis)
	byForm(pupil, map[string]string{"file_id": mine.ID.String()}).consentRefused("consent_required", noBasis)
	tus(pupil).consentRefused("consent_required", noBasis)
	byForm(machine, nil).consentRefused("consent_required", noBasis)
	tus(machine).consentRefused("consent_required", noBasis)
	require.Equal(t, before, owner.count("files")+owner.count("uploads"), "nothing was begun")
	byForm(teacher, nil).is(http.StatusAccepted)
	pupil.call(get, at(mine.ID, "/content"), nil).refused(http.StatusConflict, "not_published")
	owner.call(get, at(mine.ID, ""), nil).is(http.StatusNotFound) // not the owner's to see by the access rule

	owner.made(owner.orgPath("/agreements"), newAgreement)
	pupil.call(get, at(mine.ID, "/content"), nil).is(http.StatusOK)
	byForm(pupil, nil).is(http.StatusAccepted)
	byForm(machine, nil).is(http.StatusAccepted)
}

// TestDiscoveredGateHolds: the other gate takes the file and shows it to no one but who
// administers.
func TestDiscoveredGateHolds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, teacher, pupil := b.person(org, tenancy.Owner), b.person(org, tenancy.Teacher), b.person(org, tenancy.Student)
	room := b.class(owner, teacher, pupil)
	owner.endAgreements()
	owner.call(put, owner.orgPath("/consent"), map[string]any{"gate": "discovered", "youngest_grade": nil, "hold_days": 3, "own_webhooks": false, "own_webhooks_reason": ""}).is(http.StatusOK)
	f := pupil.publishedIn(room, "work.txt", lorem)
	pupil.call(get, at(f.ID, "/content"), nil).refused(http.StatusConflict, "not_published")
	require.Contains(t, string(pupil.call(get, at(f.ID, ""), nil).is(http.StatusOK).body), `"held"`)
	teacher.call(get, at(f.ID, ""), nil).is(http.StatusNotFound)
	owner.call(get, at(f.ID, "/content"), nil).is(http.StatusOK)
	lists := func(p *person) string {
		return string(p.call(get, storagePath+"/files?space_id="+room.String(), nil).is(http.StatusOK).body)
	}
	require.Contains(t, lists(pupil), `"held"`)
	require.NotContains(t, lists(teacher), f.ID.String())
	require.Contains(t, lists(owner), `"published"`)
	owner.call(put, owner.orgPath("/consent"), map[string]any{"gate": "discovered", "youngest_grade": 9, "hold_days": 3, "own_webhooks": false, "own_webhooks_reason": ""}).is(http.StatusOK)
	require.False(t, read[struct {
		IsChild bool `json:"is_child"`
	}](owner.call(get, owner.orgPath("/people/"+pupil.id.String()+"/consent"), nil).is(http.StatusOK)).IsChild, "the youngest grade of the organization is 9")
}

// TestParentsDecide: the stricter of two parents wins, a revocation is in force with its
// commit, and a scope is asked for each disclosure.
func TestParentsDecide(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, pupil := b.person(org, tenancy.Owner), b.person(org, tenancy.Student)
	first, second := b.person(org, tenancy.Parent), b.person(org, tenancy.Parent)
	_, err := b.db.Single(org).Exec(t.Context(), `insert into guardianships (organization_id, parent_id, student_id, created_by)
		select app.org(), p, $2, $3 from unnest($1::uuid[]) p on conflict do nothing`, []uuid.UUID{first.id, second.id}, pupil.id, owner.id)
	require.NoError(t, err)
	_, err = b.db.Single(org).Exec(t.Context(), "insert into disclosure_rules (organization_id, way, class, allowed, rule) values (app.org(), 'link', 'education_record', true, 'ours')")
	require.NoError(t, err)
	scan := owner.published("form.txt", lorem)
	room := b.class(owner, pupil)
	work := pupil.publishedIn(room, "work.txt", lorem)
	link := func() answer {
		return owner.call(post, storagePath+"/share", map[string]any{"kind": "link", "permission": "view", "file_id": work.ID})
	}
	link().consentRefused("consent_scope", noBasis) // by the school's authorization alone
	path := owner.orgPath("/people/" + pupil.id.String() + "/consents")
	say := func(p *person, kind string, scopes ...string) {
		in := newDecision(kind, scan.ID, scopes...)
		in["guardian_id"] = p.id
		owner.call(post, path, in).is(http.StatusCreated)
	}
	say(first, "grant")
	link().consentRefused("consent_scope", "16 CFR 312.5(a)(2)")
	say(first, "grant", "disclose:link")
	link().is(http.StatusCreated)
	say(second, "deny")
	pupil.call(get, at(work.ID, "/content"), nil).refused(http.StatusConflict, "not_published")
	body, contentType := form("new.txt", []byte("a"), nil, nil)
	pupil.call(post, storagePath+"/upload", body, "Content-Type", contentType).consentRefused("consent_required", "16 CFR 312.6(a)(2)")
	link().is(http.StatusForbidden)
	say(second, "grant")
	pupil.call(get, at(work.ID, "/content"), nil).is(http.StatusOK)
	link().consentRefused("consent_scope", "16 CFR 312.5(a)(2)") // the second gave no scope
	say(first, "revoke")
	pupil.call(get, at(work.ID, "/content"), nil).refused(http.StatusConflict, "not_published")

	stranger := b.person(b.organization(), tenancy.Owner)
	stranger.call(get, stranger.orgPath("/people/"+pupil.id.String()+"/consents"), nil).is(http.StatusOK).holds(`"items":[]`)
	stranger.call(post, stranger.orgPath("/people/"+pupil.id.String()+"/consents"), newDecision("deny", scan.ID)).refused(http.StatusNotFound, "person_not_found")
	in := newDecision("grant", scan.ID)
	in["guardian_id"] = owner.id
	owner.call(post, path, in).refused(http.StatusBadRequest, "invalid_guardian_id")
}

// TestAssurancesComeBeforeServices: a connection to Roblox and a webhook are refused until
// their subprocessor is recorded, a webhook also until the organization says that the
// receivers are its own, and again once the assurance is in the trash. What is there stays.
func TestAssurancesComeBeforeServices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	connect := func() answer { return owner.call(post, robloxPath, newConnection) }
	hook := func(path, method string, in any) answer {
		return owner.call(method, owner.orgPath("/webhooks"+path), in)
	}
	connect().consentRefused("assurance_required", assurances)
	hook("", post, newWebhook).consentRefused("assurance_required", assurances)
	file := owner.published("assurance.txt", lorem)
	owner.made(owner.orgPath("/subprocessors"), newSubprocessor(file.ID))
	connect().is(http.StatusCreated)
	hook("", post, newWebhook).consentRefused("assurance_required", assurances) // of another kind

	in := map[string]any{"gate": "pre_upload", "youngest_grade": nil, "hold_days": 14, "own_webhooks": true, "own_webhooks_reason": " "}
	owner.call(put, owner.orgPath("/consent"), in).refused(http.StatusBadRequest, "invalid_own_webhooks_reason")
	in["own_webhooks_reason"] = "The server of our own office"
	owner.call(put, owner.orgPath("/consent"), in).is(http.StatusOK)
	made := "/" + owner.made(owner.orgPath("/webhooks"), newWebhook)
	in["own_webhooks"], in["own_webhooks_reason"] = false, ""
	owner.call(put, owner.orgPath("/consent"), in).is(http.StatusOK)
	hook(made, patch, map[string]any{"description": "Grades"}).is(http.StatusOK)
	hook(made, patch, map[string]any{"state": "disabled"}).is(http.StatusOK)
	hook(made, patch, map[string]any{"state": "active"}).consentRefused("assurance_required", assurances)
	hook(made, patch, map[string]any{"url": "https://else.example/hook"}).consentRefused("assurance_required", assurances)

	owner.call(remove, at(file.ID, ""), nil).is(http.StatusNoContent)
	other := map[string]any{"universe_id": 100}
	for k, v := range newConnection {
		if other[k] == nil {
			other[k] = v
		}
	}
	owner.call(post, robloxPath, other).consentRefused("assurance_required", assurances)
}

// TestSubprocessorsArePublic: with the assurance and without it.
func TestSubprocessorsArePublic(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	owner.call(post, owner.orgPath("/subprocessors"), newSubprocessor(uuid.New())).refused(http.StatusBadRequest, "invalid_file")
	made := owner.made(owner.orgPath("/subprocessors"), newSubprocessor(owner.published("assurance.txt", lorem).ID))
	list := apiPath + "/public/organizations/" + owner.org.String() + "/subprocessors"
	b.call("", get, list, nil).is(http.StatusOK).holds("Roblox")
	owner.call(remove, owner.orgPath("/subprocessors/"+made), nil).is(http.StatusNoContent)
	b.call("", get, list, nil).is(http.StatusOK).holds(`"items":[]`)
}

func (a answer) holds(text string) {
	a.t.Helper()
	require.Contains(a.t, string(a.body), text)
}

// TestChangesOfSubprocessorsAreTold to who polls events, and to the other owners and admins.
func TestChangesOfSubprocessorsAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	other, teacher := b.person(owner.org, tenancy.Admin), b.person(owner.org, tenancy.Teacher)
	made := owner.made(owner.orgPath("/subprocessors"), newSubprocessor(owner.published("assurance.txt", lorem).ID))
	count := func(from string, args ...any) (n int) {
		t.Helper()
		require.NoError(t, b.db.Admin(t).QueryRow(t.Context(), "select count(*) from "+from, args...).Scan(&n))
		return n
	}
	event := "organization_events where organization_id = $1 and type = $2 and data ->> 'subprocessor_id' = $3"
	told := "notifications where user_id = $1 and kind = 'subprocessor.changed' and data ->> 'code' = $2"
	require.Equal(t, 1, count(event, owner.org.UUID(), "subprocessor.added", made))
	require.Equal(t, 1, count(told, other.id, "added"))
	require.Zero(t, count(told, owner.id, "added"), "who did it knows")
	require.Zero(t, count(told, teacher.id, "added"))
	owner.call(remove, owner.orgPath("/subprocessors/"+made), nil).is(http.StatusNoContent)
	require.Equal(t, 1, count(event, owner.org.UUID(), "subprocessor.ended", made))
	require.Equal(t, 1, count(told, other.id, "ended"))
	owner.call(remove, owner.orgPath("/subprocessors/"+made), nil).refused(http.StatusNotFound, "subprocessor_not_found")
	require.Equal(t, 1, count(event, owner.org.UUID(), "subprocessor.ended", made))
}
