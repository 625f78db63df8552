package listen

import (
	"context"
	"net/http"
	"time"
)

// heartbeat keeps proxies from taking a quiet stream for a dead one.
const heartbeat = 15 * time.Second

// Stream is an answer of server-sent events (WHATWG HTML, section 9.2).
type Stream struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

// NewStream begins the answer.
func NewStream(w http.ResponseWriter) *Stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would keep the events to itself
	w.WriteHeader(http.StatusOK)
	return &Stream{w: w, conn: http.NewResponseController(w)}
}

// Write says whether the client is still there.
func (s *Stream) Write(text string) bool {
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	return s.conn.Flush() == nil
}

// Follow calls look now, after every change, and now and then all the same, for as long
// as look says that there is more to come. Before each time but the first it asks still,
// since a stream may last longer than the right to it. It ends as well with the client,
// with this program, and at until: anyone who comes back brings a new token.
func (s *Stream) Follow(ctx context.Context, l *Listener, until time.Time, changed <-chan struct{}, look, still func(context.Context) bool) {
	poll, beat := time.NewTicker(PollEvery), time.NewTicker(heartbeat)
	defer poll.Stop()
	defer beat.Stop()
	if !until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, until)
		defer cancel()
	}
	for look(ctx) {
		select {
		case <-changed:
		case <-poll.C:
		case <-beat.C:
			if !s.Write(": waiting\n\n") {
				return
			}
		case <-l.draining:
			return
		case <-ctx.Done():
			return
		}
		if !still(ctx) {
			return
		}
	}
}
