// Package around is what happens around every request, whatever it asks: an id,
// a line in the log, the headers of its answer, its bounds, and counting.
package around

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/api/request"
	"satchel/tenancy/usage"
)

const keyKind = "satchel.kind"

// Kind is how long a request may take and what flows.
type Kind int

// The kinds of requests.
const (
	Quick     Kind = iota // a small body, an answer at once
	Incoming              // users' bytes come in
	Resumable             // the same by tus, whose handler keeps its own deadlines
	Outgoing              // users' bytes go out
	Waiting               // answers for as long as it takes: events, the trail
	Probe                 // asks whether this program works
)

// Around is what happens around every request.
type Around struct {
	HTTPS bool // how callers reach the API
	Log   *slog.Logger
	Meter *usage.Meter // nil counts nothing

	metrics *metrics
}

// New makes it.
func New(a Around, registry prometheus.Registerer) *Around {
	a.metrics = newMetrics(registry)
	return &a
}

// Identify gives the request an id. A caller's own is kept when it is harmless
// in a log line.
func (a *Around) Identify(c *gin.Context) {
	id := c.GetHeader("X-Request-ID")
	if len(id) < 8 || len(id) > 64 || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") != "" {
		id = uuid.Must(uuid.NewV7()).String()
	}
	request.SetID(c, id)
	c.Header("X-Request-ID", id)
}

// Account counts and logs the request once it is over. Paths hold ids only;
// queries and bodies may hold names and are not logged.
func (a *Around) Account(c *gin.Context) {
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
		if actor, ok := request.Noted(c); ok {
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
func (a *Around) Recover(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // the value of a panic, compared as net/http does
			panic(p)
		}
		a.Log.ErrorContext(c.Request.Context(), "panic", "request_id", request.ID(c), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		request.Fail(c, fmt.Errorf("panic: %v", p))
	}()
	c.Next()
}

// Secure sets what every answer carries, after OWASP's cheat sheet for REST;
// delivery sets stricter ones. An answer is data for a program: a browser that
// opens it as a page may load, frame, embed and ask for nothing.
func (a *Around) Secure(c *gin.Context) {
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

// QuickLimit is how long a quick request may take.
const QuickLimit = 30 * time.Second

const (
	quickBody = 1 << 20
	// stall is how long a connection may move nothing while bytes flow: a slow
	// client may take its time, one that stopped may not keep a place.
	stall = 60 * time.Second
)

// Limit bounds a request by what it is: small ones by time and size, flowing
// ones by their standing still.
func (a *Around) Limit(k Kind) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Set(keyKind, k)
		conn := http.NewResponseController(c.Writer)
		switch k {
		case Quick, Probe:
			ctx, cancel := context.WithTimeout(c.Request.Context(), QuickLimit)
			defer cancel()
			c.Request = c.Request.WithContext(ctx)
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, quickBody)
			// Recorders of tests have no deadlines; a connection always does.
			_ = conn.SetReadDeadline(time.Now().Add(QuickLimit))
			_ = conn.SetWriteDeadline(time.Now().Add(QuickLimit + 5*time.Second))
		case Incoming:
			c.Request.Body = &movingBody{ReadCloser: c.Request.Body, conn: conn}
		case Outgoing, Waiting:
			c.Writer = &movingWriter{ResponseWriter: c.Writer, conn: conn}
		case Resumable:
		}
		c.Next()
	}
}

// movingBody gives each read its own deadline, and none to the time after the
// last: the server goes on reading to notice a hang-up, and a deadline that
// passed would look like one.
type movingBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

// Read sets the deadline anew.
func (b *movingBody) Read(p []byte) (int, error) {
	_ = b.conn.SetReadDeadline(time.Now().Add(stall))
	n, err := b.ReadCloser.Read(p)
	_ = b.conn.SetReadDeadline(time.Time{})
	return n, err
}

// movingWriter gives each write its own deadline.
type movingWriter struct {
	gin.ResponseWriter
	conn *http.ResponseController
}

// Write sets the deadline anew.
func (w *movingWriter) Write(p []byte) (int, error) {
	_ = w.conn.SetWriteDeadline(time.Now().Add(stall))
	return w.ResponseWriter.Write(p)
}

// Unwrap lets flushing reach the connection.
func (w *movingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
