// Package events is an outbox: the events of an organization, in one order that
// keeps the commits of each file. Readers resume from the last number they have
// seen and miss none. Most events are written by the triggers of
// policies/rls/tables/organization_events.sql; Record writes those that no row
// tells.
package events

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/events/eventsdb"
)

// Channel is the notification channel on which an organization's id comes after
// each commit that wrote an event; after those of the commonest types only where it has
// an active webhook, since nothing else hears of them (app.tell).
const Channel = "organization_events"

// Kept is how long an event can be read.
const Kept = 90 * 24 * time.Hour

// The types that programs write; Types lists all.
const (
	UsageWarning    = "usage.warning"
	WebhookDisabled = "webhook.disabled"
	WebhookTest     = "webhook.test"
)

// The types of shares.
const (
	ShareCreated    = "share.created"
	ShareChanged    = "share.changed"
	ShareEnded      = "share.ended"
	ShareDownloaded = "share.downloaded"
)

// Event is one row.
type Event struct {
	Seq  int64           `json:"seq"`
	ID   uuid.UUID       `json:"id"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
	At   time.Time       `json:"at"`
}

// Record writes an event with the transaction of what it tells: both are
// committed or neither is. It waits for no one, and wakes those who deliver. data
// holds ids, codes and numbers, and nothing of a person. An event with a file_id
// keeps its place among the events of that file.
func Record(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, kind string, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", kind, err)
	}
	q := eventsdb.New(tx)
	if err := q.EventInsert(ctx, eventsdb.EventInsertParams{ID: id, Type: kind, Data: encoded}); err != nil {
		return fmt.Errorf("record event %s: %w", kind, err)
	}
	return Notify(ctx, tx)
}

// Notify wakes those who deliver the organization's events.
func Notify(ctx context.Context, q tenancy.Queries) error {
	if err := eventsdb.New(q).EventsNotify(ctx); err != nil {
		return fmt.Errorf("notify of events: %w", err)
	}
	return nil
}

// Number gives the committed events without a number the next ones. Only one
// transaction of an organization does so at a time, and it sees every event that
// was committed before: the events of a file get their numbers in the order of
// their commits, and a number is never smaller than one that was read.
func Number(ctx context.Context, q tenancy.Queries) error {
	return wrap("number events", eventsdb.New(q).EventsNumber(ctx))
}

// Last is the number of the last event.
func Last(ctx context.Context, q tenancy.Queries) (int64, error) {
	if err := Number(ctx, q); err != nil {
		return 0, err
	}
	last, err := eventsdb.New(q).EventLast(ctx)
	return last, wrap("read last event", err)
}

// List reads events in their order, after the given number. An empty type lists
// all.
func List(ctx context.Context, q tenancy.Queries, kind string, after int64, limit int) ([]Event, error) {
	if err := Number(ctx, q); err != nil {
		return nil, err
	}
	rows, err := eventsdb.New(q).EventPage(ctx, eventsdb.EventPageParams{After: after, Type: kind, Most: int64(limit)})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	page := make([]Event, len(rows))
	for i, r := range rows {
		page[i] = Event(r)
	}
	return page, nil
}

// Exists says whether an event of that id was recorded.
func Exists(ctx context.Context, q tenancy.Queries, id uuid.UUID) (bool, error) {
	found, err := eventsdb.New(q).EventExists(ctx, id)
	return found, wrap("look for event", err)
}

// DeleteOld deletes up to n events from before, and says how many there were.
// Those that a delivery or a warning refers to stay with it.
func DeleteOld(ctx context.Context, q tenancy.Queries, before time.Time, n int) (int64, error) {
	deleted, err := eventsdb.New(q).EventsDelete(ctx, eventsdb.EventsDeleteParams{Before: before, Most: int64(n)})
	return deleted, wrap("delete old events", err)
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
