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
	User      uuid.UUID    `db:"user_id"`
	Role      tenancy.Role `db:"role"`
	Issuer    string       `db:"issuer"`  // who vouches for the person
	Subject   string       `db:"subject"` // what the issuer calls them
	CreatedAt time.Time    `db:"created_at"`
}

// memberQuery leaves out the service accounts of API keys: they are no people,
// take no seat, and go with their key.
const memberQuery = `select m.user_id, m.role, u.issuer, u.subject, m.created_at from members m
	join users u on u.id = m.user_id where not m.service and `

// GetMember reads one membership.
func GetMember(ctx context.Context, q tenancy.Queries, user uuid.UUID) (Member, error) {
	return one[Member](ctx, q, ErrNoMember, memberQuery+"m.user_id = $1", user)
}

// ListMembers reads a page of members in the order of their ids, after the
// given one. An empty role lists all.
func ListMembers(ctx context.Context, q tenancy.Queries, role tenancy.Role, after uuid.UUID, limit int) ([]Member, error) {
	return many[Member](ctx, q, memberQuery+`m.user_id > $1 and ($2 = '' or m.role = $2) order by m.user_id limit $3`, after, string(role), limit)
}

// Change is what became of a membership, by the name that the audit log has for it.
type Change string

// The changes.
const (
	Unchanged Change = ""
	Added     Change = "member.add"
	Changed   Change = "member.change"
)

// SetRole gives a member another role. Links to parents or students end when
// the member is that no more. A role that the member has already changes
// nothing.
func SetRole(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, user uuid.UUID, role tenancy.Role) (Change, error) {
	if err := lock(ctx, tx); err != nil {
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
	if err := lock(ctx, tx); err != nil {
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

// Remove ends a membership, and with it the member's links to parents or
// students. The person's files stay the organization's.
func Remove(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, user uuid.UUID) error {
	if err := lock(ctx, tx); err != nil {
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

// Leave ends one's own membership.
func Leave(ctx context.Context, tx *tenancy.Tx, user uuid.UUID) error {
	if err := lock(ctx, tx); err != nil {
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
	var taken int
	if err := q.QueryRow(ctx, "select count(*) from members where not service").Scan(&taken); err != nil {
		return fmt.Errorf("count members: %w", err)
	}
	if taken >= tier.MaxMembers {
		return ErrOverSeats
	}
	return nil
}

// lock makes anyone who changes members wait for each other, so that two owners
// cannot both see that another one stays, nor two newcomers the same free seat.
// References to the organization are not held up by it.
func lock(ctx context.Context, tx *tenancy.Tx) error {
	tag, err := tx.Exec(ctx, "select from organizations for no key update")
	if err != nil {
		return fmt.Errorf("lock organization: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return tenancy.ErrNoOrganization
	}
	return nil
}

func roleOf(ctx context.Context, q tenancy.Queries, user uuid.UUID) (tenancy.Role, error) {
	var role tenancy.Role
	err := q.QueryRow(ctx, "select role from members where user_id = $1 and not service", user).Scan(&role)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", ErrNoMember
	}
	return role, err
}

func add(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, role tenancy.Role) error {
	if err := CheckSeats(ctx, tx); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "insert into members (organization_id, user_id, role) values (app.org(), $1, $2)", user, string(role))
	if err != nil {
		return fmt.Errorf("add member: %w", err)
	}
	return nil
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
	if _, err := tx.Exec(ctx, "update members set role = $2 where user_id = $1", user, string(role)); err != nil {
		return Unchanged, fmt.Errorf("change role: %w", err)
	}
	if _, err := tx.Exec(ctx, "delete from guardianships where $1 in (parent_id, student_id)", user); err != nil {
		return Unchanged, fmt.Errorf("end guardianships: %w", err)
	}
	return Changed, nil
}

func remove(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, old tenancy.Role) error {
	if err := hasAnotherOwner(ctx, tx, user, old); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "delete from members where user_id = $1", user); err != nil {
		return fmt.Errorf("remove member: %w", err)
	}
	return nil
}

// hasAnotherOwner refuses to let the last one go who can let others in: the last
// owner, and in the Platform organization the last operator.
func hasAnotherOwner(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, old tenancy.Role) error {
	if !old.MustRemain() {
		return nil
	}
	var another bool
	err := tx.QueryRow(ctx, "select exists (select from members where role = $1 and user_id <> $2 and not service)", string(old), user).Scan(&another)
	if err != nil {
		return fmt.Errorf("look for another %s: %w", old, err)
	}
	if !another {
		return ErrLastOwner
	}
	return nil
}

func many[T any](ctx context.Context, q tenancy.Queries, sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	return found, nil
}

func one[T any](ctx context.Context, q tenancy.Queries, none *fault.Fault, sql string, args ...any) (T, error) {
	found, err := many[T](ctx, q, sql, args...)
	var t T
	switch {
	case err != nil:
		return t, err
	case len(found) == 0:
		return t, none
	}
	return found[0], nil
}
