package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/events"
	"satchel/tenancy/webhooks"
)

// Starter starts the workflow of a webhook, or wakes it.
type Starter interface {
	WakeWebhook(ctx context.Context, org tenancy.OrgID, webhook uuid.UUID) error
}

// Sweeps find what is left of the turns.
type Sweeps struct {
	DB      *tenancy.DB
	Starter Starter
	Now     func() time.Time
}

// page is how many items a sweep reads at once.
const page = 100

// SweepsOf is the sweep of webhooks.
func SweepsOf(a *Sweeps) []queue.Sweep {
	return []queue.Sweep{{Name: "start-waiting-webhooks", Every: 30 * time.Second, Run: a.startWaitingWebhooks}}
}

// startWaitingWebhooks wakes the workflow of every webhook that has something to
// deliver: a notification or a workflow was lost.
func (a *Sweeps) startWaitingWebhooks(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start webhooks", after, func(r tenancy.WebhookRef) uuid.UUID { return r.Webhook }, func(ctx context.Context, after uuid.UUID) ([]tenancy.WebhookRef, error) {
		return a.DB.WebhooksWaiting(ctx, a.Now(), after, page)
	}, func(ctx context.Context, r tenancy.WebhookRef) error {
		return a.Starter.WakeWebhook(ctx, r.Org, r.Webhook)
	})
}

// DeleteOldEventsInput names the platform, and where to go on.
type DeleteOldEventsInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the run before ended
}

// PlatformWork marks work across organizations.
func (DeleteOldEventsInput) PlatformWork() {}

// DeleteOldEventsResult counts the organizations.
type DeleteOldEventsResult = queue.Swept

// mostDeleted bounds one statement.
const mostDeleted = 1000

// DeleteOldEvents deletes the log of deliveries after 30 days and events after 90.
func (a *Sweeps) DeleteOldEvents(ctx context.Context, in DeleteOldEventsInput) (DeleteOldEventsResult, error) {
	return queue.SweepByID(ctx, "delete old events", in.After, tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return a.DB.EventsOld(ctx, a.Now().Add(-events.Kept), a.Now().Add(-webhooks.Kept), after, page)
	}, func(ctx context.Context, org tenancy.OrgID) error {
		return errors.Join(
			a.deleteAll(ctx, org, func(tx *tenancy.Tx) (int64, error) {
				return webhooks.DeleteOld(ctx, tx, a.Now().Add(-webhooks.Kept), mostDeleted)
			}),
			a.deleteAll(ctx, org, func(tx *tenancy.Tx) (int64, error) {
				return events.DeleteOld(ctx, tx, a.Now().Add(-events.Kept), mostDeleted)
			}))
	})
}

// deleteAll deletes by statements of a bounded size until nothing is left.
func (a *Sweeps) deleteAll(ctx context.Context, org tenancy.OrgID, some func(*tenancy.Tx) (int64, error)) error {
	for {
		var n int64
		err := a.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
			n, err = some(tx)
			return err
		})
		if err != nil || n < mostDeleted {
			return err
		}
	}
}
