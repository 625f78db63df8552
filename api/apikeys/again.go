package apikeys

import (
	"errors"

	"github.com/gin-gonic/gin"

	"satchel/api/repeat"
	"satchel/api/request"
	"satchel/tenancy/keys"
)

// Again refuses what the earlier try has made already: a key is shown once and
// kept nowhere, so it cannot be shown again. It is no new one either.
func (r *Keys) Again(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return repeat.Nothing, err
	}
	_, err = keys.Get(c.Request.Context(), r.DB.Once(org), e.ID)
	if errors.Is(err, keys.ErrNotFound) {
		return repeat.Nothing, nil
	}
	if err == nil {
		err = keys.ErrMade
	}
	return repeat.Nothing, err
}
