package logins_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/tenancy"
	"satchel/tenancy/logins"
	"satchel/tenancy/members"
	"satchel/tenancy/people"
)

func (s *school) merge(by tenancy.Actor, person, member uuid.UUID) (p people.Person, err error) {
	err = s.in(by, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		p, err = logins.Merge(ctx, tx, by, person, member)
		return err
	})
	return p, err
}

// class makes a class with a space.
func (s *school) class() uuid.UUID {
	s.t.Helper()
	id := tenancy.NewID()
	s.exec("insert into classes (organization_id, id, title, source_id, sourced_id) values (app.org(), $1, '5a', $2, $3)", id, s.source, id.String())
	return id
}

func (s *school) enrolled(class, user uuid.UUID, origin string) {
	s.t.Helper()
	s.exec("insert into class_members (organization_id, class_id, user_id, origin, role) values (app.org(), $1, $2, $3, 'student') on conflict do nothing", class, user, origin)
}

func (s *school) pairs(sql string) (found []string) {
	s.t.Helper()
	rows, err := s.Single(s.org).Query(context.Background(), sql)
	require.NoError(s.t, err)
	defer rows.Close()
	for rows.Next() {
		var a, b string
		require.NoError(s.t, rows.Scan(&a, &b))
		found = append(found, a+" "+b)
	}
	require.NoError(s.t, rows.Err())
	return found
}

// named lists the tables of the organization whose rows name a user in any column.
func (s *school) named(t *testing.T, user uuid.UUID) (tables []string) {
	t.Helper()
	conn := s.Admin(t)
	rows, err := conn.Query(t.Context(), `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`)
	require.NoError(t, err)
	var all []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		all = append(all, name)
	}
	require.NoError(t, rows.Err())
	for _, table := range all {
		var found bool
		require.NoError(t, conn.QueryRow(t.Context(), fmt.Sprintf("select exists (select from %s x where organization_id = $1 and to_jsonb(x)::text like '%%' || $2 || '%%')", table), s.org, user.String()).Scan(&found))
		if found {
			tables = append(tables, table)
		}
	}
	require.NoError(t, conn.Close(t.Context()))
	return tables
}

// TestMergeLosesNothing: with any classes and guardians of the two, the member has the
// union of both, in the tables that are derived too.
func TestMergeLosesNothing(t *testing.T) {
	t.Parallel()
	s := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		s.found(t)
		person, member := s.person(person{kind: people.Student}), s.Member(t, s.org, tenancy.Student)
		parents := []uuid.UUID{s.Member(t, s.org, tenancy.Parent), s.Member(t, s.org, tenancy.Teacher)}
		both := []uuid.UUID{person, member}
		for range rapid.IntRange(0, 4).Draw(rt, "classes") {
			class := s.class()
			for i, user := range both {
				for _, origin := range []string{"roster", "manual"} {
					if rapid.Bool().Draw(rt, fmt.Sprint(i, origin)) {
						s.enrolled(class, user, origin)
					}
				}
			}
		}
		for _, parent := range parents {
			for _, user := range both {
				if rapid.Bool().Draw(rt, "guardian") {
					s.exec("insert into guardianships (organization_id, parent_id, student_id, created_by) values (app.org(), $1, $2, $1)", parent, user)
				}
			}
		}
		const (
			classes = "select distinct class_id::text || origin, 'one' from class_members order by 1"
			wards   = "select distinct parent_id::text, 'one' from guardianships order by 1"
			spaces  = "select distinct m.space_id::text || m.via, 'one' from space_members m join spaces s on s.id = m.space_id where s.class_id is not null and m.via in ('roster', 'manual') order by 1"
		)
		before := [][]string{s.pairs(classes), s.pairs(wards), s.pairs(spaces)}
		merged, err := s.merge(s.owner, person, member)
		require.NoError(rt, err)
		require.Equal(rt, member, merged.User)
		require.Equal(rt, &s.source, merged.Source)
		after := [][]string{s.pairs(classes), s.pairs(wards), s.pairs(spaces)}
		require.Equal(rt, before, after)
		_, err = s.merge(s.owner, person, member)
		require.ErrorIs(rt, err, people.ErrNoPerson)
	})
}

