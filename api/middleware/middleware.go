// Package middleware is what happens around every request, whatever it asks: an id,
// a line in the log, the headers of its answer, its bounds, and counting.
package middleware

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/api/ratelimit"
	"satchel/api/request"
	"satchel/internal/tracing"
	"satchel/tenancy/usage"
)

const keyClass = "satchel.kind"

// Class is how long a request may take and what flows.
type Class int

// The kinds of requests.
const (
	Quick    Class = iota // a small body, an answer at once
	Upload                // users' bytes come in
	Tus                   // the same by tus, whose handler keeps its own deadlines
	Download              // users' bytes go out
	Stream                // answers for as long as it takes: events, the audit log
	Probe                 // asks whether this program works
)

// Middleware holds the settings of the handlers that wrap every request.
type Middleware struct {
	HTTPS bool // how callers reach the API
	Log   *slog.Logger
	Meter *usage.Meter // nil counts nothing

	Traces *tracing.Traces // nil: requests are not traced
	Limits Limits

	metrics *metrics
	bodies  *ratelimit.Concurrency[principal]
}

// New makes it.
func New(a Middleware, registry prometheus.Registerer) *Middleware {
	a.metrics = newMetrics(registry)
	a.bodies = ratelimit.NewConcurrency[principal](MostBodies)
	return &a
}

// RequestID gives the request an id. A caller's own is kept when it is harmless
// in a log line.
func (a *Middleware) RequestID(c *gin.Context) {
	id := c.GetHeader("X-Request-ID")
	if len(id) < 8 || len(id) > 64 || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") != "" {
		id = uuid.Must(uuid.NewV7()).String()
	}
	request.SetID(c, id)
	c.Header("X-Request-ID", id)
}

// AccessLog counts and logs the request once it is over. Paths hold ids only;
// queries and bodies may hold names and are not logged.
func (a *Middleware) AccessLog(c *gin.Context) {
	started := time.Now()
	a.metrics.inFlight.Inc()
	defer func() {
		took := time.Since(started)
		route := c.FullPath()
		if route == "" {
			route = "none"
		}
		a.metrics.inFlight.Dec()
		a.meter(c)
		a.metrics.duration.WithLabelValues(method(c.Request.Method), route, fmt.Sprintf("%dxx", c.Writer.Status()/100)).Observe(took.Seconds())
		attrs := []slog.Attr{
			slog.String("request_id", request.ID(c)), slog.String("method", method(c.Request.Method)), slog.String("route", route),
			slog.Int("status", c.Writer.Status()), slog.Int("bytes", max(c.Writer.Size(), 0)), slog.Duration("took", took),
		}
		if id := c.Param("id"); id != "" && len(id) <= 64 {
			attrs = append(attrs, slog.String("id", id))
		}
		if actor, ok := request.Actor(c); ok {
			attrs = append(attrs, slog.String("org", actor.Org.String()), slog.String("user", actor.User.String()))
			if actor.Key != uuid.Nil {
				attrs = append(attrs, slog.String("key", actor.Key.String()))
			}
		}
		a.Log.LogAttrs(context.WithoutCancel(c.Request.Context()), slog.LevelInfo, "request", attrs...)
	}()
	c.Next()
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// method keeps invented methods from making a metric series each.
func method(m string) string {
	if slices.Contains(methods, m) {
		return m
	}
	return "other"
}

// Recover turns a panic into a problem. http.ErrAbortHandler passes: it is how
// a half-sent body says that it is not whole.
func (a *Middleware) Recover(c *gin.Context) {
	received := c.Request
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // the value of a panic, compared as net/http does
			panic(p)
		}
		a.Log.ErrorContext(c.Request.Context(), "request handler panicked", "request_id", request.ID(c), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		// The limit of a quick request has ended its context on the way here. It
		// would look as if the client had gone.
		c.Request = received
		request.Fail(c, fmt.Errorf("panic: %v", p))
	}()
	c.Next()
}

// SecurityHeaders sets what every answer carries, after OWASP's cheat sheet for REST;
// delivery sets stricter ones. An answer is data for a program: a browser that
// opens it as a page may load, frame, embed and ask for nothing.
func (a *Middleware) SecurityHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY") // for browsers that know no frame-ancestors
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	// Pages that are let in ask by CORS, which this does not touch; it refuses
	// <img> and <script> of strangers.
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	if a.HTTPS {
		// A year, and for this host alone: what else a school runs beneath its
		// name is not ours to decide.
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
