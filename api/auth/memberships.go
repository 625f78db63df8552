package auth

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/tenancy"
)

const membershipCacheSize = 10_000

// MembershipsChannel tells of every change to what a membership is made of.
const MembershipsChannel = "memberships"

// membershipCache remembers where callers belong for as long as the database tells of changes. It
// is empty while no connection listens. That a person belongs nowhere is not remembered.
type membershipCache struct {
	ttl       time.Duration // bounds what a broken connection that reports no error can cost
	listening func() bool
	now       func() time.Time
	asked     *prometheus.CounterVec

	mu      sync.Mutex
	changes uint64 // what was read before the last one may be old
	found   map[login]foundMemberships
}

type login struct{ issuer, subject string }

type foundMemberships struct {
	places  []tenancy.Membership
	expires time.Time
}

func newMembershipCache(ttl time.Duration, listening func() bool, registry prometheus.Registerer) *membershipCache {
	m := &membershipCache{
		ttl: ttl, listening: listening, now: time.Now, found: map[login]foundMemberships{},
		asked: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "satchel_api_memberships_total", Help: "Questions where a caller belongs, by where the answer came from: cache or database.",
		}, []string{"from"}),
	}
	registry.MustRegister(m.asked)
	return m
}

// of gives the memberships of a login. No one may change them.
func (m *membershipCache) of(ctx context.Context, l login, ask func(context.Context, string, string) ([]tenancy.Membership, error)) ([]tenancy.Membership, error) {
	places, changes, ok := m.remembered(l)
	if ok {
		m.asked.WithLabelValues("cache").Inc()
		return places, nil
	}
	m.asked.WithLabelValues("database").Inc()
	places, err := ask(ctx, l.issuer, l.subject)
	if err == nil && len(places) > 0 && places[0].Position == "" { // a standby is asked by where the primary is now
		m.remember(l, places, changes)
	}
	return places, err
}

func (m *membershipCache) remembered(l login) (places []tenancy.Membership, changes uint64, ok bool) {
	listening := m.listening()
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.found[l]
	return f.places, m.changes, ok && listening && m.now().Before(f.expires)
}

// remember keeps what was read, unless something changed since the reading began.
func (m *membershipCache) remember(l login, places []tenancy.Membership, changes uint64) {
	listening := m.listening()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ttl <= 0 || changes != m.changes || !listening {
		return
	}
	if len(m.found) >= membershipCacheSize {
		clear(m.found) // costs each caller one question, and no list to keep in order
	}
	m.found[l] = foundMemberships{places: places, expires: m.now().Add(m.ttl)}
}

// forget empties the cache: something changed.
func (m *membershipCache) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	clear(m.found)
}

// MembershipsChanged hears MembershipsChannel.
func (d *Auth) MembershipsChanged(string) { d.memberships.forget() }

// forgetBehind forgets memberships behind a request that may have changed some, before its caller
// reads the answer. Other processes hear of it by a notification, and so does this one.
func (d *Auth) forgetBehind(c *gin.Context) {
	if c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead || strings.HasPrefix(c.FullPath(), "/api/v1/storage/") {
		return
	}
	c.Next()
	d.memberships.forget()
}
