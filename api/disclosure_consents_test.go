package api

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/disclosureconsents"
	"satchel/api/request"
	apishares "satchel/api/shares"
	"satchel/tenancy"
)

// consentTo is the body of a consent about a record of a student.
func (s *scene) consentTo() map[string]any {
	in := s.contested()
	return map[string]any{"student_id": in["student_id"], "file_ids": []any{in["file_id"]}, "purpose": planted, "party": "The clinic", "party_email": "clinic@else.example", "expires_at": time.Now().AddDate(0, 1, 0)}
}

func (s *scene) askedConsent() string {
	return s.school("/disclosure-consents/" + read[disclosureconsents.View](s.owner.call(post, s.school("/disclosure-consents"), s.consentTo()).is(201)).ID.String())
}

// TestDisclosuresAreConsentedTo: a record leaves on a consent that is signed, to its party and to
// no one else, until the consent is revoked; each refusal names its section and is on record.
func TestDisclosuresAreConsentedTo(t *testing.T) {
	t.Parallel()
	s := setup(t).scene()
	owner, auditor := s.owner, s.person(s.owner.org, tenancy.Auditor)
	pupil, other, parent, stranger := s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Student), s.person(owner.org, tenancy.Parent), s.person(owner.org, tenancy.Parent)
	owner.call(post, s.school("/guardians"), map[string]any{"parent_id": parent.id, "student_id": pupil.id}).is(201)
	owner.call(patch, s.school("/policies"), map[string]any{"share_records": true}).is(200)
	_, err := s.db.Single(owner.org).Exec(t.Context(), "insert into people (organization_id, user_id, kind, grade) values (app.org(), $1, 'student', '10'), (app.org(), $2, 'student', '10')", pupil.id, other.id)
	require.NoError(t, err)
	record := func(students ...uuid.UUID) uuid.UUID {
		file := owner.published(uuid.NewString()+".txt", lorem).ID
		owner.call(put, s.school("/records/"+file.String()), map[string]any{"class": "education_record", "reason": "r", "students": students}).is(200)
		return file
	}
	file, unnamed, plain := record(pupil.id), record(pupil.id), owner.published("plain.txt", lorem).ID
	list := s.school("/disclosure-consents")
	body := func(with ...any) map[string]any {
		in := map[string]any{"student_id": pupil.id, "file_ids": []uuid.UUID{file}, "purpose": "care", "party": "The clinic", "party_email": "Clinic@else.example", "expires_at": time.Now().AddDate(0, 1, 0)}
		for i := 0; i < len(with); i += 2 {
			in[with[i].(string)] = with[i+1]
		}
		return in
	}
	parent.call(post, list, body()).refused(403, "not_granted")
	owner.call(post, list, body("file_ids", []uuid.UUID{plain})).refused(404, "no_such_record")
	owner.call(post, list, body("file_ids", []uuid.UUID{file, file})).refused(400, "invalid_file_ids")
	owner.call(post, list, body("file_ids", []uuid.UUID{})).refused(400, "invalid_file_ids")
	owner.call(post, list, body("purpose", " ")).refused(400, "invalid_text")
	owner.call(post, list, body("party_email", "clinic")).refused(400, "invalid_party_email")
	owner.call(post, list, body("expires_at", time.Now().AddDate(2, 0, 0))).refused(400, "invalid_expires_at")
	made := read[disclosureconsents.View](owner.call(post, list, body()).is(201))
	require.Equal(t, "requested", made.State)
	path := list + "/" + made.ID.String()
	for who, n := range map[*person]int{owner: 1, auditor: 1, parent: 1, stranger: 0, pupil: 0} {
		require.Len(t, read[request.Page[disclosureconsents.View]](who.call(get, list+"?student="+pupil.id.String(), nil).is(200)).Items, n)
	}

	share := func(of uuid.UUID, consent uuid.UUID, emails ...string) answer {
		var with []map[string]any
		for _, e := range emails {
			with = append(with, map[string]any{"email": e})
		}
		return owner.call(post, storagePath+"/share", map[string]any{"kind": "people", "file_id": of, "with": with, "disclosure_basis": "99.30", "disclosure_interest": "care", "disclosure_consent_id": consent})
	}
	refused := func(a answer, rule string) {
		t.Helper()
		a.refused(403, "not_consented")
		require.Contains(t, a.text(), `"`+rule+`"`)
	}
	const clinic = "clinic@else.example"
	refused(share(file, made.ID, clinic), "34 CFR 99.30(a)") // not signed
	last := read[disclosuresPage](owner.call(get, s.school("/disclosures?outcome=refused&limit=1"), nil).is(200)).Items[0]
	require.Equal(t, "34 CFR 99.30(a)", last.Rule)

	sign := func(p *person, in map[string]any) answer { return p.call(post, path+"/sign", in) }
	yes := map[string]any{"name": "Parent of the pupil", "approve": true}
	stranger.call(get, path, nil).refused(404, "disclosure_consent_not_found")
	sign(stranger, yes).refused(404, "disclosure_consent_not_found")
	sign(owner, yes).refused(403, "disclosure_consent_not_yours")
	sign(parent, map[string]any{"name": "Parent", "approve": false}).refused(400, "invalid_name")
	sign(parent, map[string]any{"name": "P", "approve": true, "evidence_file_id": plain, "signed_at": time.Now()}).refused(403, "disclosure_consent_not_yours")
	signed := read[disclosureconsents.View](sign(parent, yes).is(200))
	require.Equal(t, []string{"signed", "account", "Parent of the pupil"}, []string{signed.State, signed.Method, signed.SignerName})
	require.Equal(t, parent.id, *signed.Signer)
	require.Len(t, *signed.ContentSHA256, 64)
	sign(parent, yes).refused(409, "disclosure_consent_state")

	refused(share(unnamed, made.ID, clinic), "34 CFR 99.30(b)(1)")
	refused(share(file, made.ID, clinic, "else@else.example"), "34 CFR 99.30(b)(3)")
	refused(owner.call(post, storagePath+"/share", map[string]any{"kind": "link", "file_id": file, "disclosure_basis": "99.30", "disclosure_interest": "care", "disclosure_consent_id": made.ID}), "34 CFR 99.30(b)(3)")
	refused(share(file, uuid.New(), clinic), "34 CFR 99.30(a)")
	owner.call(post, storagePath+"/share", map[string]any{"kind": "people", "file_id": file, "with": []map[string]any{{"email": clinic}}, "disclosure_basis": "99.30", "disclosure_interest": "i"}).refused(400, "invalid_disclosure_consent_id")
	exec := func(sql string) {
		t.Helper()
		_, err := s.db.Single(owner.org).Exec(t.Context(), sql, file)
		require.NoError(t, err)
	}
	exec("insert into pii_inspections (organization_id, version_id, file_id) select app.org(), current_id, id from files where id = $1 on conflict do nothing")
	refused(share(file, made.ID, clinic), "34 CFR 99.12(a)") // it is not known of whom else it tells
	exec("update pii_inspections set state = 'uninspectable' where file_id = $1")
	exec("update record_classes set decided_at = now() - interval '1 day' where file_id = $1")
	refused(share(file, made.ID, clinic), "34 CFR 99.12(a)")
	exec("update pii_inspections set state = 'found' where file_id = $1")
	at := sharesPath + "/" + read[apishares.ShareView](share(file, made.ID, clinic).is(201)).ID.String()
	status := func(want string) {
		t.Helper()
		require.Equal(t, want, string(read[apishares.ShareView](owner.call(get, at, nil).is(200)).Status))
	}
	status("open")
	refused(owner.call(patch, at, map[string]any{"add": []map[string]any{{"email": "else@else.example"}}}), "34 CFR 99.30(b)(3)")
	opened := read[disclosuresPage](owner.call(get, s.school("/disclosures?outcome=opened&limit=1"), nil).is(200)).Items[0]
	require.Equal(t, "99.30", opened.Basis)
	require.False(t, opened.Recordable)
	_, err = s.db.Single(owner.org).Exec(t.Context(), "insert into record_students (organization_id, file_id, student_id) values (app.org(), $1, $2)", file, other.id)
	require.NoError(t, err)
	status("not_disclosed") // it tells of another student too
	_, err = s.db.Single(owner.org).Exec(t.Context(), "delete from record_students where file_id = $1 and student_id = $2", file, other.id)
	require.NoError(t, err)
	status("open")
	require.Equal(t, "revoked", read[disclosureconsents.View](parent.call(post, path+"/revoke", nil).is(200)).State)
	parent.call(post, path+"/revoke", nil).refused(409, "disclosure_consent_state")
	status("not_disclosed")

	// On paper: an owner records it, with the form.
	form := owner.published("form.txt", lorem).ID
	path = list + "/" + read[disclosureconsents.View](owner.call(post, list, body()).is(201)).ID.String()
	sign(owner, map[string]any{"name": "P", "approve": true, "evidence_file_id": form}).refused(400, "invalid_evidence_file_id")
	sign(owner, map[string]any{"name": "P", "approve": true, "evidence_file_id": uuid.New(), "signed_at": time.Now().Add(-time.Hour)}).refused(400, "invalid_evidence_file_id")
	paper := read[disclosureconsents.View](sign(owner, map[string]any{"name": "P", "approve": true, "evidence_file_id": form, "signed_at": time.Now().Add(-time.Hour)}).is(200))
	require.Equal(t, "paper", paper.Method)
	require.NotNil(t, paper.EvidenceSHA256)

	// What comes into the file later was not consented to.
	share(file, paper.ID, clinic).is(201)
	owner.newVersion(file, lorem+"2")
	refused(share(file, paper.ID, clinic), "34 CFR 99.30(b)(1)")
}

