package api

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/erasures"
	"satchel/api/request"
	"satchel/tenancy"
	store "satchel/tenancy/erasures"
)

// child makes a guardian of the role, and a student who is their child.
func (s *scene) child(role tenancy.Role) (guardian, pupil *person) {
	guardian, pupil = s.person(s.owner.org, role), s.person(s.owner.org, tenancy.Student)
	s.owner.call(post, s.school("/guardians"), map[string]any{"parent_id": guardian.id, "student_id": pupil.id}).is(201)
	return guardian, pupil
}

// eraseOf has a guardian ask for the erasure of a child, and gives the path of the request.
func (s *scene) eraseOf(guardian, pupil *person) (at string, made erasures.RequestView) {
	s.t.Helper()
	made = read[erasures.RequestView](guardian.call(post, s.school("/erasure-requests"), map[string]any{"student_id": pupil.id, "note": planted}).is(201))
	return s.school("/erasure-requests/" + made.ID.String()), made
}

// certify ends an erasure as its workflow would.
func (s *scene) certify(id, target uuid.UUID) {
	s.t.Helper()
	certificate := `{"form": 1, "id": "` + id.String() + `", "organization": "` + s.owner.org.String() + `", "scope": "person", "target": "` + target.String() + `", "basis": "parent_request",
		"rule": "r", "requested_at": "2026-11-30T00:00:00Z", "requested_by": "", "certified_at": "2026-11-30T00:00:00Z", "files": 0, "versions": 0, "bytes": 0, "exports": 0,
		"stores": [], "holds": "h", "keys_backup_until": "2026-12-07T00:00:00Z", "audit_seq": 1, "audit_hash": "0000000000000000000000000000000000000000000000000000000000000000", "key": "k", "signature": "s"}`
	_, err := s.db.Single(s.owner.org).Exec(s.t.Context(), "update erasures set state = 'certified', certified_at = now(), certificate = $2 where id = $1", id, certificate)
	require.NoError(s.t, err)
}

// TestParentsAskForErasure: a guardian asks, the school decides, and who asked sees the state, the reason, and in
// the end the certificate.
func TestParentsAskForErasure(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, auditor := s.owner, s.person(s.owner.org, tenancy.Auditor)
	parent, pupil := s.child(tenancy.Parent)
	stranger := s.person(owner.org, tenancy.Parent)
	list := s.school("/erasure-requests")
	stranger.call(post, list, map[string]any{"student_id": pupil.id}).refused(403, "erasure_request_not_yours")
	stranger.call(post, list, map[string]any{"student_id": uuid.New()}).refused(403, "erasure_request_not_yours")
	stranger.call(post, list, map[string]any{}).refused(400, "invalid_student_id")
	pupil.call(post, list, map[string]any{"student_id": pupil.id}).refused(403, "erasure_request_not_yours") // the rights are the parents' until 18
	owner.call(post, list, map[string]any{"student_id": pupil.id}).refused(403, "erasure_request_not_yours")

	made := read[erasures.RequestView](parent.call(post, list, map[string]any{"note": "all of it"}).is(201))
	require.Equal(t, pupil.id, made.Student)
	require.Equal(t, store.Received, made.State)
	require.Equal(t, 30*24*time.Hour, made.DueAt.Sub(made.ReceivedAt))
	require.Empty(t, made.Erasures, "what the school authorized waits for the school")
	at := list + "/" + made.ID.String()
	parent.call(post, list, map[string]any{"student_id": pupil.id}).refused(409, "erasure_request_open")
	for who, n := range map[*person]int{owner: 1, auditor: 1, parent: 1, stranger: 0, pupil: 0} {
		require.Len(t, read[request.Page[erasures.RequestView]](who.call(get, list, nil).is(200)).Items, n)
	}
	require.Contains(t, owner.call(get, notificationsPath, nil).is(200).text(), "erasure.asked")
	stranger.call(get, at, nil).refused(404, "erasure_request_not_found")
	parent.call(post, at+"/decide", map[string]any{"outcome": "accepted"}).refused(403, "not_granted")
	owner.call(post, at+"/decide", map[string]any{"outcome": "maybe"}).refused(400, "invalid_outcome")
	owner.call(post, at+"/decide", map[string]any{"outcome": "refused"}).refused(400, "invalid_reason")
	require.Equal(t, store.Refused, read[erasures.RequestView](owner.call(post, at+"/decide", map[string]any{"outcome": "refused", "reason": "the law has us keep grades"}).is(200)).State)
	owner.call(post, at+"/decide", map[string]any{"outcome": "accepted"}).refused(409, "erasure_request_state")
	require.Equal(t, "the law has us keep grades", read[erasures.RequestView](parent.call(get, at, nil).is(200)).Reason)
	require.Contains(t, parent.call(get, notificationsPath, nil).is(200).text(), "erasure.answered")

	at, _ = s.eraseOf(parent, pupil)
	begun := read[erasures.RequestView](owner.call(post, at+"/decide", map[string]any{"outcome": "accepted"}).is(200)).Erasures
	require.Len(t, begun, 1)
	require.Equal(t, store.Person, begun[0].Scope)
	all := read[request.Page[erasures.View]](owner.call(get, erasuresPath, nil).is(200)).Items
	require.Len(t, all, 1)
	require.Equal(t, store.ParentRequest, all[0].Basis)
	require.Equal(t, owner.id, *all[0].RequestedBy)
	parent.call(get, erasuresPath, nil).refused(403, "not_granted")
	certificate := at + "/certificates/" + begun[0].ID.String()
	parent.call(get, certificate, nil).refused(409, "erasure_not_certified")
	parent.call(get, at+"/certificates/"+uuid.NewString(), nil).refused(404, "erasure_not_found")
	s.certify(begun[0].ID, pupil.id)
	require.NotNil(t, read[erasures.RequestView](parent.call(get, at, nil).is(200)).Erasures[0].CertifiedAt)
	require.Equal(t, begun[0].ID, read[store.Certificate](parent.call(get, certificate, nil).is(200)).ID)
	require.Contains(t, parent.call(get, certificate+"?format=pdf", nil).is(200).text()[:8], "%PDF-")
	stranger.call(get, certificate, nil).refused(404, "erasure_not_found")
	require.Contains(t, parent.call(get, notificationsPath, nil).is(200).text(), "certified")

	at, _ = s.eraseOf(parent, pupil)
	owner.call(post, at+"/withdraw", nil).refused(403, "erasure_request_not_yours")
	require.Equal(t, store.Withdrawn, read[erasures.RequestView](parent.call(post, at+"/withdraw", nil).is(200)).State)
	require.Empty(t, read[request.Page[erasures.RequestView]](owner.call(get, list, nil).is(200)).Items)
	require.Len(t, read[request.Page[erasures.RequestView]](owner.call(get, list+"?ended=true", nil).is(200)).Items, 3)
}

