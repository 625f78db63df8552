package api

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/accessrequests"
	"satchel/api/holds"
	"satchel/api/records"
	"satchel/api/request"
	apispaces "satchel/api/spaces"
	"satchel/tenancy"
	"satchel/tenancy/exports"
)

// wanted is a request for access in a test.
type wanted struct {
	by   *person
	at   string // its path
	id   uuid.UUID
	file uuid.UUID // a record about the student
}

// requested makes a request of a student who has one record.
func (s *scene) requested() wanted {
	pupil := s.person(s.owner.org, tenancy.Student)
	file := s.owner.published("report.txt", lorem).ID
	s.owner.call(put, s.school("/records/"+file.String()), map[string]any{"class": "education_record", "reason": "r", "students": []uuid.UUID{pupil.id}}).is(200)
	made := read[accessrequests.View](pupil.call(post, s.school("/access-requests"), map[string]any{"note": planted}).is(201))
	return wanted{by: pupil, at: s.school("/access-requests/" + made.ID.String()), id: made.ID, file: file}
}

func (s *scene) verified() wanted {
	r := s.requested()
	s.owner.call(post, r.at+"/verify", map[string]any{"how": "signed in"}).is(200)
	return r
}

// packaged does what the workflow of the package would.
func (s *scene) packaged() wanted {
	r := s.verified()
	s.pack(r)
	return r
}

func (s *scene) pack(r wanted) {
	s.t.Helper()
	id := read[struct {
		ID uuid.UUID `json:"operation_id"`
	}](s.owner.call(post, r.at+"/release", nil).is(202)).ID
	ctx, key := s.t.Context(), exports.Prefix(s.owner.org, id)+"000001-a.zip"
	etag, err := s.store.Exports.Put(ctx, key, bytes.NewReader([]byte(archive)), int64(len(archive)), "")
	require.NoError(s.t, err)
	require.NoError(s.t, s.db.InTx(ctx, s.owner.org, func(tx *tenancy.Tx) error {
		_, err := exports.AddPart(ctx, tx, id, exports.Part{Number: 1, Key: key, ETag: etag, Size: int64(len(archive)), SHA256: sum(archive), Entries: 1, End: true})
		return err
	}))
	_, err = exports.Finish(ctx, s.db.Single(s.owner.org), id)
	require.NoError(s.t, err)
}

