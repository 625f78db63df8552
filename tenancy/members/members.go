// Package members is who belongs to an organization: its members and their seats,
// the invitations by which they come, and which parent is which student.
package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/members/membersdb"
)

// What a caller can meet.
var (
	ErrNoMember  = fault.New(fault.NotFound, "member_not_found", "This person is no member of the organization.")
	ErrLastOwner = fault.New(fault.Conflict, "last_owner", "This is the last owner. Make somebody else an owner first.")
	ErrOverSeats = fault.New(fault.Conflict, "over_seats", "All seats of the organization's tier are taken. Remove a member, or ask for a larger tier.")
	ErrRank      = fault.New(fault.Denied, "owner_required", "Only an owner makes, changes or removes owners and admins.")
)

// Member is one person's place in the organization. The service accounts of API
// keys are no persons: they take no seat, are in no list, and change with their
// key alone.
type Member struct {
	User      uuid.UUID
	Role      tenancy.Role
	Issuer    string // who vouches for the person
	Subject   string // what the issuer calls them
	CreatedAt time.Time
}

// GetMember reads one membership.
func GetMember(ctx context.Context, q tenancy.Queries, user uuid.UUID) (Member, error) {
	m, err := membersdb.New(q).MemberGet(ctx, user)
	return Member(m), found("read member", err, ErrNoMember)
}

