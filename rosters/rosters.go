// Package rosters brings what a school's information system says about persons
// and classes into an organization: a package is staged, compared with what is
// there, held when too much would change, applied in small transactions, and
// undone on request. An import deletes no file and no work of a person, makes no
// owner or admin, and leaves what was made or changed by hand.
package rosters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/rosters/oneroster"
	"satchel/rosters/rostersdb"
	"satchel/tenancy"
)

// State is how far an import is.
type State string

// The states. The first five are open: a source has one open import at a time.
const (
	Received  State = "received"
	Checking  State = "checking"
	Waiting   State = "waiting" // for a decision, or for its turn to be applied
	Applying  State = "applying"
	Undoing   State = "undoing"
	Applied   State = "applied"
	Stopped   State = "stopped" // nothing of the package is used
	Discarded State = "discarded"
	Failed    State = "failed" // what was applied until then stays
	Undone    State = "undone"
)

// Open says whether a state is not an end.
func (s State) Open() bool {
	return slices.Contains([]State{Received, Checking, Waiting, Applying, Undoing}, s)
}

// Decision is what a person decided about an import that waits.
type Decision string

// The decisions.
const (
	Approve  Decision = "approved"
	AddsOnly Decision = "adds_only" // without the removals
	Discard  Decision = "discarded"
)

// How long things are kept and waited for.
const (
	Patience = 7 * 24 * time.Hour  // of an import that waits for a decision
	Kept     = 30 * 24 * time.Hour // package, rows and changes, after the end of the import
)

// What a caller can meet.
var (
	ErrNoSource     = fault.New(fault.NotFound, "roster_source_not_found", "There is no such roster source in this organization.")
	ErrSourceExists = fault.New(fault.Conflict, "roster_source_exists", "A roster source of this name is there already. Use it, or choose another name.")
	ErrNoImport     = fault.New(fault.NotFound, "roster_import_not_found", "There is no such import in this organization.")
	ErrImportOpen   = fault.New(fault.Conflict, "roster_import_open", "Another import of this source has not ended. Decide about it or wait for it; a source is imported one package at a time.")
	ErrNotWaiting   = fault.New(fault.Conflict, "roster_import_not_waiting", "The import waits for no decision.")
	ErrOtherDiff    = fault.New(fault.Conflict, "roster_diff_changed", "The changes are no longer those that were shown. Look at them again and decide with their new hash.")
	ErrNotLast      = fault.New(fault.Conflict, "roster_import_not_last", "Only the import of a source that was applied last can be undone, within 30 days. Undo the later one first, or import a corrected package.")
	ErrNotOpen      = fault.New(fault.Conflict, "roster_import_ended", "The import has ended.")
)

// Source is where rosters come from. It is one writer: what it brought, only it
// removes.
type Source struct {
	ID          uuid.UUID
	Name        string
	Kind        string
	PausedUntil *time.Time // imports wait until then
	AddsOnly    bool       // no import of it removes anything
	Revision    int64
	KeepAges    bool // the months of 13 and 18 are kept
	LeaveDays   int32
	LastImport  *uuid.UUID
	CreatedAt   time.Time
	Pickup      bool // packages in the inbox folder are imported
}

// GetSource reads a source.
func GetSource(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Source, error) {
	s, err := rostersdb.New(q).SourceGet(ctx, id)
	return Source(s), found("read roster source", err, ErrNoSource)
}

// ListSources lists the sources by name.
func ListSources(ctx context.Context, q tenancy.Queries) ([]Source, error) {
	rows, err := rostersdb.New(q).SourceList(ctx)
	if err != nil {
		return nil, fmt.Errorf("list roster sources: %w", err)
	}
	sources := make([]Source, len(rows))
	for i, r := range rows {
		sources[i] = Source(r)
	}
	return sources, nil
}

// AddSource makes a source under the id that it has.
func AddSource(ctx context.Context, q tenancy.Queries, s Source, by uuid.UUID) error {
	n, err := rostersdb.New(q).SourceInsert(ctx, rostersdb.SourceInsertParams{ID: s.ID, Name: s.Name, CreatedBy: &by, AddsOnly: s.AddsOnly, KeepAges: s.KeepAges, LeaveDays: s.LeaveDays, Pickup: s.Pickup})
	if err != nil {
		return fmt.Errorf("add roster source: %w", err)
	}
	if n == 0 {
		return ErrSourceExists
	}
	return nil
}

// uniqueViolation is what PostgreSQL says of a name that is taken.
const uniqueViolation = "23505"

