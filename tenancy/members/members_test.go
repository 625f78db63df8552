package members_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// school is one organization with an owner.
type school struct {
	*pgtest.Database
	t     *testing.T
	org   tenancy.OrgID
	owner tenancy.Actor
}

func setup(t *testing.T) *school {
	t.Helper()
	s := &school{Database: pgtest.New(t), t: t}
	s.org = s.OrganizationOf(t, "free", 1<<30)
	s.owner = s.actor(tenancy.Owner)
	return s
}

func (s *school) actor(role tenancy.Role) tenancy.Actor {
	s.t.Helper()
	return tenancy.Actor{Org: s.org, User: s.Member(s.t, s.org, role), Role: role}
}

func (s *school) in(f func(context.Context, *tenancy.Tx) error) error {
	ctx := context.Background()
	return s.InTx(ctx, s.org, func(tx *tenancy.Tx) error { return f(ctx, tx) })
}

func (s *school) remove(by tenancy.Actor, user uuid.UUID) error {
	return s.in(func(ctx context.Context, tx *tenancy.Tx) error { return members.Remove(ctx, tx, by, user) })
}

func (s *school) leave(user uuid.UUID) error {
	return s.in(func(ctx context.Context, tx *tenancy.Tx) error { return members.Leave(ctx, tx, user) })
}

func (s *school) setRole(by tenancy.Actor, user uuid.UUID, role tenancy.Role) error {
	return s.in(func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := members.SetRole(ctx, tx, by, user, role)
		return err
	})
}

func (s *school) put(by tenancy.Actor, user uuid.UUID, role tenancy.Role) error {
	return s.in(func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := members.PutMember(ctx, tx, by, user, role)
		return err
	})
}

// newcomer is a person who is a member of nothing.
func (s *school) newcomer() uuid.UUID {
	s.t.Helper()
	user, err := s.EnsureUser(context.Background(), "test", uuid.NewString())
	require.NoError(s.t, err)
	return user
}

func (s *school) seats(n int) {
	s.t.Helper()
	_, err := s.Admin(s.t).Exec(context.Background(), "update tiers set max_members = $1", n)
	require.NoError(s.t, err)
}

func (s *school) count(role tenancy.Role) int {
	s.t.Helper()
	members, err := members.ListMembers(context.Background(), s.Single(s.org), role, uuid.Nil, 1000)
	require.NoError(s.t, err)
	return len(members)
}

// at runs f for each of n at the same moment and gives the errors.
func at(n int, f func(i int) error) []error {
	errs := make([]error, n)
	gate := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { <-gate; errs[i] = f(i) })
	}
	close(gate)
	all.Wait()
	return errs
}

func successes(errs []error) (n int) {
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	return n
}

// TestWhoMayChangeWhom walks every pair of roles.
func TestWhoMayChangeWhom(t *testing.T) {
	t.Parallel()
	s := setup(t)
	admin := s.actor(tenancy.Admin)
	operator := tenancy.Actor{Org: tenancy.Platform, Role: tenancy.Operator}
	for _, from := range []tenancy.Role{tenancy.Owner, tenancy.Admin, tenancy.Teacher, tenancy.Student, tenancy.Parent} {
		for _, to := range []tenancy.Role{tenancy.Owner, tenancy.Admin, tenancy.Teacher, tenancy.Student, tenancy.Parent} {
			high := from == tenancy.Owner || from == tenancy.Admin || to == tenancy.Owner || to == tenancy.Admin
			err := s.setRole(admin, s.Member(t, s.org, from), to)
			if high {
				require.ErrorIs(t, err, members.ErrRank, "admin: %s to %s", from, to)
			} else {
				require.NoError(t, err, "admin: %s to %s", from, to)
			}
			require.NoError(t, s.setRole(s.owner, s.Member(t, s.org, from), to), "owner: %s to %s", from, to)
			require.NoError(t, s.setRole(operator, s.Member(t, s.org, from), to), "operator: %s to %s", from, to)
		}
		err := s.remove(admin, s.Member(t, s.org, from))
		if from == tenancy.Owner || from == tenancy.Admin {
			require.ErrorIs(t, err, members.ErrRank)
		} else {
			require.NoError(t, err)
		}
	}
	require.ErrorIs(t, s.put(admin, s.newcomer(), tenancy.Admin), members.ErrRank)
	require.ErrorIs(t, s.remove(s.owner, s.newcomer()), members.ErrNoMember)
	require.ErrorIs(t, s.setRole(s.owner, s.newcomer(), tenancy.Teacher), members.ErrNoMember)
}

