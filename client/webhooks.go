package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Webhook is where events are sent. Secret comes only from CreateWebhook and
// RotateWebhook.
type Webhook struct {
	ID             string          `json:"id"`
	URL            string          `json:"url"`
	Description    string          `json:"description"`
	Types          []string        `json:"types"`
	State          string          `json:"state"`
	DisabledReason string          `json:"disabled_reason"`
	DisabledAt     *time.Time      `json:"disabled_at"`
	FailingSince   *time.Time      `json:"failing_since"`
	Mail           string          `json:"mail"`
	Secret         string          `json:"secret,omitempty"`
	Secrets        []WebhookSecret `json:"secrets"`
	CreatedAt      time.Time       `json:"created_at"`
}

// WebhookSecret is one that signs.
type WebhookSecret struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	PublicKey string     `json:"public_key,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// NewWebhook describes a webhook. No types are all; an empty kind is hmac.
type NewWebhook struct {
	URL         string   `json:"url"`
	Description string   `json:"description,omitempty"`
	Types       []string `json:"types,omitempty"`
	Kind        string   `json:"kind,omitempty"`
}

// Delivery is one event on its way to one webhook.
type Delivery struct {
	ID       string     `json:"id"`
	Event    string     `json:"event_id"`
	Seq      int64      `json:"seq"`
	Type     string     `json:"type"`
	State    string     `json:"state"`
	Code     string     `json:"code"`
	Attempts int        `json:"attempts"`
	NextAt   *time.Time `json:"next_at"`
	EndedAt  *time.Time `json:"ended_at"`
	Log      []struct {
		Number       int       `json:"number"`
		At           time.Time `json:"at"`
		TookMS       int       `json:"took_ms"`
		Status       int       `json:"status"`
		Code         string    `json:"code"`
		RequestBody  string    `json:"request_body"`
		ResponseBody string    `json:"response_body"`
	} `json:"log,omitempty"`
}

// OrganizationEvent is something that happened in an organization.
type OrganizationEvent struct {
	Seq  int64           `json:"seq"`
	ID   string          `json:"id"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
	At   time.Time       `json:"at"`
}

func webhooksOf(org string, rest ...string) string {
	path := "/api/v1/organizations/" + url.PathEscape(org) + "/webhooks"
	for _, r := range rest {
		path += "/" + url.PathEscape(r)
	}
	return path
}

// CreateWebhook makes a webhook of an organization.
func (c *Client) CreateWebhook(ctx context.Context, org string, n NewWebhook) (Webhook, error) {
	var w Webhook
	return w, c.Call(ctx, http.MethodPost, webhooksOf(org), n, &w)
}

// Webhooks reads an organization's webhooks.
func (c *Client) Webhooks(ctx context.Context, org string) ([]Webhook, error) {
	return All[Webhook](ctx, c, webhooksOf(org), nil)
}

// Webhook reads one.
func (c *Client) Webhook(ctx context.Context, org, id string) (Webhook, error) {
	var w Webhook
	return w, c.Call(ctx, http.MethodGet, webhooksOf(org, id), nil, &w)
}

// SetWebhook disables or enables a webhook: state is disabled or active.
func (c *Client) SetWebhook(ctx context.Context, org, id, state string) (Webhook, error) {
	var w Webhook
	return w, c.Call(ctx, http.MethodPatch, webhooksOf(org, id), map[string]string{"state": state}, &w)
}

// DeleteWebhook deletes a webhook with its log.
func (c *Client) DeleteWebhook(ctx context.Context, org, id string) error {
	return c.Call(ctx, http.MethodDelete, webhooksOf(org, id), nil, nil)
}

// RotateWebhook makes a secret of a kind; those of its kind sign on for the overlap.
func (c *Client) RotateWebhook(ctx context.Context, org, id, kind string, overlap time.Duration) (Webhook, error) {
	var w Webhook
	in := map[string]any{"kind": kind, "overlap": int64(overlap.Seconds())}
	return w, c.Call(ctx, http.MethodPost, webhooksOf(org, id, "rotate"), in, &w)
}

// TestWebhook sends an event to one webhook, and gives the event's id.
func (c *Client) TestWebhook(ctx context.Context, org, id string) (string, error) {
	var out struct {
		Event string `json:"event_id"`
	}
	return out.Event, c.Call(ctx, http.MethodPost, webhooksOf(org, id, "test"), nil, &out)
}

// Deliveries reads one page of a webhook's log.
func (c *Client) Deliveries(ctx context.Context, org, id string, query url.Values) (Page[Delivery], error) {
	var p Page[Delivery]
	return p, c.Call(ctx, http.MethodGet, webhooksOf(org, id, "deliveries")+"?"+query.Encode(), nil, &p)
}

// Delivery reads one with its attempts.
func (c *Client) Delivery(ctx context.Context, org, id, delivery string) (Delivery, error) {
	var d Delivery
	return d, c.Call(ctx, http.MethodGet, webhooksOf(org, id, "deliveries", delivery), nil, &d)
}

// ReplayDelivery has one delivery tried again.
func (c *Client) ReplayDelivery(ctx context.Context, org, id, delivery string) (Delivery, error) {
	var d Delivery
	return d, c.Call(ctx, http.MethodPost, webhooksOf(org, id, "deliveries", delivery, "replay"), nil, &d)
}

// ReplayWebhook has the failed deliveries of events since then tried again, with
// everything those too that were delivered, and says how many they are.
func (c *Client) ReplayWebhook(ctx context.Context, org, id string, since time.Time, everything bool) (int64, error) {
	var out struct {
		Deliveries int64 `json:"deliveries"`
	}
	in := map[string]any{"since": since.UTC(), "everything": everything}
	return out.Deliveries, c.Call(ctx, http.MethodPost, webhooksOf(org, id, "replay"), in, &out)
}

// Events reads one page of an organization's events.
func (c *Client) Events(ctx context.Context, org string, query url.Values) (Page[OrganizationEvent], error) {
	var p Page[OrganizationEvent]
	return p, c.Call(ctx, http.MethodGet, "/api/v1/organizations/"+url.PathEscape(org)+"/events?"+query.Encode(), nil, &p)
}
