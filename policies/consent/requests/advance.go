package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/policies/consent/requests/requestsdb"
	"satchel/tenancy"
)

// The mails.
const (
	NoticeMail    = "notice"
	ReminderMail  = "reminder"
	ConfirmMail   = "confirm"   // the second step of email plus
	OverruledMail = "overruled" // another guardian does not agree
)

// When a parent is reminded. There is no third reminder.
var reminders = []time.Duration{3 * 24 * time.Hour, 10 * 24 * time.Hour}

// Step is what is to be done about a request now.
type Step struct {
	Over  bool          // nothing is left to do
	Mail  string        // to be sent
	Wait  time.Duration // until something is due; with a mail: for how long it is tried
	Event string        // what this step did by itself, of the table of the states; or empty
}

// Advance does what the time says, and says what is due. It may be called at any time, and
// twice: it goes by the row.
func Advance(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, now time.Time) (Step, error) {
	r, err := lock(ctx, tx, id)
	if err != nil {
		return Step{}, err
	}
	switch r.State {
	case Required, NoticePending, Requested, Undeliverable:
		return advanceAsked(ctx, tx, r, now)
	case Provisional:
		return advanceProvisional(ctx, tx, r, now)
	case ReconsentRequired:
		return advanceReconsent(ctx, tx, r, now)
	case Granted:
		return advanceGranted(ctx, tx, r, now)
	}
	return Step{Over: true}, rest(ctx, tx, r)
}

func advanceAsked(ctx context.Context, tx *tenancy.Tx, r Request, now time.Time) (Step, error) {
	if !now.Before(r.ExpiresAt) {
		return expire(ctx, tx, r, now)
	}
	due := r.ExpiresAt
	switch r.State {
	case NoticePending:
		return Step{Mail: NoticeMail, Wait: due.Sub(now)}, wait(ctx, tx, r, now)
	case Requested:
		if n := int(r.Reminders); n < len(reminders) && r.AskedAt != nil {
			at := r.AskedAt.Add(reminders[n])
			if !now.Before(at) {
				return Step{Mail: ReminderMail, Wait: due.Sub(now)}, wait(ctx, tx, r, now)
			}
			due = earlier(due, at)
		}
	}
	return Step{Wait: due.Sub(now)}, wait(ctx, tx, r, due)
}

// confirmPatience is how long the second mail is tried. A consent that it does not confirm is
// none.
const confirmPatience = 14 * 24 * time.Hour

func advanceProvisional(ctx context.Context, tx *tenancy.Tx, r Request, now time.Time) (Step, error) {
	last := r.ConfirmAt.Add(confirmPatience)
	switch {
	case !now.Before(last):
		return expire(ctx, tx, r, now)
	case r.Overruled:
		return Step{Mail: OverruledMail, Wait: time.Hour}, wait(ctx, tx, r, now)
	case now.Before(*r.ConfirmAt):
		return Step{Wait: r.ConfirmAt.Sub(now)}, wait(ctx, tx, r, *r.ConfirmAt)
	}
	return Step{Mail: ConfirmMail, Wait: last.Sub(now)}, wait(ctx, tx, r, now)
}

func advanceGranted(ctx context.Context, tx *tenancy.Tx, r Request, now time.Time) (Step, error) {
	if r.Overruled {
		return Step{Mail: OverruledMail, Wait: 3 * 24 * time.Hour}, wait(ctx, tx, r, now)
	}
	return Step{Over: true}, rest(ctx, tx, r)
}

func advanceReconsent(ctx context.Context, tx *tenancy.Tx, r Request, now time.Time) (Step, error) {
	notice, err := Newest(ctx, tx)
	if err != nil {
		return Step{}, err
	}
	if r.NoticeID != nil && *r.NoticeID == notice.ID || r.ContactSealed == nil {
		return Step{Over: true}, rest(ctx, tx, r) // asked with this version, and not answered
	}
	if err := askAgain(ctx, tx, r, requestsdb.RequestAskParams{ID: r.ID, Now: now}, now); err != nil {
		return Step{}, err
	}
	return Step{Event: "ask"}, nil
}

