package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_operations.sql.

// OperationRef names an operation of an organization.
type OperationRef struct {
	Org       OrgID     `db:"organization_id"`
	Operation uuid.UUID `db:"operation_id"`
}

// BulkChangesUnfinished finds the changes of many files that have not ended, by id, behind
// one.
func (d *DB) BulkChangesUnfinished(ctx context.Context, after uuid.UUID, n int) ([]OperationRef, error) {
	return pageOf[OperationRef](ctx, d, "operation_id", "select organization_id, operation_id from app.bulk_changes_unfinished($1, $2)", after, n)
}

// OrganizationsWithOldBulkChanges pages through the organizations with changes of many
// files that are older than that. Only Org is set.
func (d *DB) OrganizationsWithOldBulkChanges(ctx context.Context, older time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "organization_id", "select organization_id from app.organizations_with_old_bulk_changes($1, $2, $3)", older, after, n)
}

// VerificationsUnfinished finds the verifications of audit logs that have not
// ended, by organization, behind one.
func (d *DB) VerificationsUnfinished(ctx context.Context, after OrgID, n int) ([]OperationRef, error) {
	return pageOf[OperationRef](ctx, d, "organization_id", "select organization_id, operation_id from app.verifications_unfinished($1, $2)", after, n)
}
