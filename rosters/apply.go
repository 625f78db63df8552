package rosters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/policies/audit"
	"satchel/rosters/rostersdb"
	"satchel/tenancy"
	"satchel/tenancy/events"
)

// batchChanges is how many changes one transaction applies: few enough that no
// one waits long for a row of it.
const batchChanges = 500

// The directions of a batch.
const (
	forth = "apply"
	back  = "undo"
)

// BeginApply lets a decided import be applied. It says false when something else
// changed the source since the changes were found: they have to be found again.
// An import that is being applied goes on.
func BeginApply(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID) (fresh bool, err error) {
	err = db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		q := rostersdb.New(tx)
		i, source, err := lockBoth(ctx, q, id)
		switch {
		case err != nil:
			return err
		case State(i.State) == Applying:
			fresh = true
			return nil
		case State(i.State) != Waiting:
			return ErrNotWaiting
		case i.BaseRevision == nil || *i.BaseRevision != source.Revision:
			return nil
		}
		fresh = true
		if _, err := q.ImportState(ctx, rostersdb.ImportStateParams{ID: id, State: string(Applying), FromStates: []string{string(Waiting)}}); err != nil {
			return fmt.Errorf("begin to apply: %w", err)
		}
		return errors.Join(
			q.ImportApplied(ctx, rostersdb.ImportAppliedParams{ID: id, PreviousImport: source.LastImport}),
			q.SourceAdvance(ctx, rostersdb.SourceAdvanceParams{ID: i.SourceID, LastImport: &id}))
	})
	return fresh, err
}

// lockBoth takes the source first, as everyone does.
func lockBoth(ctx context.Context, q *rostersdb.Queries, id uuid.UUID) (i rostersdb.ImportLockRow, source rostersdb.SourceLockRow, err error) {
	row, err := q.ImportGet(ctx, id)
	if err != nil {
		return i, source, found("read roster import", err, ErrNoImport)
	}
	if source, err = q.SourceLock(ctx, row.SourceID); err != nil {
		return i, source, found("lock roster source", err, ErrNoSource)
	}
	i, err = q.ImportLock(ctx, id)
	return i, source, found("lock roster import", err, ErrNoImport)
}

// Applier applies the changes of one import, batch after batch.
type Applier struct {
	db     *tenancy.DB
	org    tenancy.OrgID
	i      Import
	source Source
}

// NewApplier reads what an import decides about its batches.
func NewApplier(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID) (*Applier, error) {
	i, err := Get(ctx, db.Single(org), id)
	if err != nil {
		return nil, err
	}
	source, err := GetSource(ctx, db.Single(org), i.Source)
	return &Applier{db: db, org: org, i: i, source: source}, err
}

// Batch is a range of changes that was applied in one transaction.
type Batch struct {
	Reached int64 // the number of its last change; 0: none was left
	Changes int64
}

// Apply applies the next batch in one transaction. A batch is applied once, however
// often it is tried.
func (a *Applier) Apply(ctx context.Context) (done Batch, err error) {
	err = a.db.InTx(ctx, a.org, func(tx *tenancy.Tx) error {
		q := rostersdb.New(tx)
		if err := a.hold(ctx, q, Applying); err != nil {
			return err
		}
		last, err := q.BatchLast(ctx, a.i.ID)
		if err != nil {
			return fmt.Errorf("find last batch: %w", err)
		}
		end := int64(removals) * 2
		if a.i.Decision == AddsOnly || a.source.AddsOnly {
			end = removals
		}
		next, err := q.ChangesNext(ctx, rostersdb.ChangesNextParams{ImportID: a.i.ID, AfterSeq: last, EndSeq: end, Most: batchChanges})
		if err != nil {
			return fmt.Errorf("find next batch: %w", err)
		}
		if next.LastSeq == 0 {
			return nil
		}
		done = Batch{Reached: next.LastSeq, Changes: next.Changes}
		return a.batch(ctx, tx, forth, rostersdb.BatchNextToUndoRow{FirstSeq: next.FirstSeq, LastSeq: next.LastSeq, Kinds: next.Kinds})
	})
	return done, err
}

// Undo takes the last batch that is applied back. It says false when none is left.
func (a *Applier) Undo(ctx context.Context) (more bool, err error) {
	err = a.db.InTx(ctx, a.org, func(tx *tenancy.Tx) error {
		q := rostersdb.New(tx)
		if err := a.hold(ctx, q, Undoing); err != nil {
			return err
		}
		next, err := q.BatchNextToUndo(ctx, a.i.ID)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find batch to undo: %w", err)
		}
		more = true
		return a.batch(ctx, tx, back, next)
	})
	return more, err
}

