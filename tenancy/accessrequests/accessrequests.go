// Package accessrequests is the requests of students and guardians to see education records
// (34 CFR 99.10): received, verified, reviewed, released as a package, delivered, closed. A
// request holds the records that it is about until it is over, and officers are told of its
// 30th, 40th and 45th day (policies/rls/functions/system_access_requests.sql).
package accessrequests

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/accessrequests/accessrequestsdb"
	"satchel/tenancy/exports"
)

// State is how far a request is.
type State string

// The states.
const (
	Received  State = "received"  // it is not known yet that the requester is who they say
	Review    State = "review"    // what it is about is looked through
	Releasing State = "releasing" // the package is being made
	Ready     State = "ready"
	Delivered State = "delivered"
	Closed    State = "closed"
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn"
)

// What callers can meet.
var (
	ErrNotFound = fault.New(fault.NotFound, "access_request_not_found", "There is no such request for access.")
	ErrNoFile   = fault.New(fault.NotFound, "no_such_file", "The request is not about this file.")
	ErrOpen     = fault.New(fault.Conflict, "access_request_open", "A request of this person about the student is open already.")
	ErrState    = fault.New(fault.Conflict, "access_request_state", "The request is in another state. Read it again.")
	ErrReview   = fault.New(fault.Conflict, "access_request_review", "Records that tell of other students too wait for a decision: each is included or withheld by a person first.")
	ErrNotYours = fault.New(fault.Denied, "access_request_not_yours", "A student asks about themselves and a guardian about their children. Ask an owner or admin.")
	ErrPackage  = fault.New(fault.Denied, "access_request_package", "The package of a request goes to who asked, and to owners and admins. Ask one of them.")
	ErrNoRight  = fault.New(fault.Denied, "access_request_no_right", "Who asked has no right to the records of this student any more: the rights are those of the parents, and of the student alone from 18 on. Reject or close the request; who has the right now makes one of their own.")
	ErrNoChild  = fault.New(fault.Invalid, "invalid_student_id", "student_id names the student whose records are asked for: a student of the organization.")
	ErrTooLate  = fault.New(fault.Conflict, "deletion_begun", "The deletion of the organization has begun.")
	errText     = fault.New(fault.Invalid, "invalid_text", "A text is missing, or longer than is allowed.")
	errDecision = fault.New(fault.Invalid, "invalid_decision", "decision is include or withhold; withhold, and include of a record that tells of other students, give a reason.")
	errOutcome  = fault.New(fault.Invalid, "invalid_outcome", "outcome is closed, rejected or withdrawn.")
)

// Request is one request.
type Request struct {
	ID, Student, Requester uuid.UUID
	Note                   string
	State                  State
	ReceivedAt, DueAt      time.Time
	Overdue                bool
	VerifiedBy             *uuid.UUID
	VerifiedAt             *time.Time
	VerifiedHow            string
	ReleasedAt             *time.Time
	DeliveredAt            *time.Time
	EndedBy                *uuid.UUID
	EndedAt                *time.Time
	EndedReason            string
	Export                 *uuid.UUID
}

func show(r accessrequestsdb.RequestGetRow) Request {
	q := Request{
		ID: r.ID, Student: r.StudentID, Requester: r.RequesterID, Note: r.Note, State: State(r.State), ReceivedAt: r.ReceivedAt, DueAt: r.DueAt, Overdue: r.Overdue,
		VerifiedBy: r.VerifiedBy, VerifiedAt: r.VerifiedAt, VerifiedHow: r.VerifiedHow, ReleasedAt: r.ReleasedAt, DeliveredAt: r.DeliveredAt,
		EndedBy: r.EndedBy, EndedAt: r.EndedAt, EndedReason: r.EndedReason,
	}
	if r.ExportID != uuid.Nil {
		q.Export = &r.ExportID
	}
	return q
}

func isText(text string, least, most int) bool {
	n := utf8.RuneCountInString(text)
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0) && n >= least && n <= most
}

func event(action string, id uuid.UUID, code string) audit.Event {
	return audit.Event{Action: action, ObjectID: id.String(), Code: code}
}

// New is a request that comes in. Without a student it is about the requester, or the
// requester's only child.
type New struct {
	ID, By, Student uuid.UUID
	Note            string
}

