// Package ratelimit bounds how often one may ask: token buckets for each
// organization, each principal in it, and each address of those who are not
// signed in. They live in the process; replicas share an allowance by each
// taking its part, so that no request waits for a store.
package ratelimit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"runtime"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/api/problem"
	"satchel/internal/fault"
	"satchel/internal/oidc"
	"satchel/tenancy"
)

// Config are the settings of the limiter.
type Config struct {
	Replicas         int            `env:"SATCHEL_API_REPLICAS" envDefault:"1"`                   // API processes that share the rate limits; each grants its part
	AddressPerMinute int            `env:"SATCHEL_ADDRESS_REQUESTS_PER_MINUTE" envDefault:"1200"` // unauthenticated requests and failed authentications of one address (IPv6: one /64)
	TrustedProxies   []netip.Prefix `env:"SATCHEL_TRUSTED_PROXIES"`                               // networks (CIDR, comma-separated) whose X-Forwarded-For is used
	Streams          int            `env:"SATCHEL_EVENT_STREAMS" envDefault:"256"`                // event streams that one principal may hold open
}

// Limited is the error for a caller above the limit.
var Limited = fault.New(fault.Limited, "rate_limited", "Too many requests in a short time. Wait as long as Retry-After says and try again.")

// Cost is what a request takes of an allowance.
type Cost int

// The costs. A request that makes the database or a worker read much costs more,
// so that an allowance bounds work and not calls. Parts of one upload are many
// and cheap: a limit that ends an upload half-way makes its client begin again.
const (
	Part    Cost = 1
	Request Cost = unit
	Search  Cost = 2 * unit  // a list that is filtered
	Report  Cost = 10 * unit // statistics, exports, verifications: a walk through all rows
)

// How many buckets of each kind are kept at most, about 250 bytes each.
const (
	maxOrganizations = 10_000
	maxPrincipals    = 100_000
	maxAddresses     = 50_000
	maxCredentials   = 100_000
	mostPersons      = 100_000
)

// verifyPatience is how long a token of an address above its limit waits to be
// verified.
const verifyPatience = 2 * time.Second

// principal is a person or an API key, in an organization.
type principal struct {
	org tenancy.OrgID
	id  uuid.UUID
}

func principalOf(actor tenancy.Actor) principal {
	who := principal{actor.Org, actor.User}
	if actor.Key != uuid.Nil {
		who.id = actor.Key
	}
	return who
}

// Credential names what a caller shows without holding it: the hash of the header.
// A request computes it once.
type Credential [sha256.Size]byte

// CredentialOf gives the name of a header's credential.
func CredentialOf(header string) Credential { return sha256.Sum256([]byte(header)) }

