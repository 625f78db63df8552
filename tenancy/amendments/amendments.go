// Package amendments is requests to amend an education record (34 CFR 99.20), the hearings
// about what the school refused (99.21, 99.22), and the statements that travel with a record. What may follow
// what is the one table app.amendment_steps (policies/rls/tables/amendments.sql), which the
// database keeps. A file is held while a request about it is open.
package amendments

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/amendments/amendmentsdb"
)

// What callers can meet.
var (
	ErrNotFound = fault.New(fault.NotFound, "amendment_not_found", "There is no such request for amendment.")
	ErrNoRecord = fault.New(fault.NotFound, "no_such_record", "This file is no education record about the student. file_id and student_id name one.")
	ErrOpen     = fault.New(fault.Conflict, "amendment_open", "A request of this person about the record is open already.")
	ErrNotYours = fault.New(fault.Denied, "amendment_not_yours", "A parent asks about a child's record, and from 18 on the student; owners and admins of the school decide, but for guardians of the student. The steps of who asked are their own, but for a request that came on paper.")
	ErrState    = fault.New(fault.Conflict, "amendment_state", "The request is in another state, from which this step is not taken. Read it again.")
	ErrEarly    = fault.New(fault.Conflict, "amendment_not_due", "A hearing is held on its day, and a request is closed when the time to ask for more is over. due_at says when.")
	ErrTooLate  = fault.New(fault.Conflict, "deletion_begun", "The deletion of the organization has begun.")
	errWhat     = fault.New(fault.Invalid, "invalid_what", "what says in 1 to 2000 characters what is inaccurate, misleading or against the student's privacy, and how it should be.")
	errStep     = fault.New(fault.Invalid, "invalid_step", "step is review, amend, deny, request_hearing, schedule, hold, decide_amend, decide_uphold, state, withdraw or close.")
	errText     = fault.New(fault.Invalid, "invalid_text", "amend and deny give a reason, and decide_amend and decide_uphold a decision with a summary of the evidence and the reasons; state gives a statement. A reason has at most 2000 characters, the others 5000.")
	errHearing  = fault.New(fault.Invalid, "invalid_hearing", "schedule gives hearing_at, a time to come, hearing_place, and hearing_officer: who conducts the hearing and has no direct interest in its outcome.")
)

const (
	maxWhat      = 2000
	maxReason    = 2000
	maxDecision  = 5000
	maxStatement = 5000
	maxPlace     = 500
	maxOfficer   = 200
)

// Request is one request.
type Request struct {
	ID, File, Student, Requester uuid.UUID
	What, State                  string
	Since                        time.Time // when it came into the state
	DueAt                        *time.Time
	RequestedAt                  time.Time
	Reason                       string
	HearingAt                    *time.Time
	HearingPlace, HearingOfficer string
	Decision                     string
	EndedBy                      *uuid.UUID
	EndedAt                      *time.Time
	Overdue                      bool
	Statement                    string
}

// New is a request that comes in.
type New struct {
	ID, By, File, Student uuid.UUID
	What                  string
}

func isText(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0) && n >= least && n <= most
}

// Ask takes a request. From then on its file is held.
func Ask(ctx context.Context, tx *tenancy.Tx, n New) error {
	n.What = strings.TrimSpace(n.What)
	if !isText(n.What, 1, maxWhat) {
		return errWhat
	}
	q := amendmentsdb.New(tx)
	err := q.AmendmentInsert(ctx, amendmentsdb.AmendmentInsertParams{ID: n.ID, FileID: n.File, StudentID: n.Student, RequesterID: n.By, What: n.What})
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "42501":
			return ErrNotYours.Because(err)
		case pg.ConstraintName == "amendments_once":
			return ErrOpen.Because(err)
		case pg.Code == "23503", pg.Code == "SQ036":
			return ErrNoRecord.Because(err)
		case pg.Code == "SQ035":
			return ErrTooLate.Because(err)
		}
	}
	if err != nil {
		return fmt.Errorf("take request for amendment: %w", err)
	}
	about, err := q.AmendmentAbout(ctx, amendmentsdb.AmendmentAboutParams{FileID: n.File, StudentID: n.Student})
	switch {
	case err != nil:
		return fmt.Errorf("read record: %w", err)
	case !about:
		return ErrNoRecord
	}
	return audit.Record(ctx, tx, audit.Event{Action: "amendment.request", ObjectID: n.ID.String(), Code: n.File.String()})
}

// Get reads one.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Request, error) {
	r, err := amendmentsdb.New(q).AmendmentGet(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Request{}, ErrNotFound
	}
	if err != nil {
		return Request{}, fmt.Errorf("read request for amendment: %w", err)
	}
	return show(r), nil
}

func show(r amendmentsdb.AmendmentGetRow) Request {
	return Request{
		ID: r.ID, File: r.FileID, Student: r.StudentID, Requester: r.RequesterID, What: r.What, State: r.State, Since: r.Since, DueAt: r.DueAt, RequestedAt: r.RequestedAt, Reason: r.Reason,
		HearingAt: r.HearingAt, HearingPlace: r.HearingPlace, HearingOfficer: r.HearingOfficer, Decision: r.Decision, EndedBy: r.EndedBy, EndedAt: r.EndedAt, Overdue: r.Overdue, Statement: r.Statement,
	}
}

// Filter narrows a list; zero values do not.
type Filter struct {
	File  uuid.UUID
	Ended bool // those that are over too
}

