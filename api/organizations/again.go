package organizations

import (
	"errors"

	"github.com/gin-gonic/gin"

	"satchel/api/repeat"
	"satchel/api/request"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// CreateAgain answers with the organization that the earlier try began to set
// up. One that could not be set up has left nothing: another is begun.
func (r *Organizations) CreateAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	wait, err := request.Wait(c)
	if err != nil {
		return repeat.Nothing, err
	}
	o, err := operations.Get(c.Request.Context(), r.DB.Once(tenancy.Platform), e.ID)
	switch {
	case errors.Is(err, operations.ErrNotFound):
		return repeat.Nothing, nil
	case err != nil:
		return repeat.Nothing, err
	case o.State == operations.Failed || o.State == operations.Cancelled:
		return repeat.Spoiled, nil
	}
	return repeat.Made, r.answerProvisioning(c, tenancy.OrgID(e.ID), e.ID, wait)
}

// SuspendAgain answers with the operation that the earlier try began, of a
// suspension or of its end.
func (r *Organizations) SuspendAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	if _, err := r.ruled(c); err != nil {
		return repeat.Nothing, err
	}
	return repeat.Operation(c, r.DB, tenancy.Platform, e)
}

// ExportAgain answers with the export that the earlier try began.
func (r *Organizations) ExportAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	org, err := r.ruled(c)
	if err != nil {
		return repeat.Nothing, err
	}
	return repeat.Operation(c, r.DB, org, e)
}
