// Package ratelimit bounds how often one may ask: token buckets for each
// organization, each principal in it, and each address of those who are not
// signed in. They live in the process; replicas share an allowance by each
// taking its part, so that no request waits for a store.
package ratelimit

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/api/problem"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// Config is what the operator may set.
type Config struct {
	Replicas         int            `env:"SATCHEL_API_REPLICAS" envDefault:"1"`                   // API processes that share the rate limits; each grants its part
	AddressPerMinute int            `env:"SATCHEL_ADDRESS_REQUESTS_PER_MINUTE" envDefault:"1200"` // unauthenticated requests and failed authentications of one address (IPv6: one /64)
	TrustedProxies   []netip.Prefix `env:"SATCHEL_TRUSTED_PROXIES"`                               // networks (CIDR, comma-separated) whose X-Forwarded-For is used
}

// Limited refuses who asks too often.
var Limited = fault.New(fault.Limited, "rate_limited", "Too many requests in a short time. Wait as long as Retry-After says and try again.")

// Cost is what a request takes of an allowance.
type Cost int

// The costs. Parts of one upload are many and cheap: a limit that ends an upload
// half-way makes its client begin again.
const (
	Request Cost = unit
	Part    Cost = 1
)

// How many buckets of each kind are kept at most, about 250 bytes each.
const (
	maxOrganizations = 10_000
	maxPrincipals    = 100_000
	maxAddresses     = 50_000
	maxCredentials   = 100_000
)

// principal is a person or an API key, in an organization.
type principal struct{ org, id uuid.UUID }

// Limiter holds the buckets.
type Limiter struct {
	config          Config
	now             func() time.Time
	organizations   *buckets[uuid.UUID]
	principals      *buckets[principal]
	addresses       *buckets[netip.Addr]
	goodCredentials *recent[[sha256.Size]byte]
	refused         *prometheus.CounterVec
}

// New makes full buckets. What is unset in c follows the defaults.
func New(c Config, r prometheus.Registerer) *Limiter {
	return newLimiter(c, r, time.Now)
}

func newLimiter(c Config, r prometheus.Registerer, now func() time.Time) *Limiter {
	if c.Replicas < 1 {
		c.Replicas = 1
	}
	if c.AddressPerMinute < 1 {
		c.AddressPerMinute = 1200
	}
	t := &Limiter{
		config: c, now: now,
		organizations:   newBuckets[uuid.UUID](maxOrganizations),
		principals:      newBuckets[principal](maxPrincipals),
		addresses:       newBuckets[netip.Addr](maxAddresses),
		goodCredentials: newRecent[[sha256.Size]byte](maxCredentials),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "satchel_api_rate_limited_total", Help: "Requests that were refused for coming too often, by the limit that refused them.",
		}, []string{"limit"}),
	}
	r.MustRegister(t.refused)
	return t
}

// share is this replica's part of an allowance.
func (t *Limiter) share(perMinute int) Rate {
	return Rate(max(1, perMinute/t.config.Replicas))
}

// AllowMember bounds one who is signed in, in an organization that may send so many
// requests a minute. One principal may use half of that, so that a script that
// runs wild leaves the others room. The answer's header says how it stands.
func (t *Limiter) AllowMember(h http.Header, actor tenancy.Actor, perMinute int, cost Cost) error {
	who := principal{actor.Org.UUID(), actor.User}
	if actor.Key != uuid.Nil {
		who.id = actor.Key
	}
	now, all, own := t.now(), t.share(perMinute), t.share(min(perMinute, max(perMinute/2, 60)))
	mine := t.principals.take(now, who, own, int(cost))
	if mine.retryAfter > 0 { // one's own bucket first: who is refused there takes nothing of the others'
		return t.refuse(h, "principal", mine)
	}
	ours := t.organizations.take(now, who.org, all, int(cost))
	if ours.retryAfter > 0 {
		return t.refuse(h, "organization", ours)
	}
	if ours.left < mine.left {
		describe(h, "organization", ours)
	} else {
		describe(h, "principal", mine)
	}
	return nil
}

// AllowAddress bounds a request of an address that names nobody.
func (t *Limiter) AllowAddress(h http.Header, from netip.Addr) error {
	s := t.addresses.take(t.now(), network(from), t.share(t.config.AddressPerMinute), int(Request))
	if s.retryAfter > 0 {
		return t.refuse(h, "address", s)
	}
	return nil
}

// AllowAttempt says whether a credential may be looked at. One that was good a while
// ago may always: in a school, hundreds share an address with the one who
// guesses.
func (t *Limiter) AllowAttempt(h http.Header, from netip.Addr, credential string) error {
	if t.goodCredentials.has(t.now(), sha256.Sum256([]byte(credential))) {
		return nil
	}
	s := t.addresses.look(t.now(), network(from), t.share(t.config.AddressPerMinute), int(Request))
	if s.retryAfter > 0 {
		return t.refuse(h, "address", s)
	}
	return nil
}

// RememberCredential notes that a credential was found good, and costs its address nothing.
func (t *Limiter) RememberCredential(credential string) {
	t.goodCredentials.note(t.now(), sha256.Sum256([]byte(credential)))
}

func (t *Limiter) refuse(h http.Header, limit string, s bucketState) error {
	t.refused.WithLabelValues(limit).Inc()
	describe(h, limit, s)
	return Limited.After(s.retryAfter)
}

// describe tells how the bucket stands that binds first
// (draft-ietf-httpapi-ratelimit-headers-10): q requests in w seconds, of which r
// are left, and all again after t seconds.
func describe(h http.Header, limit string, s bucketState) {
	window := max(1, int(float64(s.limit.size())/s.limit.perSecond()+.5))
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", limit, s.limit.size(), window))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%s", limit, s.left, problem.Seconds(s.capacity)))
}