// List reads a page, the newest first.
func List(ctx context.Context, q tenancy.Queries, f Filter, before uuid.UUID, limit int) ([]Request, error) {
	rows, err := amendmentsdb.New(q).AmendmentList(ctx, amendmentsdb.AmendmentListParams{Ended: f.Ended, FileID: some(f.File), Before: some(before), Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("list requests for amendment: %w", err)
	}
	list := make([]Request, len(rows))
	for i, r := range rows {
		list[i] = show(amendmentsdb.AmendmentGetRow(r))
	}
	return list, nil
}

func some[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// Step is a step of a request, with what it needs.
type Step struct {
	Name                         string
	Reason                       string // of amend and deny
	Decision                     string // in writing, of decide_amend and decide_uphold
	Statement                    string
	HearingAt                    *time.Time
	HearingPlace, HearingOfficer string
}

// Steps are their names.
var Steps = []string{"review", "amend", "deny", "request_hearing", "schedule", "hold", "decide_amend", "decide_uphold", "state", "withdraw", "close"}

// check refuses a step without what it needs, and leaves of the others nothing.
func (s *Step) check(now time.Time) error {
	given := *s
	*s = Step{Name: given.Name}
	switch s.Name {
	case "amend", "deny":
		s.Reason = strings.TrimSpace(given.Reason)
		if !isText(s.Reason, 1, maxReason) {
			return errText
		}
	case "decide_amend", "decide_uphold":
		s.Decision = strings.TrimSpace(given.Decision)
		if !isText(s.Decision, 1, maxDecision) {
			return errText
		}
	case "state":
		s.Statement = strings.TrimSpace(given.Statement)
		if !isText(s.Statement, 1, maxStatement) {
			return errText
		}
	case "schedule":
		s.HearingAt, s.HearingPlace, s.HearingOfficer = given.HearingAt, strings.TrimSpace(given.HearingPlace), strings.TrimSpace(given.HearingOfficer)
		if s.HearingAt == nil || !s.HearingAt.After(now) || s.HearingAt.After(now.AddDate(1, 0, 0)) || !isText(s.HearingPlace, 1, maxPlace) || !isText(s.HearingOfficer, 1, maxOfficer) {
			return errHearing
		}
	case "review", "request_hearing", "hold", "withdraw", "close":
	default:
		return errStep
	}
	return nil
}

// Take takes a step of a request: the school's by owners and admins who are not of the student's
// side, the others by who asked and has the rights about the student still, or, where an owner or
// admin entered the request for who writes on paper, by one of them.
func Take(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, by tenancy.Actor, s Step) error {
	if err := s.check(time.Now()); err != nil {
		return err
	}
	q := amendmentsdb.New(tx)
	a, err := q.AmendmentLock(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err := Get(ctx, tx, id); err != nil { // an auditor sees it and takes no step
			return err
		}
		return ErrNotYours
	}
	if err != nil {
		return fmt.Errorf("lock request for amendment: %w", err)
	}
	next, err := q.AmendmentStep(ctx, amendmentsdb.AmendmentStepParams{State: a.State, Step: s.Name})
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrState
	}
	if err != nil {
		return fmt.Errorf("read step: %w", err)
	}
	right, err := q.AmendmentRight(ctx, amendmentsdb.AmendmentRightParams{StudentID: a.StudentID, RequesterID: a.RequesterID, State: next.ToState})
	if err != nil {
		return fmt.Errorf("read right to records: %w", err)
	}
	if own := next.Taker == "requester" && a.RequesterID == by.User && right.Side; !own && !right.Officer {
		return ErrNotYours.Under(next.Rule)
	}
	_, err = q.AmendmentMove(ctx, amendmentsdb.AmendmentMoveParams{
		ID: id, State: next.ToState, Reason: some(s.Reason), Decision: some(s.Decision), HearingAt: s.HearingAt, HearingPlace: some(s.HearingPlace), HearingOfficer: some(s.HearingOfficer),
	})
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "SQ046":
		return ErrState.Because(err)
	case errors.As(err, &pg) && pg.Code == "SQ047":
		return ErrEarly.Under(next.Rule).Because(err)
	case err != nil:
		return fmt.Errorf("move request for amendment: %w", err)
	}
	if s.Statement != "" {
		if err := q.StatementInsert(ctx, amendmentsdb.StatementInsertParams{AmendmentID: id, FileID: a.FileID, StudentID: a.StudentID, Statement: s.Statement}); err != nil {
			return fmt.Errorf("attach statement: %w", err)
		}
	}
	return audit.Record(ctx, tx, audit.Event{Action: "amendment.step", ObjectID: id.String(), Code: next.ToState})
}

// Statement is what the student's side says about a record that the school did not change.
type Statement struct {
	Amendment, Student uuid.UUID
	Text               string
	At                 time.Time
}

// Said gives what a zip carries of it.
func (s Statement) Said() (at time.Time, text string) { return s.At, s.Text }

// StatementsOf reads the statements of files, of those that the caller reads.
func StatementsOf(ctx context.Context, q tenancy.Queries, files []uuid.UUID) (map[uuid.UUID][]Statement, error) {
	rows, err := amendmentsdb.New(q).StatementsOf(ctx, files)
	if err != nil {
		return nil, fmt.Errorf("read statements: %w", err)
	}
	found := map[uuid.UUID][]Statement{}
	for _, r := range rows {
		found[r.FileID] = append(found[r.FileID], Statement{Amendment: r.AmendmentID, Student: r.StudentID, Text: r.Statement, At: r.At})
	}
	return found, nil
}
