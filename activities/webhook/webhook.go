// Package webhook delivers an organization's events to its webhooks. What is sent and
// what comes back stays in the rows: Temporal has ids alone.
package webhook

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/internal/queue"
	"satchel/internal/sealed"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

// Answer is what a receiver said.
type Answer struct {
	Status     int
	Body       []byte // its beginning
	RetryAfter string
	Code       string // why there is no good answer: timeout, address_refused …; empty when there is a status to judge
}

// Sender sends a request to an address that a user chose. It must not reach what is
// not public, follow redirects, or wait or read without a bound.
type Sender interface {
	Send(ctx context.Context, url string, header http.Header, body []byte) (Answer, error)
}

// Waker says when an organization has new events. While a turn watches a webhook, they
// wake the turn and not the workflow.
type Waker interface {
	Watch(org tenancy.OrgID, webhook uuid.UUID) (woken <-chan struct{}, done func())
}

// Activities are the activities of this package.
type Activities struct {
	Ports
	metrics *metrics
}

// Ports are what the activities need.
type Ports struct {
	DB      *tenancy.DB
	Box     *sealed.Box
	Sender  Sender
	Waker   Waker
	Now     func() time.Time
	Linger  time.Duration // how long a turn waits for more when nothing is left
	Metrics prometheus.Registerer
}

// New makes the activities.
func New(p Ports) *Activities {
	return &Activities{Ports: p, metrics: newMetrics(p.Metrics)}
}

// DeliverEventsInput names the webhook.
type DeliverEventsInput struct {
	Org     tenancy.OrgID
	Webhook uuid.UUID
}

// DeliverEventsResult says what is left.
type DeliverEventsResult struct {
	Delivered, Failed int           // attempts
	Over              bool          // disabled or deleted: nothing is delivered any more
	Mail              bool          // the contact is to be told that it was disabled
	More              bool          // there is more to do at once
	Wait              time.Duration // until the next delivery is tried; zero when none waits
}

// turnTime is how long a turn begins attempts. Then the organizations that wait have
// their turn: the fairness is the queue's.
const turnTime = 5 * time.Second

// DeliverEvents takes one turn at a webhook: it looks at the new events, tries what is
// due, and writes down each attempt. It is safe to run twice: an event that was
// delivered is not sent again, but for the one in hand when a worker dies.
func (a *Activities) DeliverEvents(ctx context.Context, in DeliverEventsInput) (DeliverEventsResult, error) {
	defer queue.Heartbeat(ctx)()
	woken, done := a.Waker.Watch(in.Org, in.Webhook)
	t, err := a.begin(ctx, in)
	if err == nil {
		t.woken = woken
		err = t.run(ctx)
	}
	done()
	if errors.Is(err, webhooks.ErrNotFound) {
		return DeliverEventsResult{Over: true}, nil
	}
	if err != nil && !errors.Is(err, webhooks.ErrTurnOver) {
		return DeliverEventsResult{}, err
	}
	return a.left(ctx, in, t)
}

// left says what the turn leaves. It comes after the mark of the turn is gone: an event
// after it wakes the workflow.
func (a *Activities) left(ctx context.Context, in DeliverEventsInput, t *turn) (r DeliverEventsResult, err error) {
	if t != nil {
		r.Delivered, r.Failed = t.delivered, t.failed
	}
	w, err := webhooks.Get(ctx, a.DB.Single(in.Org), in.Webhook)
	switch {
	case errors.Is(err, webhooks.ErrNotFound):
		r.Over = true
		return r, nil
	case err != nil:
		return r, err
	case w.State == webhooks.Disabled:
		r.Over, r.Mail = true, w.Mail == "queued"
		return r, nil
	}
	next, err := webhooks.NextAt(ctx, a.DB.Single(in.Org), in.Webhook)
	if err != nil {
		return r, err
	}
	last, err := events.Last(ctx, a.DB.Single(in.Org))
	if err != nil {
		return r, err
	}
	now := a.Now()
	open := w.OpenAt == nil || !w.OpenAt.After(now)
	r.More = last > w.Position || next != nil && !next.After(now) && open
	if next != nil && !r.More {
		r.Wait = next.Sub(now)
		if w.OpenAt != nil {
			r.Wait = max(r.Wait, w.OpenAt.Sub(now))
		}
		r.Wait = max(r.Wait, time.Millisecond)
	}
	return r, nil
}
