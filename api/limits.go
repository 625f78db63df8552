package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"

	"satchel/api/problem"
	"satchel/api/throttle"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
)

const (
	keyAddress = "satchel.address"
	keyPace    = "satchel.pace"
)

// longestQuery bounds a query string. The longest filter of this API is a tenth
// of it.
const longestQuery = 8 << 10

var (
	errQuery = fault.New(fault.Invalid, "query_too_long", "The query of this address is longer than %d bytes. Shorten it.", longestQuery)
	errTwice = fault.New(fault.Invalid, "duplicate_header", "A header that names the caller, the organization or the key of this request came twice. Send it once.")
)

// locate finds out where a request comes from, for the limits and the trail.
func (a *API) locate(c *gin.Context) {
	from := a.throttle.Address(c.Request)
	c.Set(keyAddress, from)
	origin := audit.Origin{Address: audit.Network(from), Request: requestID(c)}
	c.Request = c.Request.WithContext(audit.WithOrigin(c.Request.Context(), origin))
}

// single are the headers of which two would be read as one thing here and as
// another by a proxy in front.
var single = []string{"Authorization", "X-Organization-Id", "Idempotency-Key", "Content-Type"}

// wellFormed refuses what no honest client sends.
func wellFormed(c *gin.Context) {
	for _, name := range single {
		if len(c.Request.Header[name]) > 1 {
			fail(c, errTwice)
			return
		}
	}
	if len(c.Request.URL.RawQuery) > longestQuery {
		fail(c, errQuery)
	}
}

func address(c *gin.Context) netip.Addr {
	from, _ := c.Value(keyAddress).(netip.Addr)
	return from
}

// admit bounds what asks for nobody's name. Probes are answered always: whoever
// watches over this program must not be told that it is down.
func (a *API) admit(k kind) gin.HandlerFunc {
	return func(c *gin.Context) {
		if k == probe {
			return
		}
		if err := a.throttle.Stranger(c.Writer.Header(), address(c)); err != nil {
			fail(c, err)
		}
	}
}

// notePace notes how many requests a minute the caller's organization may send.
func notePace(c *gin.Context, perMinute int) { c.Set(keyPace, perMinute) }

// identified finds the caller and holds them to their limits. A failed attempt
// counts for the address; one that succeeds does not, however many share it.
func (a *API) identified(c *gin.Context, needs tenancy.Action) (tenancy.Actor, error) {
	credential, h := c.GetHeader("Authorization"), c.Writer.Header()
	if err := a.throttle.Attempt(h, address(c), credential); err != nil {
		return tenancy.Actor{}, err
	}
	actor, err := a.actor(c, needs)
	if status := problem.Status(problem.Of(err)); err != nil {
		if status < http.StatusInternalServerError { // our own failure is nobody's attempt
			err = errors.Join(a.throttle.Stranger(h, address(c)), err)
		}
		return actor, err
	}
	pace, ok := c.Value(keyPace).(int)
	if !ok {
		return actor, fmt.Errorf("a caller of %s was let in without its pace", actor.Org)
	}
	noteActor(c, actor)
	a.throttle.Good(credential)
	return actor, a.throttle.Member(h, actor, pace, cost(c))
}

// cost is small for the requests of an upload that has begun: it may take
// hundreds, and clients of tus give up at a 429.
func cost(c *gin.Context) throttle.Cost {
	if c.FullPath() == tus+":id" {
		return throttle.Part
	}
	return throttle.Request
}
