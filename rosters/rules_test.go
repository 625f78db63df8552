package rosters_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/rosters"
	"satchel/rosters/oneroster"
	"satchel/tenancy"
)

// TestFirstImportWaits, and one of the same package neither waits nor changes.
func TestFirstImportWaits(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	_, found := s.bring(pack(t, sample()))
	require.Equal(t, []string{rosters.HoldFirst}, codes(found.Holds))
	_, found = s.diff(pack(t, sample()))
	require.Empty(t, found.Holds)
	require.Zero(t, found.Summary.Total)
}

// TestOneImportOfASourceAtATime: the second one is refused while the first waits.
func TestOneImportOfASourceAtATime(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id, found := s.diff(pack(t, sample()))
	err := s.tx(func(ctx context.Context, tx *tenancy.Tx) error {
		return rosters.Begin(ctx, tx, rosters.Package{Import: tenancy.NewID(), Source: s.source, Size: 1, SHA256: strings.Repeat("0", 64)})
	})
	require.ErrorIs(t, err, rosters.ErrImportOpen)
	err = s.tx(func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := rosters.Decide(ctx, tx, id, &s.admin, rosters.Approve, "another", false)
		return err
	})
	require.ErrorIs(t, err, rosters.ErrOtherDiff, "a decision names the changes that were shown")
	s.decide(id, rosters.Approve, found.Hash, false)
}

// large is a school of n students in one class.
func large(n int) map[string]string {
	f := sample()
	var users, roles, places strings.Builder
	for i := range n {
		fmt.Fprintf(&users, "x%d,,,true,x%d,,Given%d,Family%d,,,,,,,08,,,,,,s1,\n", i, i, i, i)
		fmt.Fprintf(&roles, "rx%d,,,x%d,primary,student,,,s1,\n", i, i)
		fmt.Fprintf(&places, "ex%d,,,c1,s1,x%d,student,,,\n", i, i)
	}
	f["users.csv"] += users.String()
	f["roles.csv"] += roles.String()
	f["enrollments.csv"] += places.String()
	return f
}

// TestMassOmissionHolds: half of a school that is missing is held, and nothing is
// removed by an import that only adds.
func TestMassOmissionHolds(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.bring(pack(t, large(60)))
	id, found := s.diff(pack(t, large(30)))
	require.Contains(t, codes(found.Holds), rosters.HoldStudents)
	require.Contains(t, codes(found.Holds), rosters.HoldEnrollments)
	s.decide(id, rosters.AddsOnly, found.Hash, false)
	s.apply(id)
	require.Len(t, s.members("c1"), 62)
	s.bring(pack(t, large(30)))
	require.Len(t, s.members("c1"), 32)
	require.Len(t, s.lines("select sourced_id from people where state = 'leaving' and leaves_at > now() + interval '13 days'"), 30)
	s.bring(pack(t, large(60)))
	require.Len(t, s.members("c1"), 62, "back as before")
}

// TestARefusedRowIsNotOmitted: a faulty row leaves what it is about as it was.
func TestARefusedRowIsNotOmitted(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.bring(pack(t, sample()))
	f := sample()
	f["users.csv"] = strings.Replace(f["users.csv"], "p1,,,true,ada", "p1,,,perhaps,ada", 1)
	f["enrollments.csv"] = strings.Replace(f["enrollments.csv"], "e1,,,c1,s1,p1,student", "e1,,,c1,s1,p1,pilot", 1)
	_, found := s.bring(pack(t, f))
	require.Zero(t, found.Summary.Removals)
	require.Equal(t, []string{"p1", "p3"}, s.members("c1"))

	f["enrollments.csv"] = placeColumns + "e3,,,c1,s1,p3,teacher,true,,\ne1,,,c1,s1,p\"1,student,,,\n"
	_, found = s.bring(pack(t, f))
	require.Zero(t, found.Summary.Removals, "a row without a readable identifier could be any of them")
}

// TestTooManyFaultyRowsStop, and leave nothing staged.
func TestTooManyFaultyRowsStop(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	f := large(50)
	f["enrollments.csv"] = strings.ReplaceAll(f["enrollments.csv"], "c1,s1,x", "c9,s1,x")
	id, err := s.stage(pack(t, f))
	var stop *oneroster.Stop
	require.ErrorAs(t, err, &stop)
	require.Equal(t, oneroster.TooManyRefused, stop.Code)
	require.Empty(t, s.lines("select row::text from roster_rows"))
	require.Equal(t, rosters.Stopped, s.get(id).State)
}

