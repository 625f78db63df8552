// Package requests asks parents for their consent by mail (16 CFR 312.4, 312.5): the notice
// that they are shown, the request with its state, the links that answer it, and what follows
// from each answer. Which state may follow which is one table, app.consent_transitions, by
// which every change here goes and which a trigger enforces.
package requests

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/internal/sealed"
	"satchel/policies/consent"
	"satchel/policies/consent/requests/requestsdb"
	"satchel/tenancy"
)

// The states.
const (
	Required          = "required"
	NoticePending     = "notice_pending"
	Requested         = "requested"
	Undeliverable     = "undeliverable"
	Provisional       = "provisional"
	Granted           = "granted"
	Denied            = "denied"
	Expired           = "expired"
	Revoked           = "revoked"
	ReconsentRequired = "reconsent_required"
	AgedOut           = "aged_out"
	Void              = "void"
)

// States lists them.
var States = []string{Required, NoticePending, Requested, Undeliverable, Provisional, Granted, Denied, Expired, Revoked, ReconsentRequired, AgedOut, Void}

// The rows, as they are read.
type (
	// Request is one request to a parent for consent.
	Request = requestsdb.RequestGetRow
	// Transition is one that the table of states permits.
	Transition = requestsdb.TransitionListRow
	// Terms are the times of an organization's requests.
	Terms = requestsdb.TermsGetRow
	// Token is what a link of a mail stands for.
	Token = requestsdb.TokenGetRow
)

// The refusals.
var (
	ErrNoRequest = fault.New(fault.NotFound, "consent_request_not_found", "There is no such request for consent.")
	ErrNotChild  = fault.New(fault.Conflict, "consent_not_needed", "This student is no child by what the organization knows, and needs no consent of a parent.").Under("16 CFR 312.2")
	ErrEmail     = fault.New(fault.Invalid, "invalid_email", "email is one mail address such as name@school.example, of at most 254 characters.")
	ErrStudents  = fault.New(fault.Conflict, "address_of_student", "This address is a student's. Consent is asked of a parent, at an address that no student reads.").Under("16 CFR 312.5(b)(1)")
	ErrTooMany   = fault.New(fault.Limited, "consent_mails_limited", "This address got as many mails about consent as it gets in a day. Ask again tomorrow.").After(24 * time.Hour)
	ErrAsked     = fault.New(fault.Conflict, "consent_request_exists", "This guardian is asked already. Send the mail again, or cancel the request first.")
	ErrNotNow    = fault.New(fault.Conflict, "consent_request_state", "The request is in a state in which this cannot be done. Read it again.")
	ErrTerms     = fault.New(fault.Invalid, "invalid_terms", "consent_days is 3 to 30, confirm_hours is 1 to 168.")
)

// Limits of mails to one address in a day, over all children of the organization.
const (
	mostRequests = 3
	mostMails    = 6
)

// Contacts seals the addresses of guardians. HashEmail is the keyed hash by which the addresses
// of people are compared.
type Contacts struct {
	Box       *sealed.Box
	HashEmail func(org tenancy.OrgID, email string) []byte
}

func place(request uuid.UUID) string { return "consent/" + request.String() }

// open reads the address of a request.
func (c Contacts) open(r Request) (string, error) {
	if r.ContactSealed == nil {
		return "", ErrNotNow
	}
	address, err := c.Box.Open(*r.ContactSealed, place(r.ID))
	return string(address), failed("open address of guardian", err)
}

// NewToken makes 256 random bits that a link carries, and what is kept of them.
func NewToken() (token string, hash []byte) {
	b := make([]byte, sha256.Size)
	for token == "" || token[0] == '-' { // which a command line takes for an option
		_, _ = rand.Read(b) // never fails (crypto/rand)
		token = base64.RawURLEncoding.EncodeToString(b)
	}
	return token, Hash(token)
}

// Hash is what is kept of a token.
func Hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// Transitions is the table of the states.
func Transitions(ctx context.Context, q tenancy.Queries) ([]Transition, error) {
	rows, err := requestsdb.New(q).TransitionList(ctx)
	return rows, failed("read transitions", err)
}

// GetTerms reads how long a parent has, and when the second mail goes out.
func GetTerms(ctx context.Context, q tenancy.Queries) (Terms, error) {
	t, err := requestsdb.New(q).TermsGet(ctx)
	return t, failed("read terms of consent", err)
}

