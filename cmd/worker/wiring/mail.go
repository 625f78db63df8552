package wiring

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"satchel/activities/email"
	"satchel/activities/invitation"
	"satchel/activities/share"
	"satchel/activities/usage"
	"satchel/internal/fault"
	"satchel/internal/mail"
	"satchel/tenancy"
	inviting "satchel/workflows/invitation"
	sharing "satchel/workflows/share"
	counting "satchel/workflows/usage"
)

// mailer is SMTP as the email activities know it.
type mailer struct{ *mail.Sender }

func newMailer(c mail.Config) (email.Mailer, error) {
	s, err := mail.New(c)
	return mailer{s}, err
}

func newEmail(db *tenancy.DB, m email.Mailer, c email.Config) (*email.Activities, error) {
	return email.New(db, m, c), c.Check()
}

// MailFaults say of each way to fail whether another attempt may succeed.
var MailFaults = map[error]*fault.Fault{
	mail.ErrAddressRefused: fault.New(fault.Invalid, "address_refused", "The mail server refused the address. Check it, and invite the person again."),
	mail.ErrRefused:        fault.New(fault.Invalid, "mail_refused", "The mail server refused the mail. Ask the administrator of the mail server why, then resend."),
	mail.ErrDeferred:       fault.New(fault.Unavailable, "mail_deferred", "The mail server asked to come back later."),
	mail.ErrInsecure:       fault.New(fault.Unavailable, "mail_insecure", "The mail server offers no TLS, or its certificate is not good. The mail waits until the administrator of the mail server has fixed that."),
	mail.ErrLogin:          fault.New(fault.Unavailable, "mail_login_refused", "The mail server refused the login. The mail waits until the operator of this service has fixed it."),
	mail.ErrUnsure:         fault.New(fault.Unavailable, "mail_unsure", "The mail server hung up behind the mail, and may have taken it."),
	mail.ErrUnavailable:    fault.New(fault.Unavailable, "mail_unavailable", "The mail server does not answer."),
}

// Send translates the adapter's errors.
func (m mailer) Send(ctx context.Context, message email.Message) error {
	err := m.Sender.Send(ctx, mail.Message(message))
	for known, f := range MailFaults {
		if errors.Is(err, known) {
			return f.Because(err)
		}
	}
	return err
}

// invitations is Temporal as the invitation activities know it.
type invitations struct{ client client.Client }

// StartInvitation has the workflow of an open invitation send its mail, or finds
// that its time is over.
func (i invitations) StartInvitation(ctx context.Context, org tenancy.OrgID, id uuid.UUID, expires time.Time) error {
	return inviting.Resend(ctx, i.client, org, id, expires)
}

// usageWarnings is Temporal as the usage activities know it.
type usageWarnings struct{ client client.Client }

// StartWarning starts the mail of a warning, or finds it started.
func (u usageWarnings) StartWarning(ctx context.Context, org tenancy.OrgID, warning uuid.UUID) error {
	return counting.StartWarning(ctx, u.client, org, warning)
}

// NewUsage makes the activities of usage and its warnings.
func NewUsage(db *tenancy.DB, c client.Client) *usage.Activities {
	return usage.New(db, usageWarnings{c})
}

func newInvitation(db *tenancy.DB, c client.Client, conf invitation.Config) *invitation.Activities {
	return invitation.New(db, invitations{c}, conf)
}

// shareMails is Temporal as the activities of shares know it.
type shareMails struct{ client client.Client }

// StartShareMail starts the mail to somebody outside, or finds it started.
func (s shareMails) StartShareMail(ctx context.Context, org tenancy.OrgID, share, recipient uuid.UUID) error {
	return sharing.Start(ctx, s.client, org, share, recipient)
}

func newShare(db *tenancy.DB, c client.Client) *share.Sweeps {
	return share.New(db, shareMails{c})
}
