package organizations

import (
	"net/http"
	"regexp"
	"strconv"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/tenancy/events"
)

var eventPattern = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)

// ListEvents shows what happened to an organization, in the order of the
// commits. The number of the last event that was seen is the cursor for whatever
// comes after it.
func (r *Organizations) ListEvents(c *gin.Context) error {
	org, err := request.Subject(c, r.DB, c.Param("id"))
	if err != nil {
		return err
	}
	limit, err := request.Limit(c)
	if err != nil {
		return err
	}
	kind := c.Query("type")
	if kind != "" && !eventPattern.MatchString(kind) {
		return request.Invalid("type", "type is an event's, such as %s.", events.UsageWarning)
	}
	var after int64
	if cursor := c.Query("cursor"); cursor != "" {
		if after, err = strconv.ParseInt(cursor, 10, 64); err != nil || after < 0 {
			return request.ErrCursor
		}
	}
	found, err := events.List(c.Request.Context(), r.DB.Single(org), kind, after, limit+1)
	if err != nil {
		return err
	}
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = strconv.FormatInt(found[limit-1].Seq, 10)
	}
	c.JSON(http.StatusOK, request.Page[events.Event]{Items: found, NextCursor: next})
	return nil
}
