package api

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/directory"
	"satchel/api/request"
	apishares "satchel/api/shares"
	"satchel/tenancy"
)

var newDirectory = map[string]any{"categories": []string{"name", "photograph"}, "notice_at": "2026-01-01", "opt_out_until": "2026-01-31"}

func day(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }

// TestDirectoryInformation: a file leaves as directory information when all of 34 CFR 99.37 is
// met and no longer; each refusal names its section, and is on record with it.
func TestDirectoryInformation(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, teacher, auditor := s.owner, s.person(s.owner.org, tenancy.Teacher), s.person(s.owner.org, tenancy.Auditor)
	pupil, parent, second := s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Parent), s.person(owner.org, tenancy.Parent)
	for _, p := range []*person{parent, second} {
		owner.call(post, s.school("/guardians"), map[string]any{"parent_id": p.id, "student_id": pupil.id}).is(201)
	}
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := s.db.Single(owner.org).Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	owner.call(patch, s.school("/policies"), map[string]any{"share_records": true}).is(200)
	file := teacher.published("honors.txt", lorem).ID
	class := func(in map[string]any) answer {
		in["reason"] = "honor roll"
		return owner.call(put, s.school("/records/"+file.String()), in)
	}
	share := func() answer {
		return teacher.call(post, storagePath+"/share", map[string]any{"kind": "people", "file_id": file, "with": []map[string]any{{"email": "paper@else.example", "name": "The paper"}},
			"disclosure_basis": "99.31(a)(11)", "disclosure_interest": "the honor roll"})
	}
	refused := func(rule string) {
		t.Helper()
		a := share()
		a.refused(403, "not_directory_information")
		require.Contains(t, a.text(), `"`+rule+`"`)
		last := read[disclosuresPage](owner.call(get, s.school("/disclosures?outcome=refused&limit=1"), nil).is(200)).Items[0]
		require.Equal(t, []string{"refused", rule, "The paper <paper@else.example>"}, []string{string(last.Outcome), last.Rule, last.Party})
	}
	policy := s.school("/directory-policy")

	class(map[string]any{"class": "education_record", "students": []uuid.UUID{pupil.id}}).is(200)
	refused("34 CFR 99.3")
	class(map[string]any{"class": "education_record", "categories": []string{"name"}}).refused(400, "invalid_categories")
	class(map[string]any{"class": "directory_info", "categories": []string{"us_ssn"}}).refused(400, "invalid_categories")
	class(map[string]any{"class": "directory_info", "students": []uuid.UUID{}}).is(200)
	parent.call(get, policy, nil).refused(404, "no_directory_policy")
	refused("34 CFR 99.37(a)")
	set := func(until string, categories ...string) answer {
		return owner.call(put, policy, map[string]any{"categories": categories, "notice_at": "2026-01-01", "opt_out_until": until})
	}
	teacher.call(put, policy, newDirectory).refused(403, "not_granted")
	set("2026-01-01", "name").refused(400, "invalid_opt_out_until")
	set("soon", "name").refused(400, "invalid_opt_out_until")
	set(day(0), "name", "name").refused(400, "invalid_categories")
	set(day(0), "ssn").refused(400, "invalid_categories")
	set(day(0), "name").is(200)
	refused("34 CFR 99.37(a)(3)")
	set(day(-1), "name").is(200)
	require.Equal(t, []string{"name"}, read[directory.PolicyView](pupil.call(get, policy, nil).is(200)).Categories)
	refused("34 CFR 99.37(a)(1)")
	class(map[string]any{"class": "directory_info", "categories": []string{"name", "photograph"}}).is(200)
	refused("34 CFR 99.37(a)(1)")
	set(day(-1), "name", "photograph", "activities").is(200)
	refused("34 CFR 99.37(a)(2)") // it is not known who is in it
	class(map[string]any{"class": "directory_info", "categories": []string{"name", "photograph"}, "students": []uuid.UUID{pupil.id}}).is(200)
	exec("insert into pii_inspections (organization_id, version_id, file_id) select app.org(), current_id, id from files where id = $1 on conflict do nothing", file)
	refused("34 CFR 99.37(a)(2)") // it is not known what is in it
	exec("update pii_inspections set state = 'uninspectable' where file_id = $1", file)
	exec("update record_classes set decided_at = now() - interval '1 day' where file_id = $1", file)
	require.Contains(t, share().text(), `"34 CFR 99.3"`, "the version is newer than the decision")
	exec("update pii_inspections set state = 'none' where file_id = $1", file)
	require.Contains(t, share().text(), `"34 CFR 99.3"`)
	exec("update record_classes set decided_at = now() where file_id = $1", file)
	made := read[apishares.ShareView](share().is(201))
	status := func(want string) {
		t.Helper()
		require.Equal(t, want, string(read[apishares.ShareView](teacher.call(get, sharesPath+"/"+made.ID.String(), nil).is(200)).Status))
	}
	status("open")

	// Who opts out: a parent, of two the stricter one, and the student from 18 on.
	out := s.school("/directory-opt-outs/" + pupil.id.String())
	say := func(p *person, yes bool) answer { return p.call(put, out, map[string]any{"opted_out": yes}) }
	say(pupil, true).refused(403, "opt_out_not_yours")
	teacher.call(put, out, map[string]any{"opted_out": true}).refused(403, "opt_out_not_yours")
	s.person(owner.org, tenancy.Parent).call(put, out, map[string]any{"opted_out": true}).refused(403, "opt_out_not_yours")
	s.person(owner.org, tenancy.Parent).call(get, out, nil).refused(404, "no_such_student")
	parent.call(put, out, map[string]any{}).refused(400, "invalid_opted_out")
	parent.call(put, out, map[string]any{"opted_out": true, "holder_id": second.id}).refused(400, "invalid_holder_id")
	owner.call(put, out, map[string]any{"opted_out": true, "holder_id": uuid.New()}).refused(400, "invalid_holder_id")
	owner.call(put, s.school("/directory-opt-outs/"+teacher.id.String()), map[string]any{"opted_out": true}).refused(404, "no_such_student")
	say(parent, true).is(200)
	say(second, false).is(200)
	is := read[directory.OptOutView](pupil.call(get, out, nil).is(200))
	require.True(t, is.OptedOut)
	require.Len(t, is.Words, 2)
	status("not_disclosed")
	refused("34 CFR 99.37(a)(2)")
	require.Len(t, read[request.Page[directory.OptedOutView]](auditor.call(get, s.school("/directory-opt-outs"), nil).is(200)).Items, 1)
	say(parent, false).is(200)
	status("open")

	// It stays when the student has left, and the parent is no guardian any more.
	say(parent, true).is(200)
	owner.call(remove, s.school("/guardians/"+parent.id.String()+"/"+pupil.id.String()), nil).is(204)
	say(parent, false).refused(403, "opt_out_not_yours")
	exec("delete from members where user_id = $1", pupil.id)
	status("not_disclosed")
	refused("34 CFR 99.37(b)")
	require.True(t, read[directory.OptOutView](auditor.call(get, out, nil).is(200)).OptedOut)
	exec("insert into people (organization_id, user_id, kind, state, adult_from) values (app.org(), $1, 'student', 'left', current_date) on conflict (organization_id, user_id) do update set adult_from = current_date, state = 'left'", pupil.id)
	require.False(t, read[directory.OptOutView](say(owner, false).is(200)).OptedOut, "the student, who is of age, takes all of it back")
	status("open")

	// A number that is never directory information.
	exec("insert into pii_inspections (organization_id, version_id, file_id) select app.org(), current_id, id from files where id = $1 on conflict do nothing", file)
	exec("insert into pii_findings (organization_id, version_id, number, category, part, score, value_hmac) select app.org(), current_id, 1, 'us_ssn', 'text', 1, sha256('x') from files where id = $1", file)
	refused("34 CFR 99.37(e)")

	// A share with another basis is not made one of directory information.
	exec("delete from pii_findings where category = 'us_ssn'")
	other := read[apishares.ShareView](teacher.call(post, storagePath+"/share", map[string]any{"kind": "people", "file_id": file, "with": []map[string]any{{"email": "next@else.example"}}, "disclosure_basis": "99.31(a)(2)", "disclosure_interest": "i"}).is(201))
	teacher.call(patch, sharesPath+"/"+other.ID.String(), map[string]any{"disclosure_basis": "99.31(a)(11)", "disclosure_interest": "i"}).refused(400, "invalid_disclosure_basis")
}

