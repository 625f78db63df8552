package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/listen"
	"satchel/api/request"
	"satchel/tenancy"
)

// heartbeat keeps proxies from taking a quiet stream for a dead one.
const heartbeat = 15 * time.Second

// Follow sends the job each time it changes, until it has ended. Each event is the whole
// job: who was cut off comes back and has missed nothing that counts.
func (r *Jobs) Follow(c *gin.Context) error {
	org, o, err := r.find(c)
	if err != nil {
		return err
	}
	actor := request.Caller(c)
	done, err := r.Streams.Open(actor)
	if err != nil {
		return err
	}
	defer done()
	changed, cancel := r.Listener.Subscribe(org, o.ID)
	defer cancel()
	defer r.Listener.Count()()
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would keep the events to itself
	c.Status(http.StatusOK)
	ctx := c.Request.Context()
	if !actor.Until.IsZero() { // anyone who comes back brings a new token
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, actor.Until)
		defer stop()
	}
	r.follow(ctx, c.Writer, actor, org, o.ID, changed)
	return nil
}

// follow ends whatever happens: the answer has begun.
func (r *Jobs) follow(ctx context.Context, w http.ResponseWriter, actor tenancy.Actor, org tenancy.OrgID, id uuid.UUID, changed <-chan struct{}) {
	poll, beat := time.NewTicker(listen.PollEvery), time.NewTicker(heartbeat)
	defer poll.Stop()
	defer beat.Stop()
	sent := ""
	for {
		o, err := r.look(ctx, actor, org, id)
		if err != nil {
			return
		}
		text, err := json.Marshal(viewOf(actor, o))
		if err != nil {
			return
		}
		if string(text) != sent {
			sent = string(text)
			if !write(w, fmt.Sprintf("event: job\ndata: %s\n\n", text)) || !o.State.Open() {
				return
			}
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-beat.C:
			if !write(w, ": waiting\n\n") {
				return
			}
		case <-r.Listener.Draining():
			return
		case <-ctx.Done():
			return
		}
		m, err := tenancy.GetMembership(ctx, r.DB.Single(actor.Org), actor)
		if err != nil || !m.Allows(tenancy.ReadJobs) {
			return // a stream may last longer than a membership
		}
		actor.Role = m.Role
	}
}

func write(w http.ResponseWriter, text string) bool {
	conn := http.NewResponseController(w)
	_ = conn.SetWriteDeadline(time.Now().Add(heartbeat))
	_, err := w.Write([]byte(text))
	return err == nil && conn.Flush() == nil
}
