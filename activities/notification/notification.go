// Package notification tells members what the outbox holds: it decides about each
// notification once, and sends the mails that are due. Rows say what waits and what was
// done; nothing of a person leaves them but in the mail.
package notification

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"satchel/internal/fault"
	"satchel/internal/mailtext"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// Message is one mail to one address.
type Message = mailtext.Message

// Mailer hands a mail to a mail server. Nil means that the server took it. Its failures
// are faults: Invalid when no other attempt may succeed.
type Mailer interface {
	Send(ctx context.Context, m Message) error
}

// CodeUnsure is that of the failure after which the server may have taken the mail.
const CodeUnsure = notifications.CodeUnsure

// Hasher is the keyed hash of an address in an organization.
type Hasher interface {
	HashEmail(org tenancy.OrgID, address string) []byte
}

// Ports are what the activities need.
type Ports struct {
	DB     *tenancy.DB
	Locks  *tenancy.Locks // of turns that live
	Mailer Mailer
	Hasher Hasher
	Tokens *notifications.Tokens
	URL    string // of the API
	Now    func() time.Time
}

// Activities are those of an organization.
type Activities struct{ Ports }

// New makes the activities.
func New(p Ports) *Activities { return &Activities{p} }

// DispatchNotificationsInput names the organization.
type DispatchNotificationsInput struct{ Org tenancy.OrgID }

// DispatchNotificationsResult counts what was done, and says whether there is more now,
// or when there will be.
type DispatchNotificationsResult struct {
	Dispatched, Sent, Failed int
	More                     bool
	Wait                     time.Duration // until the next mail is due; zero: none is
}

const (
	turnTime = 20 * time.Second // after which no other mail is begun
	page     = 200              // notifications that are decided about at once
	parallel = 8                // mails that are taken and sent at once: of one that is taken, the server may have heard
	keepsOn  = 48 * time.Hour   // from when a mail was written until it is given up
	mostDown = 3                // failures of the server, one after the other, that end the turn
	downTime = time.Minute      // until the next turn after that

	handOver   = 2 * time.Minute  // that a mail may take; its lease is longer
	longestOff = 10 * time.Second // between two attempts at a turn that fails
)

// DispatchNotifications decides about what waits and sends what is due, until nothing is
// left or the turn's time is over. Two turns of one organization share the work: each
// row is in one's hands. What a turn had whose worker died comes first.
func (a *Activities) DispatchNotifications(ctx context.Context, in DispatchNotificationsInput) (DispatchNotificationsResult, error) {
	defer queue.Heartbeat(ctx)()
	t := &turn{a: a, org: in.Org, ends: time.Now().Add(turnTime)}
	result, err := t.run(ctx)
	if err != nil && ctx.Err() == nil {
		err = fault.Of(err).Because(err).After(off(ctx))
	}
	return result, err
}

// off is the pause behind a turn that failed. The policy's own is for one whose worker died, which
// says nothing about the next; a database that is away would be asked by each organization each second.
func off(ctx context.Context) time.Duration {
	if !activity.IsActivity(ctx) {
		return time.Second
	}
	return min(longestOff, time.Second<<min(activity.GetInfo(ctx).Attempt-1, 10))
}

// turn is one turn of an organization.
type turn struct {
	a    *Activities
	org  tenancy.OrgID
	ends time.Time

	mu     sync.Mutex
	down   int // failures of the server since it took a mail
	result DispatchNotificationsResult
}

func (t *turn) late() bool { return !time.Now().Before(t.ends) }

// run does rounds, under a lock that says that the turn lives.
func (t *turn) run(ctx context.Context) (DispatchNotificationsResult, error) {
	if err := t.a.DB.InTx(ctx, t.org, func(tx *tenancy.Tx) error {
		_, err := notifications.Free(ctx, tx, t.org, t.a.Now())
		return err
	}); err != nil {
		return t.result, err
	}
	locks, err := t.a.Locks.In(ctx, t.org) // where Free looks for it
	if err != nil {
		return t.result, err
	}
	living, err := locks.Share(ctx, notifications.Turns(t.org))
	if err != nil {
		return t.result, err
	}
	defer living.Release(ctx)
	for !t.late() {
		if err := living.Check(ctx); err != nil {
			return t.result, err // another may have found these mails free
		}
		n, err := t.round(ctx)
		if err != nil {
			return t.result, err
		}
		if n == 0 || t.down >= mostDown {
			return t.rest(ctx)
		}
	}
	t.result.More = true
	return t.result, nil
}

// rest says when there is something to do again.
func (t *turn) rest(ctx context.Context) (DispatchNotificationsResult, error) {
	next, found, err := notifications.Next(ctx, t.a.DB.Single(t.org))
	if err == nil && found {
		least := time.Second
		if t.down >= mostDown {
			least = downTime
		}
		t.result.Wait = max(least, next.Sub(t.a.Now()))
	}
	return t.result, err
}

// round decides about a page and sends a batch. It says how much there was to do.
func (t *turn) round(ctx context.Context) (int, error) {
	var dispatched int
	err := t.a.DB.InTx(ctx, t.org, func(tx *tenancy.Tx) (err error) {
		dispatched, err = notifications.Dispatch(ctx, tx, t.a.Now(), page)
		return err
	})
	if err != nil {
		return 0, err
	}
	t.result.Dispatched += dispatched
	var letters []notifications.Letter
	err = t.a.DB.InTx(ctx, t.org, func(tx *tenancy.Tx) (err error) {
		letters, err = notifications.Take(ctx, tx, t.a.Now(), parallel, func(address string) []byte { return t.a.Hasher.HashEmail(t.org, address) })
		return err
	})
	if err != nil {
		return 0, err
	}
	return dispatched + len(letters), t.sendAll(ctx, letters)
}