// SetTerms changes it for requests that are made from here on.
func SetTerms(ctx context.Context, q tenancy.Queries, t Terms) error {
	if t.Days < 3 || t.Days > 30 || t.Hours < 1 || t.Hours > 168 {
		return ErrTerms
	}
	return failed("write terms of consent", requestsdb.New(q).TermsSet(ctx, requestsdb.TermsSetParams(t)))
}

// Get reads a request.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Request, error) {
	r, err := requestsdb.New(q).RequestGet(ctx, id)
	return r, orNone(err)
}

// Filter chooses requests.
type Filter struct {
	State *string
	Child *uuid.UUID
}

// List lists requests by their ids.
func List(ctx context.Context, q tenancy.Queries, f Filter, after uuid.UUID, most int) ([]Request, error) {
	rows, err := requestsdb.New(q).RequestList(ctx, requestsdb.RequestListParams{State: f.State, ChildID: f.Child, After: after, Most: int64(most)})
	found := make([]Request, len(rows))
	for i, r := range rows {
		found[i] = Request(r)
	}
	return found, failed("list requests for consent", err)
}

// New is a request that is to be made.
type New struct {
	ID       uuid.UUID
	Child    uuid.UUID
	Guardian *uuid.UUID // nil: a guardian who is no member
	Email    string
	Language string
	By       uuid.UUID
}

// Create makes a request; its mail is due at once. It runs organization-wide: whether the
// address is a student's is asked of rows that no caller sees.
func Create(ctx context.Context, tx *tenancy.Tx, c Contacts, n New, now time.Time) error {
	q := requestsdb.New(tx)
	if err := consent.LockChild(ctx, tx, n.Child); err != nil {
		return err
	}
	state, err := consent.StateOf(ctx, tx, n.Child)
	if err != nil {
		return err
	}
	if !state.IsChild {
		return ErrNotChild
	}
	hash, err := checkAddress(ctx, tx, c, n.Email, now)
	if err != nil {
		return err
	}
	notice, err := Newest(ctx, tx)
	if err != nil {
		return err
	}
	guardian, err := guardianOf(ctx, tx, n, hash)
	if err != nil {
		return err
	}
	terms, err := GetTerms(ctx, tx)
	if err != nil {
		return err
	}
	expires := now.AddDate(0, 0, int(terms.Days))
	err = q.RequestInsert(ctx, requestsdb.RequestInsertParams{ID: n.ID, ChildID: n.Child, GuardianID: guardian, Language: n.Language, RequestedBy: &n.By, ExpiresAt: expires, DueAt: now})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" && pg.ConstraintName == "consent_requests_open" {
		return ErrAsked.Because(err)
	}
	if err != nil {
		return fmt.Errorf("make request for consent: %w", err)
	}
	box := c.Box.Seal([]byte(normal(n.Email)), place(n.ID))
	return ask(ctx, q, Request{ID: n.ID, State: Required}, requestsdb.RequestAskParams{ContactSealed: &box, ContactHash: hash, NoticeID: notice.ID, ExpiresAt: expires, Now: now, ID: n.ID})
}

func normal(email string) string { return strings.TrimSpace(email) }

// checkAddress refuses an address that is none, that a student reads, or that got many mails.
func checkAddress(ctx context.Context, tx *tenancy.Tx, c Contacts, email string, now time.Time) ([]byte, error) {
	email = normal(email)
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 254 {
		return nil, ErrEmail
	}
	q, hash := requestsdb.New(tx), c.HashEmail(tx.Org(), email)
	students, err := q.AddressOfStudent(ctx, requestsdb.AddressOfStudentParams{EmailHash: hash, Address: email})
	if err != nil {
		return nil, fmt.Errorf("compare address: %w", err)
	}
	if students {
		return nil, ErrStudents
	}
	use, err := q.ContactUse(ctx, requestsdb.ContactUseParams{ContactHash: hash, Since: now.Add(-24 * time.Hour)})
	if err != nil {
		return nil, fmt.Errorf("count mails to the address: %w", err)
	}
	if use.Requests >= mostRequests || use.Mails >= mostMails {
		return nil, ErrTooMany
	}
	return hash, nil
}

