// Package holds keeps what must not be destroyed: a legal hold, and what is kept while a
// person's request to see or to amend their records is open. The database refuses each
// statement that would destroy what a hold covers (policies/rls/functions/system_holds.sql);
// this package places holds and releases them.
package holds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/holds/holdsdb"
)

// Kind is why something is held. A legal hold goes before the others, and each of them before
// every policy of retention.
type Kind string

// The kinds.
const (
	Legal         Kind = "legal"
	AccessRequest Kind = "access_request" // 34 CFR 99.10(e): nothing is destroyed while a request to see it is open
	Amendment     Kind = "amendment"
)

// Kinds lists them, that which goes first at the head.
var Kinds = []Kind{Legal, AccessRequest, Amendment}

// Scope is what a hold covers.
type Scope string

// The scopes.
const (
	Organization Scope = "organization"
	Person       Scope = "person" // files about a person, and those that the person sent
	Space        Scope = "space"
	File         Scope = "file"
	Query        Scope = "query"
)

// Scopes lists them.
var Scopes = []Scope{Organization, Person, Space, File, Query}

// What callers can meet.
var (
	ErrNotFound = fault.New(fault.NotFound, "hold_not_found", "There is no such hold.")
	ErrAsked    = fault.New(fault.Conflict, "hold_release_asked", "The release of this hold was asked for already. Another owner or admin than the one who asked approves it.")
	ErrNotAsked = fault.New(fault.Conflict, "hold_release_not_asked", "No one has asked for the release of this hold. Ask for it first, with a reason; another owner or admin approves it.")
	ErrTwo      = fault.New(fault.Denied, "hold_release_takes_two", "A hold is released by two people: you asked for it, so another owner or admin approves it.")
)

// Conditions are those of a query; each that is given must be met.
type Conditions struct {
	Category                   *string
	CreatedFrom, CreatedBefore *time.Time
	NameContains               *string // without case
}

// Given says whether there is one.
func (c Conditions) Given() bool {
	return c.Category != nil || c.CreatedFrom != nil || c.CreatedBefore != nil || c.NameContains != nil
}

// New is a hold that is placed.
type New struct {
	ID, By uuid.UUID
	Kind   Kind
	Scope  Scope
	Target uuid.UUID // the person, the space or the file
	Conditions
	Reason string
}

// Hold is one hold.
type Hold struct {
	ID     uuid.UUID
	Kind   Kind
	Scope  Scope
	Target *uuid.UUID
	Conditions
	Reason              string
	PlacedBy            uuid.UUID
	PlacedAt            time.Time
	AskedBy, ReleasedBy *uuid.UUID
	AskedAt, ReleasedAt *time.Time
	AskedBecause        string
}

// State is how far a hold's release is.
type State string

// The states. A hold covers until it is released.
const (
	Active   State = "active"
	Asked    State = "release_asked"
	Released State = "released"
)

// State says how far the release is.
func (h Hold) State() State {
	switch {
	case h.ReleasedAt != nil:
		return Released
	case h.AskedAt != nil:
		return Asked
	}
	return Active
}

func fromRow(r holdsdb.HoldGetRow) Hold {
	h := Hold{ID: r.ID, Kind: Kind(r.Kind), Scope: Scope(r.Scope), Conditions: Conditions{Category: r.Category, CreatedFrom: r.CreatedFrom, CreatedBefore: r.CreatedBefore, NameContains: r.NamePart},
		Reason: r.Reason, PlacedBy: r.PlacedBy, PlacedAt: r.PlacedAt, AskedBy: r.ReleaseAskedBy, AskedAt: r.ReleaseAskedAt, AskedBecause: r.ReleaseReason, ReleasedBy: r.ReleasedBy, ReleasedAt: r.ReleasedAt}
	for _, target := range []*uuid.UUID{r.PersonID, r.SpaceID, r.FileID} {
		if target != nil {
			h.Target = target
		}
	}
	return h
}

// check refuses what the table would refuse, in words.
func (n New) check() error {
	named := n.Scope == Person || n.Scope == Space || n.Scope == File
	switch {
	case !slices.Contains(Kinds, n.Kind):
		return fault.New(fault.Invalid, "invalid_kind", "kind is legal, access_request or amendment.")
	case !slices.Contains(Scopes, n.Scope):
		return fault.New(fault.Invalid, "invalid_scope", "scope is organization, person, space, file or query.")
	case named != (n.Target != uuid.Nil):
		return fault.New(fault.Invalid, "invalid_target", "target_id names the person, the space or the file; the other scopes have none.")
	case (n.Scope == Query) != n.Given():
		return fault.New(fault.Invalid, "invalid_query", "A query has at least one of category, created_from, created_before and name_contains; the other scopes have none of them.")
	case n.Category != nil && !bounded(*n.Category, 100), n.NameContains != nil && !bounded(*n.NameContains, 255):
		return fault.New(fault.Invalid, "invalid_query", "category has 1 to 100 characters and name_contains 1 to 255.")
	case n.CreatedFrom != nil && n.CreatedBefore != nil && !n.CreatedFrom.Before(*n.CreatedBefore):
		return fault.New(fault.Invalid, "invalid_query", "created_from is before created_before.")
	}
	return checkReason(n.Reason)
}

