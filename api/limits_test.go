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
