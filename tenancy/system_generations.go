package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_generations.sql.

// GenerationRef names a generation of an organization.
type GenerationRef struct {
	Org        OrgID     `db:"organization_id"`
	Generation uuid.UUID `db:"generation_id"`
}

// GenerationsUnfinished finds generations that have something to do and were quiet for
// longer than that.
func (d *DB) GenerationsUnfinished(ctx context.Context, quiet time.Duration, after uuid.UUID, n int) ([]GenerationRef, error) {
	return pageOf[GenerationRef](ctx, d, "generation_id", "select organization_id, generation_id from app.generations_unfinished($1, $2, $3)", quiet, after, n)
}

// GenerationsOld finds generations that ended before a moment.
func (d *DB) GenerationsOld(ctx context.Context, before time.Time, after uuid.UUID, n int) ([]GenerationRef, error) {
	return pageOf[GenerationRef](ctx, d, "generation_id", "select organization_id, generation_id from app.generations_old($1, $2, $3)", before, after, n)
}
