package repeat

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
func Operation(c *gin.Context, db *tenancy.DB, org tenancy.OrgID, e Earlier) (Found, error) {
	o, err := operations.Get(c.Request.Context(), db.Once(org), e.ID)
	switch {
	case errors.Is(err, operations.ErrNotFound):
		return Nothing, nil
	case err != nil:
		return Nothing, err
	case !e.Answered() && o.State == operations.Running:
		return Nothing, nil
	case !e.Answered() && o.State == operations.Failed:
		return Spoiled, nil
	}
	request.Accepted(c, org, e.ID)
	return Made, nil
}
