package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/api/auth"
	"satchel/api/ratelimit"
	"satchel/tenancy"
)

func TestTooManyRequestsAreToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.tier("free") // 600 requests a minute
	p, other := b.person(org, tenancy.Student), b.person(b.organization(), tenancy.Student)
	var a answer
	for range 120 {
		if a = p.call(get, storagePath+"/quota", nil); a.status == http.StatusTooManyRequests {
			break
		}
		require.NotEmpty(t, a.header.Get("RateLimit-Policy"))
	}
	a.refused(http.StatusTooManyRequests, "rate_limited")
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, wait)
	require.Contains(t, a.header.Get("RateLimit"), `"principal";r=0`)
	other.call(get, storagePath+"/quota", nil).is(http.StatusOK)
	b.call("", get, "/healthz", nil).is(http.StatusOK)
}

// TestVerificationsAreBounded sends what an owner sent at once, forty times: they share
// one operation, and their cost ends them before forty ordinary requests end.
func TestVerificationsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.person(b.tier("free"), tenancy.Owner) // 300 requests a minute, 50 at once
	begun := map[string]bool{}
	for range 40 {
		a := p.call(post, p.orgPath("/audit/verify"), nil)
		if a.status == http.StatusTooManyRequests {
			require.NotEmpty(t, a.header.Get("Retry-After"))
			require.Len(t, begun, 1, "one verification at a time")
			return
		}
		begun[a.is(http.StatusAccepted).header.Get("Location")] = true
	}
	require.Fail(t, "a verification costs no more than any other request")
}

// TestCostlyRoutesCostMore reads the router: what walks through all rows is never
// as cheap as a request.
func TestCostlyRoutesCostMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	found := 0
	for _, r := range b.api.Routes() {
		for _, costly := range []string{"/stats", "/audit/verify", "/export", "/scan", "/reconcile"} {
			if strings.HasSuffix(r.Path, costly) {
				require.Equal(t, ratelimit.Report, r.Cost, "%s %s", r.Method, r.Path)
				found++
			}
		}
	}
	require.Equal(t, 7, found)
}

func TestFailedAttemptsEndAndSignedInPeopleGoOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.api.auth.RateLimit = ratelimit.New(ratelimit.Config{AddressPerMinute: 60}, prometheus.NewRegistry())
	p := b.person(b.organization(), tenancy.Student)
	p.call(get, storagePath+"/quota", nil).is(http.StatusOK)
	limited := false
	for range 100 {
		if a := b.call("wrong", get, storagePath+"/quota", nil); a.status != http.StatusUnauthorized {
			a.refused(http.StatusTooManyRequests, "rate_limited")
			limited = true
			break
		}
	}
	require.True(t, limited)
	p.call(get, storagePath+"/quota", nil).is(http.StatusOK)
	for range 50 {
		b.call("", get, "/healthz", nil).is(http.StatusOK)
	}
}

// TestBadTokensLockNoOneElseOut: behind an address above its limit, valid tokens
// that were never seen are taken, and who sends bad ones is still refused.
func TestBadTokensLockNoOneElseOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.api.auth.RateLimit = ratelimit.New(ratelimit.Config{AddressPerMinute: 1}, prometheus.NewRegistry())
	org := b.professional()
	key, _ := b.person(org, tenancy.Owner).key(tenancy.Teacher, allScopes...)
	bad := []string{"a.b.c", b.issuer.SignAs("JWT", map[string]any{"iss": b.issuer.URL, "sub": "x"}), ""}
	for n := range 6 {
		b.call(bad[n%len(bad)], get, storagePath+"/quota", nil)
	}
	for _, token := range bad {
		b.call(token, get, storagePath+"/quota", nil).refused(http.StatusTooManyRequests, "rate_limited")
		b.call(token, get, "/api/v1/me", nil).refused(http.StatusTooManyRequests, "rate_limited")
	}
	for range 10 {
		p := b.person(org, tenancy.Student)
		p.call(get, storagePath+"/quota", nil).is(http.StatusOK)
		p.call(get, "/api/v1/me", nil).is(http.StatusOK)
	}
	b.call(b.issuer.Token("member-of-none"), get, storagePath+"/quota", nil).refused(http.StatusForbidden, "no_membership")
	b.call(key.token, get, storagePath+"/quota", nil).refused(http.StatusTooManyRequests, "rate_limited") // a key is known by the database only
}