// TestNoOneDecidesAboutTheirOwnChild: an officer who is a guardian asks as any parent does, and another one decides. A
// student of 18 asks alone, and their parents do not see the request any more.
func TestNoOneDecidesAboutTheirOwnChild(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	admin, pupil := s.child(tenancy.Admin)
	at, _ := s.eraseOf(admin, pupil)
	admin.call(post, at+"/decide", map[string]any{"outcome": "accepted"}).refused(403, "erasure_request_own")
	other := s.person(s.owner.org, tenancy.Parent)
	s.owner.call(post, s.school("/guardians"), map[string]any{"parent_id": other.id, "student_id": pupil.id}).is(201)
	second, _ := s.eraseOf(other, pupil)
	admin.call(post, second+"/decide", map[string]any{"outcome": "accepted"}).refused(403, "erasure_request_own")
	s.owner.call(post, at+"/decide", map[string]any{"outcome": "accepted"}).is(200)
	s.owner.call(post, second+"/decide", map[string]any{"outcome": "accepted"}).refused(409, "erasure_open")
	require.Equal(t, store.Received, read[erasures.RequestView](other.call(get, second, nil).is(200)).State, "nothing of a refused decision stays")

	_, err := s.db.Single(s.owner.org).Exec(t.Context(), "insert into people (organization_id, user_id, kind, display_name, adult_from) values (app.org(), $1, 'student', 'Ada', current_date) on conflict (organization_id, user_id) do update set adult_from = current_date", pupil.id)
	require.NoError(t, err)
	other.call(get, second, nil).refused(404, "erasure_request_not_found")
	other.call(post, second+"/withdraw", nil).refused(404, "erasure_request_not_found")
	other.call(post, s.school("/erasure-requests"), map[string]any{"student_id": pupil.id}).refused(403, "erasure_request_not_yours")
	mine := read[erasures.RequestView](pupil.call(post, s.school("/erasure-requests"), map[string]any{}).is(201))
	require.Equal(t, pupil.id, mine.Student)
}

// TestAnErasureBeginsWithTheRequest of a parent: of what is here by a consent alone, without a decision of the school,
// which is told of it.
func TestAnErasureBeginsWithTheRequest(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	parent, pupil := s.child(tenancy.Parent)
	for _, sql := range []string{
		"update agreements set ended_at = now() where $1::uuid is not null",
		"insert into consent_decisions (organization_id, id, child_id, kind, method, scopes) values (app.org(), app.new_id(), $1, 'grant', 'email_plus', '{collect_use}')",
	} {
		_, err := s.db.Single(s.owner.org).Exec(t.Context(), sql, pupil.id)
		require.NoError(t, err)
	}
	pupil.published("by consent.txt", lorem)
	_, made := s.eraseOf(parent, pupil)
	require.Equal(t, store.Received, made.State, "about the rest the school decides")
	require.Len(t, made.Erasures, 1)
	require.Equal(t, store.Consent, made.Erasures[0].Scope)
	require.Equal(t, made.ID, made.Erasures[0].ID)
	all := read[request.Page[erasures.View]](s.owner.call(get, erasuresPath, nil).is(200)).Items
	require.Len(t, all, 1)
	require.Equal(t, "16 CFR 312.6(a)(2)", all[0].Rule)
	require.Equal(t, parent.id, *all[0].RequestedBy)
	require.Contains(t, s.owner.call(get, notificationsPath, nil).is(200).text(), "erasure.began")
}

// erasuresAreAskedFor is the part of the metamorphic script.
func (s *school) erasuresAreAskedFor() {
	path := s.within("/erasure-requests")
	at := path + "/" + id(s.do(s.parent, post, path, map[string]any{"student_id": s.pupil.id, "note": "all of it"})).String()
	s.do(s.owner, get, path+"?ended=true", nil)
	s.do(s.parent, get, at, nil)
	s.do(s.parent, get, at+"/certificates/"+s.strange.String(), nil)
	s.do(s.owner, post, at+"/decide", map[string]any{"outcome": "refused", "reason": "r"})
	s.do(s.owner, post, path+"/"+s.strange.String()+"/decide", map[string]any{"outcome": "accepted"})
	s.do(s.parent, post, at+"/withdraw", nil)
}
