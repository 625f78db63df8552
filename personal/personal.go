// Package personal keeps what is known of personal data in versions of files: a state, where
// findings are, and what was decided about a version that waits. No value of a finding is
// kept, nor given to anyone.
package personal

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/personal/personaldb"
	"satchel/policies/pii"
	"satchel/tenancy"
)

// The states of an inspection.
const (
	Pending       = "pending"
	None          = "none"
	Found         = "found"
	Uninspectable = "uninspectable" // something was not read, and nothing was found in the rest
)

// What became of a version that waited.
const (
	Waiting  = "waiting"
	Released = "released"
	Rejected = "rejected"
)

// Inspection is what is known of a version.
type Inspection = personaldb.InspectionGetRow

// Place is where in a file a finding is.
type Place struct {
	Part   string // of segments
	Number int    // of the page, sheet or slide, from 1
	Member string // of a zip or mail
	Cell   string // of a sheet
	Line   int    // of the part, from 1
}

// Finding is one place that looks like personal data.
type Finding struct {
	pii.Finding
	Place Place
}

// Result is what an inspection came to.
type Result struct {
	Detector string // version of the detectors
	Findings []Finding
	Unread   []string // codes
	Capped   []string
}

// State is the state that the result has.
func (r Result) State() string {
	switch {
	case len(r.Findings) > 0:
		return Found
	case len(r.Unread) > 0:
		return Uninspectable
	}
	return None
}

// Contains is what the version says of itself: nil is unknown.
func (r Result) Contains() *bool {
	state := r.State()
	if state == Uninspectable {
		return nil
	}
	found := state == Found
	return &found
}

// MostFindings are kept of a version.
const MostFindings = 5000

// ErrNotInspected says that a version has no inspection.
var ErrNotInspected = fault.New(fault.NotFound, "not_inspected", "This version was not inspected for personal data. It is once it is published.")

// Get reads the inspection of a version.
func Get(ctx context.Context, q tenancy.Queries, version uuid.UUID) (Inspection, error) {
	i, err := personaldb.New(q).InspectionGet(ctx, version)
	if errors.Is(err, pgx.ErrNoRows) {
		return i, ErrNotInspected
	}
	return i, err
}

// Store replaces what is known of a version. One that is gone is left alone.
func Store(ctx context.Context, tx *tenancy.Tx, version uuid.UUID, r Result) error {
	q := personaldb.New(tx)
	n, err := q.InspectionStore(ctx, personaldb.InspectionStoreParams{VersionID: version, State: r.State(), Detector: r.Detector, Unread: filled(r.Unread), Capped: filled(r.Capped)})
	if err != nil || n == 0 {
		return err
	}
	if err := q.FindingsDelete(ctx, version); err != nil {
		return fmt.Errorf("delete findings: %w", err)
	}
	const page = 500
	first := 1
	for some := range slices.Chunk(r.Findings, page) {
		if err := q.FindingsInsert(ctx, rows(version, first, some)); err != nil {
			return fmt.Errorf("insert findings: %w", err)
		}
		first += len(some)
	}
	if err := q.VersionMark(ctx, personaldb.VersionMarkParams{ID: version, Contains: r.Contains()}); err != nil {
		return fmt.Errorf("mark version: %w", err)
	}
	return nil
}