// Ask takes a request. From then on what it is about is held.
func Ask(ctx context.Context, tx *tenancy.Tx, n New) error {
	n.Note = strings.TrimSpace(n.Note)
	if !isText(n.Note, 0, 1000) {
		return errText
	}
	q := accessrequestsdb.New(tx)
	if n.Student == uuid.Nil {
		mine, err := q.StudentsOfActor(ctx)
		if err != nil {
			return fmt.Errorf("read children: %w", err)
		}
		if len(mine) != 1 {
			return ErrNoChild
		}
		n.Student = mine[0]
	}
	err := q.RequestInsert(ctx, accessrequestsdb.RequestInsertParams{ID: n.ID, StudentID: n.Student, RequesterID: n.By, Note: n.Note})
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "42501":
			return ErrNotYours.Because(err)
		case pg.ConstraintName == "access_requests_once":
			return ErrOpen.Because(err)
		case pg.Code == "23503", pg.Code == "SQ036":
			return ErrNoChild.Because(err)
		case pg.Code == "SQ035":
			return ErrTooLate.Because(err)
		}
	}
	if err != nil {
		return fmt.Errorf("take request for access: %w", err)
	}
	return audit.Record(ctx, tx, event("access_request.receive", n.ID, ""))
}

// Get reads one.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Request, error) {
	r, err := accessrequestsdb.New(q).RequestGet(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Request{}, ErrNotFound
	}
	if err != nil {
		return Request{}, fmt.Errorf("read request for access: %w", err)
	}
	return show(r), nil
}

// List reads a page, the newest first: open ones, and with ended all.
func List(ctx context.Context, q tenancy.Queries, ended bool, before uuid.UUID, limit int) ([]Request, error) {
	p := accessrequestsdb.RequestListParams{Ended: ended, Most: int64(limit)}
	if before != uuid.Nil {
		p.Before = &before
	}
	rows, err := accessrequestsdb.New(q).RequestList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list requests for access: %w", err)
	}
	list := make([]Request, len(rows))
	for i, r := range rows {
		list[i] = show(accessrequestsdb.RequestGetRow(r))
	}
	return list, nil
}

// done turns a change of no row into a refusal.
func done(ctx context.Context, q tenancy.Queries, id uuid.UUID, n int64, err error) error {
	if err != nil {
		return fmt.Errorf("change request for access: %w", err)
	}
	if n == 0 {
		if _, err := Get(ctx, q, id); err != nil {
			return err
		}
		return ErrState
	}
	return nil
}

// Verify says how it is known who asks, and collects the records.
func Verify(ctx context.Context, tx *tenancy.Tx, id, by uuid.UUID, how string) error {
	how = strings.TrimSpace(how)
	if !isText(how, 1, 500) {
		return errText
	}
	q := accessrequestsdb.New(tx)
	n, err := q.RequestVerify(ctx, accessrequestsdb.RequestVerifyParams{ID: id, By: &by, How: how})
	if err := done(ctx, tx, id, n, err); err != nil {
		return err
	}
	if err := q.RequestCollect(ctx, id); err != nil {
		return fmt.Errorf("collect records: %w", err)
	}
	return audit.Record(ctx, tx, event("access_request.verify", id, ""))
}

// File is a record that a request is about.
type File struct {
	ID        uuid.UUID
	Name      string // empty for who does not read it
	Students  int32  // of whom it tells
	Decision  string // waiting, include, withhold
	Reason    string
	DecidedBy *uuid.UUID
	DecidedAt *time.Time
}

// Files reads a page of the records, in the order of their ids.
func Files(ctx context.Context, q tenancy.Queries, id, after uuid.UUID, limit int) ([]File, error) {
	p := accessrequestsdb.FileListParams{RequestID: id, Most: int64(limit)}
	if after != uuid.Nil {
		p.After = &after
	}
	rows, err := accessrequestsdb.New(q).FileList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list records of request: %w", err)
	}
	list := make([]File, len(rows))
	for i, r := range rows {
		list[i] = File{ID: r.FileID, Name: r.Name, Students: r.Students, Decision: r.Decision, Reason: r.Reason, DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt}
	}
	return list, nil
}

// reviewed says whether records of a request in the state are decided about: also when a package
// is there, since another one can be made.
func reviewed(s State) bool { return s == Review || s == Ready || s == Delivered }

// Collect adds what came since the records of a request were collected, and has those that
// changed wait for a decision again. It is committed before a release, which is undone when it
// finds one that waits: who decides would not see it otherwise.
func Collect(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	q := accessrequestsdb.New(tx)
	if _, err := q.RequestLock(ctx, id); errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	} else if err != nil {
		return fmt.Errorf("lock request for access: %w", err)
	}
	if err := q.RequestCollect(ctx, id); err != nil {
		return fmt.Errorf("collect records: %w", err)
	}
	return nil
}

