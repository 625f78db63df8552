package request

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/problem"
	"satchel/policies/audit"
	"satchel/policies/disclosure"
	"satchel/tenancy"
)

// statusClientGone is for the log and the metrics only: no one is there to
// read it, and a caller's hanging up is no failure of ours.
const statusClientGone = 499

// Fail answers with a problem. What is ours to fix goes to the log with its
// cause; the caller reads only the fault's own text.
func Fail(c *gin.Context, err error) {
	f := problem.Of(err)
	audit.Refused(c.Request.Context(), f)
	var r *disclosure.Refused
	if errors.As(err, &r) {
		c.Set(refusedKey, r)
	}
	status := problem.Status(f)
	if errors.Is(c.Request.Context().Err(), context.Canceled) {
		status = statusClientGone
	}
	level := slog.LevelDebug
	if status == http.StatusInternalServerError || status == http.StatusServiceUnavailable {
		level = slog.LevelError
	}
	slog.Log(c.Request.Context(), level, "request failed", "request_id", ID(c), "code", f.Code, "error", err.Error())
	if !c.Writer.Written() {
		problem.Write(c.Writer, status, f)
	}
	c.Abort()
}

const refusedKey = "satchel.refused_disclosure"

// RefusedDisclosure is what was not let out of the organization in this request; nil: nothing.
func RefusedDisclosure(c *gin.Context) *disclosure.Refused {
	r, _ := c.Value(refusedKey).(*disclosure.Refused)
	return r
}

// Accepted answers that an operation of an organization has begun. An operator
// finds another organization's by naming it again.
func Accepted(c *gin.Context, org tenancy.OrgID, id uuid.UUID) {
	address := "/api/v1/operations/" + id.String()
	if org != Caller(c).Org {
		address += "?organization_id=" + org.String()
	}
	c.Header("Location", address)
	c.JSON(http.StatusAccepted, gin.H{"operation_id": id, "operation": address})
}