// TestPersonWithoutMembershipIsBounded: a good token costs the database a question
// each time it is refused, and that many are not free.
func TestPersonWithoutMembershipIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.api.auth.RateLimit = ratelimit.New(ratelimit.Config{AddressPerMinute: 1}, prometheus.NewRegistry())
	token := b.issuer.Token("member-of-none")
	b.call(token, get, storagePath+"/quota", nil).refused(http.StatusForbidden, "no_membership")
	b.call(token, get, storagePath+"/quota", nil).refused(http.StatusTooManyRequests, "rate_limited")
	b.call(token, get, "/api/v1/me", nil).refused(http.StatusTooManyRequests, "rate_limited")
	b.call(b.issuer.Token("another"), get, "/api/v1/me", nil).is(http.StatusOK)
	b.person(b.organization(), tenancy.Student).call(get, storagePath+"/quota", nil).is(http.StatusOK)
}

// TestEncodedSlashesAreRefused: a proxy that guards a path by its beginning must
// read the same path as the router.
func TestEncodedSlashesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	for path, want := range map[string]int{
		"/api/v1/admin/storage/stats": 200, "/api/v1/admin%2fstorage%2fstats": 400, "/api/v1/admin%2Fstorage/stats": 400, "/api/v1%5cadmin/storage/stats": 400, "/api/v1/admin/storage%5Cstats": 400,
		"/api/v1/storage/files/%2e%2e%2f": 400, "/api%2fv1": 400, "/api/v1/admin%252fstorage%252fstats": 404,
	} {
		require.Equal(t, want, b.exchange("GET "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+operator.token+"\r\n\r\n"), path)
	}
}

// exchange sends bytes on a connection of its own and gives the answer's status.
func (b *testBundle) exchange(raw string) int {
	b.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", b.server.Listener.Addr().String())
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, raw)
	require.NoError(b.t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(b.t, err)
	require.NoError(b.t, resp.Body.Close())
	return resp.StatusCode
}

func TestWhatNoHonestClientSendsIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.person(b.organization(), tenancy.Student)
	head := "GET " + storagePath + "/quota HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + p.token + "\r\n"
	require.Equal(t, http.StatusOK, b.exchange(head+"\r\n"))
	require.Equal(t, http.StatusBadRequest, b.exchange(head+"Authorization: Bearer other\r\n\r\n"))
	require.Equal(t, http.StatusBadRequest, b.exchange(head+"X-Organization-ID: a\r\nX-Organization-ID: b\r\n\r\n"))
	p.call(get, storagePath+"/files?q="+strings.Repeat("a", auth.LongestQuery), nil).refused(http.StatusRequestURITooLong, "query_too_long")
}

// A body of two lengths is how a request is smuggled past a proxy. Chunked
// goes before Content-Length (RFC 9112, section 6.3), two different
// Content-Lengths and two transfer codings are refused.
func TestAmbiguousLengths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, headers := range []string{
		"Content-Length: 5\r\nContent-Length: 6\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
		"Transfer-Encoding: gzip, chunked\r\n",
		"Content-Length: -1\r\n",
	} {
		status := b.exchange("POST /api/v1/organizations HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n0\r\n\r\n")
		require.GreaterOrEqual(t, status, 400, headers)
		require.NotEqual(t, http.StatusUnauthorized, status, "%s is refused before anybody looks at it", headers)
	}
	require.Equal(t, http.StatusUnauthorized, b.exchange(fmt.Sprintf("POST %s/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", storagePath)))
}
