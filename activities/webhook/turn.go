package webhook

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

// parallel is how many lanes of one webhook are delivered at once.
const parallel = 8

// turn is one turn at a webhook.
type turn struct {
	a      *Activities
	in     DeliverEventsInput
	id     uuid.UUID
	hook   webhooks.Webhook
	signer *webhooks.Signer
	woken  <-chan struct{}
	ends   time.Time // when no other attempt begins, by the machine's clock

	failures          int  // since the last success
	down, over        bool // the receiver does not answer; the webhook is disabled
	delivered, failed int
	done              int // attempts and what was withheld
}

// begin takes the turn and opens the secrets.
func (a *Activities) begin(ctx context.Context, in DeliverEventsInput) (*turn, error) {
	t := &turn{a: a, in: in, id: uuid.New(), ends: time.Now().Add(turnTime)}
	err := a.DB.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		var err error
		if t.hook, err = webhooks.Begin(ctx, tx, in.Webhook, t.id); err != nil {
			return err
		}
		secrets, err := webhooks.Secrets(ctx, tx, a.Now(), in.Webhook)
		if err != nil {
			return err
		}
		t.signer, err = webhooks.NewSigner(a.Box, in.Org, secrets)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin turn: %w", err)
	}
	t.failures, t.down = t.hook.Failures, t.hook.OpenAt != nil
	return t, nil
}

// run looks at the new events and tries what is due, until nothing is left for a while
// or the turn's time is over. Of a webhook that is down, nothing is tried before its
// time.
func (t *turn) run(ctx context.Context) error {
	for {
		select {
		case <-t.woken: // what it tells is seen below
		default:
		}
		if err := t.fanOut(ctx); err != nil {
			return err
		}
		if t.hook.OpenAt != nil && t.down && t.hook.OpenAt.After(t.a.Now()) {
			return nil
		}
		before := t.done
		if err := t.drain(ctx); err != nil {
			return err
		}
		idle := t.done == before
		if idle || t.over || t.down || t.late() {
			return nil
		}
		t.linger(ctx)
	}
}

// linger waits a moment for more events: they come in groups, and the way through
// Temporal takes longer.
func (t *turn) linger(ctx context.Context) {
	timer := time.NewTimer(t.a.Linger)
	defer timer.Stop()
	select {
	case <-t.woken:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (t *turn) late() bool { return !time.Now().Before(t.ends) }

// fanOut makes the deliveries of all events that are committed by now.
func (t *turn) fanOut(ctx context.Context) error {
	if err := events.Number(ctx, t.a.DB.Single(t.in.Org)); err != nil {
		return err
	}
	for {
		before := t.hook.Position
		err := t.a.DB.InTx(ctx, t.in.Org, func(tx *tenancy.Tx) (err error) {
			t.hook.Position, err = webhooks.FanOut(ctx, tx, t.in.Webhook, t.id, before, t.a.Now())
			return err
		})
		if err != nil || t.hook.Position == before {
			return err
		}
	}
}

// standing is what is known of a receiver when an attempt begins.
type standing struct {
	failures int        // since the last success
	since    *time.Time // the first of them
}

// tried is the end of one attempt.
type tried struct {
	lane     uuid.UUID
	code     string // empty: delivered
	over     bool   // the webhook was disabled
	withheld bool   // it may not leave
	err      error  // it could not be made or written down
}

// drain tries what is due. Each lane has one attempt at a time, so that its events
// arrive in their order; a lane that is slow or fails does not hold up the others.
func (t *turn) drain(ctx context.Context) error {
	results := make(chan tried)
	busy := map[uuid.UUID]bool{}
	var waiting []webhooks.Due
	var failure error
	for {
		going := failure == nil && !t.over && !t.late() && ctx.Err() == nil
		if going && len(waiting) == 0 && len(busy) < t.width() {
			waiting, failure = webhooks.ListDue(ctx, t.a.DB.Single(t.in.Org), t.in.Webhook, slices.Collect(maps.Keys(busy)), t.a.Now(), 8*parallel)
		}
		for going && len(waiting) > 0 && len(busy) < t.width() {
			due := waiting[0]
			waiting = waiting[1:]
			busy[due.Lane] = true
			now := standing{failures: t.failures, since: t.hook.FailingSince}
			go func() { results <- t.try(ctx, due, now) }()
		}
		if len(busy) == 0 {
			return failure
		}
		r := <-results
		delete(busy, r.lane)
		if t.note(r); r.err != nil && failure == nil {
			failure = r.err
		}
	}
}

// width is how many attempts may run: one to see whether a receiver that was down is
// back, none once it has failed.
func (t *turn) width() int {
	switch {
	case t.down && t.failures > t.hook.Failures:
		return 0
	case t.down:
		return 1
	}
	return parallel
}

// note counts the end of an attempt.
func (t *turn) note(r tried) {
	t.over = t.over || r.over
	t.done++
	switch {
	case r.err != nil, r.withheld:
	case r.code == "":
		t.delivered++
		t.failures, t.hook.Failures, t.hook.FailingSince, t.down = 0, 0, nil, false
	default:
		t.failed++
		t.failures++
		if t.hook.FailingSince == nil {
			now := t.a.Now()
			t.hook.FailingSince = &now
		}
		t.down = t.down || t.failures >= webhooks.DownAfter
	}
}