func TestLastOwnerStays(t *testing.T) {
	t.Parallel()
	s := setup(t)
	require.ErrorIs(t, s.leave(s.owner.User), members.ErrLastOwner)
	require.ErrorIs(t, s.remove(s.owner, s.owner.User), members.ErrLastOwner)
	require.ErrorIs(t, s.setRole(s.owner, s.owner.User, tenancy.Admin), members.ErrLastOwner)
	require.ErrorIs(t, s.put(s.owner, s.owner.User, tenancy.Student), members.ErrLastOwner)
	second := s.actor(tenancy.Owner)
	require.NoError(t, s.leave(s.owner.User))
	require.ErrorIs(t, s.leave(second.User), members.ErrLastOwner)
}

// TestOwnersGoAtOnce: of owners who all leave, are removed or demoted at the
// same moment, one stays.
func TestOwnersGoAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for range 5 {
		owners := []tenancy.Actor{s.owner}
		for range 5 {
			owners = append(owners, s.actor(tenancy.Owner))
		}
		errs := at(len(owners), func(i int) error {
			switch i % 3 {
			case 0:
				return s.leave(owners[i].User)
			case 1:
				return s.remove(owners[i-1], owners[i].User)
			}
			return s.setRole(owners[i-1], owners[i].User, tenancy.Teacher)
		})
		for _, err := range errs {
			if err != nil {
				require.ErrorIs(t, err, members.ErrLastOwner)
			}
		}
		require.Equal(t, 1, s.count(tenancy.Owner))
		members, err := members.ListMembers(context.Background(), s.Single(s.org), tenancy.Owner, uuid.Nil, 2)
		require.NoError(t, err)
		s.owner.User = members[0].User
	}
}

// TestSeats: races cannot take more than there are, and a smaller tier keeps
// everyone and takes no one.
func TestSeats(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.seats(4)
	people := make([]uuid.UUID, 12)
	for i := range people {
		people[i] = s.newcomer()
	}
	errs := at(len(people), func(i int) error { return s.put(s.owner, people[i], tenancy.Student) })
	require.Equal(t, 3, successes(errs), "the owner has the fourth")
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, members.ErrOverSeats)
		}
	}
	s.seats(1)
	require.Equal(t, 4, s.count(""))
	require.ErrorIs(t, s.put(s.owner, s.newcomer(), tenancy.Student), members.ErrOverSeats)
	members, err := members.ListMembers(t.Context(), s.Single(s.org), tenancy.Student, uuid.Nil, 1)
	require.NoError(t, err)
	require.NoError(t, s.put(s.owner, members[0].User, tenancy.Teacher), "a member with a seat may change")
	require.NoError(t, s.leave(members[0].User))
}

func TestMembersByPage(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for range 7 {
		s.actor(tenancy.Student)
	}
	var seen []uuid.UUID
	for after := uuid.Nil; ; {
		page, err := members.ListMembers(t.Context(), s.Single(s.org), tenancy.Student, after, 3)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			require.NotContains(t, seen, m.User)
			require.Equal(t, "test", m.Issuer)
			seen = append(seen, m.User)
		}
		after = page[len(page)-1].User
	}
	require.Len(t, seen, 7)
}

