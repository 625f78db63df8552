// Package problem is the one translation of failures for people: a fault's kind
// or code becomes an HTTP status and a body of RFC 9457. The routes and the tus
// protocol answer through it, so that both refuse alike.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"satchel/internal/fault"
)

// ContentType is that of a problem's body (RFC 9457, section 6.1).
const ContentType = "application/problem+json"

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
	fault.Limited:     http.StatusTooManyRequests,
}

// statusByCode holds the codes for which HTTP or tus has a status of their own.
var statusByCode = map[string]int{
	"unauthenticated":        http.StatusUnauthorized,
	"invalid_token":          http.StatusUnauthorized,
	"range_not_satisfiable":  http.StatusRequestedRangeNotSatisfiable,
	"precondition_failed":    http.StatusPreconditionFailed,
	"method_not_allowed":     http.StatusMethodNotAllowed,
	"upload_locked":          http.StatusLocked,
	"invitation_used":        http.StatusGone,
	"invitation_declined":    http.StatusGone,
	"invitation_revoked":     http.StatusGone,
	"invitation_expired":     http.StatusGone,
	"upload_gone":            http.StatusGone,
	"upload_broken":          http.StatusGone,
	"share_expired":          http.StatusGone,
	"share_revoked":          http.StatusGone,
	"share_ended":            http.StatusGone,
	"share_used_up":          http.StatusGone,
	"download_expired":       http.StatusGone,
	"download_complete":      http.StatusGone,
	"checksum_mismatch":      http.StatusUnprocessableEntity,
	"body_timeout":           http.StatusRequestTimeout,
	"idempotency_key_reused": http.StatusUnprocessableEntity,
	"empty_file":             http.StatusUnprocessableEntity,
	"one_file_at_a_time":     http.StatusUnprocessableEntity,
	"unknown_include":        http.StatusUnprocessableEntity,
	"type_not_allowed":       http.StatusUnsupportedMediaType,
	"unsupported_media_type": http.StatusUnsupportedMediaType,
	"query_too_long":         http.StatusRequestURITooLong,
}

// NoCredentials refuses a call that names no one, as opposed to one whose
// credentials are not good.
var NoCredentials = fault.New(fault.Denied, "unauthenticated", "This call needs an access token: send it as Authorization: Bearer.")

// Two that the standard library raises on its own.
var (
	Timeout = fault.New(fault.Unavailable, "timeout", "The request took too long and was given up. Try again.")
	Body    = fault.New(fault.TooLarge, "body_too_large", "The request's body is larger than this call takes.")
)

// Of finds the fault in an error, and names what the standard library raises.
func Of(err error) *fault.Fault {
	var f *fault.Fault
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return Body.Because(err)
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout.Because(err)
	}
	return fault.Of(err)
}

// Status is the answer's status: first by code, else by kind.
func Status(f *fault.Fault) int {
	if status, ok := statusByCode[f.Code]; ok {
		return status
	}
	if status, ok := statusOf[f.Kind]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Problem is the body. Clients branch on Code.
type Problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	Rule      string `json:"rule,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	TraceID   string `json:"trace_id,omitempty"`
}

// TraceHeader names the trace of a request in its answer, where requests are traced.
const TraceHeader = "X-Trace-ID"

// JSON is the body of a fault that is answered with a status. The ids of the request and of its
// trace are taken from the answer's own header.
func JSON(status int, f *fault.Fault, answer http.Header) []byte {
	b, _ := json.Marshal(Problem{ // strings and a number: it cannot fail
		Type: "urn:satchel:problem:" + f.Code, Title: http.StatusText(status), Status: status,
		Detail: f.Text, Code: f.Code, Rule: f.Rule, RequestID: answer.Get("X-Request-ID"), TraceID: answer.Get(TraceHeader),
	})
	return b
}

// Headers are those of a fault that is answered with a status.
func Headers(status int, f *fault.Fault) map[string]string {
	h := map[string]string{"Content-Type": ContentType, "Cache-Control": "no-store"}
	switch {
	case status == http.StatusUnauthorized:
		h["WWW-Authenticate"] = challenge(f)
	case f.RetryAfter > 0:
		h["Retry-After"] = Seconds(f.RetryAfter)
	case status == http.StatusServiceUnavailable, status == http.StatusLocked, status == http.StatusTooManyRequests:
		h["Retry-After"] = "2"
	}
	return h
}

// Write answers with a fault.
func Write(w http.ResponseWriter, status int, f *fault.Fault) {
	h := w.Header()
	for name, value := range Headers(status, f) {
		h.Set(name, value)
	}
	body := JSON(status, f, h)
	// The answer is whole before its request has ended: see the middleware Drain.
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller who is gone reads nothing
}

// Seconds writes a wait as Retry-After does, rounded up: who waits that long
// has waited long enough.
func Seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// challenge is RFC 6750's: no error is named when no token came.
func challenge(f *fault.Fault) string {
	if f.Code == NoCredentials.Code {
		return `Bearer realm="satchel"`
	}
	return `Bearer realm="satchel", error="invalid_token"`
}
