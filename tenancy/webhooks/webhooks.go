// Package webhooks keeps where an organization's events are sent, the secrets that
// sign them, and what became of each delivery. What is sent follows the Standard
// Webhooks specification (standardwebhooks.com).
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/webhooks/webhooksdb"
)

// State says whether events are sent to a webhook.
type State string

// The states.
const (
	Active   State = "active"
	Disabled State = "disabled"
)

// Why a webhook is disabled: by a person, because its receiver answered 410 (Gone),
// or because every delivery failed for three days.
const (
	ByPerson = "person"
	Gone     = "gone"
	Failing  = "failing"
)

// What a caller can meet.
var (
	ErrNotFound = fault.New(fault.NotFound, "webhook_not_found", "There is no such webhook in the organization.")
	ErrTooMany  = fault.New(fault.Conflict, "too_many_webhooks", "The organization has as many webhooks as its tier allows. Delete one, or ask for a larger tier.")
	ErrDisabled = fault.New(fault.Conflict, "webhook_disabled", "The webhook is disabled, and nothing is sent to it. Enable it first.")
)

// Webhook is one row.
type Webhook struct {
	ID           uuid.UUID
	URL          string
	Description  string
	Types        []string // filters such as file.published or file.*; none: all types
	State        State
	DisabledCode string
	DisabledAt   *time.Time
	Position     int64      // the number of the last event that was looked at
	FailingSince *time.Time // the first failure since the last success
	Failures     int        // since the last success
	OpenAt       *time.Time // of one that is down: when it is tried again
	Mail         string     // that says that it was disabled: none, queued, sent, failed
	CreatedBy    uuid.UUID
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

func of(r webhooksdb.WebhookGetRow) Webhook {
	return Webhook{ID: r.ID, URL: r.Url, Description: r.Description, Types: r.Types, State: State(r.State), DisabledCode: r.DisabledCode, DisabledAt: r.DisabledAt,
		Position: r.Position, FailingSince: r.FailingSince, Failures: r.Failures, OpenAt: r.OpenAt, Mail: r.Mail, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

// Change is what a person decides of a webhook.
type Change struct {
	URL, Description string
	Types            []string
}

// Create makes a webhook that begins behind the event of the number position. The
// tier says how many an organization may have.
func Create(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, c Change, position int64, by uuid.UUID) error {
	q := webhooksdb.New(tx)
	// Two at once would both count the one before.
	if err := q.WebhookLock(ctx); err != nil {
		return fmt.Errorf("lock webhooks: %w", err)
	}
	tier, err := tenancy.GetTier(ctx, tx)
	if err != nil {
		return err
	}
	n, err := q.WebhookCount(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("count webhooks: %w", err)
	case n >= int64(tier.MaxWebhooks):
		return ErrTooMany
	}
	err = q.WebhookInsert(ctx, webhooksdb.WebhookInsertParams{ID: id, Url: c.URL, Description: c.Description, Types: listed(c.Types), Position: position, CreatedBy: by})
	return wrap("create webhook", err)
}

// listed is the list as the column wants it, which is never null.
func listed(types []string) []string { return append([]string{}, types...) }

// Get reads one.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Webhook, error) {
	r, err := webhooksdb.New(q).WebhookGet(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Webhook{}, ErrNotFound
	}
	return of(r), wrap("read webhook", err)
}

// List pages through them in the order of their ids, which is that of their making.
func List(ctx context.Context, q tenancy.Queries, behind uuid.UUID, n int) ([]Webhook, error) {
	rows, err := webhooksdb.New(q).WebhookPage(ctx, webhooksdb.WebhookPageParams{Behind: behind, Most: int64(n)})
	found := make([]Webhook, len(rows))
	for i, r := range rows {
		found[i] = of(webhooksdb.WebhookGetRow(r))
	}
	return found, wrap("list webhooks", err)
}

// ActiveOnes lists the webhooks to which events are sent.
func ActiveOnes(ctx context.Context, q tenancy.Queries) ([]uuid.UUID, error) {
	ids, err := webhooksdb.New(q).WebhookActive(ctx)
	return ids, wrap("list active webhooks", err)
}

// Update changes one.
func Update(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, c Change) error {
	n, err := webhooksdb.New(tx).WebhookChange(ctx, webhooksdb.WebhookChangeParams{ID: id, Url: c.URL, Description: c.Description, Types: listed(c.Types)})
	return one("change webhook", n, err)
}

// Delete removes one with its secrets and its log.
func Delete(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	n, err := webhooksdb.New(tx).WebhookDelete(ctx, id)
	return one("delete webhook", n, err)
}

// Disable ends the deliveries to a webhook: those that wait have failed, and can be
// replayed. Unless a person did it, the organization's contact is mailed. It says
// whether the webhook was active.
func Disable(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, code string, now time.Time) (bool, error) {
	q := webhooksdb.New(tx)
	n, err := q.WebhookDisable(ctx, webhooksdb.WebhookDisableParams{ID: id, Code: code, Moment: now})
	if err != nil || n == 0 {
		return false, wrap("disable webhook", err)
	}
	return true, wrap("end deliveries", q.DeliveriesFail(ctx, webhooksdb.DeliveriesFailParams{WebhookID: id, Moment: now}))
}

// Enable begins deliveries to a disabled webhook, behind the event of the number
// position: what happened meanwhile can be replayed.
func Enable(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, position int64) (bool, error) {
	n, err := webhooksdb.New(tx).WebhookEnable(ctx, webhooksdb.WebhookEnableParams{ID: id, Position: position})
	return n == 1, wrap("enable webhook", err)
}

// RecordMail notes what became of the mail that says that a webhook was disabled.
func RecordMail(ctx context.Context, q tenancy.Queries, id uuid.UUID, mail string) error {
	_, err := webhooksdb.New(q).WebhookMailed(ctx, webhooksdb.WebhookMailedParams{ID: id, Mail: mail})
	return wrap("note mail", err)
}

func one(what string, n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return wrap(what, err)
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
