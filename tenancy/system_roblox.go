package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_roblox.sql.

// RobloxRef names a connection of an organization, and the sync that has not begun.
type RobloxRef struct {
	Org        OrgID      `db:"organization_id"`
	Connection uuid.UUID  `db:"connection_id"`
	Sync       *uuid.UUID `db:"sync_id"`
}

// RobloxWaiting finds connections that are due, or whose sync was asked for and has not begun.
func (d *DB) RobloxWaiting(ctx context.Context, now time.Time, quiet time.Duration, after uuid.UUID, n int) ([]RobloxRef, error) {
	return pageOf[RobloxRef](ctx, d, "connection_id", "select organization_id, connection_id, sync_id from app.roblox_waiting($1, $2, $3, $4)", now, quiet, after, n)
}

// RobloxRequestRef names a publication of a place, or a request to erase a person.
type RobloxRequestRef struct {
	Org     OrgID     `db:"organization_id"`
	ID      uuid.UUID `db:"id"`
	Erasure bool      `db:"erasure"`
}

// RobloxUnfinished finds those whose work has not begun, or was lost.
func (d *DB) RobloxUnfinished(ctx context.Context, now time.Time, quiet time.Duration, after uuid.UUID, n int) ([]RobloxRequestRef, error) {
	return pageOf[RobloxRequestRef](ctx, d, "id", "select organization_id, id, erasure from app.roblox_unfinished($1, $2, $3, $4)", now, quiet, after, n)
}

// RobloxConnectionOf gives the organization of a connection that Roblox names; the zero one
// where there is none.
func (d *DB) RobloxConnectionOf(ctx context.Context, connection uuid.UUID) (OrgID, error) {
	type row struct {
		Org *OrgID `db:"organization_id"`
	}
	rows, err := anywhere[row](ctx, d, "select c.organization_id from app.roblox_connection_of($1) c (organization_id) where c.organization_id is not null", connection)
	if err != nil || len(rows) == 0 || rows[0].Org == nil {
		return OrgID{}, err
	}
	return *rows[0].Org, nil
}

// RobloxSealedOtherwise finds connections with a secret that is encrypted under another key of
// the service than the one that is named.
func (d *DB) RobloxSealedOtherwise(ctx context.Context, current string, after uuid.UUID, n int) ([]RobloxRef, error) {
	return pageOf[RobloxRef](ctx, d, "connection_id", "select organization_id, connection_id, sync_id from app.roblox_sealed_otherwise($1, $2, $3)", current, after, n)
}