// guardianOf is the user of the guardian. One who is no member has a user of their own, so that
// the decisions of two of them are two: it is found again by the address.
func guardianOf(ctx context.Context, tx *tenancy.Tx, n New, hash []byte) (uuid.UUID, error) {
	q := requestsdb.New(tx)
	if n.Guardian != nil {
		known, err := q.GuardianKnown(ctx, requestsdb.GuardianKnownParams{ChildID: n.Child, GuardianID: *n.Guardian})
		if err == nil && !known {
			return uuid.Nil, consent.ErrNoGuardian
		}
		return *n.Guardian, failed("look for guardian", err)
	}
	id, err := q.GuardianOfContact(ctx, requestsdb.GuardianOfContactParams{ChildID: n.Child, ContactHash: hash})
	if err == nil || !errors.Is(err, pgx.ErrNoRows) {
		return id, failed("look for guardian", err)
	}
	id = tenancy.NewID()
	return id, failed("make user of guardian", q.GuardianMake(ctx, id))
}

// Resend has the mail sent again, to another address if one is given.
func Resend(ctx context.Context, tx *tenancy.Tx, c Contacts, id uuid.UUID, email string, now time.Time) error {
	r, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	if r.State != NoticePending && r.State != Requested && r.State != Undeliverable && r.State != ReconsentRequired {
		return ErrNotNow
	}
	p := requestsdb.RequestAskParams{ID: id, Now: now}
	if email == "" {
		if email, err = c.open(r); err != nil {
			return err
		}
	} else {
		box := c.Box.Seal([]byte(normal(email)), place(id))
		p.ContactSealed = &box
	}
	if p.ContactHash, err = checkAddress(ctx, tx, c, email, now); err != nil {
		return err
	}
	return askAgain(ctx, tx, r, p, now)
}

// askAgain shows the newest notice to who is asked, with the whole time to answer.
func askAgain(ctx context.Context, tx *tenancy.Tx, r Request, p requestsdb.RequestAskParams, now time.Time) error {
	q := requestsdb.New(tx)
	notice, err := Newest(ctx, tx)
	if err != nil {
		return err
	}
	terms, err := GetTerms(ctx, tx)
	if err != nil {
		return err
	}
	// Links of earlier mails end: they may have gone to another address.
	if err := q.TokenBurn(ctx, requestsdb.TokenBurnParams{RequestID: r.ID, Purpose: answerPurpose, Now: now}); err != nil {
		return fmt.Errorf("end links: %w", err)
	}
	p.NoticeID, p.ExpiresAt = notice.ID, now.AddDate(0, 0, int(terms.Days))
	return ask(ctx, q, r, p)
}

func ask(ctx context.Context, q *requestsdb.Queries, r Request, p requestsdb.RequestAskParams) error {
	p.ToState = NoticePending
	if r.State != NoticePending { // a mail that has not gone out goes to where it should
		t, err := transition(ctx, q, r.State, "ask")
		if err != nil {
			return err
		}
		p.ToState = t.ToState
	}
	return failed("ask for consent", q.RequestAsk(ctx, p))
}

// Cancel ends a request that was made by mistake.
func Cancel(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, now time.Time) error {
	r, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	if r.GrantID != nil {
		return ErrNotNow // a parent's consent is the parent's to end
	}
	return move(ctx, tx, r, "cancel", requestsdb.RequestMoveParams{Now: now})
}

func lock(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) (Request, error) {
	q := requestsdb.New(tx)
	r, err := q.RequestGet(ctx, id)
	if err != nil {
		return Request{}, orNone(err)
	}
	if err := consent.LockChild(ctx, tx, r.ChildID); err != nil {
		return Request{}, err
	}
	locked, err := q.RequestLock(ctx, id)
	return Request(locked), orNone(err)
}

func transition(ctx context.Context, q *requestsdb.Queries, state, event string) (requestsdb.TransitionRow, error) {
	t, err := q.Transition(ctx, requestsdb.TransitionParams{State: state, Event: event})
	if errors.Is(err, pgx.ErrNoRows) {
		return t, ErrNotNow.Because(err)
	}
	return t, failed("read transition", err)
}

// move carries a request over by an event. What ends it ends its links and forgets the address.
func move(ctx context.Context, tx *tenancy.Tx, r Request, event string, p requestsdb.RequestMoveParams) error {
	q := requestsdb.New(tx)
	t, err := transition(ctx, q, r.State, event)
	if err != nil {
		return err
	}
	p.ID, p.ToState, p.Ends = r.ID, t.ToState, t.Ends
	if t.Ends {
		if err := q.TokenBurn(ctx, requestsdb.TokenBurnParams{RequestID: r.ID, Now: p.Now}); err != nil {
			return fmt.Errorf("end links: %w", err)
		}
	}
	return failed("move request for consent", q.RequestMove(ctx, p))
}

func orNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoRequest
	}
	return failed("read request for consent", err)
}

func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
