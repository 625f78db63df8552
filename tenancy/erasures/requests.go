package erasures

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
	"satchel/tenancy"
	"satchel/tenancy/erasures/erasuresdb"
)

// RequestState is how far a request of a guardian is.
type RequestState string

// The states of requests.
const (
	Received  RequestState = "received" // the school has not decided
	Accepted  RequestState = "accepted" // an erasure of the scope Person began
	Refused   RequestState = "refused"
	Withdrawn RequestState = "withdrawn"
)

// What callers of requests can meet.
var (
	ErrRequestNotFound = fault.New(fault.NotFound, "erasure_request_not_found", "There is no such request to erase.")
	ErrRequestOpen     = fault.New(fault.Conflict, "erasure_request_open", "You have asked for this already, and the school has not decided. Look at the request, or take it back.")
	ErrRequestState    = fault.New(fault.Conflict, "erasure_request_state", "The request is over. Read it again.")
	ErrRequestNotYours = fault.New(fault.Denied, "erasure_request_not_yours", "A guardian asks for the data of a child, and a student of 18 or more for their own. Owners and admins have it erased by an erasure.")
	ErrRequestOwn      = fault.New(fault.Denied, "erasure_request_own", "The request is about yourself or your own child. Another owner or admin decides about it.")
	ErrRequestChild    = fault.New(fault.Invalid, "invalid_student_id", "student_id names the student whose data is to be erased: your child at this organization.")
	errNote            = fault.New(fault.Invalid, "invalid_note", "note has at most 1000 characters.")
	errDecided         = fault.New(fault.Invalid, "invalid_outcome", "outcome is accepted or refused.")
	errReason          = fault.New(fault.Invalid, "invalid_reason", "reason has at most 1000 characters, and is needed to refuse: who asked reads it.")
)

// NewRequest is a request that comes in. Without a student it is about the only child of who asks,
// or about themselves.
type NewRequest struct {
	ID, By, Student uuid.UUID
	Note            string
}

// Begun is an erasure that a request began.
type Begun struct {
	ID          uuid.UUID
	Scope       Scope
	State       State
	CertifiedAt *time.Time
}

// Request is one request of a guardian.
type Request struct {
	ID, Student, Requester uuid.UUID
	Note                   string
	State                  RequestState
	ReceivedAt, DueAt      time.Time
	Overdue                bool
	Reason                 string
	EndedBy                *uuid.UUID
	EndedAt                *time.Time
	Begun                  []Begun // by itself, and by the decision
}

func showRequest(r erasuresdb.RequestGetRow) Request {
	q := Request{
		ID: r.ID, Student: r.StudentID, Requester: r.RequesterID, Note: r.Note, State: RequestState(r.State), ReceivedAt: r.ReceivedAt, DueAt: r.DueAt, Overdue: r.Overdue,
		Reason: r.Reason, EndedBy: r.EndedBy, EndedAt: r.EndedAt, Begun: []Begun{},
	}
	if r.BegunState != "" {
		q.Begun = append(q.Begun, Begun{ID: r.ID, Scope: Consent, State: State(r.BegunState), CertifiedAt: r.BegunCertifiedAt})
	}
	if r.ErasureID != nil {
		q.Begun = append(q.Begun, Begun{ID: *r.ErasureID, Scope: Person, State: State(r.ErasureState), CertifiedAt: r.ErasureCertifiedAt})
	}
	return q
}

func validText(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsRune(s, 0)
}

// TakeRequest takes a request of a guardian, or of a student of 18 or more. The database begins the erasure of
// what is here of a child by a consent alone in the same transaction (16 CFR 312.6(a)(2)); the rest waits for
// the school.
func TakeRequest(ctx context.Context, tx *tenancy.Tx, n NewRequest) error {
	n.Note = strings.TrimSpace(n.Note)
	if !validText(n.Note, 1000) {
		return errNote
	}
	q := erasuresdb.New(tx)
	if n.Student == uuid.Nil {
		mine, err := q.StudentsOfActor(ctx)
		if err != nil {
			return fmt.Errorf("read children: %w", err)
		}
		if len(mine) != 1 {
			return ErrRequestChild
		}
		n.Student = mine[0]
	}
	err := q.RequestInsert(ctx, erasuresdb.RequestInsertParams{ID: n.ID, StudentID: n.Student, RequesterID: n.By, Note: n.Note})
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "42501", pg.Code == "23503": // not theirs, or not a person at all
			return ErrRequestNotYours.Because(err)
		case pg.ConstraintName == "erasure_requests_once":
			return ErrRequestOpen.Because(err)
		}
	}
	if err != nil {
		return fmt.Errorf("take request to erase: %w", err)
	}
	return record(ctx, tx, "erasure_request.receive", n.ID, "")
}

