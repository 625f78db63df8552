// Package people is what an organization knows of its people beyond their roles:
// a name to show, and by what a first sign-in finds them.
package people

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/people/peopledb"
)

// Kind is what a person is in the school. It decides the role of their first
// sign-in, and not the rights of a member.
type Kind string

// The kinds.
const (
	Student  Kind = "student"
	Staff    Kind = "staff"
	Guardian Kind = "guardian"
)

// Kinds lists every kind.
var Kinds = []Kind{Student, Staff, Guardian}

// Role is the role that a person of the kind gets with their first sign-in. No kind
// makes an owner, admin or auditor.
func (k Kind) Role() tenancy.Role {
	switch k {
	case Student:
		return tenancy.Student
	case Staff:
		return tenancy.Teacher
	case Guardian:
		return tenancy.Parent
	}
	return ""
}

// State is where a person is between coming and going.
type State string

// The states. Who is Leaving is a member until their time is over.
const (
	Active  State = "active"
	Leaving State = "leaving"
	Left    State = "left"
)

// States lists every state.
var States = []State{Active, Leaving, Left}

// The columns that may be set by hand. An import leaves them as they are.
const (
	ColumnKind        = "kind"
	ColumnName        = "display_name"
	ColumnGrade       = "grade"
	ColumnIdentifiers = "identifiers"
	ColumnUsername    = "username_hash"
	ColumnEmail       = "email_hash"
	ColumnState       = "state"
)

// Columns lists them.
var Columns = []string{ColumnKind, ColumnName, ColumnGrade, ColumnIdentifiers, ColumnUsername, ColumnEmail, ColumnState}

// What a caller can meet.
var (
	ErrNoPerson = fault.New(fault.NotFound, "person_not_found", "There is no such person in the organization.")
	ErrExists   = fault.New(fault.Conflict, "person_exists", "This member is a person of the organization already. Change the person instead.")
	errGrade    = fault.New(fault.Invalid, "invalid_grade", "grade is a text of at most %d characters.", maxGrade)
	errLabels   = fault.New(fault.Invalid, "invalid_identifiers", "identifiers is a list of at most %d texts of 1 to %d characters.", maxIdentifiers, maxIdentifier)
	errLeaves   = fault.New(fault.Invalid, "invalid_leaves_at", "leaves_at is a time to come, and is given with the state leaving and no other.")
)

const (
	maxName        = 200
	maxGrade       = 50
	maxIdentifiers = 20
	maxIdentifier  = 255
)

// Person is one person of an organization.
type Person struct {
	User         uuid.UUID
	Kind         Kind
	Name         string
	Grade        string
	Source       *uuid.UUID // the roster that brought them; nil: made by hand
	SourcedID    *string    // what the roster calls them
	Identifiers  []string   // that an issuer's claim may equal
	UsernameHash []byte
	EmailHash    []byte
	State        State
	Since        time.Time
	LeavesAt     *time.Time // of who is leaving: the end of the membership
	ThirteenFrom *time.Time // the month of that birthday, if the organization keeps it
	AdultFrom    *time.Time
	SetByHand    []string
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Role         tenancy.Role // as a member; "" before the first sign-in
	Logins       int64
}

// Get reads one person.
func Get(ctx context.Context, q tenancy.Queries, user uuid.UUID) (Person, error) {
	row, err := peopledb.New(q).PersonGet(ctx, user)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Person{}, ErrNoPerson
	case err != nil:
		return Person{}, fmt.Errorf("read person: %w", err)
	}
	return personOf(row), nil
}

// Filter says which people are listed; empty fields let everyone through.
type Filter struct {
	Search string // a part of the name, whatever its case and its form in Unicode
	Kind   Kind
	State  State
}

// List reads a page of people in the order of their names, after the given one; the
// nil id begins.
func List(ctx context.Context, q tenancy.Queries, f Filter, after uuid.UUID, limit int) ([]Person, error) {
	rows, err := peopledb.New(q).PersonPage(ctx, peopledb.PersonPageParams{Search: f.Search, Kind: string(f.Kind), State: string(f.State), After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	page := make([]Person, len(rows))
	for i, r := range rows {
		page[i] = personOf(peopledb.PersonGetRow(r))
	}
	return page, nil
}

func personOf(r peopledb.PersonGetRow) Person {
	return Person{
		User: r.UserID, Kind: Kind(r.Kind), Name: r.DisplayName, Grade: r.Grade, Source: r.SourceID, SourcedID: r.SourcedID, Identifiers: r.Identifiers,
		UsernameHash: r.UsernameHash, EmailHash: r.EmailHash, State: State(r.State), Since: r.Since, LeavesAt: r.LeavesAt, ThirteenFrom: r.ThirteenFrom,
		AdultFrom: r.AdultFrom, SetByHand: r.SetByHand, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Role: tenancy.Role(r.Role), Logins: r.Logins,
	}
}

// NewPerson are the parameters of Create.
type NewPerson struct {
	User         uuid.UUID
	Known        bool // the user is a member already; else it is made
	Kind         Kind
	Name         string
	Grade        string
	Identifiers  []string
	UsernameHash []byte
	EmailHash    []byte
}

// Create makes a person by hand. The same new user again gives the same person and
// false.
func Create(ctx context.Context, tx *tenancy.Tx, n NewPerson) (Person, bool, error) {
	n.Name = norm.NFC.String(n.Name)
	if err := n.check(); err != nil {
		return Person{}, false, err
	}
	if n.Identifiers == nil {
		n.Identifiers = []string{}
	}
	q := peopledb.New(tx)
	there, err := Get(ctx, tx, n.User)
	switch {
	case err == nil && n.Known:
		return there, false, ErrExists
	case !errors.Is(err, ErrNoPerson):
		return there, false, err
	case !n.Known:
		if err := q.UsersAdd(ctx, []uuid.UUID{n.User}); err != nil {
			return Person{}, false, fmt.Errorf("make user: %w", err)
		}
	}
	rows, err := q.PersonInsert(ctx, peopledb.PersonInsertParams{
		UserID: n.User, Kind: string(n.Kind), DisplayName: n.Name, Grade: n.Grade, Identifiers: n.Identifiers, UsernameHash: n.UsernameHash, EmailHash: n.EmailHash,
	})
	if err != nil {
		return Person{}, false, fmt.Errorf("make person: %w", err)
	}
	if rows == 0 { // another call made the person meanwhile
		return Person{}, false, ErrExists
	}
	made, err := Get(ctx, tx, n.User)
	return made, true, err
}

// check lets a member be without a name, whose issuer tells none.
func (n NewPerson) check() error {
	if n.Known && n.Name == "" {
		return check("-", n.Grade, n.Identifiers)
	}
	return check(n.Name, n.Grade, n.Identifiers)
}

func check(name, grade string, identifiers []string) error {
	if err := tenancy.CheckName(name, maxName); err != nil {
		return err
	}
	if !isText(grade, 0, maxGrade) {
		return errGrade
	}
	if len(identifiers) > maxIdentifiers {
		return errLabels
	}
	for _, id := range identifiers {
		if !isText(id, 1, maxIdentifier) {
			return errLabels
		}
	}
	return nil
}

// isText keeps out what the database cannot hold.
func isText(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if r == 0 {
			return false
		}
	}
	return utf8.ValidString(s) && n >= least && n <= most
}

// AddUsers makes users for people who have not signed in yet, with new ids.
func AddUsers(ctx context.Context, q tenancy.Queries, ids []uuid.UUID) error {
	if err := peopledb.New(q).UsersAdd(ctx, ids); err != nil {
		return fmt.Errorf("make users: %w", err)
	}
	return nil
}
