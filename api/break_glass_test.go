package api

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/request"
	apispaces "satchel/api/spaces"
	"satchel/tenancy"
)

// broken is a use of break-glass by an admin.
func (s *scene) broken() uuid.UUID {
	admin := s.person(s.owner.org, tenancy.Admin)
	return read[struct{ ID uuid.UUID }](admin.call(post, breakGlassPath, map[string]any{"space_id": s.class(s.person(s.owner.org, tenancy.Teacher)), "reason": "a safeguarding request"}).is(201)).ID
}

// TestBreakGlassIsReviewed: each use waits for the word of somebody else, of an admin's for an
// owner's, once; those that wait are reminded of.
func TestBreakGlassIsReviewed(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, admin, second, teacher := s.owner, s.person(s.owner.org, tenancy.Admin), s.person(s.owner.org, tenancy.Admin), s.person(s.owner.org, tenancy.Teacher)
	space := s.class(teacher)
	use := func(p *person) string {
		return breakGlassPath + "/" + read[struct{ ID uuid.UUID }](p.call(post, breakGlassPath, map[string]any{"space_id": space, "reason": "a safeguarding request"}).is(201)).ID.String() + "/review"
	}
	review := func(p *person, at, decision, note string) answer {
		return p.call(post, at, map[string]any{"decision": decision, "note": note})
	}
	waiting := func(p *person, query string) []apispaces.ReviewView {
		return read[request.Page[apispaces.ReviewView]](p.call(get, breakGlassPath+query, nil).is(200)).Items
	}
	admins, owners := use(admin), use(owner)
	list := waiting(owner, "")
	require.Len(t, list, 2)
	require.Equal(t, "a safeguarding request", list[0].Reason)
	require.False(t, list[0].Overdue)
	teacher.call(get, breakGlassPath, nil).refused(403, "not_granted")
	owner.call(get, breakGlassPath+"?reviewed=x", nil).refused(400, "invalid_reviewed")
	review(admin, admins, "justified", "").refused(403, "break_glass_reviewer")
	review(second, admins, "justified", "").refused(403, "break_glass_reviewer")
	review(owner, owners, "justified", "").refused(403, "break_glass_reviewer")
	review(owner, admins, "fine", "").refused(400, "invalid_decision")
	review(owner, admins, "not_justified", " ").refused(400, "invalid_note")
	review(owner, breakGlassPath+"/"+uuid.NewString()+"/review", "justified", "").refused(404, "break_glass_not_found")
	require.Equal(t, "not_justified", read[apispaces.ReviewView](review(owner, admins, "not_justified", "the class was not theirs").is(200)).Decision)
	review(owner, admins, "justified", "").refused(409, "break_glass_reviewed")
	_, err := s.db.Single(owner.org).Exec(t.Context(), "update space_grants set approved_by = $1 where user_id = $2 and via = 'breakglass'", second.id, owner.id)
	require.NoError(t, err)
	review(second, owners, "justified", "").refused(403, "break_glass_reviewer") // who approved it, while another one could
	require.Equal(t, admin.id, *read[apispaces.ReviewView](review(admin, owners, "justified", "").is(200)).ReviewedBy)
	require.Empty(t, waiting(owner, ""))
	require.Len(t, waiting(admin, "?reviewed=true"), 2)
}

// glassIsReviewed is the part of the metamorphic script.
func (s *school) glassIsReviewed() {
	s.do(s.owner, get, breakGlassPath, nil)
	s.do(s.owner, get, breakGlassPath+"?reviewed=true", nil)
	s.do(s.owner, post, breakGlassPath+"/"+s.strange.String()+"/review", map[string]any{"decision": "justified"})
}
