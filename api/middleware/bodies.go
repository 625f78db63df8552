package middleware

import (
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// MostBodies is how many requests with a body one person or key may have open
// at once in one process. Each holds memory and a connection until its body has
// come, which a client may delay.
const MostBodies = 128

var errBodies = fault.New(fault.Limited, "too_many_requests_at_once",
	"You have %d requests with a body open at once, which is the most. Wait until one has ended.", MostBodies).After(2 * time.Second)

// principal is who is counted: a person, or one of an organization's keys.
type principal struct{ user, key uuid.UUID }

// bodies counts the open requests with a body.
type bodies struct {
	mu   sync.Mutex
	open map[principal]int
}

// LimitBodies refuses a request with a body of a caller who has too many open.
// It comes behind the authentication.
func (a *Middleware) LimitBodies(c *gin.Context) {
	actor, ok := tenancy.ActorFrom(c.Request.Context())
	if !ok || c.Request.ContentLength == 0 {
		return
	}
	who := principal{actor.User, actor.Key}
	if !a.bodies.enter(who) {
		request.Fail(c, errBodies)
		return
	}
	defer a.bodies.leave(who)
	c.Next()
}

func (b *bodies) enter(who principal) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open[who] >= MostBodies {
		return false
	}
	b.open[who]++
	return true
}

func (b *bodies) leave(who principal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open[who]--; b.open[who] == 0 {
		delete(b.open, who)
	}
}
