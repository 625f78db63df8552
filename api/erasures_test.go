package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/erasures"
	"satchel/api/request"
	"satchel/tenancy"
	store "satchel/tenancy/erasures"
)

// newErasure asks that a new file of the owner be erased.
func (s *scene) newErasure() map[string]any {
	return map[string]any{"scope": "file", "target_id": s.owner.published("essay.txt", lorem).ID, "basis": "school_directive", "reference": planted}
}

// TestErasuresAreAskedBy those who manage the organization, seen by auditors too, and one of the
// same thing at a time. The certificate comes at the end, as JSON and as PDF.
func TestErasuresAreAskedByManagers(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	teacher := s.person(s.owner.org, tenancy.Teacher)
	hidden := teacher.publishedIn(teacher.group(), "essay.txt", lorem).ID // the owner is not in the group
	s.owner.call(post, erasuresPath, map[string]any{"scope": "file", "target_id": hidden, "basis": "parent_request"}).is(http.StatusCreated)
	in := s.newErasure()
	for _, role := range []tenancy.Role{tenancy.Teacher, tenancy.Auditor, tenancy.Student} {
		s.person(s.owner.org, role).call(post, erasuresPath, in).refused(403, "not_granted")
	}
	made := read[erasures.View](s.owner.call(post, erasuresPath, in).is(http.StatusCreated))
	require.Equal(t, store.Planned, made.State)
	s.owner.call(post, erasuresPath, in).refused(409, "erasure_open")
	for field, code := range map[string]string{"scope": "invalid_scope", "basis": "invalid_basis"} {
		bad := map[string]any{"scope": "file", "target_id": in["target_id"], "basis": "school_directive"}
		bad[field] = "organization"
		s.owner.call(post, erasuresPath, bad).refused(400, code)
	}
	s.owner.call(post, erasuresPath, map[string]any{"scope": "person", "target_id": uuid.New(), "basis": "parent_request"}).refused(404, "erasure_target_not_found")
	path := erasuresPath + "/" + made.ID.String()
	s.person(s.organization(), tenancy.Owner).call(get, path, nil).refused(404, "erasure_not_found")
	auditor := s.person(s.owner.org, tenancy.Auditor)
	require.Len(t, read[request.Page[erasures.View]](auditor.call(get, erasuresPath, nil).is(200)).Items, 2)
	s.person(s.owner.org, tenancy.Teacher).call(get, path, nil).refused(403, "not_granted")
	auditor.call(get, path+"/certificate", nil).refused(409, "erasure_not_certified")
	_, err := s.db.Single(s.owner.org).Exec(t.Context(), "insert into erasure_derived (organization_id, erasure_id, file_id, source_id) values (app.org(), $1, $2, $3), (app.org(), $1, $4, $3)", made.ID, hidden, made.Target, uuid.New())
	require.NoError(t, err)
	require.Equal(t, []erasures.DerivedView{{File: hidden, Source: made.Target}}, read[request.Page[erasures.DerivedView]](auditor.call(get, path+"/derived", nil).is(200)).Items, "what is here still")
	s.person(s.organization(), tenancy.Owner).call(get, path+"/derived", nil).refused(404, "erasure_not_found")
	certificate := `{"form": 1, "id": "` + made.ID.String() + `", "organization": "` + s.owner.org.String() + `", "scope": "file", "target": "` + made.Target.String() + `", "basis": "school_directive",
		"rule": "r", "requested_at": "2026-11-30T00:00:00Z", "requested_by": "", "certified_at": "2026-11-30T00:00:00Z", "files": 1, "versions": 1, "bytes": 9, "exports": 0,
		"items": [{"file": "` + made.Target.String() + `", "version": "` + made.Target.String() + `", "sha256": "", "size": 9, "method": "delete"}], "stores": [], "holds": "h",
		"keys_backup_until": "2026-12-07T00:00:00Z", "audit_seq": 1, "audit_hash": "0000000000000000000000000000000000000000000000000000000000000000", "key": "k", "signature": "s"}`
	_, err = s.db.Single(s.owner.org).Exec(t.Context(), "update erasures set state = 'certified', certified_at = now(), certificate = $2 where id = $1", made.ID, certificate)
	require.NoError(t, err)
	require.EqualValues(t, 1, read[store.Certificate](auditor.call(get, path+"/certificate", nil).is(200)).Files)
	page := auditor.call(get, path+"/certificate?format=pdf", nil).is(200).text()
	require.Contains(t, page[:8], "%PDF-")
	require.Equal(t, page, auditor.call(get, path+"/certificate", nil, "Accept", "application/pdf").is(200).text(), "the same certificate gives the same bytes")
	auditor.call(get, path+"/certificate?format=docx", nil).refused(400, "invalid_format")
}

// erasuresAreAsked is the part of the metamorphic script.
func (s *school) erasuresAreAsked() {
	s.do(s.owner, post, erasuresPath, map[string]any{"scope": "person", "target_id": s.strange, "basis": "parent_request"})
	s.do(s.owner, post, erasuresPath, map[string]any{"scope": "file", "target_id": s.strange, "basis": "parent_request"})
	s.do(s.owner, get, erasuresPath, nil)
	s.do(s.owner, get, erasuresPath+"/"+s.strange.String(), nil)
	s.do(s.owner, get, erasuresPath+"/"+s.strange.String()+"/certificate", nil)
	s.do(s.owner, get, erasuresPath+"/"+s.strange.String()+"/derived", nil)
}
