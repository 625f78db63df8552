package logins_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/tenancy/logins"
)

// TestForgettingTakesTheLogins: of those who belong to no other organization, members
// or not; a person who belongs to another one signs in there as before.
func TestForgettingTakesTheLogins(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id"})
	roster := s.person(person{sourcedID: "s1"})
	require.True(t, s.signIn(login("roster", "s1", "")).Linked)
	unsigned := s.person(person{})
	former := s.Member(t, s.org, tenancy.Teacher)
	s.exec("insert into files (organization_id, id, name, uploaded_by) values (app.org(), $1, 'a.txt', $2)", tenancy.NewID(), former)
	s.exec("delete from members where user_id = $1", former)
	other := s.OrganizationOf(t, "free", 1)
	_, err := s.Single(other).Exec(t.Context(), "insert into members (organization_id, user_id, role) values (app.org(), $1, 'teacher')", s.admin.User)
	require.NoError(t, err)
	known := s.Member(t, other, tenancy.Student)
	_, err = s.Single(other).Exec(t.Context(), "insert into people (organization_id, user_id, kind) values (app.org(), $1, 'student')", known)
	require.NoError(t, err)

	_, err = s.Admin(t).Exec(t.Context(), "update organizations set status = 'deleting', deletion_id = gen_random_uuid(), deletes_at = now(), deletion_begun_at = now() where id = $1", s.org)
	require.NoError(t, err)
	var counts map[string]int64
	require.NoError(t, s.InTx(t.Context(), tenancy.Platform, func(tx *tenancy.Tx) (err error) {
		counts, err = tenancy.DeleteOrganizationRows(context.Background(), tx, s.org)
		return err
	}))
	require.EqualValues(t, 3, counts["logins"], "the owner's, the former teacher's and the one from the roster")
	require.EqualValues(t, 2, counts["people"])
	for user, want := range map[uuid.UUID]int{roster: 0, unsigned: 0, former: 0, s.owner.User: 0, s.admin.User: 1, known: 1, s.operator.User: 1} {
		var n int
		require.NoError(t, s.Admin(t).QueryRow(t.Context(), "select count(*) from logins where user_id = $1", user).Scan(&n))
		require.Equal(t, want, n)
	}
	places, err := s.Memberships(t.Context(), issuer, "roster")
	require.NoError(t, err)
	require.Empty(t, places)
}
