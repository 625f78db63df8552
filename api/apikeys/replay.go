package apikeys

import (
	"errors"

	"github.com/gin-gonic/gin"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/tenancy/apikeys"
)

// Replay refuses what the earlier try has made already: a key is shown once and
// kept nowhere, so it cannot be shown again. It is no new one either.
func (r *Keys) Replay(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return idempotency.NotCreated, err
	}
	_, err = apikeys.Get(c.Request.Context(), r.DB.Single(org), e.ID)
	if errors.Is(err, apikeys.ErrNotFound) {
		return idempotency.NotCreated, nil
	}
	if err == nil {
		err = apikeys.ErrMade
	}
	return idempotency.NotCreated, err
}
