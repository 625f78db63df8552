// Package throttle bounds how often one may ask: token buckets for each
// organization, each principal in it, and each address of those who are not
// signed in. They live in the process; replicas share an allowance by each
// taking its part, so that no request waits for a store.
package throttle

import (
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

// Config is what the operator may set.
type Config struct {
	Replicas         int            `env:"SATCHEL_API_REPLICAS" envDefault:"1"`                   // that share the allowances
	AddressPerMinute int            `env:"SATCHEL_ADDRESS_REQUESTS_PER_MINUTE" envDefault:"1200"` // unauthenticated requests and failed authentications of one address
	Streams          int            `env:"SATCHEL_EVENT_STREAMS" envDefault:"256"`                // that one principal may hold open
	TrustedProxies   []netip.Prefix `env:"SATCHEL_TRUSTED_PROXIES"`                               // whose X-Forwarded-For is believed
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
	mostOrganizations = 10_000
	mostPrincipals    = 100_000
	mostAddresses     = 50_000
	mostCredentials   = 100_000
	mostPersons       = 100_000
)

// verifyPatience is how long a token of an address above its limit waits for its
// turn to be verified.
const verifyPatience = 2 * time.Second

// principal is a person or an API key, in an organization.
type principal struct{ org, id uuid.UUID }

func principalOf(actor tenancy.Actor) principal {
	who := principal{actor.Org.UUID(), actor.User}
	if actor.Key != uuid.Nil {
		who.id = actor.Key
	}
	return who
}

// Throttle holds the buckets.
type Throttle struct {
	config        Config
	now           func() time.Time
	organizations *buckets[uuid.UUID]
	principals    *buckets[principal]
	addresses     *buckets[netip.Addr]
	persons       *buckets[[sha256.Size]byte]
	good          *recent[[sha256.Size]byte]
	verifying     chan struct{} // a place for each token of addresses above their limit that is verified at once
	refused       *prometheus.CounterVec
}

// New makes full buckets. What is unset in c follows the defaults.
func New(c Config, r prometheus.Registerer) *Throttle {
	return newThrottle(c, r, time.Now)
}

func newThrottle(c Config, r prometheus.Registerer, now func() time.Time) *Throttle {
	if c.Replicas < 1 {
		c.Replicas = 1
	}
	if c.AddressPerMinute < 1 {
		c.AddressPerMinute = 1200
	}
	if c.Streams < 1 {
		c.Streams = 256
	}
	t := &Throttle{
		config: c, now: now,
		organizations: newBuckets[uuid.UUID](mostOrganizations),
		principals:    newBuckets[principal](mostPrincipals),
		addresses:     newBuckets[netip.Addr](mostAddresses),
		persons:       newBuckets[[sha256.Size]byte](mostPersons),
		good:          newRecent[[sha256.Size]byte](mostCredentials),
		verifying:     make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "satchel_api_rate_limited_total", Help: "Requests that were refused for coming too often, by the limit that refused them.",
		}, []string{"limit"}),
	}
	r.MustRegister(t.refused)
	return t
}

// share is this replica's part of an allowance.
func (t *Throttle) share(perMinute int) Allowance {
	return Allowance(max(1, perMinute/t.config.Replicas))
}

// Member bounds one who is signed in, in an organization that may send so many
// requests a minute. One principal may use half of that, so that a script that
// runs wild leaves the others room. The answer's header says how it stands.
func (t *Throttle) Member(h http.Header, actor tenancy.Actor, perMinute int, cost Cost) error {
	who := principalOf(actor)
	now, all, own := t.now(), t.share(perMinute), t.share(min(perMinute, max(perMinute/2, 60)))
	mine := t.principals.take(now, who, own, int(cost))
	if mine.wait > 0 { // one's own bucket first: who is refused there takes nothing of the others'
		return t.refuse(h, "principal", mine)
	}
	ours := t.organizations.take(now, who.org, all, int(cost))
	if ours.wait > 0 {
		return t.refuse(h, "organization", ours)
	}
	if ours.left < mine.left {
		describe(h, "organization", ours)
	} else {
		describe(h, "principal", mine)
	}
	return nil
}

// Stranger bounds a request of an address that names nobody.
func (t *Throttle) Stranger(h http.Header, from netip.Addr) error {
	s := t.addresses.take(t.now(), network(from), t.share(t.config.AddressPerMinute), int(Request))
	if s.wait > 0 {
		return t.refuse(h, "address", s)
	}
	return nil
}

// Attempt says whether a credential may be looked at. One that was good a while
// ago may always: in a school, hundreds share an address with the one who
// guesses.
func (t *Throttle) Attempt(h http.Header, from netip.Addr, credential string) error {
	if s := t.attempt(from, credential); s.wait > 0 {
		return t.refuse(h, "address", s)
	}
	return nil
}

// attempt tells how long a credential has to wait before it may be looked at.
func (t *Throttle) attempt(from netip.Addr, credential string) state {
	if t.good.has(t.now(), sha256.Sum256([]byte(credential))) {
		return state{}
	}
	return t.addresses.look(t.now(), network(from), t.share(t.config.AddressPerMinute), int(Request))
}

// Verify admits the verification of a token's signature, until done. It costs a
// fraction of a millisecond of a processor and asks nothing of the database, so
// that an address above its limit is not refused: hundreds of people with good new
// tokens may share it with one who sends bad ones. Its tokens take turns, and use
// half of the processors at most.
func (t *Throttle) Verify(ctx context.Context, h http.Header, from netip.Addr, credential string) (done func(), err error) {
	if t.attempt(from, credential).wait == 0 {
		return func() {}, nil
	}
	wait := time.NewTimer(verifyPatience)
	defer wait.Stop()
	select {
	case t.verifying <- struct{}{}:
		return func() { <-t.verifying }, nil
	case <-wait.C:
		return nil, t.Attempt(h, from, credential)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// PersonAttempt says whether the database may be asked about the holder of a
// token that was verified. It is Attempt, of a person instead of an address.
func (t *Throttle) PersonAttempt(h http.Header, who oidc.Person, credential string) error {
	if t.good.has(t.now(), sha256.Sum256([]byte(credential))) {
		return nil
	}
	s := t.persons.look(t.now(), personKey(who), t.share(t.config.AddressPerMinute), int(Request))
	if s.wait > 0 {
		return t.refuse(h, "person", s)
	}
	return nil
}

// Person bounds the requests of a person who is verified and acts for no
// organization. They may be as many as an address's.
func (t *Throttle) Person(h http.Header, who oidc.Person) error {
	s := t.persons.take(t.now(), personKey(who), t.share(t.config.AddressPerMinute), int(Request))
	if s.wait > 0 {
		return t.refuse(h, "person", s)
	}
	return nil
}

func personKey(who oidc.Person) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q", who.Issuer, who.Subject))
}

// Good notes that a credential was found good, and costs its address nothing.
func (t *Throttle) Good(credential string) { t.good.note(t.now(), sha256.Sum256([]byte(credential))) }

func (t *Throttle) refuse(h http.Header, limit string, s state) error {
	t.refused.WithLabelValues(limit).Inc()
	describe(h, limit, s)
	return Limited.After(s.wait)
}

// describe tells how the bucket stands that binds first
// (draft-ietf-httpapi-ratelimit-headers-10): q requests in w seconds, of which r
// are left, and all again after t seconds.
func describe(h http.Header, limit string, s state) {
	window := max(1, int(float64(s.allowance.size())/s.allowance.perSecond()+.5))
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", limit, s.allowance.size(), window))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%s", limit, s.left, problem.Seconds(s.full)))
}
