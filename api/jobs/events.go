package jobs

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gin-gonic/gin"

	"satchel/api/listen"
	"satchel/api/request"
	"satchel/tenancy"
)

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
	stream, sent := listen.NewStream(c.Writer), ""
	look := func(ctx context.Context) bool {
		o, err := r.look(ctx, actor, org, o.ID)
		if err != nil {
			return false
		}
		text, err := json.Marshal(r.viewOf(actor, o))
		switch {
		case err != nil:
			return false
		case string(text) == sent:
			return true
		}
		sent = string(text)
		return stream.Write(fmt.Sprintf("event: job\ndata: %s\n\n", text)) && o.State.Open()
	}
	still := func(ctx context.Context) bool {
		m, err := tenancy.GetMembership(ctx, r.DB.Single(actor.Org), actor)
		if err != nil || !m.Allows(tenancy.ReadJobs) {
			return false
		}
		actor.Role = m.Role
		return true
	}
	stream.Follow(c.Request.Context(), r.Listener, actor.Until, changed, look, still)
	return nil // the answer has begun
}
