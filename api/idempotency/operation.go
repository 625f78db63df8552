package idempotency

import (
	"errors"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// Operation looks for the operation of an organization that the earlier try
// began, and answers with it. One that runs and whose try was not answered may
// have no workflow yet: then it is begun again under its id, which changes
// nothing if it has. One that could not be started is followed by another.
func Operation(c *gin.Context, db *tenancy.DB, org tenancy.OrgID, e PreviousAttempt) (Outcome, error) {
	o, err := operations.Get(c.Request.Context(), db.Single(org), e.ID)
	switch {
	case errors.Is(err, operations.ErrNotFound):
		return NotCreated, nil
	case err != nil:
		return NotCreated, err
	case !e.HasResponse() && o.State.Open():
		return NotCreated, nil
	case !e.HasResponse() && o.State == operations.Failed:
		return Unusable, nil
	}
	request.Accepted(c, org, e.ID)
	return Created, nil
}

// OutcomeOf tells the absence of the thing that the earlier try made from a failure.
func OutcomeOf(err, none error) (Outcome, error) {
	switch {
	case errors.Is(err, none):
		return NotCreated, nil
	case err != nil:
		return NotCreated, err
	}
	return Created, nil
}