// TestRecordsAreAskedForAndFetched follows a request of a parent: what it is about is held while
// it is open, a record that tells of two students waits for a person, and the package is the
// requester's.
func TestRecordsAreAskedForAndFetched(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, auditor := s.owner, s.person(s.owner.org, tenancy.Auditor)
	pupil, other, parent, stranger := s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Parent), s.person(owner.org, tenancy.Parent)
	owner.call(post, s.school("/guardians"), map[string]any{"parent_id": parent.id, "student_id": pupil.id}).is(201)
	record := func(class string, students ...uuid.UUID) uuid.UUID {
		file := owner.published(uuid.NewString()+".txt", lorem).ID
		owner.call(put, s.school("/records/"+file.String()), map[string]any{"class": class, "reason": "r", "students": students}).is(200)
		return file
	}
	alone, shared := record("education_record", pupil.id), record("education_record", pupil.id, other.id)
	record("sole_possession_note", pupil.id)
	record("education_record", other.id)
	list := s.school("/access-requests")

	stranger.call(post, list, map[string]any{"student_id": pupil.id}).refused(403, "access_request_not_yours")
	stranger.call(post, list, map[string]any{}).refused(400, "invalid_student_id")
	auditor.call(post, list, map[string]any{}).refused(400, "invalid_student_id")
	auditor.call(post, list, map[string]any{"student_id": pupil.id}).refused(403, "access_request_not_yours")
	made := read[accessrequests.View](parent.call(post, list, map[string]any{"note": "all of it"}).is(201))
	require.Equal(t, pupil.id, made.Student)
	require.Equal(t, "received", string(made.State))
	require.Equal(t, 45*24*time.Hour, made.DueAt.Sub(made.ReceivedAt))
	parent.call(post, list, map[string]any{"student_id": pupil.id}).refused(409, "access_request_open")
	at := list + "/" + made.ID.String()
	for who, n := range map[*person]int{owner: 1, auditor: 1, parent: 1, stranger: 0, pupil: 0} {
		require.Len(t, read[request.Page[accessrequests.View]](who.call(get, list, nil).is(200)).Items, n)
	}
	stranger.call(get, at, nil).refused(404, "access_request_not_found")

	// It is held from the moment it came in: by 99.10(e) nothing of it is destroyed.
	held := read[request.Page[holds.View]](owner.call(get, s.school("/holds"), nil).is(200)).Items
	require.Len(t, held, 1)
	require.Equal(t, "access_request", string(held[0].Kind))
	require.Equal(t, pupil.id, *held[0].Target)
	owner.newVersion(alone, lorem+"2")
	owner.call(remove, firstOf(alone), nil).refused(409, "on_hold")

	owner.call(post, at+"/release", nil).refused(409, "access_request_state")
	parent.call(post, at+"/verify", map[string]any{"how": "me"}).refused(403, "not_granted")
	owner.call(post, at+"/verify", map[string]any{"how": "came to the office with a passport"}).is(200)
	owner.call(post, at+"/verify", map[string]any{"how": "again"}).refused(409, "access_request_state")
	files := read[request.Page[accessrequests.FileView]](owner.call(get, at+"/files", nil).is(200)).Items
	require.Len(t, files, 2, "notes of one person and records of others are not in it")
	decisions := map[uuid.UUID]string{}
	for _, f := range files {
		decisions[f.File] = f.Decision
	}
	require.Equal(t, map[uuid.UUID]string{alone: "include", shared: "waiting"}, decisions)
	parent.call(get, at+"/files", nil).refused(403, "not_granted")

	refused := owner.call(post, at+"/release", nil)
	refused.refused(409, "access_request_review")
	require.Contains(t, refused.text(), "34 CFR 99.12(a)")
	owner.call(put, at+"/files/"+shared.String(), map[string]any{"decision": "withhold"}).refused(400, "invalid_decision")
	owner.call(put, at+"/files/"+uuid.NewString(), map[string]any{"decision": "include"}).refused(404, "no_such_file")
	owner.call(put, at+"/files/"+shared.String(), map[string]any{"decision": "withhold", "reason": "tells of another student"}).is(200)
	parent.call(get, at+"/package/1", nil).refused(409, "export_not_ready")
	s.pack(wanted{at: at})
	require.Equal(t, "ready", string(read[accessrequests.View](parent.call(get, at, nil).is(200)).State))
	require.Contains(t, parent.call(get, notificationsPath, nil).is(200).text(), "access_request.ready")
	require.Contains(t, owner.call(get, notificationsPath, nil).is(200).text(), "access_request.due")

	stranger.call(get, at+"/package/1", nil).refused(404, "access_request_not_found")
	auditor.call(get, at, nil).is(200)
	auditor.call(get, at+"/package/1", nil).refused(403, "access_request_package")
	for who, n := range map[*person]int{owner: 1, auditor: 0, parent: 1, stranger: 0} { // nor by the rows themselves
		var seen int
		as := tenancy.WithActor(t.Context(), tenancy.Actor{Org: owner.org, User: who.id})
		require.NoError(t, s.db.ForPeople().Single(owner.org).QueryRow(as, "select count(*) from exports x join export_parts p on p.export_id = x.id").Scan(&seen))
		require.Equal(t, n, seen)
	}
	require.Equal(t, archive, owner.call(get, at+"/package/1", nil).is(200).text())
	require.Equal(t, "ready", string(read[accessrequests.View](owner.call(get, at, nil).is(200)).State), "an officer's look answers nothing")
	require.Equal(t, archive, parent.call(get, at+"/package/1", nil).is(200).text())
	require.Equal(t, "delivered", string(read[accessrequests.View](owner.call(get, at, nil).is(200)).State))

	parent.call(post, at+"/end", map[string]any{"outcome": "closed"}).refused(403, "access_request_not_yours")
	owner.call(remove, firstOf(alone), nil).refused(409, "on_hold")
	require.Equal(t, "closed", string(read[accessrequests.View](owner.call(post, at+"/end", map[string]any{"outcome": "closed"}).is(200)).State))
	require.Empty(t, read[request.Page[holds.View]](owner.call(get, s.school("/holds"), nil).is(200)).Items, "the hold ends with the request")
	owner.call(remove, firstOf(alone), nil).is(204)
	owner.call(post, at+"/end", map[string]any{"outcome": "closed"}).refused(409, "access_request_state")
	require.Empty(t, read[request.Page[accessrequests.View]](owner.call(get, list, nil).is(200)).Items)
	require.Len(t, read[request.Page[accessrequests.View]](owner.call(get, list+"?ended=true", nil).is(200)).Items, 1)

	again := read[accessrequests.View](parent.call(post, list, map[string]any{}).is(201))
	owner.call(post, list+"/"+again.ID.String()+"/end", map[string]any{"outcome": "withdrawn"}).refused(403, "access_request_not_yours")
	require.Equal(t, "withdrawn", string(read[accessrequests.View](parent.call(post, list+"/"+again.ID.String()+"/end", map[string]any{"outcome": "withdrawn"}).is(200)).State))
	require.Equal(t, "education_record", string(read[records.View](owner.call(get, s.school("/records/"+shared.String()), nil).is(200)).Class))
}

