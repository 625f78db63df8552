package tenancy

import (
	"bytes"
	"context"
	"slices"
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
	found, err := everywhere[Quarantined](ctx, d, "select organization_id, status, finding, versions, first_at, last_at from app.quarantine($1, $2)", after, n)
	if err != nil || d.pools.clusters == nil {
		return found, err
	}
	slices.SortStableFunc(found, func(a, b Quarantined) int { return bytes.Compare(a.Org[:], b.Org[:]) })
	for i := range found {
		if i > 0 && found[i].Org != found[i-1].Org {
			n--
		}
		if n == 0 {
			return found[:i], nil
		}
	}
	return found, nil
}
