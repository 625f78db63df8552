// Package email writes the platform's mails and hands them to a mail server.
// What a mail says about a person is put together here, from the rows, and
// leaves no trace in Temporal.
package email

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	texttemplate "text/template"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/mailtext"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/members"
)

// Message is one mail to one address.
type Message = mailtext.Message

// Mailer hands a mail to a mail server. Nil means that the server took it. Its
// failures are faults: of the kind Unavailable when another attempt may
// succeed, Invalid when none will.
type Mailer interface {
	Send(ctx context.Context, m Message) error
}

// Config is what the mails say about this installation.
type Config struct {
	InvitationURL string `env:"SATCHEL_INVITATION_URL" envDefault:"http://127.0.0.1:8400/invitations"` // page that the link in an invitation leads to; the token follows after #
	APIURL        string `env:"SATCHEL_API_URL" envDefault:"http://127.0.0.1:8400"`                    // address of the API that clients use; HSTS is sent when it is https
}

// Check refuses an address that no reader's mail program would open.
func (c Config) Check() error {
	u, err := url.Parse(c.InvitationURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Fragment != "" {
		return fmt.Errorf("SATCHEL_INVITATION_URL is %q: give an http or https address without a fragment", c.InvitationURL)
	}
	if u, err = url.Parse(c.APIURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("SATCHEL_API_URL is %q: give an http or https address", c.APIURL)
	}
	return nil
}

// Activities are the activities of this package.
type Activities struct {
	db     *tenancy.DB
	mailer Mailer
	config Config
}

// New makes the activities.
func New(db *tenancy.DB, m Mailer, c Config) *Activities {
	return &Activities{db: db, mailer: m, config: c}
}

// SendInvitationInput names the invitation.
type SendInvitationInput struct {
	Org        tenancy.OrgID
	Invitation uuid.UUID
}

// SendInvitationResult holds the state of the invitation and of its mail. A refused
// address is a result and not an error, because a retry cannot help.
type SendInvitationResult struct {
	State    members.State
	Delivery members.Delivery
}

// SendInvitation sends an open invitation's mail with a token made for it. Only
// the token's hash is kept, so that each attempt has its own, and the mail of an
// attempt that was thought lost is worth nothing once there is another.
func (a *Activities) SendInvitation(ctx context.Context, in SendInvitationInput) (SendInvitationResult, error) {
	stop := queue.Heartbeat(ctx)
	defer stop()
	token := newToken()
	hash := members.Hash(token)
	var i members.Invitation
	var open bool
	var name string
	err := a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		o, err := tenancy.GetOrganization(ctx, tx)
		if err != nil {
			return err
		}
		name = o.Name
		i, open, err = members.RecordAttempt(ctx, tx, in.Invitation, hash)
		return err
	})
	if err != nil || !open {
		return SendInvitationResult{State: i.State, Delivery: i.Delivery}, err
	}
	m, err := a.write(i, name, token)
	if err != nil {
		return SendInvitationResult{}, err
	}
	return a.recordDelivery(ctx, in, hash, a.mailer.Send(ctx, m))
}

// recordDelivery records the result of the attempt in the row and decides
// whether it is retried.
func (a *Activities) recordDelivery(ctx context.Context, in SendInvitationInput, hash []byte, sent error) (SendInvitationResult, error) {
	delivery, code := outcome(sent)
	// The mail is on its way, or is not, whatever becomes of this attempt's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		mine, err := members.RecordDelivery(ctx, tx, in.Invitation, hash, delivery, code)
		if err != nil || !mine || delivery == members.Queued {
			return err
		}
		e := audit.Event{Action: "invitation.send", ObjectID: in.Invitation.String(), Code: code}
		if delivery == members.Failed {
			e.Result = audit.Failed
		}
		return audit.Record(ctx, tx, e)
	})
	switch {
	case err != nil:
		return SendInvitationResult{}, err
	case delivery == members.Queued:
		return SendInvitationResult{}, sent
	}
	return SendInvitationResult{State: members.Pending, Delivery: delivery}, nil
}

// outcome is what an attempt's result says of the mail. What a retry cannot help has
// failed; what it can is queued again, with the code of why.
func outcome(sent error) (members.Delivery, string) {
	switch {
	case sent == nil:
		return members.Sent, ""
	case fault.KindOf(sent) == fault.Invalid:
		return members.Failed, fault.Of(sent).Code
	}
	return members.Queued, fault.Of(sent).Code
}

// newToken makes 256 random bits that a link can carry. One that begins like an
// option of a command line is drawn again.
func newToken() string {
	b := make([]byte, 32)
	for {
		_, _ = rand.Read(b) // it never fails: crypto/rand ends the program instead
		if token := base64.RawURLEncoding.EncodeToString(b); token[0] != '-' {
			return token
		}
	}
}

//go:embed invitation.txt invitation.html share.txt share.html warning.txt warning.html webhook.txt webhook.html code.txt code.html
var sources embed.FS

var (
	asText = texttemplate.Must(texttemplate.ParseFS(sources, "*.txt"))
	asHTML = htmltemplate.Must(htmltemplate.ParseFS(sources, "*.html"))
)

// invitationSubject holds nothing that anyone chose. An owner can have this mail
// sent to any address, and a subject is read before its sender is.
const invitationSubject = "You are invited to an organization on Satchel"

// write puts the invitation's mail together.
func (a *Activities) write(i members.Invitation, organization, token string) (Message, error) {
	data := struct{ Organization, Role, Until, Link, Token string }{
		tenancy.PlainName(organization), string(i.Role), i.ExpiresAt.UTC().Format("2 January 2006, 15:04 UTC"), a.config.InvitationURL + "#token=" + token, token,
	}
	return fill("invitation", Message{To: *i.Email, Subject: invitationSubject}, data)
}

// fill writes both forms of a mail.
func fill(name string, m Message, data any) (Message, error) {
	var text, html bytes.Buffer
	if err := asText.ExecuteTemplate(&text, name+".txt", data); err != nil {
		return Message{}, fmt.Errorf("write mail: %w", err)
	}
	if err := asHTML.ExecuteTemplate(&html, name+".html", data); err != nil {
		return Message{}, fmt.Errorf("write mail: %w", err)
	}
	m.Text, m.HTML = text.String(), html.String()
	return m, nil
}