// TestRightToRecordsIsLost: a guardian who had the right to ask gets no package once the child is
// 18, or is another's; neither may it be released. The student and officers still fetch.
func TestRightToRecordsIsLost(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, list := s.owner, s.school("/access-requests")
	pupil, parent := s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Parent)
	guards := func() {
		owner.call(post, s.school("/guardians"), map[string]any{"parent_id": parent.id, "student_id": pupil.id}).is(201)
	}
	adult := func(from string) {
		_, err := s.db.Single(owner.org).Exec(t.Context(), "insert into people (organization_id, user_id, kind, adult_from) values (app.org(), $1, 'student', "+from+") on conflict (organization_id, user_id) do update set adult_from = excluded.adult_from", pupil.id)
		require.NoError(t, err)
	}
	lost := func(a answer, rule string) {
		t.Helper()
		a.refused(403, "access_request_no_right")
		require.Contains(t, a.text(), rule)
	}
	guards()
	file := owner.published("report.txt", lorem).ID
	owner.call(put, s.school("/records/"+file.String()), map[string]any{"class": "education_record", "reason": "r", "students": []uuid.UUID{pupil.id}}).is(200)
	at := list + "/" + read[accessrequests.View](parent.call(post, list, map[string]any{}).is(201)).ID.String()
	owner.call(post, at+"/verify", map[string]any{"how": "passport"}).is(200)

	adult("current_date")
	lost(owner.call(post, at+"/release", nil), "34 CFR 99.5")
	require.Equal(t, "review", string(read[accessrequests.View](owner.call(get, at, nil).is(200)).State))
	adult("current_date + 1")
	s.pack(wanted{at: at})
	require.Equal(t, archive, parent.call(get, at+"/package/1", nil).is(200).text())
	adult("current_date")
	parent.call(get, at+"/package/1", nil).refused(404, "access_request_not_found")
	adult("null")
	parent.call(get, at+"/package/1", nil).is(200)
	owner.call(remove, s.school("/guardians/"+parent.id.String()+"/"+pupil.id.String()), nil).is(204)
	parent.call(get, at, nil).refused(404, "access_request_not_found")
	parent.call(get, at+"/package/1", nil).refused(404, "access_request_not_found")
	lost(owner.call(post, at+"/release", nil), "34 CFR 99.4")
	owner.call(get, at+"/package/1", nil).is(200)

	// Who asks about themselves has the right, and an owner hands on what came on paper.
	for _, by := range []*person{pupil, owner} {
		mine := list + "/" + read[accessrequests.View](by.call(post, list, map[string]any{"student_id": pupil.id}).is(201)).ID.String()
		owner.call(post, mine+"/verify", map[string]any{"how": "passport"}).is(200)
		s.pack(wanted{at: mine})
		by.call(get, mine+"/package/1", nil).is(200)
	}
}