func TestGuardiansEndWithEitherSide(t *testing.T) {
	t.Parallel()
	s := setup(t)
	link := func(parent, student uuid.UUID) error {
		return s.in(func(ctx context.Context, tx *tenancy.Tx) error {
			_, _, err := members.AddGuardian(ctx, tx, s.owner.User, parent, student)
			return err
		})
	}
	wards := func(parent uuid.UUID) int {
		w, err := members.Students(t.Context(), s.Single(s.org), parent)
		require.NoError(t, err)
		return len(w)
	}
	parent, student, teacher := s.actor(tenancy.Parent).User, s.actor(tenancy.Student).User, s.actor(tenancy.Teacher).User
	require.ErrorIs(t, link(student, parent), members.ErrNotGuardian)
	require.ErrorIs(t, link(parent, teacher), members.ErrNotGuardian)
	require.ErrorIs(t, link(parent, s.newcomer()), members.ErrNoMember)
	foreign := s.Member(t, s.Organization(t, 1), tenancy.Student)
	require.ErrorIs(t, link(parent, foreign), members.ErrNoMember, "of another organization")
	require.NoError(t, link(parent, student))
	require.NoError(t, link(parent, student), "twice is once")
	require.Equal(t, 1, wards(parent))
	require.NoError(t, s.remove(s.owner, student))
	require.Zero(t, wards(parent))

	student = s.actor(tenancy.Student).User
	require.NoError(t, link(parent, student))
	require.NoError(t, s.setRole(s.owner, parent, tenancy.Teacher))
	require.Equal(t, 1, wards(parent), "a teacher is a parent too")
	require.NoError(t, s.setRole(s.owner, student, tenancy.Teacher))
	require.Zero(t, wards(parent), "who is no student any more is no ward")
	require.NoError(t, s.setRole(s.owner, student, tenancy.Student))
	require.Equal(t, 1, wards(parent))
	require.NoError(t, s.leave(parent))
	require.Zero(t, wards(parent))
}

// TestGuardiansOfPeople: who is known only by a roster has links as well, and a ward
// who is of age has none that count.
func TestGuardiansOfPeople(t *testing.T) {
	t.Parallel()
	s := setup(t)
	link := func(guardian, student uuid.UUID) error {
		return s.in(func(ctx context.Context, tx *tenancy.Tx) error {
			_, _, err := members.AddGuardian(ctx, tx, s.owner.User, guardian, student)
			return err
		})
	}
	person := func(kind string) uuid.UUID {
		user := tenancy.NewID()
		for _, sql := range []string{"insert into users (id) values ($1)", "insert into people (organization_id, user_id, kind) values ('" + s.org.String() + "', $1, '" + kind + "')"} {
			_, err := s.Admin(t).Exec(t.Context(), sql, user)
			require.NoError(t, err)
		}
		return user
	}
	guardian, student, aide := person("guardian"), person("student"), person("staff")
	require.NoError(t, link(guardian, student))
	require.NoError(t, link(aide, student))
	require.ErrorIs(t, link(student, person("student")), members.ErrNotGuardian)
	wards, err := members.Students(t.Context(), s.Single(s.org), guardian)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{student}, wards)

	for _, c := range []struct {
		set  string
		want int
	}{{"adult_from = current_date + 1", 1}, {"adult_from = current_date", 0}, {"adult_from = null", 1}, {"state = 'left'", 0}} {
		_, err := s.Single(s.org).Exec(t.Context(), "update people set "+c.set+" where user_id = $1", student)
		require.NoError(t, err)
		wards, err := members.Students(t.Context(), s.Single(s.org), guardian)
		require.NoError(t, err)
		require.Len(t, wards, c.want, c.set)
	}
}

// TestRemovedByHandStaysRemoved: an import that still names the person leaves the
// state as it is.
func TestRemovedByHandStaysRemoved(t *testing.T) {
	t.Parallel()
	s := setup(t)
	user := s.actor(tenancy.Student).User
	_, err := s.Single(s.org).Exec(t.Context(), "insert into people (organization_id, user_id, kind, state, leaves_at) values (app.org(), $1, 'student', 'leaving', now())", user)
	require.NoError(t, err)
	require.NoError(t, s.remove(s.owner, user))
	var state string
	var byHand []string
	require.NoError(t, s.Single(s.org).QueryRow(t.Context(), "select state, set_by_hand from people where user_id = $1", user).Scan(&state, &byHand))
	require.Equal(t, "left", state)
	require.Equal(t, []string{"state"}, byHand)
}