func filled(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func rows(version uuid.UUID, first int, some []Finding) personaldb.FindingsInsertParams {
	p := personaldb.FindingsInsertParams{VersionID: version, First: int32(first)}
	for _, f := range some {
		p.Categories = append(p.Categories, string(f.Category))
		p.Parts = append(p.Parts, f.Place.Part)
		p.PartNumbers = append(p.PartNumbers, int32(min(f.Place.Number, 1<<30)))
		p.Members = append(p.Members, f.Place.Member)
		p.Cells = append(p.Cells, f.Place.Cell)
		p.Lines = append(p.Lines, int32(min(f.Place.Line, 1<<30)))
		p.Scores = append(p.Scores, float32(f.Score))
		p.Reasons = append(p.Reasons, strings.Join(f.Reasons, "\x1f"))
		p.Masks = append(p.Masks, f.Masked)
		p.Hmacs = append(p.Hmacs, f.HMAC[:])
		p.People = append(p.People, f.Person)
	}
	return p
}

// FindingRow is a finding as it is kept.
type FindingRow = personaldb.FindingsListRow

// Findings reads a page of a version's findings, behind a number.
func Findings(ctx context.Context, q tenancy.Queries, version uuid.UUID, after, most int) ([]FindingRow, error) {
	return personaldb.New(q).FindingsList(ctx, personaldb.FindingsListParams{VersionID: version, After: int32(after), Most: int64(most)})
}

// Again has a version inspected again. It says false when it has no inspection.
func Again(ctx context.Context, q tenancy.Queries, version uuid.UUID) (bool, error) {
	n, err := personaldb.New(q).InspectionAgain(ctx, version)
	return n == 1, err
}

// Hold notes that the version waits, and by which policy. It says false for one that was
// decided about before: it does not wait twice.
func Hold(ctx context.Context, q tenancy.Queries, version uuid.UUID, policy string) (bool, error) {
	n, err := personaldb.New(q).InspectionHold(ctx, personaldb.InspectionHoldParams{VersionID: version, HeldBy: policy})
	return n == 1, err
}

// Decide notes the decision about a version that waits. It says false when none waits.
func Decide(ctx context.Context, q tenancy.Queries, version uuid.UUID, to string, by *uuid.UUID) (bool, error) {
	n, err := personaldb.New(q).InspectionDecide(ctx, personaldb.InspectionDecideParams{VersionID: version, Held: to, DecidedBy: by})
	return n == 1, err
}

// HeldRow is a version that waits.
type HeldRow = personaldb.InspectionsHeldRow

// ListHeld reads the versions that wait for a decision, in the order of their ids.
func ListHeld(ctx context.Context, q tenancy.Queries, after uuid.UUID, most int) ([]HeldRow, error) {
	return personaldb.New(q).InspectionsHeld(ctx, personaldb.InspectionsHeldParams{After: after, Most: int64(most)})
}

// Roster is the people whose names and addresses the detectors look for.
type Roster struct {
	People []pii.Person
	Emails map[[32]byte]string // by the hash of tenancy/people
}

// RosterMark changes whenever the roster does.
type RosterMark struct {
	People  int64
	Changed time.Time
}

// GetRosterMark reads it.
func GetRosterMark(ctx context.Context, q tenancy.Queries) (RosterMark, error) {
	row, err := personaldb.New(q).RosterState(ctx)
	return RosterMark{row.People, row.ChangedAt}, err
}

// GetRoster reads the names and hashed addresses of the organization's students and guardians.
func GetRoster(ctx context.Context, q tenancy.Queries) (Roster, error) {
	db := personaldb.New(q)
	named, err := db.RosterPeople(ctx, pii.MostPeople)
	if err != nil {
		return Roster{}, fmt.Errorf("read names of the roster: %w", err)
	}
	addressed, err := db.RosterEmails(ctx, pii.MostPeople)
	if err != nil {
		return Roster{}, fmt.Errorf("read addresses of the roster: %w", err)
	}
	r := Roster{Emails: map[[32]byte]string{}}
	for _, p := range named {
		given, family := nameParts(p.DisplayName)
		r.People = append(r.People, pii.Person{ID: p.UserID.String(), Given: given, Family: family})
	}
	for _, a := range addressed {
		if len(a.EmailHash) == sha256.Size {
			r.Emails[[32]byte(a.EmailHash)] = a.UserID.String()
		}
	}
	return r, nil
}

// nameParts takes the last word of a display name for the family name.
func nameParts(display string) (given, family string) {
	display = strings.Join(strings.Fields(display), " ")
	at := strings.LastIndexByte(display, ' ')
	if at < 0 {
		return "", display
	}
	return display[:at], display[at+1:]
}

// Key is the key of an organization's HMACs of values, which the platform's secret gives: an
// equal value has another HMAC in another organization, and none without the secret.
func Key(secret []byte, org tenancy.OrgID) []byte {
	mac := hmac.New(sha256.New, secret)
	id := org.UUID()
	mac.Write([]byte("findings\x00"))
	mac.Write(id[:])
	return mac.Sum(nil)
}