// TestRecordsThatNameOthersAreReviewed: a record in which another student was found waits, as one
// does that changed or tells of more students since it was decided about, before each release.
func TestRecordsThatNameOthersAreReviewed(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner := s.owner
	pupil, other, third, teacher := s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Teacher)
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := s.db.Single(owner.org).Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	name := func(file uuid.UUID, students ...uuid.UUID) {
		t.Helper()
		owner.call(put, s.school("/records/"+file.String()), map[string]any{"class": "education_record", "reason": "r", "students": students}).is(200)
	}
	find := func(file, person uuid.UUID, number int) { // as a detector does
		t.Helper()
		exec("insert into pii_inspections (organization_id, version_id, file_id) select app.org(), current_id, id from files where id = $1 on conflict do nothing", file)
		exec("insert into pii_findings (organization_id, version_id, number, category, part, score, value_hmac, person_id) select app.org(), current_id, $2, 'person_name', 'text', 1, sha256('x'), $3 from files where id = $1", file, number, person)
	}
	exec("insert into people (organization_id, user_id, kind) values (app.org(), $1, 'staff') on conflict (organization_id, user_id) do update set kind = 'staff'", teacher.id)
	alone, named := owner.published("alone.txt", lorem).ID, owner.published("named.txt", lorem).ID
	name(alone, pupil.id)
	name(named, pupil.id)
	find(alone, pupil.id, 1)
	find(alone, teacher.id, 2)
	find(named, other.id, 1)

	at := s.school("/access-requests/" + read[accessrequests.View](pupil.call(post, s.school("/access-requests"), map[string]any{}).is(201)).ID.String())
	owner.call(post, at+"/verify", map[string]any{"how": "signed in"}).is(200)
	decisions := func() map[uuid.UUID]string {
		t.Helper()
		found := map[uuid.UUID]string{}
		for _, f := range read[request.Page[accessrequests.FileView]](owner.call(get, at+"/files", nil).is(200)).Items {
			found[f.File] = f.Decision
		}
		return found
	}
	decide := func(file uuid.UUID) {
		t.Helper()
		owner.call(put, at+"/files/"+file.String(), map[string]any{"decision": "include", "reason": "the other one's name is struck out"}).is(200)
	}
	waits := func(file uuid.UUID) {
		t.Helper()
		owner.call(post, at+"/release", nil).refused(409, "access_request_review")
		require.Equal(t, "waiting", decisions()[file], "who decides sees it after the refusal")
		decide(file)
	}
	require.Equal(t, map[uuid.UUID]string{alone: "include", named: "waiting"}, decisions())
	decide(named)

	late := owner.published("late.txt", lorem).ID
	name(late, pupil.id, other.id)
	waits(late)
	s.pack(wanted{at: at})
	pupil.call(get, at+"/package/1", nil).is(200)

	// It can be released again, with what changed since: a version, and one more student.
	owner.newVersion(named, lorem+"2")
	waits(named)
	name(late, pupil.id, other.id, third.id)
	waits(late)
	name(alone, pupil.id, other.id)
	waits(alone)
	name(late, pupil.id)
	s.pack(wanted{at: at})
	require.Equal(t, map[uuid.UUID]string{alone: "include", named: "include", late: "include"}, decisions())
}

// TestAHoldCoversAllThatARequestIsAbout: a file in a confidential space about the student, and one
// of which the student is named, which is not taken from the student while the request is open.
func TestAHoldCoversAllThatARequestIsAbout(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, teacher := s.owner, s.person(s.owner.org, tenancy.Teacher)
	pupil, other := s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Student)
	space := read[apispaces.SpaceView](teacher.call(post, spacesPath, map[string]any{"kind": "confidential", "name": "Plan", "about_id": pupil.id}).is(201)).ID
	plan := teacher.publishedIn(space, "plan.txt", lorem).ID
	teacher.newVersion(plan, lorem+"2")
	named := s.school("/records/" + owner.published("report.txt", lorem).ID.String())
	of := func(students ...uuid.UUID) answer {
		return owner.call(put, named, map[string]any{"class": "education_record", "reason": "r", "students": students})
	}
	of(pupil.id, other.id).is(200)
	at := s.school("/access-requests/" + read[accessrequests.View](pupil.call(post, s.school("/access-requests"), map[string]any{}).is(201)).ID.String())

	teacher.call(remove, firstOf(plan), nil).refused(409, "on_hold")
	of(other.id).refused(409, "on_hold")
	of(pupil.id, pupil.id).refused(400, "invalid_students")
	of([]uuid.UUID{}...).refused(409, "on_hold")
	require.Equal(t, []uuid.UUID{pupil.id}, read[records.View](of(pupil.id).is(200)).Students, "others are let go, and the one who is held stays")
	owner.call(post, at+"/end", map[string]any{"outcome": "rejected", "reason": "asked by mistake"}).is(200)
	of(other.id).is(200)
	teacher.call(remove, firstOf(plan), nil).is(204)
}

func firstOf(file uuid.UUID) string { return at(file, "/versions/1") }

// recordsAreAskedFor is the part of the metamorphic script.
func (s *school) recordsAreAskedFor() {
	path := s.within("/access-requests")
	made := id(s.do(s.pupil, post, path, map[string]any{"note": "all of it"}))
	at := path + "/" + made.String()
	s.do(s.owner, get, path+"?ended=true", nil)
	s.do(s.pupil, get, at, nil)
	s.do(s.owner, post, at+"/release", nil)
	s.do(s.owner, post, at+"/verify", map[string]any{"how": "signed in"})
	s.do(s.owner, get, at+"/files", nil)
	s.do(s.owner, put, at+"/files/"+s.strange.String(), map[string]any{"decision": "include"})
	s.do(s.owner, get, path+"/"+s.strange.String(), nil)
	s.do(s.pupil, get, at+"/package/1", nil)
	s.do(s.pupil, post, at+"/end", map[string]any{"outcome": "withdrawn"})
}
