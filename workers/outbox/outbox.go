// Package outbox hears when an organization has new events, and has its webhooks and the
// cache in front of the content host told at once. What it misses, the sweeps find.
package outbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

// Starter starts the workflow of a webhook, or wakes it.
type Starter interface {
	WakeWebhook(ctx context.Context, org tenancy.OrgID, webhook uuid.UUID) error
}

// Outbox wakes turns and workflows.
type Outbox struct {
	db      *tenancy.DB
	starter Starter
	others  []func(ctx context.Context, org tenancy.OrgID) error
	log     *slog.Logger

	mu       sync.Mutex
	watching map[tenancy.OrgID]map[uuid.UUID]map[chan struct{}]struct{}
	waiting  map[tenancy.OrgID]struct{} // organizations whose webhooks are to be woken
	missed   bool                       // so are those of any other
	heard    chan struct{}
}

// New makes an outbox that hears nothing before Listen.
func New(db *tenancy.DB, s Starter, log *slog.Logger) *Outbox {
	return &Outbox{db: db, starter: s, log: log, watching: map[tenancy.OrgID]map[uuid.UUID]map[chan struct{}]struct{}{},
		waiting: map[tenancy.OrgID]struct{}{}, heard: make(chan struct{}, 1)}
}

// Tell has f called for each organization that has new events. It is called before Listen;
// what is missed is f's to find.
func (o *Outbox) Tell(f func(ctx context.Context, org tenancy.OrgID) error) {
	o.others = append(o.others, f)
}

// Watch gives a channel that receives after events of the organization, until done.
// Meanwhile they do not wake the webhook's workflow.
func (o *Outbox) Watch(org tenancy.OrgID, webhook uuid.UUID) (woken <-chan struct{}, done func()) {
	c := make(chan struct{}, 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.watching[org] == nil {
		o.watching[org] = map[uuid.UUID]map[chan struct{}]struct{}{}
	}
	if o.watching[org][webhook] == nil {
		o.watching[org][webhook] = map[chan struct{}]struct{}{}
	}
	o.watching[org][webhook][c] = struct{}{}
	return c, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.watching[org][webhook], c)
		if len(o.watching[org][webhook]) == 0 {
			delete(o.watching[org], webhook)
		}
		if len(o.watching[org]) == 0 {
			delete(o.watching, org)
		}
	}
}

// Listen hears for both until ctx ends, on one connection.
func Listen(ctx context.Context, db *tenancy.DB, o *Outbox, n *Notices) error {
	var waking sync.WaitGroup
	defer waking.Wait()
	waking.Go(func() { o.wakeAll(ctx) })
	waking.Go(func() { n.wakeAll(ctx) })
	return db.Listen(ctx, tenancy.Channels{events.Channel: o.hear, NoticesChannel: n.hear}, nil)
}

// hear notes an organization, and returns at once. An empty payload says that
// notifications may have been missed.
func (o *Outbox) hear(payload string) {
	org, err := tenancy.ParseOrgID(payload)
	o.mu.Lock()
	if err != nil {
		o.missed = true
	} else {
		o.waiting[org] = struct{}{}
		for _, turns := range o.watching[org] {
			for c := range turns {
				signal(c)
			}
		}
	}
	o.mu.Unlock()
	signal(o.heard)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// rest is how long the outbox collects events behind a look: the first of a burst is told at once,
// and a busy organization is looked at ten times a second and not once an event.
const rest = 100 * time.Millisecond

// wakeAll wakes the webhooks of the organizations that were heard since the last look:
// however many events there were, each is woken once.
func (o *Outbox) wakeAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.heard:
		}
		o.mu.Lock()
		waiting, missed := o.waiting, o.missed
		o.waiting, o.missed = map[tenancy.OrgID]struct{}{}, false
		o.mu.Unlock()
		var failures []error
		for org := range waiting {
			for _, tell := range o.others {
				failures = append(failures, tell(ctx, org))
			}
			failures = append(failures, o.wake(ctx, org))
		}
		if missed {
			failures = append(failures, o.wakeWaiting(ctx))
		}
		if err := errors.Join(failures...); err != nil && ctx.Err() == nil {
			o.log.WarnContext(ctx, "wake those who tell of events failed; the sweep will", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
	}
}

// wake wakes the active webhooks of an organization on which no turn is here.
func (o *Outbox) wake(ctx context.Context, org tenancy.OrgID) error {
	active, err := webhooks.ActiveOnes(ctx, o.db.Single(org))
	if err != nil {
		return err
	}
	var failures []error
	for _, id := range active {
		o.mu.Lock()
		_, busy := o.watching[org][id]
		o.mu.Unlock()
		if !busy {
			failures = append(failures, o.starter.WakeWebhook(ctx, org, id))
		}
	}
	return errors.Join(failures...)
}

// wakeWaiting wakes the first page of what waits anywhere.
func (o *Outbox) wakeWaiting(ctx context.Context) error {
	const page = 1000
	waiting, err := o.db.WebhooksWaiting(ctx, time.Now(), uuid.Nil, page)
	if err != nil {
		return err
	}
	var failures []error
	for _, w := range waiting {
		failures = append(failures, o.starter.WakeWebhook(ctx, w.Org, w.Webhook))
	}
	return errors.Join(failures...)
}
