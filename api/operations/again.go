package operations

import (
	"github.com/gin-gonic/gin"

	"satchel/api/repeat"
	"satchel/api/request"
	"satchel/tenancy"
)

// RescanAgain answers with the operation that the earlier try began.
func (r *Operations) RescanAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	in, err := request.OptionalBody[scanBody](c)
	if err != nil {
		return repeat.Nothing, err
	}
	org, err := request.Subject(c, r.DB, in.Organization)
	if err != nil {
		return repeat.Nothing, err
	}
	return repeat.Operation(c, r.DB, org, e)
}

// ReconcileAgain answers with the operation that the earlier try began.
func (r *Operations) ReconcileAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	return repeat.Operation(c, r.DB, tenancy.Platform, e)
}
