package ratelimit

import (
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/internal/fault"
	"satchel/tenancy"
)

// clock is a time that tests move by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func setup(c Config) (*Limiter, *clock) {
	k := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	return newLimiter(c, prometheus.NewRegistry(), k.now), k
}

func member(org tenancy.OrgID) tenancy.Actor {
	return tenancy.Actor{Org: org, User: tenancy.NewID(), Role: tenancy.Student}
}

// TestNoBucketGivesMoreThanItHolds asks at random times: within any span no
// more is granted than the bucket's size and what flowed in, and who waits as
// long as told is served.
func TestNoBucketGivesMoreThanItHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		allowance := Rate(rapid.IntRange(1, 30_000).Draw(t, "allowance"))
		b, k := newBuckets[int](4), &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		began, granted := k.at, 0
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			k.at = k.at.Add(time.Duration(rapid.Int64Range(0, int64(2*time.Second)).Draw(t, "pause")))
			s := b.take(k.at, 1, allowance, int(Request))
			if s.retryAfter > 0 {
				k.at = k.at.Add(s.retryAfter + time.Microsecond) // a float's dust
				s = b.take(k.at, 1, allowance, int(Request))
			}
			if s.retryAfter != 0 {
				t.Fatalf("who waited is served, not told to wait %s", s.retryAfter)
			}
			granted++
			most := float64(allowance.size()) + allowance.perSecond()*k.at.Sub(began).Seconds() + 1e-3
			if float64(granted) > most {
				t.Fatalf("granted %d, at most %f", granted, most)
			}
			if s.left < 0 || s.left > allowance.size() || s.capacity < 0 {
				t.Fatalf("told %+v", s)
			}
		}
	})
}

func TestEvictionGivesNothingAway(t *testing.T) {
	t.Parallel()
	for _, a := range []Rate{1, 7, 60, 179, 180, 600, 30_000} {
		require.LessOrEqual(t, float64(a.size())/a.perSecond(), idleTTL.Seconds(), "a bucket of %d a minute is full before it is removed", a)
	}
}

