package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_exports.sql.

// ExportRef names an export of an organization.
type ExportRef struct {
	Org    OrgID     `db:"organization_id"`
	Export uuid.UUID `db:"export_id"`
}

// ExportsUnfinished finds exports that have made no progress for longer than that.
func (d *DB) ExportsUnfinished(ctx context.Context, quiet time.Duration, after uuid.UUID, n int) ([]ExportRef, error) {
	return pageOf[ExportRef](ctx, d, "export_id", "select organization_id, export_id from app.exports_unfinished($1, $2, $3)", quiet, after, n)
}

// ExportsDue finds exports past their time, and those that ended and may have left
// objects.
func (d *DB) ExportsDue(ctx context.Context, after uuid.UUID, n int) ([]ExportRef, error) {
	return pageOf[ExportRef](ctx, d, "export_id", "select organization_id, export_id from app.exports_due($1, $2)", after, n)
}

// AccessRequestRef names a request for access of an organization.
type AccessRequestRef struct {
	Org     OrgID     `db:"organization_id"`
	Request uuid.UUID `db:"request_id"`
}

// BreakGlassDue finds uses of break-glass whose review waits, and of whose next day owners are to be
// told (policies/rls/functions/system_break_glass.sql).
func (d *DB) BreakGlassDue(ctx context.Context, after uuid.UUID, n int) ([]AccessRequestRef, error) {
	return pageOf[AccessRequestRef](ctx, d, "request_id", "select organization_id, request_id from app.break_glass_due($1, $2)", after, n)
}

// AccessRequestsDue finds open requests for access whose next day to tell of is reached
// (policies/rls/functions/system_access_requests.sql).
func (d *DB) AccessRequestsDue(ctx context.Context, after uuid.UUID, n int) ([]AccessRequestRef, error) {
	return pageOf[AccessRequestRef](ctx, d, "request_id", "select organization_id, request_id from app.access_requests_due($1, $2)", after, n)
}
