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
	"github.com/jackc/pgx/v5"

	"satchel/tenancy"
)

// UsageWarning is the type of the event that a limit is near.
const UsageWarning = "usage.warning"

// Event is one row.
type Event struct {
	Seq  int64           `db:"seq" json:"seq"`
	ID   uuid.UUID       `db:"id" json:"id"`
	Type string          `db:"type" json:"type"`
	Data json.RawMessage `db:"data" json:"data"`
	At   time.Time       `db:"at" json:"at"`
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
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('events/' || app.org()::text, 0))"); err != nil {
		return fmt.Errorf("lock events: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into organization_events (organization_id, seq, id, type, data)
		select app.org(), coalesce(max(seq), 0) + 1, $1, $2, $3 from organization_events`, id, kind, encoded)
	if err != nil {
		return fmt.Errorf("record event %s: %w", kind, err)
	}
	return nil
}

// List reads events in their order, after the given number. An empty type lists
// all.
func List(ctx context.Context, q tenancy.Queries, kind string, after int64, limit int) ([]Event, error) {
	rows, err := q.Query(ctx, `select seq, id, type, data, at from organization_events
		where seq > $1 and ($2 = '' or type = $2) order by seq limit $3`, after, kind, limit)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Event])
}