// SetSource changes what a person sets of a source.
func SetSource(ctx context.Context, q tenancy.Queries, s Source) error {
	n, err := rostersdb.New(q).SourceSet(ctx, rostersdb.SourceSetParams{ID: s.ID, Name: s.Name, AddsOnly: s.AddsOnly, KeepAges: s.KeepAges, LeaveDays: s.LeaveDays, PausedUntil: s.PausedUntil, Pickup: s.Pickup})
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == uniqueViolation:
		return ErrSourceExists
	case err != nil:
		return fmt.Errorf("change roster source: %w", err)
	}
	if n == 0 {
		return ErrNoSource
	}
	return nil
}

// Package is a package that was received.
type Package struct {
	Import, Source uuid.UUID
	Size           int64
	SHA256, ETag   string
	Windows1252    bool
	Review         bool
	By             *uuid.UUID // nil: it was found in the inbox folder
	Pickup         string     // the ETag of the object that was found there
}

// Key is where the package of an import lies in the staging bucket. The
// organization leads, as in every bucket.
func Key(org tenancy.OrgID, id uuid.UUID) string {
	return org.String() + Folder + id.String() + ".zip"
}

// ImportOf gives the import of which a key is the package.
func ImportOf(org tenancy.OrgID, key string) (uuid.UUID, bool) {
	name, found := strings.CutPrefix(key, org.String()+Folder)
	if !found {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(strings.TrimSuffix(name, ".zip"))
	return id, err == nil && Key(org, id) == key
}

// Folder is the part of the key behind the organization that no version of a file
// has: a version's key is its id.
const Folder = "/roster/"

// UndoOperation is the operation under which an import is undone. It follows from
// the import, so that whatever finds the import finds it.
func UndoOperation(id uuid.UUID) uuid.UUID { return uuid.NewSHA1(id, []byte("undo")) }

// Begin makes the row of an import. While another one of the source is open it
// fails with ErrImportOpen; a repeated call for the same import succeeds.
func Begin(ctx context.Context, tx *tenancy.Tx, p Package) error {
	q := rostersdb.New(tx)
	if _, err := q.SourceLock(ctx, p.Source); err != nil {
		return found("lock roster source", err, ErrNoSource)
	}
	n, err := q.ImportInsert(ctx, rostersdb.ImportInsertParams{
		ID: p.Import, SourceID: p.Source, Size: p.Size, Sha256: p.SHA256, ObjectEtag: p.ETag, Windows1252: p.Windows1252, Review: p.Review, CreatedBy: p.By,
	})
	if err != nil {
		return fmt.Errorf("insert roster import: %w", err)
	}
	if n == 1 {
		return takePickup(ctx, q, p)
	}
	if _, err := q.ImportGet(ctx, p.Import); err == nil {
		return nil
	}
	return ErrImportOpen
}

// Import is one import.
type Import struct {
	ID, Source  uuid.UUID
	State       State
	Size        int64
	SHA256      string
	ETag        string
	Windows1252 bool
	Review      bool
	Modes       map[oneroster.Kind]oneroster.Mode
	Hash        string // of the changes, which a decision names
	Holds       []Hold
	Summary     Summary
	Issues      Issues
	Stop        *StopReason
	Decision    Decision
	WithHeld    bool
	DecidedBy   *uuid.UUID
	DecidedAt   *time.Time
	Report      *Report
	CreatedBy   *uuid.UUID
	CreatedAt   time.Time
	WaitsUntil  *time.Time
	EndedAt     *time.Time
	CleanedAt   *time.Time
}

// Issues is what was put right or refused in a package.
type Issues struct {
	Places  []oneroster.Issue `json:"places"`
	Omitted int               `json:"omitted"` // beyond what a report holds
}

// StopReason says why nothing of a package is used.
type StopReason struct {
	Code   string `json:"code"`
	File   string `json:"file,omitempty"`
	Row    int    `json:"row,omitempty"`
	Column string `json:"column,omitempty"`
	Text   string `json:"text"`
}

// Get reads an import.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Import, error) {
	r, err := rostersdb.New(q).ImportGet(ctx, id)
	if err != nil {
		return Import{}, found("read roster import", err, ErrNoImport)
	}
	i := Import{
		ID: r.ID, Source: r.SourceID, State: State(r.State), Size: r.Size, SHA256: r.Sha256, ETag: r.ObjectEtag, Windows1252: r.Windows1252,
		Review: r.Review, Hash: value(r.DiffHash), Decision: Decision(value(r.Decision)), WithHeld: r.WithHeld, DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt,
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, WaitsUntil: r.WaitsUntil, EndedAt: r.EndedAt, CleanedAt: r.CleanedAt,
	}
	for _, c := range []struct {
		from json.RawMessage
		to   any
	}{{r.Modes, &i.Modes}, {r.Holds, &i.Holds}, {r.Summary, &i.Summary}, {r.Issues, &i.Issues}, {r.Stop, &i.Stop}, {r.Report, &i.Report}} {
		if c.from == nil {
			continue
		}
		if err := json.Unmarshal(c.from, c.to); err != nil {
			return i, fmt.Errorf("read roster import: %w", err)
		}
	}
	return i, nil
}

