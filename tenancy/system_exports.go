package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_exports.sql.

// ExportRef names an export of an organization.
type ExportRef struct {
	Org    uuid.UUID `db:"organization_id"`
	Export uuid.UUID `db:"export_id"`
}

// ExportsUnfinished finds exports that have made no progress for longer than that.
func (d *DB) ExportsUnfinished(ctx context.Context, quiet time.Duration, n int) ([]ExportRef, error) {
	return systemQuery[ExportRef](ctx, d, "select organization_id, export_id from app.exports_unfinished($1, $2)", quiet, n)
}

// ExportsDue finds exports past their time.
func (d *DB) ExportsDue(ctx context.Context, n int) ([]ExportRef, error) {
	return systemQuery[ExportRef](ctx, d, "select organization_id, export_id from app.exports_due($1)", n)
}
