package sweep_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/sweep"
	"satchel/tenancy"
	"satchel/tenancy/logins"
	"satchel/tenancy/members"
	"satchel/tenancy/people"
)

// leaving makes a member who is a person, whose time ends as the interval says.
func (b *bench) leaving(t *testing.T, org tenancy.OrgID, role tenancy.Role, ends string) uuid.UUID {
	t.Helper()
	user := b.Member(t, org, role)
	_, err := b.Single(org).Exec(t.Context(), "insert into people (organization_id, user_id, kind, state, leaves_at) values (app.org(), $1, 'student', 'leaving', now() + $2::text::interval)", user, ends)
	require.NoError(t, err)
	return user
}

func (b *bench) place(t *testing.T, org tenancy.OrgID, user uuid.UUID) (people.State, bool) {
	t.Helper()
	p, err := people.Get(t.Context(), b.Single(org), user)
	require.NoError(t, err)
	return p.State, p.Role != ""
}

// TestPeopleLeaveWhenTheirTimeIsOver: not before, not who was brought back, and no
// owner or admin by what a roster says.
func TestPeopleLeaveWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var due []uuid.UUID
	for range 2*page + 1 {
		due = append(due, b.leaving(t, b.good, tenancy.Student, "-1 second"))
	}
	other := b.leaving(t, b.failing, tenancy.Student, "-1 second")
	later, admin, back := b.leaving(t, b.good, tenancy.Student, "1 hour"), b.leaving(t, b.good, tenancy.Admin, "-1 second"), b.leaving(t, b.good, tenancy.Student, "-1 second")
	guardian := b.Member(t, b.good, tenancy.Teacher)
	active := people.Active
	require.NoError(t, b.InTx(t.Context(), b.good, func(tx *tenancy.Tx) error {
		if _, _, err := members.AddGuardian(t.Context(), tx, guardian, guardian, due[0]); err != nil {
			return err
		}
		_, err := people.Change(t.Context(), tx, back, people.Changes{State: &active})
		return err
	}))
	swept := func() (result sweep.SweepResult) {
		v, err := b.env.ExecuteActivity(b.sweeper.EndPeople, sweep.EndPeopleInput{Org: tenancy.Platform})
		require.NoError(t, err)
		require.NoError(t, v.Get(&result))
		return result
	}
	require.Equal(t, sweep.SweepResult{Found: len(due) + 2, Done: len(due) + 2}, swept())
	require.Equal(t, sweep.SweepResult{}, swept(), "a second run finds nothing")
	for _, user := range due {
		state, member := b.place(t, b.good, user)
		require.Equal(t, people.Left, state)
		require.False(t, member)
	}
	for _, c := range []struct {
		org    tenancy.OrgID
		user   uuid.UUID
		state  people.State
		member bool
	}{{b.failing, other, people.Left, false}, {b.good, later, people.Leaving, true}, {b.good, admin, people.Left, true}, {b.good, back, people.Active, true}} {
		state, member := b.place(t, c.org, c.user)
		require.Equal(t, c.state, state)
		require.Equal(t, c.member, member)
	}
	wards, err := members.Students(t.Context(), b.Single(b.good), guardian)
	require.NoError(t, err)
	require.Empty(t, wards)
	var recorded int
	require.NoError(t, b.Single(b.good).QueryRow(t.Context(), "select count(*) from audit_events where event::jsonb ->> 'action' = 'person.end'").Scan(&recorded))
	require.Equal(t, len(due)+1, recorded)
}

// TestLogins that have waited for long are forgotten, of every organization.
func TestLoginsThatWaitedAreForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, org := range []tenancy.OrgID{b.failing, b.good} {
		for _, age := range []any{logins.RequestTerm + 1e9, logins.RequestTerm - 1e9*3600} {
			_, err := b.Single(org).Exec(t.Context(), `insert into login_requests (organization_id, id, issuer, subject, shown_name, reason, seen_at)
				values (app.org(), $1::uuid, 'i', $1::uuid::text, 'Zoë', 'no_person', now() - $2::interval)`, uuid.New(), age)
			require.NoError(t, err)
		}
	}
	_, err := b.env.ExecuteActivity(b.sweeper.DeleteOldLoginRequests, sweep.DeleteOldLoginRequestsInput{Org: tenancy.Platform})
	require.NoError(t, err)
	for _, org := range []tenancy.OrgID{b.failing, b.good} {
		left, err := logins.ListRequests(context.Background(), b.Single(org), "", uuid.Nil, 10)
		require.NoError(t, err)
		require.Len(t, left, 1)
	}
}
