package api

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/amendments"
	"satchel/api/holds"
	"satchel/api/request"
	"satchel/api/storage"
	"satchel/tenancy"
)

// contested is the body of a request about a record of a student.
func (s *scene) contested() map[string]any {
	pupil := s.person(s.owner.org, tenancy.Student)
	file := s.owner.published("report.txt", lorem).ID
	s.owner.call(put, s.school("/records/"+file.String()), map[string]any{"class": "education_record", "reason": "r", "students": []uuid.UUID{pupil.id}}).is(200)
	return map[string]any{"file_id": file, "student_id": pupil.id, "what": planted}
}

func (s *scene) amendment() string {
	return s.school("/amendments/" + read[amendments.View](s.owner.call(post, s.school("/amendments"), s.contested()).is(201)).ID.String())
}

// TestRecordsAreAmended follows a request of a parent to a hearing and a statement, which each
// reader of the file gets. The file is held until it is over.
func TestRecordsAreAmended(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, teacher, auditor := s.owner, s.person(s.owner.org, tenancy.Teacher), s.person(s.owner.org, tenancy.Auditor)
	pupil, parent, stranger := s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Parent), s.person(owner.org, tenancy.Parent)
	owner.call(post, s.school("/guardians"), map[string]any{"parent_id": parent.id, "student_id": pupil.id}).is(201)
	file := owner.published("report.txt", lorem).ID
	owner.newVersion(file, lorem+"2")
	// A link that shows it, of a student who is no child.
	_, err := s.db.Single(owner.org).Exec(t.Context(), "insert into people (organization_id, user_id, kind, grade) values (app.org(), $1, 'student', '10')", pupil.id)
	require.NoError(t, err)
	owner.call(patch, s.school("/policies"), map[string]any{"share_records": true}).is(200)
	link := owner.give(gift{file: file})
	list, in := s.school("/amendments"), map[string]any{"file_id": file, "student_id": pupil.id, "what": "the grade of March is of another student"}
	parent.call(post, list, in).refused(404, "no_such_record")
	owner.call(put, s.school("/records/"+file.String()), map[string]any{"class": "education_record", "reason": "r", "students": []uuid.UUID{pupil.id}}).is(200)
	stranger.call(post, list, in).refused(403, "amendment_not_yours")
	teacher.call(post, list, in).refused(403, "amendment_not_yours")
	made := read[amendments.View](parent.call(post, list, in).is(201))
	require.Equal(t, "requested", made.State)
	require.WithinDuration(t, made.RequestedAt.Add(45*24*time.Hour), *made.DueAt, 2*time.Hour)
	parent.call(post, list, in).refused(409, "amendment_open")
	path := list + "/" + made.ID.String()
	for who, n := range map[*person]int{owner: 1, auditor: 1, parent: 1, stranger: 0} {
		require.Len(t, read[request.Page[amendments.View]](who.call(get, list, nil).is(200)).Items, n)
	}
	stranger.call(get, path, nil).refused(404, "amendment_not_found")
	held := read[request.Page[holds.View]](owner.call(get, s.school("/holds"), nil).is(200)).Items
	require.Len(t, held, 1)
	require.Equal(t, "amendment", string(held[0].Kind))
	require.Equal(t, file, *held[0].Target)
	owner.call(remove, firstOf(file), nil).refused(409, "on_hold")

	step := func(p *person, name string, more ...any) answer {
		in := map[string]any{"step": name}
		for i := 0; i < len(more); i += 2 {
			in[more[i].(string)] = more[i+1]
		}
		return p.call(post, path+"/steps", in)
	}
	to := func(a answer) string { return read[amendments.View](a.is(200)).State }
	step(auditor, "review").refused(403, "amendment_not_yours")
	step(parent, "review").refused(403, "amendment_not_yours")
	step(owner, "deny", "reason", "no").refused(409, "amendment_state")
	step(owner, "appeal").refused(400, "invalid_step")
	require.Equal(t, "under_review", to(step(owner, "review")))
	step(owner, "deny").refused(400, "invalid_text")
	require.Equal(t, "denied", to(step(owner, "deny", "reason", "the grade is right")))
	require.Contains(t, parent.call(get, notificationsPath, nil).is(200).text(), "amendment.moved")
	step(owner, "close").refused(409, "amendment_not_due")
	require.Equal(t, "hearing_requested", to(step(parent, "request_hearing")))
	require.Contains(t, owner.call(get, notificationsPath, nil).is(200).text(), "amendment.moved")
	step(owner, "schedule", "hearing_place", "room 4", "hearing_officer", "o").refused(400, "invalid_hearing")
	soon := time.Now().Add(time.Hour)
	scheduled := read[amendments.View](step(owner, "schedule", "hearing_at", soon, "hearing_place", "room 4", "hearing_officer", "the deputy of another school").is(200))
	require.WithinDuration(t, soon, *scheduled.DueAt, time.Second)
	step(owner, "hold").refused(409, "amendment_not_due")
	_, err = s.db.Admin(t).Exec(t.Context(), "update amendments set hearing_at = now(), due_at = now() where id = $1", made.ID)
	require.NoError(t, err)
	require.True(t, read[amendments.View](owner.call(get, path, nil).is(200)).Overdue)
	require.Equal(t, "held", to(step(owner, "hold")))
	require.Equal(t, "decided_uphold", to(step(owner, "decide_uphold", "decision", "both were heard; the sheet of March shows the grade")))
	require.Empty(t, read[storage.FileView](owner.call(get, at(file, ""), nil).is(200)).Statements)
	require.Equal(t, "statement_attached", to(step(parent, "state", "statement", "the sheet is of another student")))

	owner.call(remove, firstOf(file), nil).is(204)
	require.Empty(t, read[request.Page[holds.View]](owner.call(get, s.school("/holds"), nil).is(200)).Items, "the hold ends with the request")
	said := read[storage.FileView](owner.call(get, at(file, ""), nil).is(200)).Statements
	require.Len(t, said, 1)
	require.Equal(t, "the sheet is of another student", said[0].Text)
	owner.call(patch, sharesPath+"/"+link.id.String(), map[string]any{"disclosure_basis": "99.31(a)(2)", "disclosure_interest": "the next school"}).is(200)
	require.Contains(t, s.call("", get, link.api(""), nil).is(200).text(), "the sheet is of another student")
	require.Contains(t, link.open("").is(200).text(), "the sheet is of another student")
	require.Empty(t, read[request.Page[amendments.View]](owner.call(get, list, nil).is(200)).Items)
	require.Equal(t, "the sheet is of another student", read[request.Page[amendments.View]](parent.call(get, list+"?ended=true&file="+file.String(), nil).is(200)).Items[0].Statement)
	owner.call(get, list+"?file=x", nil).refused(400, "invalid_file")
	owner.call(get, list+"?ended=x", nil).refused(400, "invalid_ended")
}

// recordsAreAmended is the part of the metamorphic script.
func (s *school) recordsAreAmended(file uuid.UUID) {
	path := s.within("/amendments")
	s.do(s.owner, post, path, map[string]any{"file_id": s.strange, "student_id": s.pupil.id, "what": "w"})
	s.do(s.owner, put, s.within("/records/"+file.String()), map[string]any{"class": "education_record", "reason": "r", "students": []uuid.UUID{s.pupil.id}})
	made := id(s.do(s.owner, post, path, map[string]any{"file_id": file, "student_id": s.pupil.id, "what": "w"}))
	s.do(s.owner, get, path, nil)
	s.do(s.owner, get, path+"/"+s.strange.String(), nil)
	s.do(s.owner, get, path+"/"+made.String(), nil)
	s.do(s.owner, post, path+"/"+made.String()+"/steps", map[string]any{"step": "withdraw"})
	s.do(s.owner, post, path+"/"+s.strange.String()+"/steps", map[string]any{"step": "review"})
	s.do(s.owner, put, s.within("/records/"+file.String()), map[string]any{"class": "not_record", "reason": "a worksheet", "students": []uuid.UUID{}})
}
