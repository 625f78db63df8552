package api

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/records"
	"satchel/api/request"
	apishares "satchel/api/shares"
	"satchel/tenancy"
)

type disclosuresPage = request.Page[records.DisclosureView]

var newClass = map[string]any{"class": "education_record", "reason": planted}

func (s *scene) record(p *person) string {
	return s.school("/records/" + p.published("report.txt", lorem).ID.String())
}

// TestRecordsAreDisclosedOnRecord: what an officer calls an education record leaves by no link
// until the owner allows it, then with a basis and an interest. Requests that were refused, shares
// and downloads are on record, for who oversees, the student and the student's parent.
func TestRecordsAreDisclosedOnRecord(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, teacher, auditor := s.owner, s.person(s.owner.org, tenancy.Teacher), s.person(s.owner.org, tenancy.Auditor)
	pupil, other, parent := s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Parent)
	owner.call(post, s.school("/guardians"), map[string]any{"parent_id": parent.id, "student_id": pupil.id}).is(201)
	file := teacher.published("report.txt", lorem)
	at, list := s.school("/records/"+file.ID.String()), s.school("/disclosures")

	require.Equal(t, "not_record", string(read[records.View](teacher.call(get, at, nil).is(200)).Class))
	pupil.call(get, at, nil).refused(403, "not_granted")
	teacher.call(put, at, newClass).refused(403, "not_granted")
	owner.call(put, at, map[string]any{"class": "secret", "reason": "r"}).refused(400, "invalid_class")
	owner.call(put, at, map[string]any{"class": "education_record", "reason": " "}).refused(400, "invalid_reason")
	owner.call(put, at, map[string]any{"class": "education_record", "reason": "r", "students": []uuid.UUID{teacher.id}}).refused(400, "invalid_students")
	owner.call(put, s.school("/records/"+uuid.NewString()), newClass).refused(404, "no_such_file")

	// A link that was there ends with the classification.
	link := map[string]any{"kind": "link", "file_id": file.ID}
	before := read[apishares.ShareView](teacher.call(post, storagePath+"/share", link).is(201))
	made := read[records.View](owner.call(put, at, map[string]any{"class": "education_record", "reason": "report of a term", "students": []uuid.UUID{pupil.id}}).is(200))
	require.True(t, made.Decided)
	require.Equal(t, []uuid.UUID{pupil.id}, made.Students)
	require.NotNil(t, read[apishares.ShareView](teacher.call(get, sharesPath+"/"+before.ID.String(), nil).is(200)).EndedAt)

	refused := teacher.call(post, storagePath+"/share", link)
	refused.refused(403, "not_disclosed")
	require.Contains(t, refused.text(), "records_stay_inside")
	outside := map[string]any{"kind": "people", "file_id": file.ID, "with": []map[string]any{{"email": "clinic@else.example", "name": "The clinic"}}}
	teacher.call(post, storagePath+"/share", outside).refused(403, "not_disclosed")

	owner.call(patch, s.school("/policies"), map[string]any{"share_records": true}).is(200)
	teacher.call(post, storagePath+"/share", outside).refused(400, "disclosure_basis_required")
	outside["disclosure_basis"], outside["disclosure_interest"] = "99.99", "care"
	teacher.call(post, storagePath+"/share", outside).refused(400, "invalid_disclosure_basis")
	outside["disclosure_basis"] = "99.31(a)(10)"
	share := read[apishares.ShareView](teacher.call(post, storagePath+"/share", outside).is(201))

	all := read[disclosuresPage](auditor.call(get, list, nil).is(200)).Items
	require.Len(t, all, 3)
	require.Equal(t, "opened", string(all[0].Outcome))
	require.Equal(t, "The clinic <clinic@else.example>", all[0].Party)
	require.Equal(t, "99.31(a)(10)", all[0].Basis)
	require.Equal(t, share.ID, *all[0].Share)
	require.Equal(t, teacher.id, *all[0].Actor)
	require.Equal(t, []uuid.UUID{pupil.id}, all[0].Students)
	require.True(t, all[0].Recordable)
	require.Equal(t, []string{"refused", "records_stay_inside", "The clinic <clinic@else.example>"}, []string{string(all[1].Outcome), all[1].Rule, all[1].Party})
	require.Equal(t, "link", all[2].Way)

	// The party stays on record when the share has ended and its address is gone from it.
	teacher.call(remove, sharesPath+"/"+share.ID.String(), nil).is(204)
	for who, n := range map[*person]int{pupil: 3, parent: 3, other: 0, owner: 3} {
		require.Len(t, read[disclosuresPage](who.call(get, list, nil).is(200)).Items, n)
	}
	require.Equal(t, "The clinic <clinic@else.example>", read[disclosuresPage](parent.call(get, list+"?outcome=opened", nil).is(200)).Items[0].Party)
	require.Empty(t, read[disclosuresPage](owner.call(get, list+"?student="+other.id.String(), nil).is(200)).Items)
	require.Len(t, read[disclosuresPage](owner.call(get, list+"?file="+file.ID.String()+"&outcome=refused&limit=1", nil).is(200)).Items, 1)
	owner.call(get, list+"?outcome=lost", nil).refused(400, "invalid_outcome")
	require.Empty(t, read[disclosuresPage](teacher.call(get, list, nil).is(200)).Items, "no child of theirs")
	lines := strings.Split(strings.TrimSpace(auditor.call(get, list+"/export", nil).is(200).text()), "\n")
	require.Len(t, lines, 4)
	require.Contains(t, lines[1], "99.31(a)(10)")

	// A note of its writer alone is shown to no person outside, whatever the owner allows.
	owner.call(put, at, map[string]any{"class": "sole_possession_note", "reason": "kept in a drawer"}).is(200)
	teacher.call(post, storagePath+"/share", outside).refused(403, "not_disclosed")
	owner.call(put, at, map[string]any{"class": "not_record", "reason": "a worksheet"}).is(200)
	teacher.call(post, storagePath+"/share", link).is(201)
}

// recordsAreClassified is the part of the metamorphic script.
func (s *school) recordsAreClassified(file uuid.UUID) {
	at := s.within("/records/" + file.String())
	s.do(s.owner, get, at, nil)
	s.do(s.owner, put, at, map[string]any{"class": "directory_info", "reason": "honor roll", "students": []uuid.UUID{s.pupil.id}})
	s.do(s.owner, post, storagePath+"/share", map[string]any{"kind": "link", "file_id": file})
	s.do(s.owner, get, s.within("/disclosures?outcome=refused"), nil)
	s.do(s.pupil, get, s.within("/disclosures"), nil)
	s.do(s.owner, get, s.within("/disclosures/export"), nil)
	s.do(s.owner, get, s.within("/records/"+s.strange.String()), nil)
	s.do(s.owner, put, at, map[string]any{"class": "not_record", "reason": "a worksheet"})
}
