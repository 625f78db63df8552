package auth

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/internal/ttlcache"
	"satchel/tenancy"
)

const membershipCacheSize = 10_000

// MembershipsChannel tells of every change to what a membership is made of.
const MembershipsChannel = "memberships"

// membershipCache remembers where callers belong for as long as the database tells of changes. It
// is empty while no connection listens. That a person belongs nowhere is not remembered.
type membershipCache struct {
	listening func() bool
	asked     *prometheus.CounterVec

	mu      sync.Mutex
	changes uint64 // what was read before the last one may be old
	// Its time bounds what a broken connection that reports no error can cost.
	found *ttlcache.Cache[login, []tenancy.Membership]
}

type login struct{ issuer, subject string }

func newMembershipCache(ttl time.Duration, listening func() bool, registry prometheus.Registerer) *membershipCache {
	m := &membershipCache{
		listening: listening, found: ttlcache.New[login, []tenancy.Membership](membershipCacheSize, ttl),
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
	places, ok = m.found.Get(l)
	return places, m.changes, ok && listening
}

// remember keeps what was read, unless something changed since the reading began.
func (m *membershipCache) remember(l login, places []tenancy.Membership, changes uint64) {
	listening := m.listening()
	m.mu.Lock()
	defer m.mu.Unlock()
	if changes == m.changes && listening {
		m.found.Put(l, places)
	}
}

// forget empties the cache: something changed.
func (m *membershipCache) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	m.found.Clear()
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
