package middleware

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// Limits are how large a request may be, and how long it may take.
type Limits struct {
	Header      time.Duration // until a request's headers are here
	HeaderBytes int
	Idle        time.Duration // between two requests of a connection
	Quick       time.Duration // for a quick request, its body and its answer
	Body        int64         // bytes of a quick request
	// Stall is how long a connection may move next to nothing while bytes flow: a
	// slow client may take its time, one that stopped may not keep a place. Less
	// than Least bytes within it are next to nothing.
	Stall    time.Duration
	MinBytes int64
	// DrainBytes and DrainTime bound what is read of a body behind a refusal.
	DrainBytes int64
	DrainTime  time.Duration
}

// DefaultLimits bounds are those of every server.
var DefaultLimits = Limits{
	Header: 10 * time.Second, HeaderBytes: 64 << 10, Idle: 2 * time.Minute, Quick: QuickTimeout, Body: 1 << 20,
	Stall: 60 * time.Second, MinBytes: 16 << 10,
	DrainBytes: 64 << 20, DrainTime: 10 * time.Second,
}

// QuickTimeout is how long a quick request may take.
const QuickTimeout = 30 * time.Second

// responseTime is what an answer may take after its request's own time.
const responseTime = 5 * time.Second

// Server serves a handler within the bounds. It has no overall read and write
// timeouts: bytes may flow for hours. Each kind of route sets its own.
func (b Limits) Server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: b.Header, IdleTimeout: b.Idle, MaxHeaderBytes: b.HeaderBytes}
}

// LimitClass limits a request by its class: small ones by time and size, streaming ones
// by the time without progress.
func (a *Middleware) LimitClass(k Class) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Set(keyClass, k)
		conn := http.NewResponseController(c.Writer)
		switch k {
		case Quick, Probe:
			ctx, cancel := context.WithTimeout(c.Request.Context(), a.Limits.Quick)
			defer cancel()
			c.Request = c.Request.WithContext(ctx)
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, a.Limits.Body)
			// Recorders of tests have no deadlines; a connection always does.
			_ = conn.SetReadDeadline(time.Now().Add(a.Limits.Quick))
			_ = conn.SetWriteDeadline(time.Now().Add(a.Limits.Quick + responseTime))
		case Upload:
			defer drainTimeout(conn)
			c.Request.Body = &deadlineBody{ReadCloser: c.Request.Body, conn: conn, bounds: a.Limits, left: a.Limits.Stall}
		case Download, Stream:
			c.Writer = &deadlineWriter{ResponseWriter: c.Writer, conn: conn, stall: a.Limits.Stall}
		case Tus:
			if c.Request.ContentLength != 0 {
				defer drainTimeout(conn)
			}
		}
		c.Next()
	}
}

// drainTimeout is a deadline for what was left by those who set deadlines of their own.
func drainTimeout(conn *http.ResponseController) {
	_ = conn.SetReadDeadline(time.Now().Add(responseTime))
}

// deadlineBody gives the time in which it waits for the client a bound, and none to
// the time after the last read: the server goes on reading to notice a hang-up,
// and a deadline that passed would look like one.
type deadlineBody struct {
	io.ReadCloser
	conn   *http.ResponseController
	bounds Limits

	left     time.Duration // to wait until the least has come
	received int64         // of it
	end      time.Time     // of all that is read; zero: none
}

// EndBy bounds the time in which the rest of the body must come, however fast
// it does.
func (b *deadlineBody) EndBy(at time.Time) { b.end = at }

// Read waits for as long as is left.
func (b *deadlineBody) Read(p []byte) (int, error) {
	began := time.Now()
	deadline := began.Add(b.left)
	if !b.end.IsZero() && b.end.Before(deadline) {
		deadline = b.end
	}
	_ = b.conn.SetReadDeadline(deadline)
	n, err := b.ReadCloser.Read(p)
	_ = b.conn.SetReadDeadline(time.Time{})
	b.left, b.received = b.left-time.Since(began), b.received+int64(n)
	if b.received >= b.bounds.MinBytes {
		b.left, b.received = b.bounds.Stall, 0
	}
	return n, err
}

// deadlineWriter sets a deadline for each write.
type deadlineWriter struct {
	gin.ResponseWriter
	conn  *http.ResponseController
	stall time.Duration
}

// Write sets the deadline again.
func (w *deadlineWriter) Write(p []byte) (int, error) {
	_ = w.conn.SetWriteDeadline(time.Now().Add(w.stall))
	return w.ResponseWriter.Write(p)
}

// Unwrap lets flushing reach the connection.
func (w *deadlineWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
