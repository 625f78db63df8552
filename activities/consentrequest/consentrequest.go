// Package consentrequest does what is due about requests for a parent's consent: it moves
// them when their time comes, and mails.
package consentrequest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/mailtext"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// Message is one mail to one address, in both forms.
type Message struct {
	ID, To, Subject, Text, HTML                             string
	Organization, ReplyTo, Unsubscribe, ReportTag, Language string
}

// Mailer hands a mail to a mail server. Nil means that the server took it. Its failures are
// faults: Invalid when no other attempt may succeed.
type Mailer interface {
	Send(ctx context.Context, m Message) error
}

// PagePath is where a parent answers, below the address of the API; the token follows.
const PagePath = "/consent/"

// Activities are those of requests.
type Activities struct {
	DB       *tenancy.DB
	Mailer   Mailer
	Contacts requests.Contacts
	Tokens   *notifications.Tokens // of the addresses to which reports about mails come back
	URL      string                // of the API
	Now      func() time.Time
}

// AdvanceConsentInput names the request.
type AdvanceConsentInput struct {
	Org     tenancy.OrgID
	Request uuid.UUID
}

// AdvanceConsentResult says what is to be done next.
type AdvanceConsentResult struct {
	Over bool
	Mail string        // to be sent
	Wait time.Duration // until something else is due
}

// AdvanceConsent does what the time says, until there is a mail to send or something to wait
// for.
func (a *Activities) AdvanceConsent(ctx context.Context, in AdvanceConsentInput) (AdvanceConsentResult, error) {
	defer queue.Heartbeat(ctx)()
	for {
		var step requests.Step
		err := a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
			step, err = requests.Advance(ctx, tx, in.Request, a.Now())
			if err != nil || step.Event == "" {
				return err
			}
			return record(ctx, tx, in.Request, step.Event, "")
		})
		switch {
		case errors.Is(err, requests.ErrNothingToAsk):
			return AdvanceConsentResult{Over: true}, nil // nothing is published to ask with
		case err != nil:
			return AdvanceConsentResult{}, err
		case step.Event == "":
			return AdvanceConsentResult{Over: step.Over, Mail: step.Mail, Wait: step.Wait}, nil
		}
	}
}

// record puts what happened to a request on record.
func record(ctx context.Context, tx *tenancy.Tx, request uuid.UUID, event, code string) error {
	e := audit.Event{Action: "consent.request_" + event, ObjectID: request.String(), Code: code}
	if event == "bounce" {
		e.Result = audit.Failed
		if err := notifications.PutManagers(ctx, tx, "parent.unreachable", map[string]any{"request_id": request}); err != nil {
			return err
		}
	}
	return audit.Record(ctx, tx, e)
}

// SendConsentMailInput names the request and the mail.
type SendConsentMailInput struct {
	Org     tenancy.OrgID
	Request uuid.UUID
	Mail    string
}

// SendConsentMailResult says whether the mail was due, and whether a mail server took it. A
// refused address is a result and not an error, because a retry cannot help.
type SendConsentMailResult struct{ Due, Taken bool }

// SendConsentMail sends a mail with a link of its own. What it says is put together here and
// leaves no trace in Temporal.
func (a *Activities) SendConsentMail(ctx context.Context, in SendConsentMailInput) (SendConsentMailResult, error) {
	defer queue.Heartbeat(ctx)()
	var l requests.Letter
	var due bool
	err := a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
		l, due, err = requests.Write(ctx, tx, a.Contacts, in.Request, in.Mail, a.Now())
		return err
	})
	if err != nil || !due {
		return SendConsentMailResult{}, err
	}
	m, err := a.write(in.Mail, l)
	if err != nil {
		return SendConsentMailResult{}, err
	}
	sent := a.Mailer.Send(ctx, m)
	result := requests.Sent{Mail: in.Mail, ID: l.ID, Taken: sent == nil}
	if sent != nil {
		result.Code, result.Refused = fault.Of(sent).Code, fault.KindOf(sent) == fault.Invalid
		result.Unsure = result.Code == notifications.CodeUnsure
	}
	// The mail is on its way, or is not, whatever becomes of this attempt's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		event, err := requests.Record(ctx, tx, in.Request, result, a.Now())
		if err != nil || event == "" {
			return err
		}
		return record(ctx, tx, in.Request, event, result.Code)
	})
	switch {
	case err != nil:
		return SendConsentMailResult{}, err
	case sent != nil && !result.Refused:
		return SendConsentMailResult{}, sent
	}
	return SendConsentMailResult{Due: true, Taken: sent == nil}, nil
}

// until is how a mail writes a moment: in UTC, since nothing knows the reader's zone.
const until = "2006-01-02 15:04"

func (a *Activities) write(kind string, l requests.Letter) (Message, error) {
	letter := mailtext.Letter{
		Kind: "consent." + kind, Language: l.Language, Organization: tenancy.PlainName(l.Organization), Contact: tenancy.PlainName(l.Contact),
		Link: a.URL + PagePath + l.Token, Answer: "consent.open_withdraw",
	}
	if kind == requests.NoticeMail || kind == requests.ReminderMail { // the direct notice itself: 312.4(c)(1)
		letter.Answer, letter.Until, letter.Blocks = "consent.open", l.ExpiresAt.UTC().Format(until), Blocks(l.Language, l.Notice.Notice)
	}
	written, err := mailtext.Write(letter)
	if err != nil {
		return Message{}, fmt.Errorf("write mail: %w", err)
	}
	return Message{ID: l.ID.String(), To: l.To, Subject: written.Subject, Text: written.Text, HTML: written.HTML, Organization: letter.Organization, ReportTag: a.Tokens.ReportTag(l.ID), Language: l.Language}, nil
}

// Blocks are those of a notice under their titles in a language, the summary first.
func Blocks(language string, n requests.Notice) []mailtext.Block {
	title := func(field string) string { return mailtext.Text(language, "consent.block."+field) }
	blocks := []mailtext.Block{{Title: title("summary"), Text: n.Summary}}
	for _, b := range requests.Blocks {
		blocks = append(blocks, mailtext.Block{Title: title(b.Field), Text: b.Text(n)})
		if b.Field == "disclosed" {
			blocks = append(blocks, mailtext.Block{Title: title("third_parties"), Text: thirdParties(language, n)})
		}
	}
	return blocks
}

func thirdParties(language string, n requests.Notice) string {
	if len(n.ThirdParties) == 0 {
		return mailtext.Text(language, "consent.block.none")
	}
	text := ""
	for _, p := range n.ThirdParties {
		text += "- " + p.Name + ": " + p.Purpose + "\n"
	}
	return text
}
