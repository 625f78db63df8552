package middleware

import (
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

// LimitBodies refuses a request with a body of a caller who has too many open.
// It comes behind the authentication.
func (a *Middleware) LimitBodies(c *gin.Context) {
	actor, ok := tenancy.ActorFrom(c.Request.Context())
	if !ok || c.Request.ContentLength == 0 {
		return
	}
	leave, ok := a.bodies.Enter(principal{actor.User, actor.Key})
	if !ok {
		request.Fail(c, errBodies)
		return
	}
	defer leave()
	c.Next()
}