// TestMergeTakesAllThatNamesThePerson in the tables that the rule before has no rows in.
func TestMergeTakesAllThatNamesThePerson(t *testing.T) {
	t.Parallel()
	s := setup(t)
	gone, member, class := s.person(person{kind: people.Student}), s.Member(t, s.org, tenancy.Student), s.class()
	var space uuid.UUID
	require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select id from spaces where class_id = $1", class).Scan(&space))
	id := tenancy.NewID()
	s.exec("insert into space_grants (organization_id, id, space_id, user_id, level, via, given_by) values (app.org(), $1, $2, $3, 1, 'grant', $4)", id, space, gone, s.owner.User)
	s.exec("insert into folders (organization_id, id, space_id, name, mode, created_by) values (app.org(), $1, $2, 'Essays', 'handin', $3)", id, space, s.owner.User)
	s.exec("insert into hand_ins (organization_id, folder_id, student_id) values (app.org(), $1, $2)", id, gone)
	s.exec("insert into files (organization_id, id, name, uploaded_by, space_id, subject_id, needs) values (app.org(), $1, 'a.pdf', $2, $3, $4, 3)", id, s.owner.User, space, gone)
	s.exec("insert into spaces (organization_id, id, kind, name, about_id) values (app.org(), $1, 'confidential', 'Talks', $2)", id, gone)
	s.exec("insert into invitations (organization_id, id, email, role, person_id, state, expires_at, ended_at) values (app.org(), $1, null, 'student', $2, 'revoked', now(), now())", id, gone)
	s.exec("insert into login_requests (organization_id, id, issuer, subject, reason, candidates) values (app.org(), $1, 'i', 's', 'several_people', $2)", id, []uuid.UUID{gone})
	s.exec("insert into roster_imports (organization_id, id, source_id, size, sha256, object_etag, state) values (app.org(), $1, $2, 1, repeat('0', 64), 'e', 'waiting')", id, s.source)
	for seq, action := range []string{"new", "changed"} {
		s.exec("insert into roster_changes (organization_id, import_id, seq, phase, kind, action, sourced_id, target_id) values (app.org(), $1, $2, 1, 'person', $3, '1', $4)", id, seq+1, action, gone)
	}
	// What is known of the person as a student under 34 CFR 99: records, disclosures, requests and
	// holds, those of a request and one that is released already.
	file, guardian := tenancy.NewID(), s.Member(t, s.org, tenancy.Parent)
	s.exec("insert into files (organization_id, id, name, uploaded_by, space_id) values (app.org(), $1, 'b.pdf', $2, $3)", file, s.owner.User, space)
	for _, student := range []uuid.UUID{gone, member} {
		s.exec("insert into record_students (organization_id, file_id, student_id) values (app.org(), $1, $2)", file, student)
		s.exec("insert into access_requests (organization_id, id, student_id, requester_id) values (app.org(), $1, $2, $3)", tenancy.NewID(), student, guardian)
	}
	s.exec("insert into access_requests (organization_id, id, student_id, requester_id) values (app.org(), $1, $2, $3)", tenancy.NewID(), gone, s.owner.User)
	for _, student := range []uuid.UUID{gone, member} {
		s.exec("insert into erasure_requests (organization_id, id, student_id, requester_id) values (app.org(), $1, $2, $3)", tenancy.NewID(), student, guardian)
	}
	s.exec("insert into disclosures (organization_id, id, file_id, way, outcome, class) values (app.org(), $1, $2, 'link', 'refused', 'education_record')", id, file)
	s.exec("insert into disclosure_students (organization_id, disclosure_id, student_id) values (app.org(), $1, $2)", id, gone)
	s.exec("insert into holds (organization_id, id, kind, scope, person_id, reason, placed_by) values (app.org(), $1, 'legal', 'person', $2, 'case 7', $3)", id, gone, s.owner.User)
	s.exec("update holds set release_asked_by = placed_by, release_asked_at = now(), release_reason = 'r', released_by = $2, released_at = now() where id = $1", id, s.admin.User)
	for _, student := range []uuid.UUID{gone, member} { // of two open requests of one guardian one goes on
		s.exec("insert into amendments (organization_id, id, file_id, student_id, requester_id, what) values (app.org(), $1, $2, $3, $4, 'the grade')", tenancy.NewID(), file, student, guardian)
	}
	contested := tenancy.NewID()
	s.exec("insert into amendments (organization_id, id, file_id, student_id, requester_id, what) values (app.org(), $1, $2, $3, $4, 'the grade')", contested, id, gone, s.owner.User)
	s.exec("insert into record_statements (organization_id, amendment_id, file_id, student_id, statement) values (app.org(), $1, $2, $3, 'it is not so')", contested, id, gone)
	s.exec("insert into disclosure_consents (organization_id, id, student_id, file_ids, purpose, party, party_email, requested_by, expires_at) values (app.org(), $1, $2, array[$3::uuid], 'care', 'p', 'p@else.example', $4, now() + interval '1 day')", id, gone, file, s.owner.User)
	s.exec("insert into directory_opt_outs (organization_id, student_id, holder_id, opted_out, recorded_by) values (app.org(), $1, $1, true, $3), (app.org(), $2, $2, false, $3), (app.org(), $1, $3, true, $3)", gone, member, guardian)
	_, err := s.merge(s.owner, gone, member)
	require.NoError(t, err)
	require.Equal(t, []string{"audit_events", "organization_events"}, s.named(t, gone), "what happened is not rewritten")
	require.Empty(t, s.pairs("select 'change', action from roster_changes where action = 'new'"), "an undo does not take out a member whom the import did not make")
	require.Equal(t, []string{"revision 1"}, s.pairs("select 'revision', revision::text from roster_sources"), "an import that waits finds its changes again")
	require.Contains(t, s.pairs("select via, level::text from space_members where user_id = '"+member.String()+"'"), "grant 1")
	require.Equal(t, 1, s.recorded("person.merge"))
	const ofMember = " = '"
	require.Len(t, s.pairs("select 'named', file_id::text from record_students where student_id"+ofMember+member.String()+"'"), 1)
	require.Equal(t, []string{"asked requested", "asked requested", "asked withdrawn"}, s.pairs("select 'asked', state from amendments where student_id"+ofMember+member.String()+"' order by 2"))
	require.Len(t, s.pairs("select 'said', statement from record_statements where student_id"+ofMember+member.String()+"'"), 1)
	require.Len(t, s.pairs("select 'consented', purpose from disclosure_consents where student_id"+ofMember+member.String()+"'"), 1)
	require.Equal(t, []string{"out true", "out true"}, s.pairs("select 'out', opted_out::text from directory_opt_outs where student_id"+ofMember+member.String()+"'"), "an opt-out stays")
	require.Len(t, s.pairs("select 'told', disclosure_id::text from disclosure_students where student_id"+ofMember+member.String()+"'"), 1)
	require.Equal(t, []string{"request received", "request received", "request withdrawn"}, s.pairs("select 'request', state from access_requests where student_id"+ofMember+member.String()+"' order by 2"))
	require.Equal(t, []string{"erase received", "erase withdrawn"}, s.pairs("select 'erase', state from erasure_requests where student_id"+ofMember+member.String()+"' order by 2"))
	require.Equal(t, []string{"hold false", "hold false", "hold true", "hold true"}, s.pairs("select 'hold', (released_at is not null)::text from holds where person_id"+ofMember+member.String()+"' order by 2"))
}