// sendAll sends mails beside each other. What one could not write down does not stop the
// others; its lease ends.
func (t *turn) sendAll(ctx context.Context, letters []notifications.Letter) error {
	failures := make([]error, len(letters))
	var sending sync.WaitGroup
	for i, l := range letters {
		sending.Go(func() { failures[i] = t.send(ctx, l) })
	}
	sending.Wait()
	return errors.Join(failures...)
}

// send sends one mail, or finds that it is not to be sent, and writes down what became
// of it.
func (t *turn) send(ctx context.Context, l notifications.Letter) error {
	outcome := t.attempt(ctx, l)
	t.mu.Lock()
	switch outcome.State {
	case notifications.Sent:
		t.result.Sent++
	case notifications.Failed:
		t.result.Failed++
	default: // it waits, or is not sent
	}
	t.mu.Unlock()
	// The mail is on its way, or is not, whatever becomes of this attempt's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return t.a.DB.InTx(ctx, t.org, func(tx *tenancy.Tx) error {
		mine, err := notifications.Record(ctx, tx, l, outcome, t.a.Now())
		if err != nil || !mine || outcome.Code != "address_refused" {
			return err
		}
		return notifications.CountFailure(ctx, tx, l, t.a.Now())
	})
}

// attempt is what becomes of the mail now.
func (t *turn) attempt(ctx context.Context, l notifications.Letter) notifications.Outcome {
	switch {
	case l.Refused != "":
		return notifications.Outcome{State: notifications.Suppressed, Code: l.Refused}
	case l.Doubts >= notifications.MostDoubts:
		return notifications.Outcome{State: notifications.Failed, Code: CodeUnsure}
	}
	t.mu.Lock()
	down := t.down >= mostDown
	t.mu.Unlock()
	switch {
	case down:
		return notifications.Outcome{State: notifications.Queued, Code: "mail_unavailable", After: downTime}
	case ctx.Err() != nil || t.late():
		return notifications.Outcome{State: notifications.Queued} // the next turn's
	}
	m, waits, err := t.write(ctx, l)
	switch {
	case err != nil: // nothing was handed over
		return notifications.Outcome{State: notifications.Queued, Code: "mail_not_written", After: downTime}
	case !waits:
		return notifications.Outcome{State: notifications.Suppressed, Code: notifications.CodeAddressGone}
	}
	// What is begun is ended: a mail that is cut off at its end is in doubt, and comes twice.
	handing, cancel := context.WithTimeout(context.WithoutCancel(ctx), handOver)
	defer cancel()
	sent := t.a.Mailer.Send(handing, m)
	o := outcomeOf(sent, l, t.a.Now())
	t.mu.Lock()
	defer t.mu.Unlock()
	if fault.KindOf(sent) == fault.Unavailable && o.Code != "mail_deferred" {
		t.down++
	} else {
		t.down = 0
	}
	return o
}

// outcomeOf says what an attempt means for the mail. What a retry cannot help has failed;
// of what the server may have taken there is one more attempt, as the same mail.
func outcomeOf(sent error, l notifications.Letter, now time.Time) notifications.Outcome {
	if sent == nil {
		return notifications.Outcome{State: notifications.Sent}
	}
	o := notifications.Outcome{State: notifications.Queued, Code: "mail_unavailable", After: pause(l.Attempt)}
	if f := fault.Of(sent); f != nil {
		o.Code = f.Code
	}
	o.Doubt = o.Code == CodeUnsure
	if fault.KindOf(sent) == fault.Invalid || now.Sub(l.CreatedAt) > keepsOn || o.Doubt && l.Doubts+1 >= notifications.MostDoubts {
		o.State, o.After = notifications.Failed, 0
	}
	return o
}

// pause is how long the next attempt waits: a server that puts off unknown senders takes
// the mail after some minutes.
func pause(attempt int) time.Duration {
	const longest = 30 * time.Minute
	return min(longest, time.Minute<<min(attempt-1, 10))
}

// write puts the mail together. waits is false of an address that was removed meanwhile.
func (t *turn) write(ctx context.Context, l notifications.Letter) (m Message, waits bool, err error) {
	letter := mailtext.Letter{Kind: l.Kind, Language: l.Language, Organization: tenancy.PlainName(l.Organization), Link: t.a.URL + "/console/o/" + t.org.String() + "/notifications"}
	letter.Required = notifications.Required(l.Kind)
	for _, c := range l.Contents {
		letter.Items = append(letter.Items, mailtext.Item(c))
	}
	m = Message{ID: l.ID.String(), To: l.To, Organization: letter.Organization, ReplyTo: l.Contact, ReportTag: t.a.Tokens.ReportTag(l.ID), Language: l.Language}
	switch {
	case l.Kind == notifications.Confirm:
		if l.Address == nil {
			return m, false, nil
		}
		code, waits, err := notifications.IssueCode(ctx, t.a.DB.Single(t.org), *l.Address, t.a.Now())
		if err != nil || !waits {
			return m, waits, err
		}
		letter.Code = code[:4] + " " + code[4:]
		// It holds another code than the mail of an earlier attempt: under the same id a receiver could drop it as a copy.
		m.ID = fmt.Sprintf("%s.%d", l.ID, l.Attempt)
	case !letter.Required:
		address := t.a.URL + "/unsubscribe/" + t.a.Tokens.Unsubscribe(notifications.Subscription{Org: t.org, User: l.User, Kind: l.Kind})
		letter.Unsubscribe, m.Unsubscribe = address, address
	}
	written, err := mailtext.Write(letter)
	if err != nil {
		return m, false, fmt.Errorf("write mail: %w", err)
	}
	m.Subject, m.Text, m.HTML = written.Subject, written.Text, written.HTML
	return m, true, nil
}
