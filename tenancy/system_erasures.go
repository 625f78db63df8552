package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_erasures.sql.

// ErasureRef names an erasure.
type ErasureRef struct {
	Org     OrgID     `db:"organization_id"`
	Erasure uuid.UUID `db:"erasure_id"`
}

// ErasuresDue finds erasures that are not certified and whose workflow was not started for
// that long. One that waits for a hold comes when the hold is released.
func (d *DB) ErasuresDue(ctx context.Context, quiet, silent time.Duration, after uuid.UUID, n int) ([]ErasureRef, error) {
	return pageOf[ErasureRef](ctx, d, "erasure_id", "select organization_id, erasure_id from app.erasures_due($1, $2, $3, $4)", quiet, silent, after, n)
}