// hold makes two attempts at the same import wait for each other.
func (a *Applier) hold(ctx context.Context, q *rostersdb.Queries, state State) error {
	i, err := q.ImportLock(ctx, a.i.ID)
	if err != nil {
		return found("lock roster import", err, ErrNoImport)
	}
	if State(i.State) != state {
		return ErrNotOpen
	}
	_, err = q.ImportTouch(ctx, a.i.ID)
	return errors.Join(err, q.PlanForFew(ctx))
}

// batch moves the rows of a range of changes to the state after the import, or to
// the one before it.
func (a *Applier) batch(ctx context.Context, tx *tenancy.Tx, direction string, r rostersdb.BatchNextToUndoRow) error {
	q := rostersdb.New(tx)
	n, err := q.BatchInsert(ctx, rostersdb.BatchInsertParams{ImportID: a.i.ID, Direction: direction, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq})
	if err != nil {
		return fmt.Errorf("note batch: %w", err)
	}
	if n == 0 {
		return nil // applied by an attempt whose answer was lost
	}
	for _, kind := range []string{"school", "term", "class", "person", "enrollment", "guardian"} {
		if !slices.Contains(r.Kinds, kind) {
			continue
		}
		if err := a.kind(ctx, q, kind, direction == back, r); err != nil {
			return fmt.Errorf("%s batch of kind %s: %w", direction, kind, err)
		}
	}
	if slices.Contains(r.Kinds, "person") {
		return a.audit(ctx, tx, direction == back, r)
	}
	return nil
}

func (a *Applier) kind(ctx context.Context, q *rostersdb.Queries, kind string, toBefore bool, r rostersdb.BatchNextToUndoRow) (err error) {
	id, source, held := a.i.ID, a.i.Source, a.i.WithHeld
	switch kind {
	case "school":
		_, err = q.ApplySchools(ctx, rostersdb.ApplySchoolsParams{ImportID: id, SourceID: source, ToBefore: toBefore, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq})
	case "term":
		_, err = q.ApplyTerms(ctx, rostersdb.ApplyTermsParams{ImportID: id, SourceID: source, ToBefore: toBefore, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq})
	case "class":
		_, err = q.ApplyClasses(ctx, rostersdb.ApplyClassesParams{ImportID: id, SourceID: source, ToBefore: toBefore, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq, WithHeld: held})
	case "person":
		if err = q.UsersMake(ctx, rostersdb.UsersMakeParams{ImportID: id, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq}); err == nil {
			_, err = q.ApplyPeople(ctx, rostersdb.ApplyPeopleParams{ImportID: id, SourceID: source, ToBefore: toBefore, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq, WithHeld: held, LeaveDays: a.source.LeaveDays})
		}
	case "enrollment":
		_, err = q.ApplyEnrollments(ctx, rostersdb.ApplyEnrollmentsParams{ImportID: id, SourceID: source, ToBefore: toBefore, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq, WithHeld: held})
		if err == nil && toBefore {
			_, err = q.UndoEnrollments(ctx, rostersdb.UndoEnrollmentsParams{ImportID: id, SourceID: source, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq})
		}
	case "guardian":
		if _, err = q.AgentsDelete(ctx, rostersdb.AgentsDeleteParams{ImportID: id, SourceID: source, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq, WithHeld: held}); err == nil {
			_, err = q.AgentsInsert(ctx, rostersdb.AgentsInsertParams{ImportID: id, SourceID: source, CreatedBy: a.by(), ToBefore: toBefore, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq, WithHeld: held})
		}
	}
	return err
}

// by is the person who answers for the import.
func (a *Applier) by() *uuid.UUID {
	if a.i.DecidedBy != nil {
		return a.i.DecidedBy
	}
	return a.i.CreatedBy
}

