package evidence

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/evidence/evidencedb"
)

// What the school directs.
const (
	Return  = "return"
	Destroy = "destroy"
)

// What it is about.
const (
	Organization = "organization"
	Person       = "person"
)

// How a directive ends.
const (
	Done      = "done"
	Withdrawn = "withdrawn"
)

// dispositionDays is how long it takes at most where the directive does not say so.
const dispositionDays = 60

// The refusals of directives.
var (
	ErrNoDisposition = fault.New(fault.NotFound, "disposition_not_found", "There is no such directive.")
	ErrEnded         = fault.New(fault.Conflict, "disposition_ended", "This directive was carried out or withdrawn already.")
)

// Disposition is a directive about what becomes of data.
type Disposition = evidencedb.DispositionGetRow

// NewDisposition is one that is to be recorded. Carrying it out is the work of exports and
// erasures; this is that it was directed, and what became of it.
type NewDisposition struct {
	ID, By              uuid.UUID
	Kind, Scope, Reason string
	Person              *uuid.UUID
	DueAt               *time.Time // nil: in 60 days
}

// RecordDisposition records a directive.
func RecordDisposition(ctx context.Context, tx *tenancy.Tx, n NewDisposition, now time.Time) error {
	if err := checkText("reason", n.Reason, 1000); err != nil {
		return err
	}
	latest := now.AddDate(1, 0, 0)
	due := now.AddDate(0, 0, dispositionDays)
	if n.DueAt != nil {
		due = *n.DueAt
	}
	q := evidencedb.New(tx)
	switch {
	case n.Kind != Return && n.Kind != Destroy:
		return fault.New(fault.Invalid, "invalid_kind", "kind is return or destroy.")
	case n.Scope != Organization && n.Scope != Person:
		return fault.New(fault.Invalid, "invalid_scope", "scope is organization or person.")
	case (n.Scope == Person) != (n.Person != nil):
		return fault.New(fault.Invalid, "invalid_person_id", "person_id names the person of the scope person, and no one else's.")
	case !due.After(now) || due.After(latest):
		return fault.New(fault.Invalid, "invalid_due_at", "due_at is a time to come, in a year at most; absent: in %d days.", dispositionDays)
	}
	if n.Person != nil {
		known, err := q.MemberKnown(ctx, *n.Person)
		if err != nil {
			return fmt.Errorf("look for person of directive: %w", err)
		}
		if !known.Known {
			return fault.New(fault.Invalid, "invalid_person_id", "person_id is a person of your organization.")
		}
	}
	err := q.DispositionInsert(ctx, evidencedb.DispositionInsertParams{ID: n.ID, Kind: n.Kind, Scope: n.Scope, PersonID: n.Person, Reason: n.Reason, DueAt: due, RecordedBy: n.By})
	if err != nil {
		return fmt.Errorf("record directive: %w", err)
	}
	return record(ctx, tx, "disposition.record", n.ID, n.Kind)
}

// GetDisposition reads one.
func GetDisposition(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Disposition, error) {
	d, err := evidencedb.New(q).DispositionGet(ctx, id)
	if err != nil {
		return d, or(ErrNoDisposition, "read directive", err)
	}
	return d, nil
}

// Dispositions lists them in the order of their ids.
func Dispositions(ctx context.Context, q tenancy.Queries, after uuid.UUID, n int) ([]Disposition, error) {
	rows, err := evidencedb.New(q).DispositionList(ctx, evidencedb.DispositionListParams{After: after, Most: int64(n)})
	if err != nil {
		return nil, fmt.Errorf("list directives: %w", err)
	}
	all := make([]Disposition, len(rows))
	for i, r := range rows {
		all[i] = Disposition(r)
	}
	return all, nil
}

// EndDisposition records what became of a directive: by which export or certificate it was
// carried out, or why it was withdrawn.
func EndDisposition(ctx context.Context, tx *tenancy.Tx, id, by uuid.UUID, state, outcome string) error {
	if state != Done && state != Withdrawn {
		return fault.New(fault.Invalid, "invalid_state", "state is done or withdrawn.")
	}
	if err := checkText("outcome", outcome, 2000); err != nil {
		return err
	}
	q := evidencedb.New(tx)
	n, err := q.DispositionEnd(ctx, evidencedb.DispositionEndParams{ID: id, State: state, Outcome: outcome, EndedBy: by})
	if err != nil {
		return fmt.Errorf("end directive: %w", err)
	}
	if n == 0 {
		if _, err := GetDisposition(ctx, tx, id); err != nil {
			return err
		}
		return ErrEnded
	}
	return record(ctx, tx, "disposition.end", id, state)
}
