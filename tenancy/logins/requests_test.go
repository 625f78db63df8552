package logins_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/tenancy/logins"
	"satchel/tenancy/members"
	"satchel/tenancy/people"
)

func (s *school) link(by tenancy.Actor, request, user uuid.UUID) (r logins.Request, err error) {
	err = s.in(by, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		r, err = logins.Link(ctx, tx, by, request, user)
		return err
	})
	return r, err
}

func (s *school) dismiss(request uuid.UUID) error {
	return s.in(s.admin, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := logins.Dismiss(ctx, tx, s.admin, request)
		return err
	})
}

func (s *school) unlink(by tenancy.Actor, user, login uuid.UUID) (ended bool, err error) {
	err = s.in(by, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		ended, err = logins.Unlink(ctx, tx, by, user, login)
		return err
	})
	return ended, err
}

// waiting makes a request of a login for which there is no one.
func (s *school) waiting(subject string) logins.Request {
	s.t.Helper()
	require.True(s.t, s.signIn(login(subject, "", "")).Waits)
	all := s.requests()
	i := slices.IndexFunc(all, func(r logins.Request) bool { return r.Subject == subject })
	require.GreaterOrEqual(s.t, i, 0)
	return all[i]
}

func TestAdminLinks(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id"})
	guardian, other := s.person(person{kind: people.Guardian}), s.person(person{})
	r := s.waiting("a")
	for range 2 {
		linked, err := s.link(s.admin, r.ID, guardian)
		require.NoError(t, err, "twice is once")
		require.Equal(t, logins.Linked, linked.State)
		require.Equal(t, &s.admin.User, linked.DecidedBy)
		require.Empty(t, linked.Name)
	}
	require.Equal(t, []uuid.UUID{guardian}, s.usersOf("a"))
	require.Equal(t, tenancy.Parent, s.get(guardian).Role)
	_, err := s.link(s.admin, r.ID, other)
	require.ErrorIs(t, err, logins.ErrDecided)
	require.ErrorIs(t, s.dismiss(r.ID), logins.ErrDecided)
	require.Equal(t, 1, s.recorded("login.link"))

	second := s.waiting("b")
	_, err = s.link(s.admin, second.ID, guardian)
	require.NoError(t, err, "a person has several logins")
	require.Len(t, s.loginsOf(guardian), 2)
	_, err = s.link(s.admin, tenancy.NewID(), guardian)
	require.ErrorIs(t, err, logins.ErrNoRequest)
}

// TestWhomAnAdminCannotLink: a login is a way in, so who links one has the rights of the
// person it is linked to.
func TestWhomAnAdminCannotLink(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id"})
	r := s.waiting("a")
	promoted := s.person(person{sourcedID: "head", kind: people.Staff})
	require.True(t, s.signIn(login("head", "head", "")).Linked)
	require.NoError(t, s.in(s.owner, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := members.SetRole(ctx, tx, s.owner, promoted, tenancy.Owner)
		return err
	}))
	_, err := s.link(s.admin, r.ID, promoted)
	require.ErrorIs(t, err, members.ErrRank)
	_, err = s.unlink(s.admin, promoted, s.loginsOf(promoted)[0].ID)
	require.ErrorIs(t, err, members.ErrRank)
	_, err = s.unlink(s.owner, promoted, s.loginsOf(promoted)[0].ID)
	require.ErrorIs(t, err, logins.ErrLastLogin)

	// A member with an account of their own may be one elsewhere: a login that is let
	// in here would be let in there.
	own := s.Member(t, s.org, tenancy.Teacher)
	_, err = s.link(s.admin, r.ID, own)
	require.ErrorIs(t, err, people.ErrNoPerson)
	s.exec("insert into people (organization_id, user_id, kind) values (app.org(), $1, 'staff')", own)
	_, err = s.link(s.admin, r.ID, own)
	require.ErrorIs(t, err, logins.ErrCannot)

	foreign := s.person(person{})
	first := s.org
	s.found(t)
	elsewhere := s.person(person{})
	s.org = first
	_, err = s.link(s.admin, r.ID, elsewhere)
	require.ErrorIs(t, err, people.ErrNoPerson, "of another organization")

	s.exec("update people set state = 'left' where user_id = $1", foreign)
	_, err = s.link(s.admin, r.ID, foreign)
	require.ErrorIs(t, err, logins.ErrNotActive)
	require.Empty(t, s.usersOf("a"))
	require.Equal(t, logins.Waiting, s.requests()[0].State)
}

func TestUnlinkedStaysUnlinked(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id", JITRole: tenancy.Student})
	user := s.person(person{sourcedID: "s1"})
	require.True(t, s.signIn(login("a", "s1", "")).Linked)
	id := s.loginsOf(user)[0].ID
	_, err := s.unlink(s.admin, s.person(person{}), id)
	require.ErrorIs(t, err, logins.ErrNoLogin, "it is somebody else's")
	ended, err := s.unlink(s.admin, user, id)
	require.NoError(t, err)
	require.True(t, ended, "as before the link")
	require.Empty(t, s.get(user).Role)
	require.Equal(t, people.Active, s.get(user).State)
	require.Equal(t, 1, s.recorded("login.unlink"))
	_, err = s.unlink(s.admin, user, id)
	require.ErrorIs(t, err, logins.ErrNoLogin)

	require.True(t, s.signIn(login("a", "s1", "")).Waits, "no rule undoes what an admin did, nor lets the login join")
	require.Empty(t, s.usersOf("a"))
	require.True(t, s.signIn(login("b", "s1", "")).Linked, "the right one finds its person")
	r := s.requests()[0]
	require.Equal(t, []any{logins.Dismissed, "unlinked"}, []any{r.State, r.Reason})
	other := s.person(person{})
	_, err = s.link(s.admin, r.ID, other)
	require.NoError(t, err, "an admin may change their mind")
	require.Equal(t, []uuid.UUID{other}, s.usersOf("a"))
}