// ListMembers reads a page of members in the order of their ids, after the
// given one. An empty role lists all.
func ListMembers(ctx context.Context, q tenancy.Queries, role tenancy.Role, after uuid.UUID, limit int) ([]Member, error) {
	rows, err := membersdb.New(q).MemberPage(ctx, membersdb.MemberPageParams{After: after, Role: string(role), Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	page := make([]Member, len(rows))
	for i, r := range rows {
		page[i] = Member(r)
	}
	return page, nil
}

// Change is what became of a membership, by the name that the audit log has for it.
type Change string

// The changes.
const (
	Unchanged Change = ""
	Added     Change = "member.add"
	Changed   Change = "member.change"
)

// SetRole gives a member another role. Links to guardians or students stay: a
// teacher may be a parent. A role that the member has already changes nothing.
func SetRole(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, user uuid.UUID, role tenancy.Role) (Change, error) {
	if err := Lock(ctx, tx); err != nil {
		return Unchanged, err
	}
	old, err := roleOf(ctx, tx, user)
	if err != nil {
		return Unchanged, err
	}
	return change(ctx, tx, by, user, old, role)
}

// PutMember makes a person a member, or gives a member another role.
func PutMember(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, user uuid.UUID, role tenancy.Role) (Change, error) {
	if err := Lock(ctx, tx); err != nil {
		return Unchanged, err
	}
	old, err := roleOf(ctx, tx, user)
	switch {
	case err == nil:
		return change(ctx, tx, by, user, old, role)
	case !errors.Is(err, ErrNoMember):
		return Unchanged, err
	case !by.MayManage(role):
		return Unchanged, ErrRank
	}
	return Added, add(ctx, tx, user, role)
}

// Remove ends a membership, and with it the member's links to guardians or
// students. The person's files stay the organization's. No import and no sign-in
// brings the person back.
func Remove(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, user uuid.UUID) error {
	if err := Lock(ctx, tx); err != nil {
		return err
	}
	old, err := roleOf(ctx, tx, user)
	if err != nil {
		return err
	}
	if !by.MayManage(old) {
		return ErrRank
	}
	return remove(ctx, tx, user, old)
}

// RemovePerson is Remove for a person who need not be a member: no roster and no
// sign-in brings them back. It says whether a membership has ended.
func RemovePerson(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, user uuid.UUID) (bool, error) {
	err := Remove(ctx, tx, by, user)
	if !errors.Is(err, ErrNoMember) {
		return err == nil, err
	}
	return false, endPlace(ctx, membersdb.New(tx), user)
}

// Leave ends one's own membership.
func Leave(ctx context.Context, tx *tenancy.Tx, user uuid.UUID) error {
	if err := Lock(ctx, tx); err != nil {
		return err
	}
	old, err := roleOf(ctx, tx, user)
	if err != nil {
		return err
	}
	return remove(ctx, tx, user, old)
}

// CheckSeats refuses when no seat is free. It reserves none: the acceptance
// checks again, under the lock.
func CheckSeats(ctx context.Context, q tenancy.Queries) error {
	tier, err := tenancy.GetTier(ctx, q)
	if err != nil {
		return err
	}
	taken, err := membersdb.New(q).MembersCount(ctx)
	if err != nil {
		return fmt.Errorf("count members: %w", err)
	}
	if taken >= int64(tier.MaxMembers) {
		return ErrOverSeats
	}
	return nil
}

// Lock makes anyone who changes members wait for each other, so that two owners
// cannot both see that another one stays, nor two newcomers the same free seat.
// References to the organization are not held up by it.
func Lock(ctx context.Context, tx *tenancy.Tx) error {
	locked, err := membersdb.New(tx).OrganizationLock(ctx)
	if err != nil {
		return fmt.Errorf("lock organization: %w", err)
	}
	if locked == 0 {
		return tenancy.ErrNoOrganization
	}
	return nil
}

func roleOf(ctx context.Context, q tenancy.Queries, user uuid.UUID) (tenancy.Role, error) {
	role, err := membersdb.New(q).MemberRole(ctx, user)
	return role, found("read role", err, ErrNoMember)
}

func add(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, role tenancy.Role) error {
	if err := CheckSeats(ctx, tx); err != nil {
		return err
	}
	if err := membersdb.New(tx).MemberInsert(ctx, membersdb.MemberInsertParams{UserID: user, Role: role}); err != nil {
		return fmt.Errorf("add member: %w", err)
	}
	if err := membersdb.New(tx).RequestsLinkedOf(ctx, user); err != nil {
		return fmt.Errorf("settle login requests: %w", err)
	}
	return nil
}

// AddOwner makes the person an owner of an organization that is being set up. It
// says false for a member, who stays what they are.
func AddOwner(ctx context.Context, tx *tenancy.Tx, user uuid.UUID) (bool, error) {
	added, err := membersdb.New(tx).MemberInsertNew(ctx, membersdb.MemberInsertNewParams{UserID: user, Role: tenancy.Owner})
	if err != nil {
		return false, fmt.Errorf("add owner: %w", err)
	}
	return added == 1, nil
}

func change(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, user uuid.UUID, old, role tenancy.Role) (Change, error) {
	if !by.MayManage(old) || !by.MayManage(role) {
		return Unchanged, ErrRank
	}
	if old == role {
		return Unchanged, nil
	}
	if err := hasAnotherOwner(ctx, tx, user, old); err != nil {
		return Unchanged, err
	}
	if err := membersdb.New(tx).MemberRoleSet(ctx, membersdb.MemberRoleSetParams{UserID: user, Role: role}); err != nil {
		return Unchanged, fmt.Errorf("change role: %w", err)
	}
	return Changed, nil
}

func remove(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, old tenancy.Role) error {
	if err := hasAnotherOwner(ctx, tx, user, old); err != nil {
		return err
	}
	return endPlace(ctx, membersdb.New(tx), user)
}

// endPlace ends what a person is in the organization, for good.
func endPlace(ctx context.Context, q *membersdb.Queries, user uuid.UUID) error {
	if err := q.PersonEnd(ctx, user); err != nil {
		return fmt.Errorf("end person: %w", err)
	}
	if err := q.RequestsDismissOf(ctx, user); err != nil {
		return fmt.Errorf("keep rules from the logins: %w", err)
	}
	return erase(ctx, q, user)
}

// erase removes the membership and what only a member or person of the organization
// may have.
func erase(ctx context.Context, q *membersdb.Queries, user uuid.UUID) error {
	if err := q.GuardiansDeleteOf(ctx, user); err != nil {
		return fmt.Errorf("end guardianships: %w", err)
	}
	if err := q.MemberDelete(ctx, user); err != nil {
		return fmt.Errorf("remove member: %w", err)
	}
	return nil
}

// Admit makes a person a member by a sign-in. It refuses when no seat is free, and
// while the organization takes no members. The caller holds the lock.
func Admit(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, role tenancy.Role) error {
	if err := checkAcceptsMembers(ctx, tx); err != nil {
		return err
	}
	return add(ctx, tx, user, role)
}

// Withdraw ends the membership of a person whose place has ended, or whose last
// login was taken away: what gave it can give it again, and links to guardians or
// students stay. Owners and admins keep theirs, whatever a roster says. The caller
// holds the lock. It says false for someone who was no member, or stays one.
func Withdraw(ctx context.Context, tx *tenancy.Tx, user uuid.UUID) (bool, error) {
	role, err := roleOf(ctx, tx, user)
	switch {
	case errors.Is(err, ErrNoMember):
		return false, nil
	case err != nil:
		return false, err
	case role == tenancy.Owner || role == tenancy.Admin || role == tenancy.Operator:
		return false, nil
	}
	if err := membersdb.New(tx).MemberDelete(ctx, user); err != nil {
		return false, fmt.Errorf("remove member: %w", err)
	}
	return true, nil
}

// EndLinks ends a person's links to guardians or students.
func EndLinks(ctx context.Context, tx *tenancy.Tx, user uuid.UUID) error {
	if err := membersdb.New(tx).GuardiansDeleteOf(ctx, user); err != nil {
		return fmt.Errorf("end guardianships: %w", err)
	}
	return nil
}

// hasAnotherOwner refuses to let the last one go who can let others in: the last
// owner, and in the Platform organization the last operator.
func hasAnotherOwner(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, old tenancy.Role) error {
	if !old.MustRemain() {
		return nil
	}
	another, err := membersdb.New(tx).MembersHaveOther(ctx, membersdb.MembersHaveOtherParams{Role: old, UserID: user})
	if err != nil {
		return fmt.Errorf("look for another %s: %w", old, err)
	}
	if !another {
		return ErrLastOwner
	}
	return nil
}

// found turns "no row" into the given fault, and says of another error what was
// being done.
func found(doing string, err error, none *fault.Fault) error {
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return none
	case err != nil:
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
