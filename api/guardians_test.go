package api

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/accessrequests"
	"satchel/api/amendments"
	"satchel/api/disclosureconsents"
	"satchel/api/erasures"
	"satchel/api/request"
	"satchel/tenancy"
)

// TestGuardiansOfEveryRole have the rights of a parent about their own child, whatever else they are at the school, and
// by that none about another's.
func TestGuardiansOfEveryRole(t *testing.T) {
	t.Parallel()
	for _, role := range []tenancy.Role{tenancy.Owner, tenancy.Admin, tenancy.Teacher, tenancy.Auditor, tenancy.Parent} {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			s := setup(t).scene()
			guardian, child := s.child(role)
			other := s.person(s.owner.org, tenancy.Student)
			record := s.owner.published("report.txt", lorem).ID
			s.owner.call(put, s.school("/records/"+record.String()), map[string]any{"class": "education_record", "reason": "r", "students": []uuid.UUID{child.id, other.id}}).is(200)
			consent := s.consentOf(record, child.id)

			guardian.call(put, s.school("/directory-opt-outs/"+child.id.String()), map[string]any{"opted_out": true, "holder_id": guardian.id}).is(200)
			guardian.call(post, s.school("/access-requests"), map[string]any{"student_id": child.id}).is(201)
			guardian.call(post, s.school("/amendments"), map[string]any{"file_id": record, "student_id": child.id, "what": "the grade"}).is(201)
			guardian.call(post, s.school("/erasure-requests"), map[string]any{"student_id": child.id}).is(201)
			guardian.call(get, s.school("/disclosures"), nil).is(200)
			guardian.call(post, consent+"/sign", map[string]any{"name": "G. Guardian", "approve": true}).is(200)
			require.Len(t, read[request.Page[accessrequests.View]](guardian.call(get, s.school("/access-requests"), nil).is(200)).Items, 1)
			require.Len(t, read[request.Page[amendments.View]](guardian.call(get, s.school("/amendments"), nil).is(200)).Items, 1)
			require.Len(t, read[request.Page[erasures.RequestView]](guardian.call(get, s.school("/erasure-requests"), nil).is(200)).Items, 1)
			require.Len(t, read[request.Page[disclosureconsents.View]](guardian.call(get, s.school("/disclosure-consents"), nil).is(200)).Items, 1)

			guardian.call(post, s.school("/erasure-requests"), map[string]any{"student_id": other.id}).refused(403, "erasure_request_not_yours")
			if role == tenancy.Owner || role == tenancy.Admin {
				return // what they do about others, they do for the school
			}
			guardian.call(put, s.school("/directory-opt-outs/"+other.id.String()), map[string]any{"opted_out": true}).refused(403, "opt_out_not_yours")
			guardian.call(post, s.school("/access-requests"), map[string]any{"student_id": other.id}).refused(403, "access_request_not_yours")
			guardian.call(post, s.school("/amendments"), map[string]any{"file_id": record, "student_id": other.id, "what": "the grade"}).refused(403, "amendment_not_yours")
			refused := guardian.call(post, s.consentOf(record, other.id)+"/sign", map[string]any{"name": "G. Guardian", "approve": true})
			require.Contains(t, []int{403, 404}, refused.status, refused.text())
		})
	}
}

// consentOf asks for a consent about a record of a student, and gives its path.
func (s *scene) consentOf(record, student uuid.UUID) string {
	return s.school("/disclosure-consents/" + s.owner.made(s.school("/disclosure-consents"), map[string]any{"student_id": student, "file_ids": []uuid.UUID{record}, "purpose": "care", "party": "The clinic", "party_email": "clinic@else.example", "expires_at": time.Now().AddDate(0, 1, 0)}))
}