// invite makes an open invitation with a token, as the sent mail leaves it.
func (s *school) invite(role tenancy.Role, term time.Duration) (uuid.UUID, []byte) {
	s.t.Helper()
	id, hash := tenancy.NewID(), members.Hash(uuid.NewString())
	require.NoError(s.t, s.in(func(ctx context.Context, tx *tenancy.Tx) error {
		ctx = tenancy.WithActor(ctx, s.owner)
		if _, _, err := members.Invite(ctx, tx, members.NewInvitation{ID: id, Email: uuid.NewString() + "@school.example", Role: role, Term: term}); err != nil {
			return err
		}
		_, _, err := members.RecordAttempt(ctx, tx, id, hash)
		return err
	}))
	return id, hash
}

func (s *school) accept(id uuid.UUID, hash []byte, user uuid.UUID) error {
	return s.in(func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := members.Accept(ctx, tx, id, hash, user)
		return err
	})
}

// TestTwentyAtOnce: two people with one token, ten times each.
func TestTwentyAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id, hash := s.invite(tenancy.Teacher, 0)
	people := []uuid.UUID{s.newcomer(), s.newcomer()}
	errs := at(20, func(i int) error { return s.accept(id, hash, people[i%2]) })
	require.Equal(t, 1, successes(errs))
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, members.ErrInvitationUsed)
		}
	}
	require.Equal(t, 1, s.count(tenancy.Teacher))
	i, err := members.GetInvitation(t.Context(), s.Single(s.org), id)
	require.NoError(t, err)
	require.Equal(t, members.Accepted, i.State)
	require.Nil(t, i.Email)
}

// TestLastSeatOfTwoInvitations: both are open, one seat is free.
func TestLastSeatOfTwoInvitations(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.seats(2)
	oneID, oneHash := s.invite(tenancy.Teacher, 0)
	twoID, twoHash := s.invite(tenancy.Teacher, 0)
	people := []uuid.UUID{s.newcomer(), s.newcomer()}
	errs := at(2, func(i int) error {
		if i == 0 {
			return s.accept(oneID, oneHash, people[0])
		}
		return s.accept(twoID, twoHash, people[1])
	})
	require.Equal(t, 1, successes(errs))
	require.ErrorIs(t, errors.Join(errs...), members.ErrOverSeats)
	require.ErrorIs(t, s.in(func(ctx context.Context, tx *tenancy.Tx) error {
		_, _, err := members.Invite(ctx, tx, members.NewInvitation{ID: tenancy.NewID(), Email: "a@school.example", Role: tenancy.Student})
		return err
	}), members.ErrOverSeats, "a full organization cannot invite")
}

func TestAcceptIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	newcomer := s.newcomer()
	id, hash := s.invite(tenancy.Teacher, 0)
	require.ErrorIs(t, s.accept(id, members.Hash("another token"), newcomer), members.ErrNoInvitation)
	for status, want := range map[string]error{"suspended": members.ErrSuspended, "deleting": members.ErrNotReady, "provisioning": members.ErrNotReady} {
		_, err := s.Single(s.org).Exec(t.Context(), "update organizations set status = $1, deletion_id = case when $1 = 'deleting' then id end, deletes_at = case when $1 = 'deleting' then now() end", status)
		require.NoError(t, err)
		require.ErrorIs(t, s.accept(id, hash, newcomer), want)
	}
	_, err := s.Single(s.org).Exec(t.Context(), "update organizations set status = 'active', deletion_id = null, deletes_at = null")
	require.NoError(t, err)
	_, err = s.Admin(t).Exec(t.Context(), "update invitations set expires_at = now() where id = $1", id)
	require.NoError(t, err)
	require.ErrorIs(t, s.accept(id, hash, newcomer), members.ErrInvitationExpired, "its time is over, whatever its state says")
}