// expire ends a request that was not answered in time. Who agreed to an earlier version keeps
// that consent for what is here; nothing new is collected by it.
func expire(ctx context.Context, tx *tenancy.Tx, r Request, now time.Time) (Step, error) {
	q := requestsdb.New(tx)
	if r.GrantID != nil {
		if err := q.TokenBurn(ctx, requestsdb.TokenBurnParams{RequestID: r.ID, Purpose: answerPurpose, Now: now}); err != nil {
			return Step{}, fmt.Errorf("end links: %w", err)
		}
		return Step{Event: "lapse"}, move(ctx, tx, r, "lapse", requestsdb.RequestMoveParams{Now: now})
	}
	if _, err := decide(ctx, q, r, "expire", []string{}); err != nil {
		return Step{}, err
	}
	if _, err := q.FilesApply(ctx, r.ChildID); err != nil {
		return Step{}, fmt.Errorf("hold files: %w", err)
	}
	others, err := q.OthersOf(ctx, requestsdb.OthersOfParams{ChildID: r.ChildID, GuardianID: r.GuardianID})
	if err != nil {
		return Step{}, fmt.Errorf("read answers of other guardians: %w", err)
	}
	if !others.Asked { // else the files wait for the other guardian's answer
		if _, err := q.FilesDue(ctx, r.ChildID); err != nil {
			return Step{}, fmt.Errorf("end the hold of files: %w", err)
		}
	}
	return Step{Event: "expire"}, move(ctx, tx, r, "expire", requestsdb.RequestMoveParams{Now: now, DueAt: &now})
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func wait(ctx context.Context, tx *tenancy.Tx, r Request, due time.Time) error {
	return failed("note what is due", requestsdb.New(tx).RequestWaits(ctx, requestsdb.RequestWaitsParams{ID: r.ID, DueAt: &due}))
}

func rest(ctx context.Context, tx *tenancy.Tx, r Request) error {
	return failed("note that nothing is due", requestsdb.New(tx).RequestWaits(ctx, requestsdb.RequestWaitsParams{ID: r.ID}))
}

// Letter is what a mail says and to whom. It never leaves the process that sends it.
type Letter struct {
	ID           uuid.UUID // of the mail
	To           string
	Language     string
	Organization string
	Contact      string
	Token        string // of its link
	Notice       Version
	ExpiresAt    time.Time
}

// Write makes the link of a mail and gives what it says; false when the mail is not due any
// more.
func Write(ctx context.Context, tx *tenancy.Tx, c Contacts, id uuid.UUID, mail string, now time.Time) (Letter, bool, error) {
	r, err := lock(ctx, tx, id)
	if err != nil {
		return Letter{}, false, err
	}
	if !isDue(r, mail, now) || r.NoticeID == nil {
		return Letter{}, false, nil
	}
	l := Letter{ID: tenancy.NewID(), Language: r.Language, ExpiresAt: r.ExpiresAt}
	if l.To, err = c.open(r); err != nil {
		return Letter{}, false, err
	}
	if l.Notice, err = GetNotice(ctx, tx, *r.NoticeID); err != nil {
		return Letter{}, false, err
	}
	q := requestsdb.New(tx)
	names, err := q.Names(ctx, r.ChildID)
	if err != nil {
		return Letter{}, false, fmt.Errorf("read names: %w", err)
	}
	l.Organization, l.Contact = names.Organization, names.Contact
	p := requestsdb.TokenInsertParams{ID: l.ID, RequestID: r.ID, Purpose: withdrawPurpose, NoticeID: r.NoticeID, Mail: mail}
	if mail == NoticeMail || mail == ReminderMail {
		p.Purpose, p.ExpiresAt = answerPurpose, &r.ExpiresAt
	}
	l.Token, p.TokenHash = NewToken()
	return l, true, failed("make link", q.TokenInsert(ctx, p))
}

func isDue(r Request, mail string, now time.Time) bool {
	switch mail {
	case NoticeMail:
		return r.State == NoticePending && now.Before(r.ExpiresAt)
	case ReminderMail:
		n := int(r.Reminders) // by the time, so that an attempt that is repeated reminds once
		return r.State == Requested && n < len(reminders) && r.AskedAt != nil && !now.Before(r.AskedAt.Add(reminders[n])) && now.Before(r.ExpiresAt)
	case ConfirmMail:
		return r.State == Provisional && !now.Before(*r.ConfirmAt)
	case OverruledMail:
		return r.Overruled && (r.State == Provisional || r.State == Granted)
	}
	return false
}

// Sent is what became of a mail.
type Sent struct {
	Mail    string
	ID      uuid.UUID
	Taken   bool   // a mail server took it
	Refused bool   // no further attempt helps
	Code    string // why it was not taken; or empty
	Unsure  bool   // the mail server may have taken it
}

// Record writes down what became of a mail, and gives the event of the table of the states that
// follows; or none. An answer that came meanwhile is not undone.
func Record(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, s Sent, now time.Time) (string, error) {
	r, err := lock(ctx, tx, id)
	if err != nil {
		return "", err
	}
	q := requestsdb.New(tx)
	if !s.Taken && !s.Unsure {
		if err := q.TokenDelete(ctx, s.ID); err != nil {
			return "", fmt.Errorf("end link: %w", err)
		}
	}
	if !isDue(r, s.Mail, now) || !s.Taken && !s.Refused {
		return "", nil
	}
	switch {
	case s.Mail == OverruledMail:
		return "", failed("note mail", q.RequestTold(ctx, requestsdb.RequestToldParams{ID: r.ID, Now: now}))
	case s.Refused:
		return "bounce", move(ctx, tx, r, "bounce", requestsdb.RequestMoveParams{Now: now, DueAt: &r.ExpiresAt, MailCode: s.Code})
	case s.Mail == NoticeMail:
		due := earlier(r.ExpiresAt, now.Add(reminders[0]))
		return "send", move(ctx, tx, r, "send", requestsdb.RequestMoveParams{Now: now, DueAt: &due, AskedAt: &now})
	case s.Mail == ReminderMail:
		return "", failed("note reminder", q.RequestReminded(ctx, requestsdb.RequestRemindedParams{ID: r.ID, Reminders: r.Reminders + 1, DueAt: now}))
	}
	return "confirm", confirm(ctx, tx, r, now)
}

// confirm makes a consent of the parent's first answer: the second mail went out.
func confirm(ctx context.Context, tx *tenancy.Tx, r Request, now time.Time) error {
	q := requestsdb.New(tx)
	grant, err := decide(ctx, q, r, "grant", r.Scopes)
	if err != nil {
		return err
	}
	if err := move(ctx, tx, r, "confirm", requestsdb.RequestMoveParams{Now: now, DueAt: &now, GrantID: &grant}); err != nil {
		return err
	}
	_, err = q.FilesApply(ctx, r.ChildID)
	return failed("release files", err)
}

// Bounce writes down that a mail came back, and says whether that changed anything. A consent
// whose second mail came back does not count.
func Bounce(ctx context.Context, tx *tenancy.Tx, mail uuid.UUID, code string, now time.Time) (bool, error) {
	q := requestsdb.New(tx)
	t, err := q.TokenGet(ctx, mail)
	if err != nil {
		return false, failed("read mail", err)
	}
	r, err := lock(ctx, tx, t.RequestID)
	if err != nil || t.Mail == "page" {
		return false, err
	}
	switch {
	case t.Purpose == answerPurpose && t.UsedAt == nil && (r.State == NoticePending || r.State == Requested):
	case t.Mail == ConfirmMail && r.State == Provisional:
	case t.Mail == ConfirmMail && r.State == Granted && t.UsedAt == nil:
		return true, unconfirm(ctx, tx, r, code, now)
	default:
		return false, nil
	}
	return true, move(ctx, tx, r, "bounce", requestsdb.RequestMoveParams{Now: now, DueAt: &r.ExpiresAt, MailCode: code})
}

// unconfirm ends a consent whose second mail came back after a mail server had taken it: the
// parent has not been told, so nothing new is collected until somebody answers again.
func unconfirm(ctx context.Context, tx *tenancy.Tx, r Request, code string, now time.Time) error {
	q := requestsdb.New(tx)
	if _, err := decide(ctx, q, r, "void", []string{}); err != nil {
		return err
	}
	if _, err := q.FilesApply(ctx, r.ChildID); err != nil {
		return fmt.Errorf("hold files: %w", err)
	}
	return move(ctx, tx, r, "void", requestsdb.RequestMoveParams{Now: now, MailCode: code})
}

// Woken notes that a request's workflow was started.
func Woken(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	return failed("note start", requestsdb.New(q).RequestWoken(ctx, id))
}
