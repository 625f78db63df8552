package members_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
	"satchel/tenancy/members"
)

func (s *school) end(id uuid.UUID, to members.State) error {
	return s.in(func(ctx context.Context, tx *tenancy.Tx) error {
		ended, err := members.End(ctx, tx, id, to, nil)
		if err == nil && !ended {
			return members.ErrInvitationEnded
		}
		return err
	})
}

func (s *school) decline(id uuid.UUID, hash []byte) error {
	return s.in(func(ctx context.Context, tx *tenancy.Tx) error { return members.Decline(ctx, tx, id, hash) })
}

func (s *school) invitation(id uuid.UUID) members.Invitation {
	s.t.Helper()
	i, err := members.GetInvitation(context.Background(), s.Single(s.org), id)
	require.NoError(s.t, err)
	return i
}

func (s *school) isMember(user uuid.UUID) bool {
	s.t.Helper()
	_, err := members.GetMember(context.Background(), s.Single(s.org), user)
	if !errors.Is(err, members.ErrNoMember) {
		require.NoError(s.t, err)
	}
	return err == nil
}

// TestAcceptAgainstEveryEnd: of an acceptance and an end that come at once, one
// happens, wholly, and the other hears which.
func TestAcceptAgainstEveryEnd(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for state, refusal := range map[members.State]error{
		members.Revoked: members.ErrInvitationRevoked, members.Expired: members.ErrInvitationExpired, members.Declined: members.ErrInvitationDeclined,
	} {
		for range 6 {
			id, hash := s.invite(tenancy.Teacher, 0)
			person := s.newcomer()
			errs := at(2, func(i int) error {
				switch {
				case i == 0:
					return s.accept(id, hash, person)
				case state == members.Declined:
					return s.decline(id, hash)
				}
				return s.end(id, state)
			})
			require.Equal(t, 1, successes(errs), "%s: %v", state, errs)
			i := s.invitation(id)
			require.Nil(t, i.Email)
			if errs[0] == nil {
				require.Equal(t, members.Accepted, i.State)
				require.Equal(t, &person, i.AcceptedBy)
				require.True(t, s.isMember(person))
				require.ErrorIs(t, s.accept(id, hash, s.newcomer()), members.ErrInvitationUsed)
				continue
			}
			require.ErrorIs(t, errs[0], refusal)
			require.Equal(t, state, i.State)
			require.Nil(t, i.AcceptedBy)
			require.False(t, s.isMember(person))
		}
	}
}

// TestResendAgainstAccept: either the old mail was still good and nothing is sent
// any more, or the new one has replaced it. No one comes in twice.
func TestResendAgainstAccept(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for range 10 {
		id, old := s.invite(tenancy.Teacher, 0)
		newer := members.Hash(uuid.NewString())
		person := s.newcomer()
		var sent bool
		errs := at(2, func(i int) error {
			if i == 0 {
				return s.accept(id, old, person)
			}
			return s.in(func(ctx context.Context, tx *tenancy.Tx) (err error) {
				if _, err = members.Resend(ctx, tx, id); err == nil {
					_, sent, err = members.RecordAttempt(ctx, tx, id, newer)
				}
				return err
			})
		})
		if errs[0] == nil {
			require.ErrorIs(t, errs[1], members.ErrInvitationEnded)
			require.ErrorIs(t, s.accept(id, newer, s.newcomer()), members.ErrNoInvitation, "that mail was never written")
			continue
		}
		require.ErrorIs(t, errs[0], members.ErrNoInvitation)
		require.NoError(t, errs[1])
		require.True(t, sent)
		require.False(t, s.isMember(person))
		require.NoError(t, s.accept(id, newer, person))
	}
}

