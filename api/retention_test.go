package api

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/request"
	"satchel/api/retention"
	"satchel/api/storage"
	"satchel/tenancy"
)

// newRetention is a policy of a category.
func newRetention(category string) map[string]any {
	return map[string]any{"category": category, "purpose": planted, "business_need": planted, "days": 100, "begins": "published", "disposal": "review"}
}

// retention makes one and gives its path.
func (s *scene) retention(category string) string {
	made := read[retention.View](s.owner.call(post, s.school("/retention-policies"), newRetention(category)).is(http.StatusCreated))
	return s.school("/retention-policies/" + made.ID.String())
}

// review lists the scene's file for a decision, as the sweep does.
func (s *scene) review() string {
	policy := s.retention("")
	_, err := s.db.Single(s.owner.org).Exec(context.Background(), "insert into retention_reviews (organization_id, file_id, policy_id) values (app.org(), $1, $2)", s.file, policy[len(policy)-36:])
	require.NoError(s.t, err)
	return s.school("/retention-reviews/" + s.file.String() + "/decide")
}

// TestRetentionPoliciesArePublic without who made them; children's data has days.
func TestRetentionPoliciesArePublic(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	path, public := s.school("/retention-policies"), "/api/v1/public/organizations/"+s.owner.org.String()+"/retention-policy"
	at := s.retention("essay")
	s.owner.call(post, path, newRetention("essay")).refused(409, "retention_policy_exists")
	children := newRetention("essay")
	children["children"], children["days"] = true, nil
	refused := s.owner.call(post, path, children).refused(400, "invalid_days")
	require.Contains(t, refused.text(), "16 CFR 312.10")
	for field, value := range map[string]any{"days": 0, "begins": "birth", "disposal": "burn", "purpose": "", "business_need": ""} {
		in := newRetention("other")
		in[field] = value
		s.owner.call(post, path, in).refused(400, "invalid_"+field)
	}
	shown := s.call("", get, public, nil).is(200)
	require.Contains(t, shown.text(), `"category":"essay"`)
	require.NotContains(t, shown.text(), s.owner.id.String())
	require.NotContains(t, shown.text(), at[len(at)-36:])
	s.call("", get, "/api/v1/public/organizations/"+uuid.NewString()+"/retention-policy", nil).refused(404, "organization_not_found")
	s.person(s.owner.org, tenancy.Teacher).call(get, path, nil).refused(403, "not_granted")
	require.EqualValues(t, 7, *read[retention.View](s.owner.call(put, at, map[string]any{"category": "essay", "purpose": "p", "business_need": "n", "days": 7, "begins": "last_version", "disposal": "delete"}).is(200)).Days)
	s.owner.call(remove, at, nil).is(204)
	s.owner.call(remove, at, nil).refused(404, "retention_policy_not_found")
}

// TestAnOfficerDecides about a file of another person, and not about one on hold.
func TestAnOfficerDecides(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	at := s.review()
	until := time.Now().Add(time.Hour)
	s.owner.call(post, at, map[string]any{"decision": "keep", "reason": "r"}).refused(400, "invalid_decision")
	s.owner.call(post, at, map[string]any{"decision": "keep", "keep_until": time.Now().Add(-time.Hour), "reason": "r"}).refused(400, "invalid_keep_until")
	kept := read[retention.ReviewView](s.owner.call(post, at, map[string]any{"decision": "keep", "keep_until": until, "reason": "r"}).is(200))
	require.Equal(t, "kept", kept.State)
	require.Empty(t, read[request.Page[retention.ReviewView]](s.owner.call(get, s.school("/retention-reviews"), nil).is(200)).Items)
	hold := read[struct{ ID uuid.UUID }](s.owner.call(post, s.school("/holds"), map[string]any{"kind": "legal", "scope": "file", "target_id": s.file, "reason": "r"}).is(201))
	s.colleague().call(post, at, map[string]any{"decision": "dispose", "reason": "r"}).refused(409, "on_hold")
	s.owner.call(post, s.school("/holds/"+hold.ID.String()+"/release"), map[string]any{"reason": "r"}).is(200)
	s.colleague().call(post, s.school("/holds/"+hold.ID.String()+"/release/approve"), nil).is(200)
	require.Equal(t, "disposed", read[retention.ReviewView](s.colleague().call(post, at, map[string]any{"decision": "dispose", "reason": "r"}).is(200)).State)
	s.colleague().call(post, at, map[string]any{"decision": "dispose", "reason": "r"}).refused(409, "retention_review_decided")
	require.Equal(t, "deleted", string(read[storage.FileView](s.owner.call(get, "/api/v1/storage/files/"+s.file.String(), nil).is(200)).Status))
}

// filesAreKeptForATime is the part of the metamorphic script.
func (s *school) filesAreKeptForATime() {
	path := s.within("/retention-policies")
	at := path + "/" + id(s.do(s.owner, post, path, newRetention("essay"))).String()
	s.do(s.owner, get, path, nil)
	s.do(s.owner, put, at, newRetention("report"))
	s.do(s.owner, put, path+"/"+s.strange.String(), newRetention("report"))
	s.do(s.owner, get, "/api/v1/public/organizations/"+s.org.String()+"/retention-policy", nil)
	s.do(s.owner, get, s.within("/retention-reviews"), nil)
	s.do(s.owner, post, s.within("/retention-reviews/"+s.strange.String()+"/decide"), map[string]any{"decision": "dispose", "reason": "r"})
	s.do(s.owner, remove, at, nil)
}