// GetRequest reads one.
func GetRequest(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Request, error) {
	r, err := erasuresdb.New(q).RequestGet(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Request{}, ErrRequestNotFound
	}
	if err != nil {
		return Request{}, fmt.Errorf("read request to erase: %w", err)
	}
	return showRequest(r), nil
}

// Requests reads a page, the newest first: open ones, and with ended all.
func Requests(ctx context.Context, q tenancy.Queries, ended bool, before uuid.UUID, limit int) ([]Request, error) {
	p := erasuresdb.RequestListParams{Ended: ended, Most: int64(limit)}
	if before != uuid.Nil {
		p.Before = &before
	}
	rows, err := erasuresdb.New(q).RequestList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("list requests to erase: %w", err)
	}
	list := make([]Request, len(rows))
	for i, r := range rows {
		list[i] = showRequest(erasuresdb.RequestGetRow(r))
	}
	return list, nil
}

// lockRequest keeps a request that is open from others until the transaction ends.
func lockRequest(ctx context.Context, q *erasuresdb.Queries, id uuid.UUID) (erasuresdb.RequestLockRow, error) {
	r, err := q.RequestLock(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return r, ErrRequestNotFound
	case err != nil:
		return r, fmt.Errorf("lock request to erase: %w", err)
	case RequestState(r.State) != Received:
		return r, ErrRequestState
	}
	return r, nil
}

// Decision is what the school decides about a request. Erasure is the id of the erasure that begins when
// it is accepted.
type Decision struct {
	ID, By, Erasure uuid.UUID
	Outcome         RequestState
	Reason          string
}

// Decide accepts a request, which begins the erasure of the person, or refuses it with a reason. No one of the
// student's side decides.
func Decide(ctx context.Context, tx *tenancy.Tx, d Decision) error {
	d.Reason = strings.TrimSpace(d.Reason)
	switch {
	case d.Outcome != Accepted && d.Outcome != Refused:
		return errDecided
	case !validText(d.Reason, 1000), d.Outcome == Refused && d.Reason == "":
		return errReason
	}
	q := erasuresdb.New(tx)
	r, err := lockRequest(ctx, q, d.ID)
	if err != nil {
		return err
	}
	if r.Own || r.RequesterID == d.By {
		return ErrRequestOwn
	}
	p := erasuresdb.RequestEndParams{ID: d.ID, State: string(d.Outcome), Reason: d.Reason, By: d.By}
	if d.Outcome == Accepted {
		basis := ParentRequest
		if r.RequesterID == r.StudentID {
			basis = StudentRequest
		}
		p.ErasureID = &d.Erasure
		if err := Ask(ctx, tx, New{ID: d.Erasure, By: d.By, Target: r.StudentID, Scope: Person, Basis: basis, Reference: "request " + d.ID.String()}); err != nil {
			return err
		}
	}
	if err := q.RequestEnd(ctx, p); err != nil {
		return fmt.Errorf("decide about request to erase: %w", err)
	}
	return record(ctx, tx, "erasure_request.decide", d.ID, string(d.Outcome))
}

// Withdraw takes a request back, which its requester does. What began by itself goes on.
func Withdraw(ctx context.Context, tx *tenancy.Tx, id, by uuid.UUID) error {
	q := erasuresdb.New(tx)
	r, err := lockRequest(ctx, q, id)
	if err != nil {
		return err
	}
	if r.RequesterID != by {
		return ErrRequestNotYours
	}
	if err := q.RequestEnd(ctx, erasuresdb.RequestEndParams{ID: id, State: string(Withdrawn), By: by}); err != nil {
		return fmt.Errorf("take back request to erase: %w", err)
	}
	return record(ctx, tx, "erasure_request.withdraw", id, "")
}

// GetRequestCertificate reads the certificate of an erasure that a request began.
func GetRequestCertificate(ctx context.Context, q tenancy.Queries, request, erasure uuid.UUID) (Certificate, error) {
	theirs, err := erasuresdb.New(q).RequestHas(ctx, erasuresdb.RequestHasParams{ID: request, Erasure: erasure})
	if err != nil {
		return Certificate{}, fmt.Errorf("read request to erase: %w", err)
	}
	if !theirs {
		return Certificate{}, ErrNotFound
	}
	return GetCertificate(ctx, q, erasure)
}
