package logins

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/logins/loginsdb"
	"satchel/tenancy/members"
	"satchel/tenancy/people"
)

// What stands against making a person and a member one.
var (
	ErrMergeSelf     = fault.New(fault.Invalid, "merge_with_self", "A person cannot be made one with themselves. Name the member in into.")
	ErrPersonSignsIn = fault.New(fault.Conflict, "person_signs_in", "The person has a login or a membership of their own. Take the logins from them first; a login is never given to a user who is a member already.")
	ErrPersonHasWork = fault.New(fault.Conflict, "person_has_work", "The person has files of their own from an earlier sign-in, which would change hands. Keep both, or have the files moved into a shared space and the person ended.")
	ErrPersonInvited = fault.New(fault.Conflict, "person_invited", "An invitation for the person is open. Revoke it first.")
	ErrRosterInWork  = fault.New(fault.Conflict, "roster_in_work", "An import of the person's roster is being applied or undone. Try again when it has ended.")
	ErrHasSource     = fault.New(fault.Conflict, "member_from_roster", "The member came with a roster too. Two people of rosters are put right in the system that sends them.")
	ErrKindDiffers   = fault.New(fault.Conflict, "kind_differs", "The person is of another kind than the member's role. Change the role first: a student stays a student, and staff are teachers or more.")
)

// Merge makes a person who never signed in and a member of the organization one: the
// member is the person from here on, with their classes, guardians and what is about them.
// No login changes hands. The roster keeps the person as it has them.
func Merge(ctx context.Context, tx *tenancy.Tx, by tenancy.Actor, person, member uuid.UUID) (people.Person, error) {
	if person == member {
		return people.Person{}, ErrMergeSelf
	}
	if err := members.Lock(ctx, tx); err != nil {
		return people.Person{}, err
	}
	p, err := people.Get(ctx, tx, person)
	if err != nil {
		return people.Person{}, err
	}
	m, err := members.GetMember(ctx, tx, member)
	switch {
	case err != nil:
		return people.Person{}, err
	case !by.MayManage(m.Role):
		return people.Person{}, members.ErrRank
	case p.State != people.Active:
		return people.Person{}, ErrNotActive
	case !fits(p.Kind, m.Role):
		return people.Person{}, ErrKindDiffers
	}
	q := loginsdb.New(tx)
	if err := obstacles(ctx, tx, q, p, member); err != nil {
		return people.Person{}, err
	}
	if err := q.PersonMerge(ctx, loginsdb.PersonMergeParams{Gone: person, Kept: member}); err != nil {
		return people.Person{}, fmt.Errorf("merge person: %w", err)
	}
	if err := audit.Record(ctx, tx, audit.Event{Action: "person.merge", ObjectID: member.String(), Code: person.String()}); err != nil {
		return people.Person{}, err
	}
	return people.Get(ctx, tx, member)
}

func obstacles(ctx context.Context, tx *tenancy.Tx, q *loginsdb.Queries, p people.Person, member uuid.UUID) error {
	own, err := people.Get(ctx, tx, member)
	switch {
	case err == nil && own.Source != nil:
		return ErrHasSource
	case err != nil && !errors.Is(err, people.ErrNoPerson):
		return err
	}
	found, err := q.MergeObstacles(ctx, loginsdb.MergeObstaclesParams{Person: p.User, Source: p.Source})
	if err != nil {
		return fmt.Errorf("look what a person has: %w", err)
	}
	switch {
	case found.SignsIn:
		return ErrPersonSignsIn
	case found.HasWork:
		return ErrPersonHasWork
	case found.Invited:
		return ErrPersonInvited
	case found.Importing:
		return ErrRosterInWork
	}
	return nil
}

// fits says whether a member of a role can be a person of a kind: a guardian may be
// anyone but a student.
func fits(kind people.Kind, role tenancy.Role) bool {
	switch kind {
	case people.Student:
		return role == tenancy.Student
	case people.Staff:
		return role != tenancy.Student && role != tenancy.Parent
	case people.Guardian:
		return role != tenancy.Student
	}
	return false
}
