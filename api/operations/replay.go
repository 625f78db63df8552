package operations

import (
	"github.com/gin-gonic/gin"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
)

// ReplayRescan answers with the operation that the earlier try began.
func (r *Operations) ReplayRescan(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	in, err := request.OptionalBody[scanBody](c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	org, err := request.Subject(c, r.DB, in.Organization)
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.Operation(c, r.DB, org, e)
}

// ReplayReconcile answers with the operation that the earlier try began.
func (r *Operations) ReplayReconcile(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return idempotency.Operation(c, r.DB, tenancy.Platform, e)
}
