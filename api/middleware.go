package api

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

	"satchel/internal/fault"
	"satchel/tenancy"
)

var (
	errNoRoute  = fault.New(fault.NotFound, "no_such_route", "There is nothing at this address. GET /api/v1/openapi.yaml lists what there is.")
	errNoMethod = fault.New(fault.Invalid, "method_not_allowed", "This address does not take that method. The Allow header lists those it takes.")
)

const (
	keyRequest = "satchel.request"
	keyActor   = "satchel.actor"
	keyKind    = "satchel.kind"
)

// identify gives the request an id. A caller's own is kept when it is harmless
// in a log line.
func (a *API) identify(c *gin.Context) {
	id := c.GetHeader("X-Request-ID")
	if len(id) < 8 || len(id) > 64 || strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") != "" {
		id = uuid.Must(uuid.NewV7()).String()
	}
	c.Set(keyRequest, id)
	c.Header("X-Request-ID", id)
}

func requestID(c *gin.Context) string { return c.GetString(keyRequest) }

func noteActor(c *gin.Context, actor tenancy.Actor) { c.Set(keyActor, actor) }

// account counts and logs the request once it is over. Paths hold ids only;
// queries and bodies may hold names and are not logged.
func (a *API) account(c *gin.Context) {
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
			slog.String("request_id", requestID(c)), slog.String("method", method(c.Request.Method)), slog.String("route", route),
			slog.Int("status", c.Writer.Status()), slog.Int("bytes", max(c.Writer.Size(), 0)), slog.Duration("took", took),
		}
		if id := c.Param("id"); id != "" && len(id) <= 64 {
			attrs = append(attrs, slog.String("id", id))
		}
		if actor, ok := c.Value(keyActor).(tenancy.Actor); ok {
			attrs = append(attrs, slog.String("org", actor.Org.String()), slog.String("user", actor.User.String()))
			if actor.Key != uuid.Nil {
				attrs = append(attrs, slog.String("key", actor.Key.String()))
			}
		}
		a.Log.LogAttrs(context.WithoutCancel(c.Request.Context()), slog.LevelInfo, "request", attrs...)
	}()
	c.Next()
}

var methods = []string{get, head, post, put, patch, remove, http.MethodOptions}

// method keeps invented methods from making a metric series each.
func method(m string) string {
	if slices.Contains(methods, m) {
		return m
	}
	return "other"
}

// recover turns a panic into a problem. http.ErrAbortHandler passes: it is how
// a half-sent body says that it is not whole.
func (a *API) recover(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // the value of a panic, compared as net/http does
			panic(p)
		}
		a.Log.ErrorContext(c.Request.Context(), "panic", "request_id", requestID(c), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		fail(c, fmt.Errorf("panic: %v", p))
	}()
	c.Next()
}

// secure sets what every answer carries, after OWASP's cheat sheet for REST;
// delivery sets stricter ones. An answer is data for a program: a browser that
// opens it as a page may load, frame, embed and ask for nothing.
func (a *API) secure(c *gin.Context) {
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
	if strings.HasPrefix(a.Config.URL, "https://") {
		// A year, and for this host alone: what else a school runs beneath its
		// name is not ours to decide.
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

const (
	quickLimit = 30 * time.Second
	quickBody  = 1 << 20
	// stall is how long a connection may move nothing while bytes flow: a slow
	// client may take its time, one that stopped may not keep a place.
	stall = 60 * time.Second
)

// limit bounds a request by what it is: small ones by time and size, flowing
// ones by their standing still.
func (a *API) limit(k kind) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Set(keyKind, k)
		conn := http.NewResponseController(c.Writer)
		switch k {
		case quick, probe:
			ctx, cancel := context.WithTimeout(c.Request.Context(), quickLimit)
			defer cancel()
			c.Request = c.Request.WithContext(ctx)
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, quickBody)
			// Recorders of tests have no deadlines; a connection always does.
			_ = conn.SetReadDeadline(time.Now().Add(quickLimit))
			_ = conn.SetWriteDeadline(time.Now().Add(quickLimit + 5*time.Second))
		case incoming:
			c.Request.Body = &movingBody{ReadCloser: c.Request.Body, conn: conn}
		case outgoing, waiting:
			c.Writer = &movingWriter{ResponseWriter: c.Writer, conn: conn}
		case resumable:
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
