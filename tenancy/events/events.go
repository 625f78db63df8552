// Package events is an outbox: the events of an organization in the order of
// their commits. Readers resume from the last number they have seen and miss
// none. File events are in another table.
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

// UsageWarning is the type of the event that a limit is near.
const UsageWarning = "usage.warning"

// Event is one row.
type Event struct {
	Seq  int64           `json:"seq"`
	ID   uuid.UUID       `json:"id"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
	At   time.Time       `json:"at"`
}

// Record writes an event with the transaction of what it tells: both are
// committed or neither is. Others who record for the organization wait until
// then, so it comes late in the transaction. data holds ids, codes and numbers,
// and nothing of a person.
func Record(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, kind string, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", kind, err)
	}
	q := eventsdb.New(tx)
	if err := q.EventsLock(ctx); err != nil {
		return fmt.Errorf("lock events: %w", err)
	}
	if err := q.EventInsert(ctx, eventsdb.EventInsertParams{ID: id, Type: kind, Data: encoded}); err != nil {
		return fmt.Errorf("record event %s: %w", kind, err)
	}
	return nil
}

// List reads events in their order, after the given number. An empty type lists
// all.
func List(ctx context.Context, q tenancy.Queries, kind string, after int64, limit int) ([]Event, error) {
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
