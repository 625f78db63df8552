package evidence

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/evidence/evidencedb"
)

// The refusals of incidents.
var (
	ErrNoIncident = fault.New(fault.NotFound, "incident_not_found", "There is no such incident.")
	ErrNoClock    = fault.New(fault.NotFound, "incident_clock_not_found", "No such clock runs for this incident.")
	ErrTold       = fault.New(fault.Conflict, "incident_told", "It is recorded already that they were told.")
	ErrConfirmed  = fault.New(fault.Conflict, "incident_confirmed", "This incident is confirmed already.")
	ErrClosed     = fault.New(fault.Conflict, "incident_closed", "This incident is closed.")
	ErrRunning    = fault.New(fault.Conflict, "incident_clocks_run", "Somebody was not told of this incident yet. Record that they were, then close it.")
)

// Incident is one with its clocks.
type Incident struct {
	evidencedb.IncidentGetRow
	Clocks []Running
}

// Running is a clock of an incident.
type Running = evidencedb.ClockListRow

// NewIncident is one that is to be recorded.
type NewIncident struct {
	ID, By             uuid.UUID
	Title, Description string
	Affected           *int32
	Discovered         time.Time
	Confirmed          *time.Time
	Jurisdictions      []string // whose clocks run
	OwnHours           int      // of the organization's own clock; 0: as the organization says
}

const (
	mostHours = 90 * day
	earliest  = 10 * 366 * 24 * time.Hour // how long ago an incident may have been discovered
)

func (n NewIncident) check(now time.Time) error {
	if err := checkText("title", n.Title, 200); err != nil {
		return err
	}
	if err := checkText("description", n.Description, 4000); err != nil {
		return err
	}
	switch {
	case n.Discovered.IsZero() || n.Discovered.After(now) || now.Sub(n.Discovered) > earliest:
		return fault.New(fault.Invalid, "invalid_discovered_at", "discovered_at is a time that is over, in the last ten years.")
	case n.Confirmed != nil && (n.Confirmed.Before(n.Discovered) || n.Confirmed.After(now)):
		return fault.New(fault.Invalid, "invalid_confirmed_at", "confirmed_at is a time that is over, and not before discovered_at.")
	case n.Affected != nil && *n.Affected < 0:
		return fault.New(fault.Invalid, "invalid_affected", "affected is how many people it concerns; null where that is not known.")
	case n.OwnHours < 0 || n.OwnHours > mostHours:
		return errOwnHours
	}
	for i, j := range n.Jurisdictions {
		if !slices.Contains(Jurisdictions(), j) || slices.Contains(n.Jurisdictions[:i], j) {
			return fault.New(fault.Invalid, "invalid_jurisdictions", "jurisdictions are of the table of clocks, each once.")
		}
	}
	return nil
}

var errOwnHours = fault.New(fault.Invalid, "invalid_own_hours", "own_hours is 1 to %d; absent from an incident: as the organization says, or 72.", mostHours)

// OwnHours is in how many hours the organization tells those for whom the table of clocks has nothing.
func OwnHours(ctx context.Context, q tenancy.Queries) (int, error) {
	hours, err := evidencedb.New(q).OwnHours(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the organization's own time: %w", err)
	}
	return int(hours), nil
}

// SetOwnHours sets it, for incidents that are recorded from then on: a clock that runs keeps its day.
func SetOwnHours(ctx context.Context, tx *tenancy.Tx, hours int) error {
	if hours < 1 || hours > mostHours {
		return errOwnHours
	}
	if err := evidencedb.New(tx).OwnHoursSet(ctx, int32(hours)); err != nil {
		return fmt.Errorf("set the organization's own time: %w", err)
	}
	return audit.Record(ctx, tx, audit.Event{Action: "incident.hours", ObjectID: tx.Org().String(), Code: strconv.Itoa(hours)})
}

// RecordIncident records one and starts its clocks: those of the jurisdictions, and the
// organization's own, which is for whom the table does not name.
func RecordIncident(ctx context.Context, tx *tenancy.Tx, n NewIncident, now time.Time) error {
	if err := n.check(now); err != nil {
		return err
	}
	q := evidencedb.New(tx)
	err := q.IncidentInsert(ctx, evidencedb.IncidentInsertParams{ID: n.ID, Title: n.Title, Description: n.Description, Affected: n.Affected, DiscoveredAt: n.Discovered, ConfirmedAt: n.Confirmed, RecordedBy: n.By})
	if err != nil {
		return fmt.Errorf("record incident: %w", err)
	}
	hours := n.OwnHours
	if hours == 0 {
		if hours, err = OwnHours(ctx, tx); err != nil {
			return err
		}
	}
	clocks := []Clock{{Name: Own, Hours: hours, From: Discovered}}
	for _, c := range Clocks {
		if slices.Contains(n.Jurisdictions, c.Jurisdiction) {
			clocks = append(clocks, c)
		}
	}
	for _, c := range clocks {
		if err := q.ClockInsert(ctx, evidencedb.ClockInsertParams{IncidentID: n.ID, Clock: c.Name, DueAt: c.due(n.Discovered, n.Confirmed)}); err != nil {
			return fmt.Errorf("start clock of incident: %w", err)
		}
	}
	return record(ctx, tx, "incident.record", n.ID, "")
}

