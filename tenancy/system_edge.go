package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_edge.sql.

// EdgeWaiting finds organizations of which the cache in front of the content host was not
// told everything: events of the types, or purges that were asked for.
func (d *DB) EdgeWaiting(ctx context.Context, types []string, since time.Time, after uuid.UUID, n int) ([]OrgID, error) {
	return d.organizations(ctx, "select organization_id from app.edge_waiting($1, $2, $3, $4)", types, since, after, n)
}

// EdgeBacklog is how many purges of an organization are in one state.
type EdgeBacklog struct {
	Org    OrgID     `db:"organization_id"`
	Keys   int64     `db:"keys"`
	Oldest time.Time `db:"oldest"`
	Latest time.Time `db:"latest"`
}

// EdgeBacklogs counts the purges in a state, by organization.
func (d *DB) EdgeBacklogs(ctx context.Context, types []string, state string, after uuid.UUID, n int) ([]EdgeBacklog, error) {
	return pageOf[EdgeBacklog](ctx, d, "organization_id", "select organization_id, keys, oldest, latest from app.edge_backlog($1, $2, $3, $4)", types, state, after, n)
}
