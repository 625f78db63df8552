package tenancy

import (
	"context"
	"time"
)

// Quarantined is how many versions of an organization are locked away or held back for one
// finding.
type Quarantined struct {
	Org      OrgID     `db:"organization_id"`
	Status   string    `db:"status"`
	Finding  string    `db:"finding"` // the name of a signature, or the code for which it is held back
	Versions int64     `db:"versions"`
	First    time.Time `db:"first_at"`
	Last     time.Time `db:"last_at"`
}

// Quarantine counts what is locked away of the next n organizations that have any, in the
// order of their ids, the most frequent finding of each first.
func (d *DB) Quarantine(ctx context.Context, after OrgID, n int) ([]Quarantined, error) {
	return systemQuery[Quarantined](ctx, d, "select organization_id, status, finding, versions, first_at, last_at from app.quarantine($1, $2)", after, n)
}
