package invitation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/activities/invitation"
	"satchel/internal/activitytest"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// TestInvitationEndsOnce: it ends with its audit entry and without its address, and
// a second call, or another organization's, changes nothing.
func TestInvitationEndsOnce(t *testing.T) {
	t.Parallel()
	f := activitytest.New(t)
	a, id, other := invitation.New(f.DB, nil, invitation.Config{}), tenancy.NewID(), f.Organization(t, 1000)
	require.NoError(t, f.InTx(t.Context(), f.Org, func(tx *tenancy.Tx) error {
		_, _, err := members.Invite(t.Context(), tx, members.NewInvitation{ID: id, Email: "person@school.example", Role: tenancy.Teacher})
		return err
	}))
	end := func(org tenancy.OrgID, to members.State) (bool, error) {
		result, err := activitytest.Run[invitation.EndInvitationResult](t, a, a.EndInvitation, invitation.EndInvitationInput{Org: org, Invitation: id, To: to})
		return result.Ended, err
	}
	ended, err := end(other, members.Expired)
	require.NoError(t, err)
	require.False(t, ended, "another organization has no such invitation")
	_, err = end(f.Org, members.Accepted)
	activitytest.RequireRefused(t, err, "invalid_state", false)
	_, err = end(tenancy.OrgID{}, members.Expired)
	activitytest.RequireRefused(t, err, "no_organization", false)

	for _, want := range []bool{true, false} {
		ended, err = end(f.Org, members.Expired)
		require.NoError(t, err)
		require.Equal(t, want, ended)
	}
	var state string
	var email *string
	require.NoError(t, f.Single(f.Org).QueryRow(t.Context(), "select state, email from invitations where id = $1", id).Scan(&state, &email))
	require.Equal(t, string(members.Expired), state)
	require.Nil(t, email)
	var entries int
	require.NoError(t, f.Single(f.Org).QueryRow(t.Context(), "select count(*) from audit_events where action = 'invitation.expire'").Scan(&entries))
	require.Equal(t, 1, entries)
}

// TestInvitationIsNotEndedWithoutItsAuditEntry: the audit log refuses the entry,
// and the invitation stays open for the next attempt.
func TestInvitationIsNotEndedWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	f := activitytest.New(t)
	a, id := invitation.New(f.DB, nil, invitation.Config{}), tenancy.NewID()
	require.NoError(t, f.InTx(t.Context(), f.Org, func(tx *tenancy.Tx) error {
		_, _, err := members.Invite(t.Context(), tx, members.NewInvitation{ID: id, Email: "person@school.example", Role: tenancy.Teacher})
		return err
	}))
	_, err := f.Admin(t).Exec(t.Context(), `create function test_refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
		create trigger test_refuse before insert on audit_events for each row execute function test_refuse()`)
	require.NoError(t, err)
	in := invitation.EndInvitationInput{Org: f.Org, Invitation: id, To: members.Revoked}
	_, err = activitytest.Run[invitation.EndInvitationResult](t, a, a.EndInvitation, in)
	activitytest.RequireRefused(t, err, "internal", true)
	_, err = f.Admin(t).Exec(t.Context(), "drop trigger test_refuse on audit_events")
	require.NoError(t, err)
	result, err := activitytest.Run[invitation.EndInvitationResult](t, a, a.EndInvitation, in)
	require.NoError(t, err)
	require.True(t, result.Ended)
}
