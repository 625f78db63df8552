package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"satchel/api/problem"
	"satchel/api/ratelimit"
	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/internal/oidc"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/apikeys"
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
	errPath  = fault.New(fault.Invalid, "invalid_path", "The path of this address holds an encoded slash or backslash (%%2F, %%5C), which no address of this API has. Write it without.")
	errText  = fault.New(fault.Invalid, "invalid_query", "The query or the path of this address holds the character U+0000 or bytes that are not UTF-8, which no text of this API has. Take them out.")
	errTwice = fault.New(fault.Invalid, "duplicate_header", "A header that names the caller, the organization or the key of this request came twice. Send it once.")
)

// ClientAddress finds out where a request comes from, for the limits and the audit log.
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
	if holdsEncodedSlash(r.URL.EscapedPath()) {
		return errPath
	}
	if len(r.URL.RawQuery) > LongestQuery {
		return errQuery
	}
	if !isText(r.URL.Path) {
		return errText
	}
	for name, values := range r.URL.Query() {
		if !isText(name) || slices.ContainsFunc(values, func(v string) bool { return !isText(v) }) {
			return errText
		}
	}
	return nil
}

// isText says whether the database can hold a text. Refused here, no handler can forget it.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// holdsEncodedSlash finds what is one part of a path for a proxy in front, which
// may guard paths by their beginning, and two parts for the router here.
func holdsEncodedSlash(path string) bool {
	path = strings.ToLower(path)
	return strings.Contains(path, "%2f") || strings.Contains(path, "%5c")
}

func address(c *gin.Context) netip.Addr {
	from, _ := c.Value(keyAddress).(netip.Addr)
	return from
}

// Public lets everyone and every page through, as often as an address may.
func (d *Auth) Public(c *gin.Context) { d.PublicPage(request.Fail)(c) }

// PublicPage is Public for a page of people: refuse draws what is above the limit, since
// a browser shows a problem as the text of a program.
func (d *Auth) PublicPage(refuse func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		AllowAnyOrigin(c)
		d.limitAddress(c, refuse)
	}
}

// LimitAddress limits unauthenticated requests by address.
func (d *Auth) LimitAddress(c *gin.Context) { d.limitAddress(c, request.Fail) }

func (d *Auth) limitAddress(c *gin.Context, refuse func(*gin.Context, error)) {
	if err := d.RateLimit.AllowAddress(c.Writer.Header(), address(c)); err != nil {
		refuse(c, err)
		c.Abort()
	}
}

// setRateLimitHeaders notes how many requests a minute the caller's organization may send.
func setRateLimitHeaders(c *gin.Context, perMinute int) { c.Set(keyRateLimit, perMinute) }

// caller is what a bearer token proves without the database.
type caller struct {
	token  string
	name   ratelimit.Credential
	key    bool          // an API key: only the database knows whose
	person oidc.Identity // whose token has a good signature
}

// verify reads the caller's credential. A token's signature is checked before the
// limit of its address is asked, so that bad tokens of one machine do not refuse
// the good new ones of others behind the same address.
func (d *Auth) verify(c *gin.Context) (caller, error) {
	header, h := c.GetHeader("Authorization"), c.Writer.Header()
	token, err := bearer(header)
	if err != nil {
		return caller{}, d.failed(c, caller{}, err)
	}
	name := ratelimit.CredentialOf(header)
	if apikeys.HasPrefix(token) {
		return caller{token: token, name: name, key: true}, d.RateLimit.AllowAttempt(h, address(c), name)
	}
	done, err := d.RateLimit.Verify(c.Request.Context(), h, address(c), name)
	if err != nil {
		return caller{}, err
	}
	defer done()
	person, err := d.Tokens.Verify(c.Request.Context(), token)
	if err != nil {
		return caller{}, d.failed(c, caller{}, err)
	}
	return caller{token: token, name: name, person: person}, nil
}

// failed charges a failed attempt: to the person whose token is good, else to the
// address. Our own failure is charged to none.
func (d *Auth) failed(c *gin.Context, who caller, err error) error {
	if problem.Status(problem.Of(err)) >= http.StatusInternalServerError {
		return err
	}
	var limited error
	if who.person == (oidc.Identity{}) {
		limited = d.RateLimit.AllowAddress(c.Writer.Header(), address(c))
	} else {
		limited = d.RateLimit.Person(c.Writer.Header(), who.person)
	}
	return errors.Join(limited, err)
}

// identified finds the caller and holds them to their limits. An attempt that
// succeeds costs the address nothing, however many share it.
func (d *Auth) identified(c *gin.Context, needs tenancy.Action, cost ratelimit.Cost) (tenancy.Actor, error) {
	h := c.Writer.Header()
	who, err := d.verify(c)
	if err == nil && !who.key {
		err = d.RateLimit.PersonAttempt(h, who.person, who.name)
	}
	if err != nil {
		AllowAnyOrigin(c)
		return tenancy.Actor{}, err
	}
	actor, err := d.actor(c, who, needs)
	if err != nil {
		return actor, d.failed(c, who, err)
	}
	pace, ok := c.Value(keyRateLimit).(int)
	if !ok {
		return actor, fmt.Errorf("a caller of %s was let in without its pace", actor.Org)
	}
	request.SetActor(c, actor)
	d.RateLimit.RememberCredential(who.name)
	return actor, d.RateLimit.AllowMember(h, actor, pace, cost)
}
