package tenancy

import (
	"context"
	"time"
)

// Backlog is work of one kind that waits.
type Backlog struct {
	Work   string     `db:"work"`
	Items  int64      `db:"items"`
	Oldest *time.Time `db:"oldest"` // nil: none waits
}

// Backlogs reads how much work waits, of all organizations (policies/rls/functions/system_backlog.sql).
func (d *DB) Backlogs(ctx context.Context) ([]Backlog, error) {
	return systemQuery[Backlog](ctx, d, "select work, items, oldest from app.backlog()")
}
