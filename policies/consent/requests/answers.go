package requests

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/policies/consent/requests/requestsdb"
	"satchel/tenancy"
)

// What a link is for.
const (
	answerPurpose   = "answer"
	withdrawPurpose = "withdraw"
)

// What the holder of a link meets.
const (
	Ask       = "ask"       // the two questions
	Withdraw  = "withdraw"  // a consent that can be withdrawn
	Agreed    = "agreed"    // it was answered: yes
	Refused   = "refused"   // it was answered: no
	Withdrawn = "withdrawn" // the consent was withdrawn
	Over      = "over"      // no answer came in time
	Replaced  = "replaced"  // a newer mail has a newer link
	Grown     = "grown"     // the student is no child any more
	Cancelled = "cancelled" // the school took the question back
)

// The refusals of links. Each says what happened and what to do.
var (
	ErrNoLink  = fault.New(fault.NotFound, "consent_link_not_found", "There is nothing at this address. Check that you have the whole of it.")
	ErrUsed    = fault.New(fault.Conflict, "consent_link_used", "This link was used already, or a newer mail has a newer one.")
	ErrOver    = fault.New(fault.Denied, "consent_link_expired", "The time to answer is over, and your address was deleted. Ask the school for a new mail.")
	ErrAnswers = fault.New(fault.Invalid, "invalid_answers", "Answer each of the questions with yes or no.")
)

// thirdParties is what a parent says by mail about third parties: a wish, which permits nothing
// until a stronger method confirms it (16 CFR 312.5(a)(2), 312.5(b)(2)(viii)).
const thirdParties = "disclose:third_parties"

// Sight is what a link shows. It has no address.
type Sight struct {
	What         string
	Organization string
	Child        string // a name; or empty
	Contact      string // where parents ask the school; or empty
	Language     string // of the mail
	Notice       Version
	ExpiresAt    time.Time
	Request      uuid.UUID
}

// Look reads what a link shows. It changes nothing: programs of mail servers follow links
// before people do.
func Look(ctx context.Context, q tenancy.Queries, token uuid.UUID, now time.Time) (Sight, error) {
	db := requestsdb.New(q)
	t, err := db.TokenGet(ctx, token)
	if err != nil {
		return Sight{}, ErrNoLink.Because(err)
	}
	r, err := Get(ctx, q, t.RequestID)
	if err != nil {
		return Sight{}, err
	}
	s := Sight{What: sightOf(t, r, now), Language: r.Language, ExpiresAt: r.ExpiresAt, Request: r.ID}
	names, err := db.Names(ctx, r.ChildID)
	if err != nil {
		return Sight{}, fmt.Errorf("read names: %w", err)
	}
	s.Organization, s.Contact = names.Organization, names.Contact
	if s.What == Ask || s.What == Withdraw {
		s.Child = names.Child // who holds a link that is over learns nothing of the child
	}
	if id := t.NoticeID; id != nil {
		s.Notice, err = GetNotice(ctx, q, *id)
	}
	return s, err
}

func sightOf(t Token, r Request, now time.Time) string {
	open := slices.Contains([]string{NoticePending, Requested, Undeliverable}, r.State)
	if t.UsedAt == nil && t.Purpose == withdrawPurpose && r.EndedAt == nil {
		return Withdraw
	}
	switch {
	case r.State == Provisional || r.State == Granted:
		return Agreed
	case r.State == Denied:
		return Refused
	case r.State == Revoked:
		return Withdrawn
	case r.State == AgedOut:
		return Grown
	case r.State == Void:
		return Cancelled
	case r.State == Expired, t.ExpiresAt != nil && !now.Before(*t.ExpiresAt), !now.Before(r.ExpiresAt):
		return Over
	case t.UsedAt == nil && open:
		return Ask
	}
	return Replaced
}

// Answers are those of the parent. Nothing is preset, so each of them was given.
type Answers struct {
	Use      bool  // collection and use, without disclosure
	Disclose *bool // to the third parties of the notice; nil when it names none
}

