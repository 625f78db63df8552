package organizations

import (
	"errors"

	"github.com/gin-gonic/gin"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// ReplayCreate answers with the organization that the earlier try began to set
// up. One that could not be set up has left nothing: another is begun.
func (r *Organizations) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	wait, err := request.Wait(c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	o, err := operations.Get(c.Request.Context(), r.DB.Single(tenancy.Platform), e.ID)
	switch {
	case errors.Is(err, operations.ErrNotFound):
		return idempotency.NotCreated, nil
	case err != nil:
		return idempotency.NotCreated, err
	case o.State == operations.Failed || o.State == operations.Cancelled:
		return idempotency.Unusable, nil
	}
	return idempotency.Created, r.answerProvisioning(c, tenancy.OrgID(e.ID), e.ID, wait)
}

// ReplaySuspend answers with the operation that the earlier try began, of a
// suspension or of its end.
func (r *Organizations) ReplaySuspend(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	if _, err := r.lifecycle(c); err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.Operation(c, r.DB, tenancy.Platform, e)
}

// ReplayExport answers with the export that the earlier try began.
func (r *Organizations) ReplayExport(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := r.lifecycle(c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	return idempotency.Operation(c, r.DB, org, e)
}