// directoryIsRefused is the part of the metamorphic script.
func (s *school) directoryIsRefused() {
	policy, outs := s.within("/directory-policy"), s.within("/directory-opt-outs")
	s.do(s.pupil, get, policy, nil)
	s.do(s.owner, put, policy, newDirectory)
	s.do(s.pupil, get, policy, nil)
	s.do(s.owner, put, outs+"/"+s.pupil.id.String(), map[string]any{"opted_out": true})
	s.do(s.owner, put, outs+"/"+s.strange.String(), map[string]any{"opted_out": true})
	s.do(s.owner, get, outs, nil)
	s.do(s.pupil, get, outs+"/"+s.pupil.id.String(), nil)
	s.do(s.owner, get, outs+"/"+s.strange.String(), nil)
}

// TestOwnStudents: a guardian, whatever their role, and a student see of whose side they are, and
// whose word counts.
func TestOwnStudents(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, pupil, grown, parent := s.owner, s.person(s.owner.org, tenancy.Student), s.person(s.owner.org, tenancy.Student), s.person(s.owner.org, tenancy.Parent)
	owner.call(post, s.school("/people"), map[string]any{"user_id": pupil.id, "kind": "student", "display_name": "Ada"}).is(201)
	owner.call(post, s.school("/people"), map[string]any{"user_id": grown.id, "kind": "student", "display_name": "Ben"}).is(201)
	_, err := s.db.Single(owner.org).Exec(t.Context(), "update people set adult_from = current_date where user_id = $1", grown.id)
	require.NoError(t, err)
	for _, guardian := range []*person{owner, parent} {
		for _, student := range []*person{pupil, grown} {
			owner.call(post, s.school("/guardians"), map[string]any{"parent_id": guardian.id, "student_id": student.id}).is(201)
		}
	}
	own := func(p *person) map[uuid.UUID]directory.OwnView {
		items := map[uuid.UUID]directory.OwnView{}
		for _, o := range read[request.Page[directory.OwnView]](p.call(get, myStudentsPath, nil).is(200)).Items {
			items[o.Student] = o
		}
		return items
	}
	no, yes := false, true
	want := map[uuid.UUID]directory.OwnView{pupil.id: {Student: pupil.id, DisplayName: "Ada", Rights: true, OptedOut: &no}, grown.id: {Student: grown.id, DisplayName: "Ben"}}
	require.Equal(t, want, own(owner))
	require.Equal(t, want, own(parent))
	parent.call(put, s.school("/directory-opt-outs/"+pupil.id.String()), map[string]any{"opted_out": true}).is(200)
	require.Equal(t, &yes, own(owner)[pupil.id].OptedOut)
	require.Equal(t, map[uuid.UUID]directory.OwnView{pupil.id: {Student: pupil.id, DisplayName: "Ada", Self: true}}, own(pupil))
	require.Equal(t, map[uuid.UUID]directory.OwnView{grown.id: {Student: grown.id, DisplayName: "Ben", Self: true, Rights: true, OptedOut: &no}}, own(grown))
	require.Empty(t, own(s.person(owner.org, tenancy.Teacher)))
}
