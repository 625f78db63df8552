package door

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"

	"satchel/api/problem"
	"satchel/api/request"
	"satchel/api/throttle"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
)

const (
	keyAddress = "satchel.address"
	keyPace    = "satchel.pace"
)

// LongestQuery bounds a query string. The longest filter of this API is a tenth
// of it.
const LongestQuery = 8 << 10

var (
	errQuery = fault.New(fault.Invalid, "query_too_long", "The query of this address is longer than %d bytes. Shorten it.", LongestQuery)
	errTwice = fault.New(fault.Invalid, "duplicate_header", "A header that names the caller, the organization or the key of this request came twice. Send it once.")
)

// Locate finds out where a request comes from, for the limits and the trail.
func (d *Door) Locate(c *gin.Context) {
	from := d.Throttle.Address(c.Request)
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
		AnyPage(c)
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

// Anyone lets everybody and every page through, as often as an address may.
func (d *Door) Anyone(c *gin.Context) {
	AnyPage(c)
	d.Stranger(c)
}

// Stranger bounds what asks for nobody's name.
func (d *Door) Stranger(c *gin.Context) {
	if err := d.Throttle.Stranger(c.Writer.Header(), address(c)); err != nil {
		request.Fail(c, err)
	}
}

// notePace notes how many requests a minute the caller's organization may send.
func notePace(c *gin.Context, perMinute int) { c.Set(keyPace, perMinute) }

// identified finds the caller and holds them to their limits. A failed attempt
// counts for the address; one that succeeds does not, however many share it.
func (d *Door) identified(c *gin.Context, needs tenancy.Action, cost throttle.Cost) (tenancy.Actor, error) {
	credential, h := c.GetHeader("Authorization"), c.Writer.Header()
	if err := d.Throttle.Attempt(h, address(c), credential); err != nil {
		AnyPage(c)
		return tenancy.Actor{}, err
	}
	actor, err := d.actor(c, needs)
	if status := problem.Status(problem.Of(err)); err != nil {
		if status < http.StatusInternalServerError { // our own failure is nobody's attempt
			err = errors.Join(d.Throttle.Stranger(h, address(c)), err)
		}
		return actor, err
	}
	pace, ok := c.Value(keyPace).(int)
	if !ok {
		return actor, fmt.Errorf("a caller of %s was let in without its pace", actor.Org)
	}
	request.Note(c, actor)
	d.Throttle.Good(credential)
	return actor, d.Throttle.Member(h, actor, pace, cost)
}
