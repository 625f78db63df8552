package people

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/people/peopledb"
)

// Changes are what is changed by hand; nil leaves a field as it is. A hash of no
// bytes removes it.
type Changes struct {
	Kind         *Kind
	Name         *string
	Grade        *string
	Identifiers  *[]string
	UsernameHash *[]byte
	EmailHash    *[]byte
	State        *State
	LeavesAt     *time.Time

	// FollowRoster are columns that imports may change again.
	FollowRoster []string
}

// Columns are the columns that the changes set or let go.
func (c Changes) Columns() []string {
	set := map[string]bool{
		ColumnKind: c.Kind != nil, ColumnName: c.Name != nil, ColumnGrade: c.Grade != nil, ColumnIdentifiers: c.Identifiers != nil,
		ColumnUsername: c.UsernameHash != nil, ColumnEmail: c.EmailHash != nil, ColumnState: c.State != nil,
	}
	return slices.DeleteFunc(slices.Clone(Columns), func(column string) bool { return !set[column] && !slices.Contains(c.FollowRoster, column) })
}

var errColumns = fault.New(fault.Invalid, "invalid_follow_roster", "follow_roster is a list of names of %v.", Columns)

// Change changes a person by hand. What is given is set by hand from then on, even if
// it is what was there: imports leave it as it is. The caller has ended the
// membership of a person who has left.
func Change(ctx context.Context, tx *tenancy.Tx, user uuid.UUID, c Changes) (Person, error) {
	q := peopledb.New(tx)
	locked, err := q.PersonLock(ctx, user)
	if err != nil {
		return Person{}, fmt.Errorf("lock person: %w", err)
	}
	if locked == 0 {
		return Person{}, ErrNoPerson
	}
	p, err := Get(ctx, tx, user)
	if err != nil {
		return p, err
	}
	if err := p.apply(c); err != nil {
		return p, err
	}
	if err := (NewPerson{Known: c.Name == nil, Name: p.Name, Grade: p.Grade, Identifiers: p.Identifiers}).check(); err != nil {
		return p, err
	}
	err = q.PersonChange(ctx, peopledb.PersonChangeParams{
		UserID: user, Kind: string(p.Kind), DisplayName: p.Name, Grade: p.Grade, Identifiers: p.Identifiers, UsernameHash: p.UsernameHash, EmailHash: p.EmailHash,
		State: string(p.State), LeavesAt: p.LeavesAt, SetByHand: p.SetByHand,
	})
	if err != nil {
		return p, fmt.Errorf("change person: %w", err)
	}
	return Get(ctx, tx, user)
}

func (p *Person) apply(c Changes) error {
	set := map[string]bool{}
	give(set, ColumnKind, &p.Kind, c.Kind)
	give(set, ColumnName, &p.Name, c.Name)
	give(set, ColumnGrade, &p.Grade, c.Grade)
	give(set, ColumnIdentifiers, &p.Identifiers, c.Identifiers)
	give(set, ColumnUsername, &p.UsernameHash, c.UsernameHash)
	give(set, ColumnEmail, &p.EmailHash, c.EmailHash)
	give(set, ColumnState, &p.State, c.State)
	p.Name = norm.NFC.String(p.Name)
	p.UsernameHash, p.EmailHash = whole(p.UsernameHash), whole(p.EmailHash)
	if (c.LeavesAt != nil) != (c.State != nil && *c.State == Leaving) || c.LeavesAt != nil && !c.LeavesAt.After(time.Now()) {
		return errLeaves
	}
	if c.State != nil {
		p.LeavesAt = c.LeavesAt
	}
	for _, column := range c.FollowRoster {
		if !slices.Contains(Columns, column) || set[column] {
			return errColumns
		}
	}
	p.SetByHand = slices.DeleteFunc(slices.Clone(p.SetByHand), func(column string) bool { return slices.Contains(c.FollowRoster, column) })
	for _, column := range Columns {
		if set[column] && !slices.Contains(p.SetByHand, column) {
			p.SetByHand = append(p.SetByHand, column)
		}
	}
	return nil
}

func give[T any](set map[string]bool, column string, field, value *T) {
	if value != nil {
		*field, set[column] = *value, true
	}
}

// whole turns a hash of no bytes into none.
func whole(hash []byte) []byte {
	if bytes.Equal(hash, nil) {
		return nil
	}
	return hash
}

// EndDue ends the time of a person who is leaving, once it is over. It says false for
// one who is not leaving any more, or later.
func EndDue(ctx context.Context, tx *tenancy.Tx, user uuid.UUID) (bool, error) {
	ended, err := peopledb.New(tx).PersonEndDue(ctx, user)
	if err != nil {
		return false, fmt.Errorf("end person: %w", err)
	}
	return ended == 1, nil
}