// Visitor is from where an answer came: parts of it, as evidence, and no more.
type Visitor struct {
	Address netip.Addr
	Agent   string // of the browser
}

const (
	bits4     = 24
	bits6     = 48
	mostAgent = 100
)

// network is an address without what tells one household from another.
func (v Visitor) network() string {
	bits := bits4
	if v.Address.Is6() && !v.Address.Is4In6() {
		bits = bits6
	}
	p, err := v.Address.Unmap().Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

func (v Visitor) agent() string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return -1
		}
		return r
	}, v.Agent)
	if runes := []rune(text); len(runes) > mostAgent {
		text = string(runes[:mostAgent])
	}
	return text
}

// keepEvidence writes down by which mail an answer came, and from where.
func keepEvidence(ctx context.Context, tx *tenancy.Tx, token uuid.UUID, o Outcome, v Visitor) error {
	network, agent := v.network(), v.agent()
	return failed("keep evidence", requestsdb.New(tx).TokenAnswered(ctx, requestsdb.TokenAnsweredParams{ID: token, DecisionID: o.Decision, Network: &network, Agent: &agent}))
}

// Evidence is what is kept of an answer.
type Evidence = requestsdb.EvidenceListRow

// EvidenceOf lists it, of every answer to a request.
func EvidenceOf(ctx context.Context, q tenancy.Queries, request uuid.UUID) ([]Evidence, error) {
	rows, err := requestsdb.New(q).EvidenceList(ctx, request)
	return rows, failed("read evidence", err)
}

// Outcome is what an answer led to.
type Outcome struct {
	Request  uuid.UUID
	Decision uuid.UUID
	Event    string // of the table of the states
	Withdraw string // token of a link by which the consent is withdrawn; or empty
	Disagree bool   // another guardian answered otherwise; the stricter answer counts
	Held     int64  // files that the school alone reads from here on
}

// Answer takes the answer of who holds a link. It is used once, whatever it says.
func Answer(ctx context.Context, tx *tenancy.Tx, token uuid.UUID, a Answers, v Visitor, now time.Time) (o Outcome, err error) {
	r, t, err := held(ctx, tx, token)
	if err != nil {
		return Outcome{}, err
	}
	switch sightOf(t, r, now) {
	case Ask:
	case Over:
		return Outcome{}, ErrOver
	default:
		return Outcome{}, ErrUsed
	}
	if t.Purpose != answerPurpose || t.NoticeID == nil || r.NoticeID == nil || *t.NoticeID != *r.NoticeID {
		return Outcome{}, ErrUsed // the mail showed another version
	}
	q := requestsdb.New(tx)
	if err := q.TokenBurn(ctx, requestsdb.TokenBurnParams{RequestID: r.ID, Purpose: answerPurpose, Now: now}); err != nil {
		return Outcome{}, fmt.Errorf("use link: %w", err)
	}
	if a.Use {
		o, err = agree(ctx, tx, r, a, now)
	} else {
		o, err = refuse(ctx, tx, r, "refuse", "deny", now)
	}
	if err != nil {
		return Outcome{}, err
	}
	return o, keepEvidence(ctx, tx, token, o, v)
}

// agree writes down a consent that does not count until the second mail (the "plus").
func agree(ctx context.Context, tx *tenancy.Tx, r Request, a Answers, now time.Time) (Outcome, error) {
	q := requestsdb.New(tx)
	scopes := []string{"collect_use"}
	if a.Disclose != nil && *a.Disclose {
		scopes = append(scopes, thirdParties)
	}
	terms, err := GetTerms(ctx, tx)
	if err != nil {
		return Outcome{}, err
	}
	o, confirm := Outcome{Request: r.ID, Event: "agree"}, now.Add(time.Duration(terms.Hours)*time.Hour)
	if o.Decision, err = decide(ctx, q, r, "provisional", scopes); err != nil {
		return Outcome{}, err
	}
	if err := move(ctx, tx, r, "agree", requestsdb.RequestMoveParams{Now: now, DueAt: &confirm, AnsweredAt: &now, ConfirmAt: &confirm, Scopes: scopes}); err != nil {
		return Outcome{}, err
	}
	var hash []byte
	o.Withdraw, hash = NewToken()
	err = q.TokenInsert(ctx, requestsdb.TokenInsertParams{ID: tenancy.NewID(), RequestID: r.ID, Purpose: withdrawPurpose, NoticeID: r.NoticeID, TokenHash: hash, Mail: "page"})
	if err != nil {
		return Outcome{}, fmt.Errorf("make link to withdraw: %w", err)
	}
	others, err := q.OthersOf(ctx, requestsdb.OthersOfParams{ChildID: r.ChildID, GuardianID: r.GuardianID})
	o.Disagree = others.Refused
	return o, failed("read answers of other guardians", err)
}

