package wiring

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/consentrequest"
	"satchel/activities/email"
	"satchel/internal/queue"
	"satchel/internal/sealed"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
	asking "satchel/workflows/consentrequest"
)

var consentRequestProcess = fx.Module("consentrequest",
	fx.Provide(newConsentRequests),
	component(func(a *consentrequest.Activities) queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{asking.AskForConsent}, Activities: []any{a}}
	}),
	component(func(s *consentrequest.Sweeps) queue.Component {
		return queue.Component{Sweeps: consentrequest.SweepsOf(s)}
	}),
)

// consentMailer is the mail server as the requests know it.
type consentMailer struct{ email.Mailer }

// Send hands a mail over.
func (m consentMailer) Send(ctx context.Context, message consentrequest.Message) error {
	return m.Mailer.Send(ctx, email.Message(message))
}

// consentStarter is Temporal as the sweep knows it.
type consentStarter struct{ client client.Client }

// WakeConsentRequest starts the workflow of a request, or has the one that runs look at its row.
func (s consentStarter) WakeConsentRequest(ctx context.Context, org tenancy.OrgID, request uuid.UUID) error {
	return asking.Wake(ctx, s.client, org, request)
}

func newConsentRequests(db *tenancy.DB, c client.Client, m email.Mailer, mails email.Config, secrets sealed.Config) (*consentrequest.Activities, *consentrequest.Sweeps, error) {
	box, err := sealed.New(secrets)
	if err != nil {
		return nil, nil, err
	}
	tokens, err := notifications.NewTokens(box)
	if err != nil {
		return nil, nil, err
	}
	return &consentrequest.Activities{DB: db, Mailer: consentMailer{m}, Contacts: requests.Contacts{Box: box}, Tokens: tokens, URL: mails.APIURL, Now: time.Now},
		&consentrequest.Sweeps{DB: db, Starter: consentStarter{c}, Now: time.Now}, nil
}
