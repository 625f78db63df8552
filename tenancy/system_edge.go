package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The question of policies/rls/functions/system_edge.sql.

// EdgeWaiting finds organizations with events of the types since then of which the cache
// in front of the content host was not told.
func (d *DB) EdgeWaiting(ctx context.Context, types []string, since time.Time, after uuid.UUID, n int) ([]OrgID, error) {
	rows, err := systemQuery[struct {
		ID OrgID `db:"organization_id"`
	}](ctx, d, "select organization_id from app.edge_waiting($1, $2, $3, $4)", types, since, after, n)
	orgs := make([]OrgID, len(rows))
	for i, r := range rows {
		orgs[i] = r.ID
	}
	return orgs, err
}