// refuse writes down that a guardian does not agree, or does so no more. Nothing is read from
// the commit on. After a no, what waited for the consent is deleted by the next sweep of files whose
// hold is over, and what was here by another guardian's after the days of a hold: the order of the two
// says which is which. A withdrawal begins an erasure of both, by the decision's trigger. Records of
// the school are deleted by neither.
func refuse(ctx context.Context, tx *tenancy.Tx, r Request, event, kind string, now time.Time) (o Outcome, err error) {
	q := requestsdb.New(tx)
	o = Outcome{Request: r.ID, Event: event}
	if o.Decision, err = decide(ctx, q, r, kind, []string{}); err != nil {
		return Outcome{}, err
	}
	if kind != "revoke" {
		if _, err := q.FilesDue(ctx, r.ChildID); err != nil {
			return Outcome{}, fmt.Errorf("end the hold of files: %w", err)
		}
	}
	applied, err := q.FilesApply(ctx, r.ChildID)
	if err != nil {
		return Outcome{}, fmt.Errorf("hold files: %w", err)
	}
	others, err := q.OthersOf(ctx, requestsdb.OthersOfParams{ChildID: r.ChildID, GuardianID: r.GuardianID})
	if err != nil {
		return Outcome{}, fmt.Errorf("read answers of other guardians: %w", err)
	}
	o.Held, o.Disagree = applied.Held, others.Agreed
	return o, move(ctx, tx, r, event, requestsdb.RequestMoveParams{Now: now, DueAt: &now, AnsweredAt: &now})
}

// WithdrawConsent ends a consent, by a link that was mailed to the address that gave it.
func WithdrawConsent(ctx context.Context, tx *tenancy.Tx, token uuid.UUID, v Visitor, now time.Time) (Outcome, error) {
	r, t, err := held(ctx, tx, token)
	if err != nil {
		return Outcome{}, err
	}
	if sightOf(t, r, now) != Withdraw {
		return Outcome{}, ErrUsed
	}
	o, err := refuse(ctx, tx, r, "revoke", "revoke", now)
	if err != nil {
		return Outcome{}, err
	}
	return o, keepEvidence(ctx, tx, token, o, v)
}

// held reads the request of a link again, behind its locks.
func held(ctx context.Context, tx *tenancy.Tx, token uuid.UUID) (Request, Token, error) {
	q := requestsdb.New(tx)
	t, err := q.TokenGet(ctx, token)
	if err != nil {
		return Request{}, t, ErrNoLink.Because(err)
	}
	r, err := lock(ctx, tx, t.RequestID)
	if err != nil {
		return Request{}, t, err
	}
	t, err = q.TokenGet(ctx, token) // another answer may have used it up meanwhile
	return r, t, failed("read link", err)
}

func decide(ctx context.Context, q *requestsdb.Queries, r Request, kind string, scopes []string) (uuid.UUID, error) {
	id := tenancy.NewID()
	err := q.DecisionInsert(ctx, requestsdb.DecisionInsertParams{ID: id, ChildID: r.ChildID, GuardianID: r.GuardianID, Kind: kind, Method: r.Method, Scopes: scopes})
	return id, failed("record decision", err)
}
