package tenancy

import (
	"context"

	"github.com/google/uuid"
)

// DeadlineRef names what has a day by which it is due.
type DeadlineRef struct {
	Org OrgID     `db:"organization_id"`
	ID  uuid.UUID `db:"id"`
}

// DeadlinesDue finds what comes or is over and was not told of yet (policies/rls/functions/system_deadlines.sql).
func (d *DB) DeadlinesDue(ctx context.Context, after uuid.UUID, n int) ([]DeadlineRef, error) {
	return pageOf[DeadlineRef](ctx, d, "id", "select organization_id, id from app.deadlines_due($1, $2)", after, n)
}