func TestFloodOfAddressesKeepsMemoryBounded(t *testing.T) {
	t.Parallel()
	r, k := setup(Config{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 100_000 {
		b := [16]byte{0x20, 0x01, 0x0d, 0xb8, byte(i >> 16), byte(i >> 8), byte(i)}
		require.NoError(t, r.AllowAddress(http.Header{}, netip.AddrFrom16(b)))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Equal(t, maxAddresses, r.addresses.len())
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(32<<20))
	k.at = k.at.Add(idleTTL)
	for i := range maxAddresses {
		_ = r.AllowAddress(http.Header{}, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	require.LessOrEqual(t, r.addresses.len(), maxAddresses)
	k.at = k.at.Add(idleTTL)
	for i := range maxAddresses + 10 {
		_ = r.AllowAddress(http.Header{}, netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}))
		k.at = k.at.Add(idleTTL)
	}
	require.LessOrEqual(t, r.addresses.len(), 3, "idle buckets go when others come")
}

func TestOneSubscriberOfIPv6HasOneBucket(t *testing.T) {
	t.Parallel()
	r, _ := setup(Config{AddressPerMinute: 60})
	refused := 0
	for i := range 200 {
		if err := r.AllowAddress(http.Header{}, netip.MustParseAddr("2001:db8::").Next().Next()); err != nil {
			refused++
		}
		_ = i
	}
	require.Equal(t, 200-Rate(60).size(), refused)
	require.Error(t, r.AllowAddress(http.Header{}, netip.MustParseAddr("2001:db8::ffff:1")), "another address of the same /64")
	require.NoError(t, r.AllowAddress(http.Header{}, netip.MustParseAddr("2001:db8:0:1::1")))
}

// serve counts how many of n requests pass.
func serve(r *Limiter, actor tenancy.Actor, perMinute, n int) (passed int, last error) {
	for range n {
		if err := r.AllowMember(http.Header{}, actor, perMinute, Request); err != nil {
			last = err
		} else {
			passed++
		}
	}
	return passed, last
}

func TestOnePrincipalCannotUseTheWholeLimit(t *testing.T) {
	t.Parallel()
	r, k := setup(Config{})
	org := tenancy.OrgID(tenancy.NewID())
	wild, other := member(org), member(org)
	passed, err := serve(r, wild, 600, 1000)
	require.Equal(t, 50, passed, "half of 100")
	require.Equal(t, fault.Limited, fault.KindOf(err))
	require.Positive(t, fault.Of(err).RetryAfter)
	passed, _ = serve(r, other, 600, 30)
	require.Equal(t, 30, passed)
	passed, _ = serve(r, member(tenancy.OrgID(tenancy.NewID())), 600, 50)
	require.Equal(t, 50, passed, "another organization's is untouched")
	passed, _ = serve(r, member(org), 600, 50)
	require.Equal(t, 20, passed, "the organization's own end")
	k.at = k.at.Add(time.Minute)
	passed, _ = serve(r, wild, 600, 1000)
	require.Equal(t, 50, passed)
}

func TestAChangedTierCountsAtOnce(t *testing.T) {
	t.Parallel()
	r, k := setup(Config{})
	actor := member(tenancy.OrgID(tenancy.NewID()))
	_, err := serve(r, actor, 600, 200)
	require.Error(t, err)
	k.at = k.at.Add(time.Second)
	passed, _ := serve(r, actor, 600, 200)
	require.Equal(t, 5, passed)
	k.at = k.at.Add(time.Millisecond)
	_, _ = serve(r, actor, 6000, 1) // the tier has grown
	k.at = k.at.Add(time.Second)
	passed, _ = serve(r, actor, 6000, 200)
	require.GreaterOrEqual(t, passed, 49)
	k.at = k.at.Add(time.Minute)
	passed, _ = serve(r, actor, 60, 200) // and shrunk
	require.Equal(t, 30, passed)
}

func TestReplicasShare(t *testing.T) {
	t.Parallel()
	r, _ := setup(Config{Replicas: 3})
	org, passed := tenancy.OrgID(tenancy.NewID()), 0
	for range 10 {
		n, _ := serve(r, member(org), 1800, 1000)
		passed += n
	}
	require.Equal(t, 100, passed, "a third of 300")
}

func TestPartsOfAnUploadAreCheap(t *testing.T) {
	t.Parallel()
	r, _ := setup(Config{})
	actor := member(tenancy.OrgID(tenancy.NewID()))
	for range 500 {
		require.NoError(t, r.AllowMember(http.Header{}, actor, 600, Part))
	}
	require.Error(t, r.AllowMember(http.Header{}, actor, 600, Part))
}

func TestKeysOfOnePersonAreApart(t *testing.T) {
	t.Parallel()
	r, _ := setup(Config{})
	actor := member(tenancy.OrgID(tenancy.NewID()))
	_, err := serve(r, actor, 600, 60)
	require.Error(t, err)
	actor.Key = uuid.New()
	passed, _ := serve(r, actor, 600, 10)
	require.Equal(t, 10, passed)
}

func TestGuessingDoesNotShutASchoolOut(t *testing.T) {
	t.Parallel()
	r, k := setup(Config{AddressPerMinute: 60})
	school := netip.MustParseAddr("192.0.2.1")
	r.RememberCredential(CredentialOf("Bearer of a pupil"))
	for r.AllowAddress(http.Header{}, school) == nil { // failed attempts until the end
	}
	require.Error(t, r.AllowAttempt(http.Header{}, school, CredentialOf("Bearer guess")))
	require.NoError(t, r.AllowAttempt(http.Header{}, school, CredentialOf("Bearer of a pupil")))
	k.at = k.at.Add(recentTTL)
	for r.AllowAddress(http.Header{}, school) == nil {
	}
	require.Error(t, r.AllowAttempt(http.Header{}, school, CredentialOf("Bearer of a pupil")), "goodness is not for ever")
}

func TestGoodCredentialsAreBounded(t *testing.T) {
	t.Parallel()
	r, at := newRecent[int](100), time.Unix(0, 0)
	for i := range 1000 {
		r.note(at, i)
	}
	require.Len(t, r.byKey, 100)
	require.True(t, r.has(at, 999))
	require.False(t, r.has(at, 0))
	r.note(at.Add(recentTTL), 1)
	require.Len(t, r.byKey, 1)
}

func TestHeadersTellHowItStands(t *testing.T) {
	t.Parallel()
	r, _ := setup(Config{})
	actor, h := member(tenancy.OrgID(tenancy.NewID())), http.Header{}
	require.NoError(t, r.AllowMember(h, actor, 600, Request))
	require.Equal(t, `"principal";q=50;w=10`, h.Get("RateLimit-Policy"))
	require.Equal(t, `"principal";r=49;t=1`, h.Get("RateLimit"))
	for r.AllowMember(h, actor, 600, Request) == nil {
	}
	require.Equal(t, `"principal";r=0;t=10`, h.Get("RateLimit"))
}

func TestAddress(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for i, c := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.7:1234", nil, "192.0.2.7"},
		{"192.0.2.7:1234", []string{"198.51.100.1"}, "192.0.2.7"}, // no one's proxy
		{"10.0.0.1:1234", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:1234", []string{"203.0.113.9, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"}, // the left-most is a lie
		{"10.0.0.1:1234", []string{"203.0.113.9", "198.51.100.1"}, "198.51.100.1"},         // two headers are one list
		{"10.0.0.1:1234", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:1234", []string{"unknown"}, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"198.51.100.1, garbage, 10.0.0.2"}, "10.0.0.2"},
		{"10.0.0.1:1234", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"[2001:db8::1]:1234", []string{"[2001:470::1]:99"}, "2001:470::1"},
		{"[::ffff:10.0.0.1]:1234", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:1234", nil, "10.0.0.1"},
	} {
		r, _ := setup(Config{TrustedProxies: trusted})
		req := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		require.Equal(t, c.want, r.Address(req).String(), strconv.Itoa(i))
	}
	r, _ := setup(Config{})
	require.False(t, r.Address(&http.Request{RemoteAddr: "@"}).IsValid(), "a unix socket has none")
}

func FuzzAddress(f *testing.F) {
	f.Add("10.0.0.1:1", "1.2.3.4, 10.0.0.1")
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r, _ := setup(Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		from := r.Address(&http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}})
		_ = r.AllowAddress(http.Header{}, from)
	})
}

// TestTokensOfBusyAddressesTakeTurns: above its limit, an address's tokens are
// verified, but not more at once than the processors can spare.
func TestTokensOfBusyAddressesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{AddressPerMinute: 1}, prometheus.NewRegistry())
		from, h := netip.MustParseAddr("192.0.2.1"), http.Header{}
		_, err := l.Verify(t.Context(), h, from, CredentialOf("first"))
		require.NoError(t, err)
		require.NoError(t, l.AllowAddress(h, from))
		var running []func()
		for range cap(l.verifying) {
			done, err := l.Verify(t.Context(), h, from, CredentialOf("new"))
			require.NoError(t, err)
			running = append(running, done)
		}
		_, err = l.Verify(t.Context(), h, from, CredentialOf("new"))
		require.ErrorIs(t, err, Limited)
		l.RememberCredential(CredentialOf("known"))
		_, err = l.Verify(t.Context(), h, from, CredentialOf("known"))
		require.NoError(t, err)
		_, err = l.Verify(t.Context(), h, netip.MustParseAddr("192.0.2.2"), CredentialOf("new"))
		require.NoError(t, err, "another address is below its limit")
		time.AfterFunc(time.Second, running[0])
		_, err = l.Verify(t.Context(), h, from, CredentialOf("new"))
		require.NoError(t, err, "it waits and is verified")
	})
}

// TestCostsAreTaken: ten requests' worth is taken for a report, and one whose cost is
// more than a small bucket holds is served to who waits for the whole bucket.
func TestCostsAreTaken(t *testing.T) {
	t.Parallel()
	r, k := setup(Config{})
	actor := member(tenancy.OrgID(tenancy.NewID()))
	for range Rate(300).size() / 10 {
		require.NoError(t, r.AllowMember(http.Header{}, actor, 600, Report))
	}
	require.Error(t, r.AllowMember(http.Header{}, actor, 600, Report))
	k.at = k.at.Add(2 * time.Second) // ten requests, of 300 a minute
	require.NoError(t, r.AllowMember(http.Header{}, actor, 600, Report))
	require.Error(t, r.AllowMember(http.Header{}, actor, 600, 0), "no cost is the cost of a request")

	small := member(tenancy.OrgID(tenancy.NewID()))
	require.Less(t, Rate(4).size(), int(Report/Request))
	require.NoError(t, r.AllowMember(http.Header{}, small, 4, Report))
	require.Error(t, r.AllowMember(http.Header{}, small, 4, Request), "it took everything")
	k.at = k.at.Add(time.Minute)
	require.NoError(t, r.AllowMember(http.Header{}, small, 4, Report))
}