// disclosuresAreConsentedTo is the part of the metamorphic script.
func (s *school) disclosuresAreConsentedTo(file uuid.UUID) {
	path := s.within("/disclosure-consents")
	of := s.within("/records/" + file.String())
	in := map[string]any{"student_id": s.pupil.id, "file_ids": []uuid.UUID{file}, "purpose": "p", "party": "The clinic", "party_email": "clinic@else.example", "expires_at": time.Now().AddDate(0, 1, 0)}
	s.do(s.owner, post, path, in)
	s.do(s.owner, put, of, map[string]any{"class": "education_record", "reason": "r", "students": []uuid.UUID{s.pupil.id}})
	made := id(s.do(s.owner, post, path, in))
	s.do(s.pupil, get, path, nil)
	s.do(s.owner, get, path+"/"+made.String(), nil)
	s.do(s.owner, post, path+"/"+made.String()+"/sign", map[string]any{"name": "n", "approve": true})
	s.do(s.owner, post, path+"/"+made.String()+"/revoke", nil)
	s.do(s.owner, get, path+"/"+s.strange.String(), nil)
	s.do(s.owner, post, path+"/"+s.strange.String()+"/sign", map[string]any{"name": "n", "approve": true})
	s.do(s.owner, post, path+"/"+s.strange.String()+"/revoke", nil)
	s.do(s.owner, put, of, map[string]any{"class": "not_record", "reason": "a worksheet", "students": []uuid.UUID{}})
}
