package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/holds"
	"satchel/api/request"
	"satchel/api/storage"
	"satchel/tenancy"
)

var newHold = map[string]any{"kind": "legal", "scope": "query", "query": map[string]any{"name_contains": "no file has this name"}, "reason": planted}

// hold places one and gives its path.
func (s *scene) hold(below string) string {
	made := read[holds.View](s.owner.call(post, s.school("/holds"), newHold).is(http.StatusCreated))
	return s.school("/holds/" + made.ID.String() + below)
}

// colleague is another admin of the owner's organization.
func (s *scene) colleague() *person { return s.person(s.owner.org, tenancy.Admin) }

// TestHoldsKeepWhatPeopleDelete: a version is not deleted while a hold covers its file, the
// trash takes the file, and two people release the hold. Only those who see holds are told of one.
func TestHoldsKeepWhatPeopleDelete(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	admin, teacher := s.colleague(), s.person(s.owner.org, tenancy.Teacher)
	group := teacher.group(s.owner.id)
	file := teacher.publishedIn(group, "essay.txt", lorem).ID
	teacher.newVersion(file, lorem+"2")
	require.False(t, *read[storage.FileView](s.owner.call(get, at(file, ""), nil).is(200)).OnHold)

	teacher.call(post, s.school("/holds"), newHold).refused(403, "not_granted")
	in := map[string]any{"kind": "legal", "scope": "file", "target_id": file, "reason": "case 7"}
	made := read[holds.View](s.owner.call(post, s.school("/holds"), in).is(201))
	require.Equal(t, "active", string(made.State))
	path := s.school("/holds/" + made.ID.String())
	teacher.call(get, path, nil).refused(403, "not_granted")
	require.Len(t, read[request.Page[holds.View]](s.person(s.owner.org, tenancy.Auditor).call(get, s.school("/holds"), nil).is(200)).Items, 1)

	require.True(t, *read[storage.FileView](s.owner.call(get, at(file, ""), nil).is(200)).OnHold)
	require.NotContains(t, teacher.call(get, at(file, ""), nil).is(200).text(), "on_hold")
	teacher.call(remove, at(file, "/versions/1"), nil).refused(409, "on_hold")
	teacher.call(remove, at(file, ""), nil).is(204)
	teacher.call(post, at(file, "/restore"), nil).is(200)

	s.owner.call(post, path+"/release/approve", nil).refused(409, "hold_release_not_asked")
	require.Equal(t, "release_asked", string(read[holds.View](s.owner.call(post, path+"/release", map[string]any{"reason": "settled"}).is(200)).State))
	s.owner.call(post, path+"/release/approve", nil).refused(403, "hold_release_takes_two")
	teacher.call(remove, at(file, "/versions/1"), nil).refused(409, "on_hold")
	over := read[holds.View](admin.call(post, path+"/release/approve", nil).is(200))
	require.Equal(t, admin.id, *over.Release.ApprovedBy)
	teacher.call(remove, at(file, "/versions/1"), nil).is(204)
	require.Empty(t, read[request.Page[holds.View]](s.owner.call(get, s.school("/holds"), nil).is(200)).Items)
	require.Len(t, read[request.Page[holds.View]](s.owner.call(get, s.school("/holds?released=true"), nil).is(200)).Items, 1)

	// A file does not leave a hold by another name, and a space that the owner is not in can be held.
	s.owner.call(post, s.school("/holds"), map[string]any{"kind": "amendment", "scope": "query", "query": map[string]any{"name_contains": "ESSAY"}, "reason": "r"}).is(201)
	teacher.call(patch, at(file, ""), map[string]string{"name": "other.txt"}).refused(409, "on_hold")
	teacher.call(patch, at(file, ""), map[string]string{"description": "d"}).is(200)
	s.owner.call(post, s.school("/holds"), map[string]any{"kind": "legal", "scope": "space", "target_id": teacher.group(), "reason": "r"}).is(201)
	s.owner.call(post, s.school("/holds"), map[string]any{"kind": "legal", "scope": "file", "target_id": uuid.New(), "reason": "r"}).refused(404, "hold_target_not_found")
	s.owner.call(post, s.school("/holds"), map[string]any{"kind": "legal", "scope": "file", "reason": "r"}).refused(400, "invalid_target")
}

// holdsAreInForce is the part of the metamorphic script.
func (s *school) holdsAreInForce() {
	path := s.within("/holds")
	at := path + "/" + id(s.do(s.owner, post, path, newHold)).String()
	s.do(s.owner, get, path+"?released=true", nil)
	s.do(s.owner, post, path, map[string]any{"kind": "legal", "scope": "file", "target_id": s.strange, "reason": "r"})
	s.do(s.owner, get, path+"/"+s.strange.String(), nil)
	s.do(s.owner, post, at+"/release", map[string]any{"reason": "settled"})
	s.do(s.owner, post, at+"/release/approve", nil)
	s.do(s.admin, post, at+"/release/approve", nil)
	s.do(s.owner, get, at, nil)
}