// audit records each role that a person gains or loses by the batch.
func (a *Applier) audit(ctx context.Context, tx *tenancy.Tx, undone bool, r rostersdb.BatchNextToUndoRow) error {
	rows, err := rostersdb.New(tx).ChangesAudited(ctx, rostersdb.ChangesAuditedParams{ImportID: a.i.ID, FirstSeq: r.FirstSeq, LastSeq: r.LastSeq, WithHeld: a.i.WithHeld})
	if err != nil {
		return fmt.Errorf("read roles: %w", err)
	}
	for _, c := range rows {
		lost, gained := c.KindBefore, c.KindAfter
		switch c.Action {
		case "new", "back":
			lost = ""
		case "leaving":
			gained = ""
		}
		if undone {
			lost, gained = gained, lost
		}
		for action, kind := range map[string]string{"person.lose": lost, "person.gain": gained} {
			if kind == "" {
				continue
			}
			if err := audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: c.TargetID.String(), Code: kind}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Report is what came of an import.
type Report struct {
	Applied                 int64 `json:"applied"` // changes
	StudentsWithoutGuardian int64 `json:"students_without_guardian"`
	PeopleWithoutLogin      int64 `json:"people_without_login"`
	Guardianships           int64 `json:"guardianships"`
}

// ImportEvent is the type of the event that an import ended.
const ImportEvent = "roster.import"

// Finish derives the guardianships, writes the report and ends the import, which
// is being applied or undone.
func (a *Applier) Finish(ctx context.Context, to State) (Report, error) {
	var report Report
	err := a.db.InTx(ctx, a.org, func(tx *tenancy.Tx) error {
		q := rostersdb.New(tx)
		i, source, err := lockBoth(ctx, q, a.i.ID)
		if err != nil {
			return err
		}
		if !State(i.State).Open() {
			return nil // ended by an attempt whose answer was lost
		}
		if err := errors.Join(q.PlanForMany(ctx), q.GuardianshipsDerive(ctx)); err != nil {
			return fmt.Errorf("derive guardianships: %w", err)
		}
		counts, err := q.ReportCounts(ctx, &a.i.Source)
		if err != nil {
			return fmt.Errorf("count for the report: %w", err)
		}
		report = Report{Applied: a.i.Summary.Total, StudentsWithoutGuardian: counts.StudentsWithoutGuardian, PeopleWithoutLogin: counts.PeopleWithoutLogin, Guardianships: counts.Guardianships}
		if a.i.Decision == AddsOnly || a.source.AddsOnly {
			report.Applied -= a.i.Summary.Removals
		}
		if to == Undone && source.LastImport != nil && *source.LastImport == a.i.ID {
			if err := q.SourceAdvance(ctx, rostersdb.SourceAdvanceParams{ID: i.SourceID, LastImport: i.PreviousImport}); err != nil {
				return fmt.Errorf("note the import before: %w", err)
			}
		}
		if _, err := End(ctx, tx, a.i.ID, to, nil, &report); err != nil {
			return err
		}
		return tell(ctx, tx, a.i, to)
	})
	return report, err
}

// tell records the end of an import in the audit log and the events.
func tell(ctx context.Context, tx *tenancy.Tx, i Import, to State) error {
	data := map[string]any{"import": i.ID, "source": i.Source, "state": to, "changes": i.Summary.Total}
	if err := events.Record(ctx, tx, tenancy.NewID(), ImportEvent, data); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{Action: "roster.end", ObjectID: i.ID.String(), Code: string(to)})
}

// EndWithout ends an import of which nothing, or nothing more, is applied.
func EndWithout(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID, to State, why *StopReason) error {
	return db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		i, err := Get(ctx, tx, id)
		if err != nil {
			return err
		}
		ended, err := End(ctx, tx, id, to, why, nil)
		if err != nil || !ended {
			return err
		}
		return tell(ctx, tx, i, to)
	})
}

// BeginUndo lets the import of a source that was applied last be undone.
func BeginUndo(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	q := rostersdb.New(tx)
	i, source, err := lockBoth(ctx, q, id)
	if err != nil {
		return err
	}
	full, err := Get(ctx, tx, id)
	switch {
	case err != nil:
		return err
	case State(i.State) == Undoing:
		return nil
	case source.LastImport == nil || *source.LastImport != id || full.CleanedAt != nil:
		return ErrNotLast
	}
	open, err := OpenImport(ctx, tx, i.SourceID)
	switch {
	case err != nil:
		return err
	case open != uuid.Nil:
		return ErrImportOpen
	}
	n, err := q.ImportState(ctx, rostersdb.ImportStateParams{ID: id, State: string(Undoing), FromStates: []string{string(Applied), string(Failed)}})
	if err != nil {
		return fmt.Errorf("begin to undo: %w", err)
	}
	if n == 0 {
		return ErrNotLast
	}
	return nil
}

// Change is one change as it is shown.
type Change struct {
	Seq       int64           `json:"seq"`
	Kind      string          `json:"kind"`
	Action    string          `json:"action"`
	SourcedID string          `json:"sourced_id"`
	Person    string          `json:"person,omitempty"`
	School    string          `json:"school"`
	Held      string          `json:"held,omitempty"`
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
}

// Filter chooses changes. A nil School is every one.
type Filter struct {
	Kind, Action string
	School       *string
	After        int64
}

// Changes pages through the changes of an import in the order in which they are
// applied.
func Changes(ctx context.Context, q tenancy.Queries, id uuid.UUID, f Filter, limit int) ([]Change, error) {
	p := rostersdb.ChangesPageParams{ImportID: id, AfterSeq: f.After, Kind: f.Kind, Action: f.Action, Most: int64(limit)}
	if f.School != nil {
		p.OfSchool, p.School = true, *f.School
	}
	rows, err := rostersdb.New(q).ChangesPage(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("read changes: %w", err)
	}
	page := make([]Change, len(rows))
	for i, r := range rows {
		page[i] = Change{Seq: r.Seq, Kind: r.Kind, Action: r.Action, SourcedID: r.SourcedID, Person: r.Person, School: r.School, Held: value(r.Held), Before: r.Before, After: r.After}
	}
	return page, nil
}
