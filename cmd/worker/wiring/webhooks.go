package wiring

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/edge"
	"satchel/activities/email"
	"satchel/activities/webhook"
	"satchel/internal/outbound"
	"satchel/internal/queue"
	"satchel/internal/sealed"
	"satchel/tenancy"
	"satchel/tenancy/webhooks"
	"satchel/workers/outbox"
	delivering "satchel/workflows/webhook"
)

var webhookProcess = fx.Module("webhook",
	fx.Provide(newWebhook, newOutbox),
	fx.Invoke(func(lc fx.Lifecycle, db *tenancy.DB, o *outbox.Outbox, n *outbox.Notices) {
		listening(lc, func(ctx context.Context) error { return outbox.Listen(ctx, db, o, n) })
	}),
	// A turn calls other people's systems; the sweeps do not.
	component(func(w *webhook.Activities) queue.Component {
		return queue.Component{Queue: queue.External, Activities: []any{w}}
	}),
	component(func() queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{delivering.DeliverToWebhook}}
	}),
	component(func(w *webhook.Sweeps) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{delivering.CleanEvents}, Activities: []any{w}, Schedules: delivering.Schedules(), Sweeps: webhook.SweepsOf(w)}
	}),
)

// linger is how long a turn waits for more events.
const linger = 500 * time.Millisecond

func newWebhook(db *tenancy.DB, c client.Client, secrets sealed.Config, o *outbox.Outbox, s webhook.Sender, m prometheus.Registerer) (*webhook.Activities, *webhook.Sweeps, error) {
	box, err := sealed.New(secrets)
	if err != nil {
		return nil, nil, err
	}
	turns := webhook.New(webhook.Ports{DB: db, Box: box, Sender: s, Waker: o, Now: time.Now, Linger: linger, Metrics: m})
	return turns, &webhook.Sweeps{DB: db, Starter: webhookStarter{c}, Now: time.Now}, nil
}

func newOutbox(db *tenancy.DB, c client.Client, p edge.Purger, log *slog.Logger) *outbox.Outbox {
	o := outbox.New(db, webhookStarter{c}, log)
	if p != nil {
		o.Tell(edgeStarter{db, c}.wakeWaiting)
	}
	return o
}

// webhookStarter is Temporal as the outbox and the sweep know it.
type webhookStarter struct{ client client.Client }

// WakeWebhook starts the workflow of a webhook, or wakes it.
func (s webhookStarter) WakeWebhook(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	return delivering.Wake(ctx, s.client, org, id)
}

// receivers is the internet as the turns know it.
type receivers struct{ client *outbound.Client }

func newReceivers(c outbound.Config, mails email.Config) (webhook.Sender, error) {
	if err := c.Check(mails.InvitationURL); err != nil {
		return nil, err
	}
	return NewReceivers(c, outbound.Options{}), nil
}

// NewReceivers is the internet by a client with those options; tests have another
// resolver, and roots of their own.
func NewReceivers(c outbound.Config, o outbound.Options) webhook.Sender {
	allowed := webhooks.Public
	if c.Loopback {
		allowed = func(a netip.Addr) bool { return a.IsLoopback() || webhooks.Public(a) }
	}
	return receivers{outbound.New(allowed, webhooks.MaxBody, o)}
}

// Send sends a request. What the receiver or the way to it does wrong is an answer; the
// end of the turn is an error.
func (r receivers) Send(ctx context.Context, url string, header http.Header, body []byte) (webhook.Answer, error) {
	a, err := r.client.Post(ctx, url, header, body)
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return webhook.Answer{}, err
	}
	return webhook.Answer{Status: a.Status, Body: a.Body, RetryAfter: a.RetryAfter, Code: outbound.Code(err)}, nil
}
