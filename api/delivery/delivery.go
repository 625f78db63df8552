// Package delivery sends stored bytes to a client: ranges, conditions, a name
// that cannot lie, and headers under which a browser runs nothing of it.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"satchel/internal/fault"
)

// Source is the bucket of published objects. Reads are bound to the ETag of the
// object, so that only scanned bytes are sent. A negative length is all that follows.
type Source interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
}

// Content is the object to send.
type Content struct {
	Key        string
	ObjectETag string // the store's
	Tag        string // the client's, without quotes: names the bytes
	Name       string // the file's, as people gave it
	Type       string
	Size       int64
	Modified   time.Time
	Inline     bool   // only for what Satchel itself encoded
	Vary       string // the header by which the content was chosen; empty: none
	Embeddable bool   // pages of other origins may show it, as those of the console do
	// Shared are the surrogate keys of what caches that others run may keep for SharedFor;
	// empty: they keep nothing of it.
	Shared []string

	// OnStart runs when the first byte is about to leave, or the answer of an empty content; nil for nothing. An error
	// keeps the bytes here: what cannot be recorded is not handed out.
	OnStart func() error
	// Durable waits until what OnStart began to record cannot be lost any more; nil for
	// nothing. It runs before the last byte leaves. With an error of it that byte stays
	// here and the connection is cut, or the error is the answer where nothing was sent.
	Durable func() error
	// OnEnd runs once after OnStart has allowed bytes, with how many of them were handed
	// to the connection, also when that broke; nil for nothing. The lines between the
	// pieces of several ranges count as bytes.
	OnEnd func(sent int64)
	// Still asks again for the right to the bytes while they flow; nil for nothing. With an
	// error of it no more of them leave.
	Still func() error
	// AskedByPiece says that the right to what is read is asked for while it is read: nothing is read before
	// what was read has left.
	AskedByPiece bool
}

// askAgain is for how long a right is taken for true while bytes flow.
const askAgain = time.Second

// SharedFor is how long a cache that others run may keep a content. The cache does not ask again, so what
// was revoked is refused by it when that is over, and a second for its clock.
const SharedFor = time.Second

// Serve answers a GET or HEAD. An error means that nothing was sent yet, so the
// caller can still say what happened; afterwards the connection is cut instead,
// which a client notices by the missing bytes.
func Serve(w http.ResponseWriter, r *http.Request, from Source, c Content) error {
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	spans, satisfiable := spansOf(r.Method, r.Header.Get("Range"), c.Size)
	setRange(r.Header, spans, satisfiable, c.Size)
	body := &ranges{ctx: ctx, from: from, content: c, spans: spans}
	defer body.close()
	SetHeaders(w.Header(), c)
	late := &deferredHeader{ResponseWriter: w, stop: stop, byPiece: c.AskedByPiece, begin: c.OnStart, durable: c.Durable, still: c.Still, asked: time.Now()}
	defer late.end(c.OnEnd)
	http.ServeContent(late, r, "", c.Modified, body)
	switch {
	case late.refused != nil:
		clearHeaders(w.Header())
		if errors.Is(late.refused, ErrRange) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", c.Size))
		}
		return late.refused
	case late.cut:
		panic(http.ErrAbortHandler)
	case late.saved != nil:
		clearHeaders(w.Header())
		return late.saved
	case body.err == nil:
		if err := late.empty(r.Method); err != nil {
			clearHeaders(w.Header())
			return err
		}
		late.flush()
		return nil
	case late.sent:
		panic(http.ErrAbortHandler)
	}
	clearHeaders(w.Header())
	return fmt.Errorf("read %s: %w", c.Key, body.err)
}

// What a request's conditions can come to.
var (
	ErrRange        = fault.New(fault.Invalid, "range_not_satisfiable", "The file has no bytes in the range that was asked for. Content-Range tells its size.")
	ErrPrecondition = fault.New(fault.Conflict, "precondition_failed", "The file is no longer the one that the request's condition names. Read it again.")
)

