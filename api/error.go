package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"satchel/api/problem"
	"satchel/policies/audit"
)

// statusClientGone is for the log and the metrics only: nobody is there to
// read it, and a caller's hanging up is no failure of ours.
const statusClientGone = 499

// fail answers with a problem. What is ours to mend goes to the log with its
// cause; the caller reads only the fault's own text.
func fail(c *gin.Context, err error) {
	f := problem.Of(err)
	audit.Refused(c.Request.Context(), f)
	status := problem.Status(f)
	if errors.Is(c.Request.Context().Err(), context.Canceled) {
		status = statusClientGone
	}
	level := slog.LevelDebug
	if status == http.StatusInternalServerError || status == http.StatusServiceUnavailable {
		level = slog.LevelError
	}
	slog.Log(c.Request.Context(), level, "request failed", "request_id", requestID(c), "code", f.Code, "error", err.Error())
	if !c.Writer.Written() {
		problem.Write(c.Writer, status, f)
	}
	c.Abort()
}