// GetIncident reads one.
func GetIncident(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Incident, error) {
	db := evidencedb.New(q)
	r, err := db.IncidentGet(ctx, id)
	if err != nil {
		return Incident{}, or(ErrNoIncident, "read incident", err)
	}
	clocks, err := db.ClockList(ctx, []uuid.UUID{id})
	if err != nil {
		return Incident{}, fmt.Errorf("read clocks of incident: %w", err)
	}
	return Incident{r, clocks}, nil
}

// Incidents lists them in the order of their ids.
func Incidents(ctx context.Context, q tenancy.Queries, after uuid.UUID, n int) ([]Incident, error) {
	db := evidencedb.New(q)
	rows, err := db.IncidentList(ctx, evidencedb.IncidentListParams{After: after, Most: int64(n)})
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	all, ids := make([]Incident, len(rows)), make([]uuid.UUID, len(rows))
	for i, r := range rows {
		all[i], ids[i] = Incident{IncidentGetRow: evidencedb.IncidentGetRow(r)}, r.ID
	}
	clocks, err := db.ClockList(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("list clocks of incidents: %w", err)
	}
	for _, c := range clocks {
		at := slices.Index(ids, c.IncidentID)
		all[at].Clocks = append(all[at].Clocks, c)
	}
	return all, nil
}

// lock reads an incident that is open, which no one else changes until the transaction ends.
func lock(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (evidencedb.IncidentLockRow, error) {
	r, err := evidencedb.New(tx).IncidentLock(ctx, id)
	switch {
	case err != nil:
		return r, or(ErrNoIncident, "read incident", err)
	case r.State == "closed":
		return r, ErrClosed
	}
	return r, nil
}

// Confirm says when it was confirmed that it is an incident: clocks that count from then are set.
func Confirm(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, at time.Time, affected *int32, now time.Time) error {
	r, err := lock(ctx, tx, id)
	switch {
	case err != nil:
		return err
	case r.ConfirmedAt != nil:
		return ErrConfirmed
	case at.Before(r.DiscoveredAt) || at.After(now):
		return fault.New(fault.Invalid, "invalid_confirmed_at", "confirmed_at is a time that is over, and not before discovered_at.")
	case affected != nil && *affected < 0:
		return fault.New(fault.Invalid, "invalid_affected", "affected is how many people it concerns; null where that is not known.")
	}
	q := evidencedb.New(tx)
	if err := q.IncidentConfirm(ctx, evidencedb.IncidentConfirmParams{ID: id, ConfirmedAt: at, Affected: affected}); err != nil {
		return fmt.Errorf("confirm incident: %w", err)
	}
	for _, c := range Clocks {
		if c.From != Confirmed {
			continue
		}
		if err := q.ClockMove(ctx, evidencedb.ClockMoveParams{IncidentID: id, Clock: c.Name, DueAt: c.due(r.DiscoveredAt, &at)}); err != nil {
			return fmt.Errorf("set clock of incident: %w", err)
		}
	}
	return record(ctx, tx, "incident.confirm", id, "")
}

// Tell records that those of a clock were told, and how.
func Tell(ctx context.Context, tx *tenancy.Tx, id, by uuid.UUID, clock, note string) error {
	if err := checkText("note", note, 1000); err != nil {
		return err
	}
	if _, err := lock(ctx, tx, id); err != nil {
		return err
	}
	q := evidencedb.New(tx)
	n, err := q.ClockTold(ctx, evidencedb.ClockToldParams{IncidentID: id, Clock: clock, ToldBy: by, Note: note})
	if err != nil {
		return fmt.Errorf("record who was told: %w", err)
	}
	if n == 0 {
		known, err := q.ClockKnown(ctx, evidencedb.ClockKnownParams{IncidentID: id, Clock: clock})
		if err != nil {
			return fmt.Errorf("look for clock: %w", err)
		}
		if known {
			return ErrTold
		}
		return ErrNoClock
	}
	return record(ctx, tx, "incident.tell", id, clock)
}

// Close ends an incident of which everybody was told.
func Close(ctx context.Context, tx *tenancy.Tx, id, by uuid.UUID, closing string) error {
	if err := checkText("closing", closing, 4000); err != nil {
		return err
	}
	if _, err := lock(ctx, tx, id); err != nil {
		return err
	}
	q := evidencedb.New(tx)
	clocks, err := q.ClockList(ctx, []uuid.UUID{id})
	if err != nil {
		return fmt.Errorf("read clocks of incident: %w", err)
	}
	if slices.ContainsFunc(clocks, func(c Running) bool { return c.ToldAt == nil }) {
		return ErrRunning
	}
	if err := q.IncidentClose(ctx, evidencedb.IncidentCloseParams{ID: id, Closing: closing, ClosedBy: by}); err != nil {
		return fmt.Errorf("close incident: %w", err)
	}
	return record(ctx, tx, "incident.close", id, "")
}
