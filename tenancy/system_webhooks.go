package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_webhooks.sql.

// WebhookRef names a webhook of an organization.
type WebhookRef struct {
	Org     OrgID     `db:"organization_id"`
	Webhook uuid.UUID `db:"webhook_id"`
}

// WebhooksWaiting finds webhooks that have something to deliver, or whose mail waits.
func (d *DB) WebhooksWaiting(ctx context.Context, now time.Time, after uuid.UUID, n int) ([]WebhookRef, error) {
	return pageOf[WebhookRef](ctx, d, "webhook_id", "select organization_id, webhook_id from app.webhooks_waiting($1, $2, $3)", now, after, n)
}

// EventsOld finds organizations with events or deliveries from before those times.
func (d *DB) EventsOld(ctx context.Context, events, deliveries time.Time, after uuid.UUID, n int) ([]OrgID, error) {
	return d.organizations(ctx, "select organization_id from app.events_old($1, $2, $3, $4)", events, deliveries, after, n)
}