// TestLastOwnerGoesWhileAnotherComes: there is an owner at any time, and the
// last one who would go first is told to wait.
func TestLastOwnerGoesWhileAnotherComes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for range 6 {
		id, hash := s.invite(tenancy.Owner, 0)
		person := s.newcomer()
		errs := at(2, func(i int) error {
			if i == 0 {
				return s.accept(id, hash, person)
			}
			return s.leave(s.owner.User)
		})
		require.NoError(t, errs[0])
		if errs[1] != nil {
			require.ErrorIs(t, errs[1], members.ErrLastOwner)
			require.NoError(t, s.leave(s.owner.User))
		}
		require.Equal(t, 1, s.count(tenancy.Owner))
		s.owner.User = person
	}
}

// TestClockAtExpiry: by the database's clock, which does not advance in a
// transaction. An invitation is open before its end and no more at it.
func TestClockAtExpiry(t *testing.T) {
	t.Parallel()
	s := setup(t)
	const tick = time.Microsecond // what the database tells apart
	for name, do := range map[string]func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte) error{
		"accept": func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte) error {
			_, err := members.Accept(ctx, tx, id, hash, s.owner.User)
			if errors.Is(err, members.ErrAlreadyMember) { // asked only of an open one
				return nil
			}
			return err
		},
		"decline": func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte) error {
			return members.Decline(ctx, tx, id, hash)
		},
		"resend": func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, _ []byte) error {
			_, err := members.Resend(ctx, tx, id)
			return err
		},
		"send": func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, hash []byte) error {
			_, open, err := members.RecordAttempt(ctx, tx, id, hash)
			if err == nil && !open {
				return members.ErrInvitationEnded
			}
			return err
		},
		"look": func(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, _ []byte) error {
			i, err := members.GetInvitation(ctx, tx, id)
			return errors.Join(err, i.Refusal())
		},
	} {
		for when, term := range map[string]time.Duration{"before": tick, "at": time.Nanosecond, "after": -tick} {
			err := s.in(func(ctx context.Context, tx *tenancy.Tx) error {
				id, hash := tenancy.NewID(), members.Hash(uuid.NewString())
				n := members.NewInvitation{ID: id, Email: uuid.NewString() + "@school.example", Role: tenancy.Teacher, Term: term}
				if _, _, err := members.Invite(ctx, tx, n); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, "update invitations set token_hash = $2 where id = $1", id, hash); err != nil {
					return err
				}
				var ticks float64 // the fixture holds what the test is about
				if err := tx.QueryRow(ctx, "select extract(epoch from expires_at - now()) * 1e6 from invitations where id = $1", id).Scan(&ticks); err != nil {
					return err
				}
				require.InDelta(t, map[string]float64{"before": 1, "at": 0, "after": -1}[when], ticks, 0.01)
				return do(ctx, tx, id, hash)
			})
			if when == "before" {
				require.NoError(t, err, "%s one before", name)
				continue
			}
			require.Error(t, err, "%s %s", name, when)
			require.True(t, errors.Is(err, members.ErrInvitationExpired) || errors.Is(err, members.ErrInvitationEnded), "%s %s: %v", name, when, err)
		}
	}
}

// TestInvitedTwiceOver: anyone who came in by another way meanwhile, and whose
// inviter has gone, is told so or gets the higher role.
func TestInvitedTwiceOver(t *testing.T) {
	t.Parallel()
	s := setup(t)
	second := s.actor(tenancy.Owner)
	low, lowHash := s.invite(tenancy.Student, 0)
	high, highHash := s.invite(tenancy.Admin, 0)
	require.NoError(t, s.leave(s.owner.User))
	person := s.newcomer()
	require.NoError(t, s.put(second, person, tenancy.Teacher))
	require.ErrorIs(t, s.accept(low, lowHash, person), members.ErrAlreadyMember)
	require.NoError(t, s.accept(high, highHash, person))
	require.Equal(t, 1, s.count(tenancy.Admin))
	require.Equal(t, members.Pending, s.invitation(low).State)
	require.NoError(t, s.end(low, members.Revoked), "another admin can withdraw it")
	require.ErrorIs(t, s.accept(low, lowHash, s.newcomer()), members.ErrInvitationRevoked)
}