// SetHeaders sets the headers of a content, for the answer that has its bytes and for the
// one by which the edge sends them.
func SetHeaders(h http.Header, c Content) {
	how := "attachment"
	if c.Inline {
		how = "inline"
	}
	h.Set("Content-Disposition", Disposition(how, c.Name))
	h.Set("Content-Type", c.Type)
	if c.Type == "" {
		h.Set("Content-Type", "application/octet-stream")
	}
	if c.Vary != "" {
		h.Add("Vary", c.Vary)
	}
	h.Set("ETag", `"`+c.Tag+`"`)
	// Each use is asked for again: a revoked or deleted file must not live on in
	// a cache, and a match costs no bytes.
	h.Set("Cache-Control", "private, no-cache")
	if len(c.Shared) > 0 {
		// Browsers ask each time here too. One keeps its copy, which no-cache would forbid to
		// the cache between.
		h.Set("Cache-Control", fmt.Sprintf("public, max-age=0, s-maxage=%d, must-revalidate", int(SharedFor.Seconds())))
		h.Set("Surrogate-Key", strings.Join(c.Shared, " ")) // Fastly's
		h.Set("Cache-Tag", strings.Join(c.Shared, ","))     // Cloudflare's
	}
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if c.Embeddable {
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
}

func clearHeaders(h http.Header) {
	h.Set("Cache-Control", "private, no-cache")
	for _, name := range []string{"Surrogate-Key", "Cache-Tag", "Content-Disposition", "Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified"} {
		h.Del(name)
	}
}

// deferredHeader holds a success back until the first byte is there. The store may
// fail to open the object, and a status that was sent cannot be taken back.
type deferredHeader struct {
	http.ResponseWriter
	status  int
	sent    bool
	begun   bool  // a byte of the body was about to leave
	bytes   int64 // of the body
	refused error
	begin   func() error
	saved   error        // begin's, for which nothing is sent
	durable func() error // nil once it was asked
	left    int64        // of the body; known with the first byte of it
	still   func() error
	asked   time.Time // when the right was asked for last
	cut     bool      // the right was lost on the way
	stop    func()    // ends what is read
	byPiece bool      // nothing is read ahead
}

// WriteHeader notes the status. The two refusals of http.ServeContent come with
// a line of plain text, in whose place the caller sends its own kind of error.
func (l *deferredHeader) WriteHeader(status int) {
	l.status = status
	switch status {
	case http.StatusRequestedRangeNotSatisfiable:
		l.refused = ErrRange
	case http.StatusPreconditionFailed:
		l.refused = ErrPrecondition
	}
}

// Write sends the status before the first byte.
func (l *deferredHeader) Write(b []byte) (int, error) {
	if l.refused != nil {
		return len(b), nil //nolint:nilerr // the text is dropped on purpose, Serve returns the refusal
	}
	if !l.sent && l.begin != nil && l.saved == nil {
		l.saved = l.begin()
	}
	if l.saved != nil {
		return 0, l.saved
	}
	if err := l.askAgain(); err != nil {
		return 0, err
	}
	if l.durable == nil {
		return l.write(b)
	}
	if !l.begun {
		l.left, _ = strconv.ParseInt(l.Header().Get("Content-Length"), 10, 64) // unknown: nothing leaves before
	}
	if int64(len(b)) < l.left-l.bytes {
		return l.write(b)
	}
	n := 0
	if l.begun && len(b) > 1 {
		var err error
		if n, err = l.write(b[:len(b)-1]); err != nil {
			return n, err
		}
	}
	err := l.durable()
	switch l.durable = nil; {
	case err != nil && l.begun:
		l.cut = true
		return n, err
	case err != nil:
		l.saved = err
		return n, err
	}
	last, err := l.write(b[n:])
	return n + last, err
}

func (l *deferredHeader) write(b []byte) (int, error) {
	l.flush()
	l.begun = true
	n, err := l.ResponseWriter.Write(b)
	l.bytes += int64(n)
	return n, err
}

// askAgain asks for the right again once the last answer is a second old: who lost it in
// the middle of a large file does not get the rest.
func (l *deferredHeader) askAgain() error {
	if l.still == nil || !l.begun || time.Since(l.asked) < askAgain {
		return nil
	}
	l.asked = time.Now() // before the answer, which is older than its arrival
	err := l.still()
	l.cut = err != nil
	return err
}

// empty begins, and makes durable, what has no byte by which Write would: an empty content
// that was read is on record and counted as any other.
func (l *deferredHeader) empty(method string) error {
	whole := l.status == 0 || l.status == http.StatusOK
	if l.sent || method != http.MethodGet || !whole {
		return nil
	}
	if l.begin != nil {
		if err := l.begin(); err != nil {
			return err
		}
	}
	l.begun = true
	if l.durable != nil {
		return l.durable()
	}
	return nil
}

// end tells how much was sent of what was begun.
func (l *deferredHeader) end(tell func(int64)) {
	if tell != nil && l.begun {
		tell(l.bytes)
	}
}

// Unwrap lets deadlines reach the connection.
func (l *deferredHeader) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func (l *deferredHeader) flush() {
	if l.sent {
		return
	}
	l.sent = true
	if l.status != 0 {
		l.ResponseWriter.WriteHeader(l.status)
	}
}