// Listed is an import as a list shows it.
type Listed struct {
	ID, Source uuid.UUID
	State      State
	Size       int64
	Hash       string
	Holds      []Hold
	Stop       *StopReason
	CreatedBy  *uuid.UUID
	CreatedAt  time.Time
	EndedAt    *time.Time
}

// List pages through the imports, the newest first, before the given one.
func List(ctx context.Context, q tenancy.Queries, before uuid.UUID, limit int) ([]Listed, error) {
	rows, err := rostersdb.New(q).ImportPage(ctx, rostersdb.ImportPageParams{Before: before, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list roster imports: %w", err)
	}
	page := make([]Listed, len(rows))
	for n, r := range rows {
		page[n] = Listed{ID: r.ID, Source: r.SourceID, State: State(r.State), Size: r.Size, Hash: value(r.DiffHash), CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, EndedAt: r.EndedAt}
		if err := errors.Join(json.Unmarshal(r.Holds, &page[n].Holds), unmarshal(r.Stop, &page[n].Stop)); err != nil {
			return nil, fmt.Errorf("list roster imports: %w", err)
		}
	}
	return page, nil
}

func unmarshal(b json.RawMessage, to any) error {
	if b == nil {
		return nil
	}
	return json.Unmarshal(b, to)
}

// OpenImport gives the open import of a source; none is uuid.Nil.
func OpenImport(ctx context.Context, q tenancy.Queries, source uuid.UUID) (uuid.UUID, error) {
	id, err := rostersdb.New(q).ImportOpen(ctx, source)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return uuid.Nil, nil
	case err != nil:
		return uuid.Nil, fmt.Errorf("look for an open import: %w", err)
	}
	return id, nil
}

// Decide notes what a person decided about the changes that they were shown. It says
// false when the same was decided before, which succeeds.
func Decide(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, by *uuid.UUID, d Decision, hash string, withHeld bool) (bool, error) {
	q := rostersdb.New(tx)
	row, err := q.ImportLock(ctx, id)
	if err != nil {
		return false, found("lock roster import", err, ErrNoImport)
	}
	switch {
	case row.Decision != nil && Decision(*row.Decision) == d && value(row.DecidedHash) == hash:
		return false, nil
	case State(row.State) != Waiting || row.Decision != nil:
		return false, ErrNotWaiting
	case value(row.DiffHash) != hash:
		return false, ErrOtherDiff
	}
	n, err := q.ImportDecide(ctx, rostersdb.ImportDecideParams{ID: id, Decision: string(d), DiffHash: hash, WithHeld: withHeld, DecidedBy: by})
	if err != nil {
		return false, fmt.Errorf("note decision: %w", err)
	}
	if n == 0 {
		return false, ErrNotWaiting
	}
	return true, nil
}

// Touch says that an open import makes progress, so that no sweep looks for it.
func Touch(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	if _, err := rostersdb.New(q).ImportTouch(ctx, id); err != nil {
		return fmt.Errorf("touch roster import: %w", err)
	}
	return nil
}

// End ends an open import. It says false when it had ended already.
func End(ctx context.Context, q tenancy.Queries, id uuid.UUID, to State, why *StopReason, report *Report) (bool, error) {
	stop, err := encode(why)
	if err != nil {
		return false, err
	}
	told := json.RawMessage("{}")
	if report != nil {
		if told, err = encode(report); err != nil {
			return false, err
		}
	}
	n, err := rostersdb.New(q).ImportEnd(ctx, rostersdb.ImportEndParams{ID: id, State: string(to), Stop: stop, Report: told})
	if err != nil {
		return false, fmt.Errorf("end roster import: %w", err)
	}
	return n == 1, nil
}

// encode gives the JSON of a column; nil stays SQL's null.
func encode(what any) (json.RawMessage, error) {
	b, err := json.Marshal(what)
	if err != nil {
		return nil, fmt.Errorf("encode roster import: %w", err)
	}
	if string(b) == "null" {
		return nil, nil
	}
	return b, nil
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
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