func checkReason(reason string) error {
	if !bounded(reason, 1000) {
		return fault.New(fault.Invalid, "invalid_reason", "reason says in 1 to 1000 characters why: who asks for it, by which letter or case.")
	}
	return nil
}

func bounded(s string, most int) bool { return s != "" && utf8.RuneCountInString(s) <= most }

// Place puts a hold in force. It waits for deletions that are under way: afterwards, what is
// covered and still there stays.
func Place(ctx context.Context, tx *tenancy.Tx, n New) error {
	if err := n.check(); err != nil {
		return err
	}
	p := holdsdb.HoldInsertParams{ID: n.ID, Kind: string(n.Kind), Scope: string(n.Scope), Category: n.Category, CreatedFrom: n.CreatedFrom, CreatedBefore: n.CreatedBefore,
		NamePart: n.NameContains, Reason: n.Reason, PlacedBy: n.By}
	switch n.Scope {
	case Person:
		p.PersonID = &n.Target
	case Space:
		p.SpaceID = &n.Target
	case File:
		p.FileID = &n.Target
	}
	if err := holdsdb.New(tx).HoldInsert(ctx, p); err != nil {
		return fmt.Errorf("place hold: %w", err)
	}
	return record(ctx, tx, "hold.place", n.ID, string(n.Kind)+":"+string(n.Scope))
}

func record(ctx context.Context, tx *tenancy.Tx, action string, id uuid.UUID, code string) error {
	return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String(), Code: code})
}

// Get reads a hold.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Hold, error) {
	r, err := holdsdb.New(q).HoldGet(ctx, id)
	if err != nil {
		return Hold{}, orNotFound(err)
	}
	return fromRow(r), nil
}

func orNotFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return fmt.Errorf("read hold: %w", err)
}

// List reads holds, the newest first: those in force, or with released all of them.
func List(ctx context.Context, q tenancy.Queries, released bool, before uuid.UUID, n int) ([]Hold, error) {
	p := holdsdb.HoldListParams{Released: released, Most: int64(n)}
	if before != uuid.Nil {
		p.Before = &before
	}
	rows, err := holdsdb.New(q).HoldList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list holds: %w", err)
	}
	found := make([]Hold, len(rows))
	for i, r := range rows {
		found[i] = fromRow(holdsdb.HoldGetRow(r))
	}
	return found, nil
}

// AskRelease asks that a hold be released. It covers as before until another person approves.
func AskRelease(ctx context.Context, tx *tenancy.Tx, id, by uuid.UUID, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	q := holdsdb.New(tx)
	h, err := q.HoldLock(ctx, id)
	switch {
	case err != nil:
		return orNotFound(err)
	case h.ReleasedAt != nil:
		return tenancy.ErrHoldOver
	case h.ReleaseAskedBy != nil:
		return ErrAsked
	}
	if err := q.HoldAskRelease(ctx, holdsdb.HoldAskReleaseParams{ID: id, AskedBy: &by, Reason: reason}); err != nil {
		return fmt.Errorf("ask for release: %w", err)
	}
	return record(ctx, tx, "hold.ask_release", id, "")
}

// ApproveRelease ends a hold whose release another person asked for.
func ApproveRelease(ctx context.Context, tx *tenancy.Tx, id, by uuid.UUID) error {
	q := holdsdb.New(tx)
	h, err := q.HoldLock(ctx, id)
	switch {
	case err != nil:
		return orNotFound(err)
	case h.ReleasedAt != nil:
		return tenancy.ErrHoldOver
	case h.ReleaseAskedBy == nil:
		return ErrNotAsked
	case *h.ReleaseAskedBy == by:
		return ErrTwo
	}
	if err := q.HoldRelease(ctx, holdsdb.HoldReleaseParams{ID: id, ReleasedBy: &by}); err != nil {
		return fmt.Errorf("release hold: %w", err)
	}
	return record(ctx, tx, "hold.release", id, "asked_by:"+h.ReleaseAskedBy.String())
}

// Covered says which of these files, of those that the caller sees, a hold covers. Who sees
// no holds finds none.
func Covered(ctx context.Context, q tenancy.Queries, files []uuid.UUID) (map[uuid.UUID]bool, error) {
	ids, err := holdsdb.New(q).HoldCovered(ctx, files)
	if err != nil {
		return nil, fmt.Errorf("look for holds of files: %w", err)
	}
	covered := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		covered[id] = true
	}
	return covered, nil
}
