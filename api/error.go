package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"satchel/internal/fault"
)

// statusOf is the one translation of a fault's kind. Its test walks
// fault.Kinds.
var statusOf = map[fault.Kind]int{
	fault.Internal:    http.StatusInternalServerError,
	fault.Invalid:     http.StatusBadRequest,
	fault.Denied:      http.StatusForbidden,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.OverQuota:   http.StatusInsufficientStorage,
	fault.TooLarge:    http.StatusRequestEntityTooLarge,
	fault.Unavailable: http.StatusServiceUnavailable,
}

// statusByCode holds the codes for which HTTP has a status of their own.
var statusByCode = map[string]int{
	"unauthenticated":        http.StatusUnauthorized,
	"invalid_token":          http.StatusUnauthorized,
	"range_not_satisfiable":  http.StatusRequestedRangeNotSatisfiable,
	"precondition_failed":    http.StatusPreconditionFailed,
	"method_not_allowed":     http.StatusMethodNotAllowed,
	"upload_locked":          http.StatusLocked,
	"checksum_mismatch":      http.StatusUnprocessableEntity,
	"empty_file":             http.StatusUnprocessableEntity,
	"type_not_allowed":       http.StatusUnsupportedMediaType,
	"unsupported_media_type": http.StatusUnsupportedMediaType,
}

// problem is an answer of RFC 9457. Clients branch on code.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	Rule      string `json:"rule,omitempty"`
	RequestID string `json:"request_id"`
}

func statusFor(f *fault.Fault) int {
	if status, ok := statusByCode[f.Code]; ok {
		return status
	}
	if status, ok := statusOf[f.Kind]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// statusClientGone is for the log and the metrics only: nobody is there to
// read it, and a caller's hanging up is no failure of ours.
const statusClientGone = 499

var (
	errTimeout = fault.New(fault.Unavailable, "timeout", "The request took too long and was given up. Try again.")
	errBody    = fault.New(fault.TooLarge, "body_too_large", "The request's body is larger than this call takes.")
)

// asFault finds the fault in an error, and names the two that the standard
// library raises on its own.
func asFault(err error) *fault.Fault {
	var f *fault.Fault
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return errBody.Because(err)
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return errTimeout.Because(err)
	}
	return fault.Of(err)
}

// fail answers with a problem. What is ours to mend goes to the log with its
// cause; the caller reads only the fault's own text.
func fail(c *gin.Context, err error) {
	f := asFault(err)
	status := statusFor(f)
	if errors.Is(c.Request.Context().Err(), context.Canceled) {
		status = statusClientGone
	}
	level := slog.LevelDebug
	if status == http.StatusInternalServerError || status == http.StatusServiceUnavailable {
		level = slog.LevelError
	}
	slog.Log(c.Request.Context(), level, "request failed", "request_id", requestID(c), "code", f.Code, "error", err.Error())
	if c.Writer.Written() {
		c.Abort()
		return
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", challenge(f))
	case http.StatusServiceUnavailable, http.StatusLocked:
		h.Set("Retry-After", "2")
	}
	c.Status(status)
	_ = json.NewEncoder(c.Writer).Encode(problem{
		Type: "urn:satchel:problem:" + f.Code, Title: http.StatusText(status), Status: status,
		Detail: f.Text, Code: f.Code, Rule: f.Rule, RequestID: requestID(c),
	})
	c.Abort()
}

// challenge is RFC 6750's: no error is named when no token came.
func challenge(f *fault.Fault) string {
	if f.Code == errNoToken.Code {
		return `Bearer realm="satchel"`
	}
	return `Bearer realm="satchel", error="invalid_token"`
}