// Limiter holds the buckets.
type Limiter struct {
	config          Config
	now             func() time.Time
	organizations   *buckets[tenancy.OrgID]
	principals      *buckets[principal]
	addresses       *buckets[netip.Addr]
	persons         *buckets[[sha256.Size]byte]
	goodCredentials *recent[Credential]
	verifying       chan struct{} // a place for each token of addresses above their limit that is verified at once
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
	if c.Streams < 1 {
		c.Streams = 256
	}
	t := &Limiter{
		config: c, now: now,
		organizations:   newBuckets[tenancy.OrgID](maxOrganizations),
		principals:      newBuckets[principal](maxPrincipals),
		addresses:       newBuckets[netip.Addr](maxAddresses),
		persons:         newBuckets[[sha256.Size]byte](mostPersons),
		goodCredentials: newRecent[Credential](maxCredentials),
		verifying:       make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
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

// AllowMember limits an authenticated caller, in an organization with the given number
// of requests a minute. One principal may use half of it, so that a faulty script
// cannot use up the limit of the others. The answer's header shows the rest.
// A cost of zero is that of one request.
func (t *Limiter) AllowMember(h http.Header, actor tenancy.Actor, perMinute int, cost Cost) error {
	cost = cmp.Or(cost, Request)
	who := principalOf(actor)
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

// AllowAddress bounds a request of an address that names no one.
func (t *Limiter) AllowAddress(h http.Header, from netip.Addr) error {
	s := t.addresses.take(t.now(), network(from), t.share(t.config.AddressPerMinute), int(Request))
	if s.retryAfter > 0 {
		return t.refuse(h, "address", s)
	}
	return nil
}

// ChargeGuess makes an address pay for a secret of a link that is none, as much as for ten
// requests. What it has not, it does not pay.
func (t *Limiter) ChargeGuess(from netip.Addr) {
	t.addresses.take(t.now(), network(from), t.share(t.config.AddressPerMinute), int(Report))
}

// AllowAttempt says whether a credential may be looked at. One that was good a while
// ago may always: in a school, hundreds share an address with the one who
// guesses.
func (t *Limiter) AllowAttempt(h http.Header, from netip.Addr, credential Credential) error {
	if s := t.attempt(from, credential); s.retryAfter > 0 {
		return t.refuse(h, "address", s)
	}
	return nil
}

// attempt tells how long a credential has to wait before it may be looked at.
func (t *Limiter) attempt(from netip.Addr, credential Credential) bucketState {
	if t.goodCredentials.has(t.now(), credential) {
		return bucketState{}
	}
	return t.addresses.look(t.now(), network(from), t.share(t.config.AddressPerMinute), int(Request))
}

// Verify admits the verification of a token's signature, until done. It costs a
// fraction of a millisecond of a processor and asks nothing of the database, so
// that an address above its limit is not refused: hundreds of people with good new
// tokens may share it with one who sends bad ones. Its tokens are verified one after another, and use
// half of the processors at most.
func (t *Limiter) Verify(ctx context.Context, h http.Header, from netip.Addr, credential Credential) (done func(), err error) {
	if t.attempt(from, credential).retryAfter == 0 {
		return func() {}, nil
	}
	wait := time.NewTimer(verifyPatience)
	defer wait.Stop()
	select {
	case t.verifying <- struct{}{}:
		return func() { <-t.verifying }, nil
	case <-wait.C:
		return nil, t.AllowAttempt(h, from, credential)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// PersonAttempt says whether the database may be asked about the holder of a
// token that was verified. It is AllowAttempt, for a person instead of an address.
func (t *Limiter) PersonAttempt(h http.Header, who oidc.Identity, credential Credential) error {
	if t.goodCredentials.has(t.now(), credential) {
		return nil
	}
	s := t.persons.look(t.now(), personKey(who), t.share(t.config.AddressPerMinute), int(Request))
	if s.retryAfter > 0 {
		return t.refuse(h, "person", s)
	}
	return nil
}

// Person bounds the requests of a person who is verified and acts for no
// organization. They may be as many as an address's.
func (t *Limiter) Person(h http.Header, who oidc.Identity) error {
	s := t.persons.take(t.now(), personKey(who), t.share(t.config.AddressPerMinute), int(Request))
	if s.retryAfter > 0 {
		return t.refuse(h, "person", s)
	}
	return nil
}

func personKey(who oidc.Identity) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q", who.Issuer, who.Subject))
}

// RememberCredential notes that a credential was found good, and costs its address nothing.
func (t *Limiter) RememberCredential(credential Credential) {
	t.goodCredentials.note(t.now(), credential)
}

func (t *Limiter) refuse(h http.Header, limit string, s bucketState) error {
	t.refused.WithLabelValues(limit).Inc()
	describe(h, limit, s)
	return Limited.After(s.retryAfter)
}

// describe writes the state of the most limiting bucket
// (draft-ietf-httpapi-ratelimit-headers-10): q requests in w seconds, of which r
// are left, and all again after t seconds.
func describe(h http.Header, limit string, s bucketState) {
	window := max(1, int(float64(s.limit.size())/s.limit.perSecond()+.5))
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", limit, s.limit.size(), window))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%s", limit, s.left, problem.Seconds(s.capacity)))
}
