// Package spaces is where files are and who reaches them there: spaces with their
// people, folders with their hand-outs and hand-ins, classes, and links into other
// spaces. Row-level security decides what an actor sees and changes; this package
// asks and never compares levels. Calls read package and verb.
package spaces

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/text/unicode/norm"

	"satchel/internal/fault"
	"satchel/spaces/spacesdb"
	"satchel/tenancy"
)

// Kind is what a space is for.
type Kind string

// The kinds. A personal space is made with its person, a class's with its class.
const (
	Personal     Kind = "personal"
	Class        Kind = "class"
	Group        Kind = "group"
	Library      Kind = "library"
	Staff        Kind = "staff"
	Confidential Kind = "confidential"
)

// Kinds lists every kind.
var Kinds = []Kind{Personal, Class, Group, Library, Staff, Confidential}

// Makable are the kinds that people make by themselves.
var Makable = []Kind{Group, Library, Staff, Confidential}

// Level is how far a person gets in a space. Each includes those below it.
type Level = int16

// The levels.
const (
	Reads   Level = 1
	Adds    Level = 2
	Staffs  Level = 3 // changes what others added, and sees what only the staff see
	Manages Level = 4
)

// What a caller can meet. What an actor may not see is not there.
var (
	ErrNoSpace   = fault.New(fault.NotFound, "space_not_found", "There is no such space for you.")
	ErrNoGrant   = fault.New(fault.NotFound, "grant_not_found", "There is no such access, or it has ended.")
	ErrNoClass   = fault.New(fault.NotFound, "class_not_found", "There is no such class.")
	ErrNotMember = fault.New(fault.NotFound, "class_member_not_found", "This person is not in the class.")
	ErrUnknown   = fault.New(fault.Invalid, "unknown_person", "There is no such person here. GET …/people and …/members list them.")
)

// Space is one row, with the actor's own level.
type Space = spacesdb.SpaceGetRow

// New describes a space that a person makes and then manages.
type New struct {
	ID    uuid.UUID
	Kind  Kind
	Name  string
	Class *uuid.UUID // of a group within a class
	About *uuid.UUID // whom the records of a confidential space concern
}

// Create makes a space. The same id again changes nothing.
func Create(ctx context.Context, q tenancy.Queries, n New) (Space, error) {
	name, err := cleanName(n.Name, 200)
	if err != nil {
		return Space{}, err
	}
	_, err = spacesdb.New(q).SpaceInsert(ctx, spacesdb.SpaceInsertParams{ID: n.ID, Kind: string(n.Kind), Name: name, ClassID: n.Class, AboutID: n.About})
	if err != nil {
		return Space{}, missing("make space", err)
	}
	return Get(ctx, q, n.ID)
}

// Get reads one space of the actor.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Space, error) {
	s, err := spacesdb.New(q).SpaceGet(ctx, id)
	return s, found("read space", err, ErrNoSpace)
}

// List reads a page of the actor's spaces by name, behind the given one. An empty
// kind lists all.
func List(ctx context.Context, q tenancy.Queries, kind Kind, after uuid.UUID, limit int) ([]Space, error) {
	rows, err := spacesdb.New(q).SpacePage(ctx, spacesdb.SpacePageParams{Kind: string(kind), After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list spaces: %w", err)
	}
	page := make([]Space, len(rows))
	for i, r := range rows {
		page[i] = Space(r)
	}
	return page, nil
}

// Change is what PATCH may change of a space; nil leaves a field as it is.
type Change struct {
	Name, State *string
	TrashDays   *int32
	ClearsTrash bool // back to what the organization keeps
}

// Update changes a space that the actor manages.
func Update(ctx context.Context, q tenancy.Queries, id uuid.UUID, c Change) error {
	if c.Name != nil {
		name, err := cleanName(*c.Name, 200)
		if err != nil {
			return err
		}
		c.Name = &name
	}
	n, err := spacesdb.New(q).SpaceUpdate(ctx, spacesdb.SpaceUpdateParams{ID: id, Name: c.Name, State: c.State, SetsTrashDays: c.TrashDays != nil || c.ClearsTrash, TrashDays: c.TrashDays})
	return changed("change space", n, err, tenancy.ErrNotAllowedHere)
}

// Person is somebody in a space, with their highest level there. EndsAt is zero where
// nothing ends it.
type Person = spacesdb.SpacePeopleRow

// People reads a page of who is in a space, in the order of their ids. It is empty for
// an actor who only reads there.
func People(ctx context.Context, q tenancy.Queries, space, after uuid.UUID, limit int) ([]Person, error) {
	rows, err := spacesdb.New(q).SpacePeople(ctx, spacesdb.SpacePeopleParams{SpaceID: space, After: after, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list people of space: %w", err)
	}
	return rows, nil
}

// cleanName gives the NFC form of a name of one line.
func cleanName(name string, most int) (string, error) {
	name = norm.NFC.String(name)
	if err := tenancy.CheckName(name, most); err != nil {
		return "", err
	}
	return name, nil
}

func found(what string, err error, none *fault.Fault) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return none
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// changed turns "no row matched" into the given fault.
func changed(what string, n int64, err error, none *fault.Fault) error {
	if err != nil {
		return missing(what, err)
	}
	if n == 0 {
		return none
	}
	return nil
}

// Postgres's own words for what refers to nothing, and for what is there already.
const (
	foreignKeyViolation = "23503"
	uniqueViolation     = "23505"
	checkViolation      = "23514"
)

// missing tells a person who is not there from a failure.
func missing(what string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == foreignKeyViolation {
		if pg.ConstraintName == "folders_organization_id_space_id_parent_id_fkey" {
			return ErrNoFolder.Because(err)
		}
		return ErrUnknown.Because(err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Limit is a time as answers show it: nil where nothing limits.
func Limit(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}