// TestMembersKeepTheHigherRole.
func TestMembersKeepTheHigherRole(t *testing.T) {
	t.Parallel()
	s := setup(t)
	teacher := s.actor(tenancy.Teacher).User
	id, hash := s.invite(tenancy.Student, 0)
	require.ErrorIs(t, s.accept(id, hash, teacher), members.ErrAlreadyMember)
	i, err := members.GetInvitation(t.Context(), s.Single(s.org), id)
	require.NoError(t, err)
	require.Equal(t, members.Pending, i.State, "it stays open for whom it was meant")
	id, hash = s.invite(tenancy.Admin, 0)
	require.NoError(t, s.accept(id, hash, teacher))
	m, err := members.GetMember(t.Context(), s.Single(s.org), teacher)
	require.NoError(t, err)
	require.Equal(t, tenancy.Admin, m.Role)
	_, hash = s.invite(tenancy.Owner, 0)
	require.ErrorIs(t, s.accept(id, hash, teacher), members.ErrNoInvitation, "a token is of its own invitation")
}

// TestInviterIsGone: what an owner promised holds until someone revokes it.
func TestInviterIsGone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.actor(tenancy.Owner)
	id, hash := s.invite(tenancy.Admin, 0)
	require.NoError(t, s.leave(s.owner.User))
	require.NoError(t, s.accept(id, hash, s.newcomer()))
}

// TestInviteOnce: the same id gives the same row, the same address another.
func TestInviteOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	invite := func(id uuid.UUID, email string, by tenancy.Actor, role tenancy.Role) (fresh bool, err error) {
		err = s.in(func(ctx context.Context, tx *tenancy.Tx) error {
			_, fresh, err = members.Invite(tenancy.WithActor(ctx, by), tx, members.NewInvitation{ID: id, Email: email, Role: role})
			return err
		})
		return fresh, err
	}
	ids := []uuid.UUID{tenancy.NewID(), tenancy.NewID()}
	errs := at(10, func(i int) error {
		_, err := invite(ids[i%2], "A.Person@school.example", s.owner, tenancy.Teacher)
		return err
	})
	require.Equal(t, 5, successes(errs), "one of the two ids got the row, and each repeat of it is no error")
	require.ErrorIs(t, errors.Join(errs...), members.ErrInvitationExists)
	_, err := invite(tenancy.NewID(), "a.person@SCHOOL.example", s.owner, tenancy.Teacher)
	require.ErrorIs(t, err, members.ErrInvitationExists, "whatever its case")
	_, err = invite(tenancy.NewID(), "b@school.example", s.actor(tenancy.Admin), tenancy.Admin)
	require.ErrorIs(t, err, members.ErrRank)
	for _, email := range []string{"", "unknown", "a@b@c", "Name <a@school.example>", "a@school.example\r\nBcc: b@school.example", " a@school.example", "a@[127.0.0.1]"} {
		require.ErrorIs(t, members.CheckEmail(email), members.ErrEmail, "%q", email)
	}
}

// TestOldAttemptsDoNotWrite: an answer that comes late is about a mail that is
// worth nothing any more.
func TestOldAttemptsDoNotWrite(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id, old := s.invite(tenancy.Teacher, 0)
	q := s.Single(s.org)
	hash := members.Hash("newer")
	require.NoError(t, s.in(func(ctx context.Context, tx *tenancy.Tx) error {
		_, _, err := members.RecordAttempt(ctx, tx, id, hash)
		return err
	}))
	mine, err := members.RecordDelivery(t.Context(), q, id, old, members.Failed, "mail_refused")
	require.NoError(t, err)
	require.False(t, mine)
	mine, err = members.RecordDelivery(t.Context(), q, id, hash, members.Sent, "")
	require.NoError(t, err)
	require.True(t, mine)
	err = s.in(func(ctx context.Context, tx *tenancy.Tx) error { _, err := members.Resend(ctx, tx, id); return err })
	require.ErrorIs(t, err, members.ErrResendTooSoon)
	ended, err := members.End(t.Context(), q, id, members.Revoked, nil)
	require.NoError(t, err)
	require.True(t, ended)
	ended, err = members.End(t.Context(), q, id, members.Expired, nil)
	require.NoError(t, err)
	require.False(t, ended, "the first end stays")
}
