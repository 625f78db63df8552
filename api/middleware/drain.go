package middleware

import (
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// Drain lets a refusal reach a client that is still sending (RFC 9112, section 9.6).
// A server that closes while bytes come resets the connection, and a client's system
// then throws the answer away with it. So the answer leaves at once, with
// Connection: close, and what the client still sends is read and dropped, up to the
// bounds of Limits. net/http alone reads 256 KiB and waits half a second.
//
// A client that waits for 100 Continue and got the refusal instead sends nothing
// more. A stream of HTTP/2 ends without its connection (RFC 9113, section 8.1).
//
// Until the bytes of a body flow, it bounds the time for a body that no one reads: of
// a request that is refused at authentication, or that should have none.
func (a *Middleware) Drain(c *gin.Context) {
	if c.Request.ContentLength == 0 {
		return // the server reads on all the same, to notice a hang-up
	}
	conn := http.NewResponseController(c.Writer)
	// The reader of the body sets its own deadlines. Recorders in tests have none.
	_ = conn.SetReadDeadline(time.Now().Add(a.Limits.Quick))
	if c.Request.ProtoMajor != 1 || conn.EnableFullDuplex() != nil {
		return
	}
	body := &unreadBody{ReadCloser: c.Request.Body, left: c.Request.ContentLength}
	waits := c.GetHeader("Expect") != ""
	c.Request.Body = body
	c.Writer = &closingWriter{c.Writer, body}
	c.Next()
	if !body.remains() || waits && !body.touched {
		return
	}
	if c.Writer.Status() >= http.StatusBadRequest {
		c.Writer.Flush()
		_ = conn.SetReadDeadline(time.Now().Add(a.Limits.DrainTime))
	}
	// What a handler that succeeded left unread is read here too: in full duplex the
	// server would read it behind the handler, beside its own look at the next request.
	_, _ = io.CopyN(io.Discard, body.ReadCloser, a.Limits.DrainBytes) // the answer is out; how the rest ends changes nothing
}

// unreadBody knows whether the client still sends. The server closes the body itself,
// behind the answer: closed earlier, what is left could not be read.
type unreadBody struct {
	io.ReadCloser
	left    int64 // negative: not announced
	touched bool
	ended   bool
}

// Read counts what comes.
func (b *unreadBody) Read(p []byte) (int, error) {
	b.touched = true
	n, err := b.ReadCloser.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	b.ended = b.ended || err != nil
	return n, err
}

// Close leaves the body open for Drain.
func (b *unreadBody) Close() error { return nil }

func (b *unreadBody) remains() bool { return !b.ended && b.left != 0 }

// closingWriter says beside a refusal that the connection ends with it, while its
// client sends: one that knows stops.
type closingWriter struct {
	gin.ResponseWriter
	body *unreadBody
}

// WriteHeader adds Connection: close where it belongs.
func (w *closingWriter) WriteHeader(status int) {
	if status >= http.StatusBadRequest && w.body.remains() {
		w.Header().Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets deadlines reach the connection.
func (w *closingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
