package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"

	"satchel/api/problem"
	"satchel/api/ratelimit"
	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
)

const (
	keyAddress   = "satchel.address"
	keyRateLimit = "satchel.pace"
)

// LongestQuery bounds a query string. The longest filter of this API is a tenth
// of it.
const LongestQuery = 8 << 10

var (
	errQuery = fault.New(fault.Invalid, "query_too_long", "The query of this address is longer than %d bytes. Shorten it.", LongestQuery)
	errTwice = fault.New(fault.Invalid, "duplicate_header", "A header that names the caller, the organization or the key of this request came twice. Send it once.")
)

// ClientAddress finds out where a request comes from, for the limits and the trail.
func (d *Auth) ClientAddress(c *gin.Context) {
	from := d.RateLimit.Address(c.Request)
	c.Set(keyAddress, from)
	origin := audit.Origin{Address: audit.Network(from), Request: request.ID(c)}
	c.Request = c.Request.WithContext(audit.WithOrigin(c.Request.Context(), origin))
}

// single are the headers of which two would be read as one thing here and as
// another by a proxy in front.
var single = []string{"Authorization", "X-Organization-Id", "Idempotency-Key", "Content-Type"}

// WellFormed refuses what no honest client sends, and tells every page so.
func WellFormed(c *gin.Context) {
	if err := wellFormed(c.Request); err != nil {
		AllowAnyOrigin(c)
		request.Fail(c, err)
	}
}

func wellFormed(r *http.Request) error {
	for _, name := range single {
		if len(r.Header[name]) > 1 {
			return errTwice
		}
	}
	if len(r.URL.RawQuery) > LongestQuery {
		return errQuery
	}
	return nil
}

func address(c *gin.Context) netip.Addr {
	from, _ := c.Value(keyAddress).(netip.Addr)
	return from
}

// Public lets everybody and every page through, as often as an address may.
func (d *Auth) Public(c *gin.Context) {
	AllowAnyOrigin(c)
	d.LimitAddress(c)
}

// LimitAddress bounds what asks for nobody's name.
func (d *Auth) LimitAddress(c *gin.Context) {
	if err := d.RateLimit.AllowAddress(c.Writer.Header(), address(c)); err != nil {
		request.Fail(c, err)
	}
}

// setRateLimitHeaders notes how many requests a minute the caller's organization may send.
func setRateLimitHeaders(c *gin.Context, perMinute int) { c.Set(keyRateLimit, perMinute) }

// identified finds the caller and holds them to their limits. A failed attempt
// counts for the address; one that succeeds does not, however many share it.
func (d *Auth) identified(c *gin.Context, needs tenancy.Action, cost ratelimit.Cost) (tenancy.Actor, error) {
	credential, h := c.GetHeader("Authorization"), c.Writer.Header()
	if err := d.RateLimit.AllowAttempt(h, address(c), credential); err != nil {
		AllowAnyOrigin(c)
		return tenancy.Actor{}, err
	}
	actor, err := d.actor(c, needs)
	if status := problem.Status(problem.Of(err)); err != nil {
		if status < http.StatusInternalServerError { // our own failure is nobody's attempt
			err = errors.Join(d.RateLimit.AllowAddress(h, address(c)), err)
		}
		return actor, err
	}
	pace, ok := c.Value(keyRateLimit).(int)
	if !ok {
		return actor, fmt.Errorf("a caller of %s was let in without its pace", actor.Org)
	}
	request.SetActor(c, actor)
	d.RateLimit.RememberCredential(credential)
	return actor, d.RateLimit.AllowMember(h, actor, pace, cost)
}