// TestMergeIsRefused, with what to do, and changes nothing.
func TestMergeIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	student, teacher := s.Member(t, s.org, tenancy.Student), s.Member(t, s.org, tenancy.Teacher)
	s.rule(logins.Rule{PersonClaim: "id"})
	signed := s.person(person{kind: people.Student, tag: "i1"})
	s.signIn(login("s1", "i1", ""))
	withWork := s.person(person{kind: people.Student})
	s.exec("insert into spaces (organization_id, id, kind, name, owner_id) values (app.org(), $1, 'personal', 'My files', $2)", tenancy.NewID(), withWork)
	invited := s.person(person{kind: people.Student})
	s.exec("insert into invitations (organization_id, id, email, role, person_id, expires_at) values (app.org(), $1, 'a@school.example', 'student', $2, now() + interval '1 day')", tenancy.NewID(), invited)
	left := s.person(person{kind: people.Student})
	s.exec("update people set state = 'left' where user_id = $1", left)
	free, staff := s.person(person{kind: people.Student}), s.person(person{kind: people.Staff})
	for name, c := range map[string]struct {
		by             tenancy.Actor
		person, member uuid.UUID
		want           error
	}{
		"signs in":       {s.owner, signed, student, logins.ErrPersonSignsIn},
		"has work":       {s.owner, withWork, student, logins.ErrPersonHasWork},
		"is invited":     {s.owner, invited, student, logins.ErrPersonInvited},
		"has left":       {s.owner, left, student, logins.ErrNotActive},
		"a staff role":   {s.owner, free, teacher, logins.ErrKindDiffers},
		"a student role": {s.owner, staff, student, logins.ErrKindDiffers},
		"a roster's two": {s.owner, free, signed, logins.ErrHasSource},
		"the same":       {s.owner, free, free, logins.ErrMergeSelf},
		"no member":      {s.owner, free, staff, members.ErrNoMember},
		"no person":      {s.owner, uuid.New(), student, people.ErrNoPerson},
		"of an owner":    {s.admin, staff, s.owner.User, members.ErrRank},
	} {
		_, err := s.merge(c.by, c.person, c.member)
		require.ErrorIs(t, err, c.want, name)
	}
	s.exec("insert into roster_imports (organization_id, id, source_id, size, sha256, object_etag, state) values (app.org(), $1, $2, 1, repeat('0', 64), 'e', 'applying')", tenancy.NewID(), s.source)
	_, err := s.merge(s.owner, free, student)
	require.ErrorIs(t, err, logins.ErrRosterInWork)
	require.Zero(t, s.recorded("person.merge"))
	require.NotContains(t, fmt.Sprint(s.named(t, student)), "people")
}