// Decide includes a record in the package or withholds it.
func Decide(ctx context.Context, tx *tenancy.Tx, id, file, by uuid.UUID, decision, reason string) error {
	reason = strings.TrimSpace(reason)
	if decision != "include" && decision != "withhold" || !isText(reason, 0, 1000) || decision == "withhold" && reason == "" {
		return errDecision
	}
	q := accessrequestsdb.New(tx)
	state, err := q.RequestLock(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("lock request for access: %w", err)
	case !reviewed(State(state)):
		return ErrState
	}
	n, err := q.FileDecide(ctx, accessrequestsdb.FileDecideParams{RequestID: id, FileID: file, By: &by, Decision: decision, Reason: reason})
	if err != nil {
		return fmt.Errorf("decide about record: %w", err)
	}
	if n == 0 {
		return ErrNoFile
	}
	return audit.Record(ctx, tx, event("access_request.decide", id, decision))
}

// Release begins the package, as an export with the id, for who asked and has the right to the
// records still. Records that came or changed since they were collected are collected first; one that
// tells of other students stops it.
func Release(ctx context.Context, tx *tenancy.Tx, id, by, export uuid.UUID) error {
	q := accessrequestsdb.New(tx)
	if err := Collect(ctx, tx, id); err != nil {
		return err
	}
	if err := checkRight(ctx, q, id); err != nil {
		return err
	}
	waiting, err := q.FilesWaiting(ctx, id)
	if err != nil {
		return fmt.Errorf("count records that wait: %w", err)
	}
	if waiting > 0 {
		return ErrReview.Under("34 CFR 99.12(a)")
	}
	n, err := q.RequestRelease(ctx, accessrequestsdb.RequestReleaseParams{ID: id, By: &by})
	if err := done(ctx, tx, id, n, err); err != nil {
		return err
	}
	return exports.BeginOf(ctx, tx, export, id)
}

// checkRight refuses who had the right to the records when they asked, and has it no more: the
// student is 18, or the person is no guardian now.
func checkRight(ctx context.Context, q *accessrequestsdb.Queries, id uuid.UUID) error {
	rule, err := q.RequestRight(ctx, id)
	if err != nil {
		return fmt.Errorf("read right to records: %w", err)
	}
	if rule != "" {
		return ErrNoRight.Under(rule)
	}
	return nil
}

// Package is a part of the package of a request, for who asked and for owners and admins.
// Others who see the request, as auditors do, get no records by it.
func Package(ctx context.Context, q tenancy.Queries, id uuid.UUID, by tenancy.Actor, number int) (exports.Part, exports.Export, error) {
	r, err := Get(ctx, q, id)
	if err != nil {
		return exports.Part{}, exports.Export{}, err
	}
	if r.Requester != by.User && !by.Administers() {
		return exports.Part{}, exports.Export{}, ErrPackage
	}
	if r.Requester == by.User {
		if err := checkRight(ctx, accessrequestsdb.New(q), id); err != nil {
			return exports.Part{}, exports.Export{}, err
		}
	}
	if r.Export == nil {
		return exports.Part{}, exports.Export{}, exports.ErrNotReady
	}
	return exports.CheckReady(ctx, q, *r.Export, number)
}

// Deliver notes that the package is handed out: to who asked, with which the request is
// answered. Again it changes nothing.
func Deliver(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, part int) error {
	if _, err := accessrequestsdb.New(tx).RequestDeliver(ctx, id); err != nil {
		return fmt.Errorf("note delivery: %w", err)
	}
	return audit.Record(ctx, tx, event("access_request.read", id, "part_"+strconv.Itoa(part)))
}

// End closes, rejects or withdraws a request, with which its hold ends. Who asked withdraws;
// owners and admins do the others.
func End(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, by tenancy.Actor, to State, reason string) error {
	reason = strings.TrimSpace(reason)
	switch {
	case to != Closed && to != Rejected && to != Withdrawn:
		return errOutcome
	case !isText(reason, 0, 1000), to == Rejected && reason == "":
		return errText
	case to != Withdrawn && !by.Administers():
		return ErrNotYours
	}
	r, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	if to == Withdrawn && r.Requester != by.User {
		return ErrNotYours
	}
	if to == Closed && r.State != Ready && r.State != Delivered || to == Rejected && r.State != Received && r.State != Review {
		return ErrState
	}
	n, err := accessrequestsdb.New(tx).RequestEnd(ctx, accessrequestsdb.RequestEndParams{ID: id, State: string(to), By: &by.User, Reason: reason})
	if err := done(ctx, tx, id, n, err); err != nil {
		return err
	}
	return audit.Record(ctx, tx, event("access_request.end", id, string(to)))
}

// Tell tells officers of the day that a request has reached, once.
func Tell(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	day, err := accessrequestsdb.New(tx).RequestTell(ctx, id)
	if err != nil || day == 0 {
		return err
	}
	return audit.Record(ctx, tx, event("access_request.due", id, "day_"+strconv.Itoa(int(day))))
}
