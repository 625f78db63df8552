package tenancy

import (
	"context"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_operations.sql.

// OperationRef names an operation of an organization.
type OperationRef struct {
	Org       OrgID     `db:"organization_id"`
	Operation uuid.UUID `db:"operation_id"`
}

// VerificationsUnfinished finds the verifications of audit logs that have not
// ended, by organization, behind one.
func (d *DB) VerificationsUnfinished(ctx context.Context, after OrgID, n int) ([]OperationRef, error) {
	return systemQuery[OperationRef](ctx, d, "select organization_id, operation_id from app.verifications_unfinished($1, $2)", after, n)
}