func TestDismissedAndRemoved(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id", JITRole: tenancy.Student})
	s.person(person{tag: "twice"})
	s.person(person{tag: "twice"})
	require.True(t, s.signIn(login("a", "twice", "")).Waits)
	require.NoError(t, s.dismiss(s.requests()[0].ID))
	require.NoError(t, s.dismiss(s.requests()[0].ID), "twice is once")
	require.True(t, s.signIn(login("a", "", "")).Waits)
	require.Empty(t, s.usersOf("a"), "no rule lets in who was dismissed")
	require.Empty(t, s.requests()[0].Name)

	// Someone who was removed is not let in again by a rule.
	user := s.person(person{sourcedID: "s1"})
	for subject, id := range map[string]string{"b": "s1", "c": ""} {
		require.True(t, s.signIn(login(subject, id, "")).Linked)
		gone := s.usersOf(subject)[0]
		require.NoError(t, s.in(s.admin, func(ctx context.Context, tx *tenancy.Tx) error { return members.Remove(ctx, tx, s.admin, gone) }))
		require.True(t, s.signIn(login(subject, id, "")).Waits)
		require.Empty(t, s.usersOf(subject))
	}
	active := people.Active
	require.NoError(t, s.in(s.admin, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := people.Change(ctx, tx, user, people.Changes{State: &active})
		return err
	}))
	require.True(t, s.signIn(login("b", "s1", "")).Linked, "until an admin brings them back")
	require.Equal(t, []uuid.UUID{user}, s.usersOf("b"))
}

// TestInvitationOfAPerson: the way of guardians, because no rule finds them by an address.
func TestInvitationOfAPerson(t *testing.T) {
	t.Parallel()
	s := setup(t)
	guardian := s.person(person{kind: people.Guardian, email: "p@mail.example"})
	invite := func(user *uuid.UUID) (id uuid.UUID, hash []byte, err error) {
		id, hash = tenancy.NewID(), members.Hash(uuid.NewString())
		return id, hash, s.in(s.admin, func(ctx context.Context, tx *tenancy.Tx) error {
			n := members.NewInvitation{ID: id, Email: uuid.NewString() + "@mail.example", Role: tenancy.Parent, Person: user}
			if _, _, err := members.Invite(ctx, tx, n); err != nil {
				return err
			}
			_, _, err := members.RecordAttempt(ctx, tx, id, hash)
			return err
		})
	}
	accept := func(id uuid.UUID, hash []byte, subject string) error {
		return s.in(tenancy.Actor{}, func(ctx context.Context, tx *tenancy.Tx) error {
			_, _, err := members.AcceptAs(ctx, tx, id, hash, issuer, subject)
			return err
		})
	}
	unknown := tenancy.NewID()
	_, _, err := invite(&unknown)
	require.ErrorIs(t, err, members.ErrNoPerson)
	anyone, anyHash, err := invite(nil)
	require.NoError(t, err)
	require.ErrorIs(t, accept(anyone, anyHash, "a"), members.ErrNoInvitation)
	id, hash, err := invite(&guardian)
	require.NoError(t, err)
	again, againHash, err := invite(&guardian)
	require.NoError(t, err)
	errs := at(4, func(i int) error { return accept(id, hash, []string{"a", "b"}[i%2]) })
	require.Equal(t, 1, len(errs)-len(slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })))
	list := s.loginsOf(guardian)
	require.Len(t, list, 1)
	require.Equal(t, string(logins.ViaInvitation), list[0].Via)
	require.Equal(t, []uuid.UUID{guardian}, s.usersOf(list[0].Subject))
	require.ErrorIs(t, accept(again, againHash, "c"), members.ErrPersonMember)
	_, _, err = invite(&guardian)
	require.ErrorIs(t, err, members.ErrPersonMember)
}

// TestOldRequestsAreDeleted: with the name that the issuer showed.
func TestOldRequestsAreDeleted(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.rule(logins.Rule{PersonClaim: "id"})
	old, decided := s.waiting("a"), s.waiting("b")
	s.waiting("c")
	require.NoError(t, s.dismiss(decided.ID))
	s.exec("update login_requests set seen_at = now() - $2::interval where id = any ($1)", []uuid.UUID{old.ID, decided.ID}, logins.RequestTerm+1e9)
	found, err := s.OrganizationsWithOldLoginRequests(t.Context(), logins.RequestTerm, uuid.Nil, 10)
	require.NoError(t, err)
	require.Equal(t, []tenancy.Ref{{Org: s.org}}, found)
	require.NoError(t, logins.DeleteOld(t.Context(), s.Single(s.org)))
	var left []string
	for _, r := range s.requests() {
		left = append(left, r.Subject)
	}
	require.ElementsMatch(t, []string{"b", "c"}, left, "what an admin decided is kept")
	found, err = s.OrganizationsWithOldLoginRequests(t.Context(), logins.RequestTerm, uuid.Nil, 10)
	require.NoError(t, err)
	require.Empty(t, found)
}