// TestHandMadeStays: what a person removed or changed by hand is not brought back.
func TestHandMadeStays(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.bring(pack(t, sample()))
	for _, sql := range []string{
		"update class_members m set removed_by = '" + s.admin.String() + "', ends_at = now() from people p where p.user_id = m.user_id and p.sourced_id = 'p1'",
		"update people set display_name = 'Ada', set_by_hand = '{display_name}' where sourced_id = 'p1'",
		"update classes set title = 'Arts', set_by_hand = '{title}' where sourced_id = 'c1'",
	} {
		_, err := s.db.Single(s.org).Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	f := sample()
	f["users.csv"] = strings.Replace(f["users.csv"], "Ada,Low", "Adeline,Low", 1)
	f["classes.csv"] = strings.Replace(f["classes.csv"], "Art,,k1,A1", "Art,,k1,A2", 1)
	f["enrollments.csv"] = strings.Replace(f["enrollments.csv"], "e1,,,c1,s1,p1,student,,,", "e1,,,c1,s1,p1,student,,2020-09-01,", 1)
	s.bring(pack(t, f))
	require.Equal(t, []string{"p3"}, s.members("c1"))
	require.Equal(t, []string{"Ada"}, s.lines("select display_name from people where sourced_id = 'p1'"))
	require.Equal(t, []string{"Arts A2"}, s.lines("select title || ' ' || code from classes where sourced_id = 'c1'"))
}

// TestAPlaceEndsWithItsLastRow: of two rows that say that a person is in a class,
// the end of one ends nothing.
func TestAPlaceEndsWithItsLastRow(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	f := sample()
	f["enrollments.csv"] += "e9,,,c1,s1,p1,student,,,\n"
	s.bring(pack(t, f))
	gone := func(e string) {
		s.bring(pack(t, delta(map[string]string{"enrollments.csv": e + ",tobedeleted,2026-09-01T00:00:00.000Z,c1,s1,p1,student,,,\n"})))
	}
	gone("e1")
	require.Equal(t, []string{"p1", "p3"}, s.members("c1"))
	gone("e9")
	require.Equal(t, []string{"p3"}, s.members("c1"))
}

// TestAReusedIdentifierIsHeldAlone, with what the row's person is enrolled in.
func TestAReusedIdentifierIsHeldAlone(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.bring(pack(t, sample()))
	f := sample()
	f["users.csv"] = strings.Replace(f["users.csv"], "p1,,,true,ada,,Ada,Low,,,,,,p2,07", "p1,,,true,zed,,Zed,Quick,,,,,,,11", 1)
	f["enrollments.csv"] += "e7,,,c2,s1,p1,student,,,\n"
	id, found := s.diff(pack(t, f))
	s.decide(id, rosters.Approve, found.Hash, false)
	s.apply(id)
	require.Equal(t, []string{"Ada Low"}, s.lines("select display_name from people where sourced_id = 'p1'"))
	require.Empty(t, s.members("c2"))
	id, found = s.diff(pack(t, f))
	s.decide(id, rosters.Approve, found.Hash, true)
	s.apply(id)
	require.Equal(t, []string{"Zed Quick"}, s.lines("select display_name from people where sourced_id = 'p1'"))
	require.Equal(t, []string{"p1"}, s.members("c2"))
}

// TestOwnersStay: a member of the staff who became an owner or admin never leaves
// by a roster.
func TestOwnersStay(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.bring(pack(t, sample()))
	_, err := s.db.Single(s.org).Exec(t.Context(), "insert into members (organization_id, user_id, role) select app.org(), user_id, 'admin' from people where sourced_id = 'p3'")
	require.NoError(t, err)
	f := sample()
	f["users.csv"] = f["users.csv"][:strings.Index(f["users.csv"], "p3,")]
	f["roles.csv"] = f["roles.csv"][:strings.Index(f["roles.csv"], "r3,")]
	f["enrollments.csv"] = f["enrollments.csv"][:strings.Index(f["enrollments.csv"], "e3,")]
	s.bring(pack(t, f))
	require.Equal(t, []string{"p1", "p2", "p3"}, s.lines("select sourced_id from people where state = 'active'"))
}

// TestGuardianshipsFollowTheRoster: a link begins when the later one of the two is
// a member, and ends when the roster names it no more.
func TestGuardianshipsFollowTheRoster(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.bring(pack(t, sample()))
	require.Empty(t, s.lines("select origin from guardianships"))
	for _, m := range [][2]string{{"p1", "student"}, {"p2", "parent"}} {
		_, err := s.db.Single(s.org).Exec(t.Context(), "insert into members (organization_id, user_id, role) select app.org(), user_id, $2 from people where sourced_id = $1", m[0], m[1])
		require.NoError(t, err)
	}
	require.Equal(t, []string{"roster"}, s.lines("select origin from guardianships"))
	f := sample()
	f["users.csv"] = strings.Replace(f["users.csv"], ",p2,07", ",,07", 1)
	s.bring(pack(t, f))
	require.Empty(t, s.lines("select origin from guardianships"))
}

// TestABatchThatFailsIsAppliedByTheNextTry: an import that fails between two
// batches keeps what was applied, and goes on there.
func TestABatchThatFailsIsAppliedByTheNextTry(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id, found := s.diff(pack(t, large(400))) // more than two batches
	s.decide(id, rosters.Approve, found.Hash, false)
	fresh, err := rosters.BeginApply(t.Context(), s.db.DB, s.org, id)
	require.NoError(t, err)
	require.True(t, fresh)
	a, err := rosters.NewApplier(t.Context(), s.db.DB, s.org, id)
	require.NoError(t, err)
	_, err = a.Apply(t.Context())
	require.NoError(t, err)
	conn := s.db.Admin(t)
	_, err = conn.Exec(t.Context(), `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
		create trigger refuse before insert on class_members for each row when (new.sourced_id = 'ex399') execute function refuse()`)
	require.NoError(t, err)
	for err == nil {
		_, err = a.Apply(t.Context())
	}
	require.ErrorContains(t, err, "refused")
	batches := s.lines("select first_seq::text from roster_batches")
	_, err = conn.Exec(t.Context(), "drop trigger refuse on class_members")
	require.NoError(t, err)
	s.apply(id)
	require.Subset(t, s.lines("select first_seq::text from roster_batches"), batches)
	require.Len(t, s.members("c1"), 402)
	s.undo(id)
	require.Empty(t, s.members("c1"))
	require.Empty(t, s.lines("select display_name from people where state <> 'left' or display_name <> '' or username_hash is not null"))
}

// TestSourcesDoNotMeet: a second source with the same user names and identifiers
// makes persons of its own, and removes nothing of the first.
func TestSourcesDoNotMeet(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.bring(pack(t, sample()))
	s.source = s.addSource(rosters.Source{Name: "Another", LeaveDays: 14})
	_, found := s.bring(pack(t, sample()))
	require.Zero(t, found.Summary.Removals)
	require.Len(t, s.lines("select sourced_id from people where state = 'active'"), 6)
}

// TestAnImportThatWaitsLeavesOutWhoWasErased: it does not fail on the row of the person, which is of no
// source any more, and does not fill it again; the next import makes a new one.
func TestAnImportThatWaitsLeavesOutWhoWasErased(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	s.bring(pack(t, sample()))
	f := sample()
	f["users.csv"] = strings.Replace(f["users.csv"], "p1,,,true,ada,,Ada,Low,,,,,,p2,07", "p1,,,true,ada,,Ada,Low,,,,,,p2,08", 1)
	id, found := s.diff(pack(t, f))
	require.NoError(t, s.tx(func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := tx.Exec(ctx, "update people set display_name = '', grade = '', identifiers = '{}', username_hash = null, email_hash = null, source_id = null, sourced_id = null, row_hash = null, state = 'left' where sourced_id = 'p1'")
		return err
	}))
	s.decide(id, rosters.Approve, found.Hash, false)
	s.apply(id)
	require.Empty(t, s.lines("select display_name from people where display_name = 'Ada Low'"))
	s.bring(pack(t, f))
	require.Equal(t, []string{"Ada Low"}, s.lines("select display_name from people where sourced_id = 'p1'"))
}
