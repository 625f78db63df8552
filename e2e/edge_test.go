package e2e

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// atEdge is an address of the content host, at Varnish in front of it.
func atEdge(t *testing.T, address string) string {
	t.Helper()
	path, ok := strings.CutPrefix(address, local.Content)
	require.True(t, ok, address)
	return local.Edge + path
}

const (
	edgeHit  = "satchel; hit"
	edgeMiss = "satchel; fwd=miss"
	edgePass = "satchel; fwd=bypass"
)

// TestEdge is one test, because it stops the cache of all.
func TestEdge(t *testing.T) {
	s := newSchool(t)
	ctx := testContext(t)
	publish := func(t *testing.T) (id string, content []byte) {
		t.Helper()
		content = text(100_000)
		return settled(t, s.Teacher, mustUpload(t, s.Teacher, "plan.txt", content)).ID, content
	}
	address := func(t *testing.T, id string) string {
		t.Helper()
		a, err := s.Teacher.Address(ctx, id, client.AddressRequest{})
		require.NoError(t, err)
		return a.URL
	}
	// refusedSoon demands that an address is refused within two seconds from the end of
	// what ends it. No purge is sent in this test.
	refusedSoon := func(t *testing.T, url string, end func()) {
		t.Helper()
		require.Equal(t, http.StatusOK, fetch(t, url).status)
		end()
		began := time.Now()
		require.Eventually(t, func() bool { return fetch(t, url).status >= http.StatusBadRequest }, patience, 5*time.Millisecond)
		require.Less(t, time.Since(began), 2*time.Second)
	}

	t.Run("hit and range", func(t *testing.T) {
		id, content := publish(t)
		first := fetch(t, atEdge(t, address(t, id)))
		require.Equal(t, []any{http.StatusOK, edgeMiss, content}, []any{first.status, first.header.Get("Cache-Status"), first.body})
		require.Equal(t, "private, no-cache", first.header.Get("Cache-Control"), "browsers ask each time")
		again := fetch(t, atEdge(t, address(t, id)))
		require.Equal(t, []any{http.StatusOK, edgeHit, content}, []any{again.status, again.header.Get("Cache-Status"), again.body}, "another address of the same bytes")
		part := fetch(t, atEdge(t, address(t, id)), "Range", "bytes=1000-1999")
		require.Equal(t, []any{http.StatusPartialContent, edgeHit, content[1000:2000]}, []any{part.status, part.header.Get("Cache-Status"), part.body})
		known := fetch(t, atEdge(t, address(t, id)), "If-None-Match", first.header.Get("ETag"))
		require.Equal(t, []any{http.StatusNotModified, edgePass}, []any{known.status, known.header.Get("Cache-Status")})
	})
	t.Run("a deleted file", func(t *testing.T) {
		id, _ := publish(t)
		refusedSoon(t, atEdge(t, address(t, id)), func() { require.NoError(t, s.Teacher.Delete(ctx, id)) })
	})
	t.Run("a revoked share", func(t *testing.T) {
		id, _ := publish(t)
		made := share(t, s.Teacher, client.NewShare{Kind: "link", File: id})
		refusedSoon(t, atEdge(t, visitorOf(t, made.URL).download(nil)), func() { require.NoError(t, s.Teacher.RevokeShare(ctx, made.ID)) })
	})
	t.Run("a share that expires", func(t *testing.T) {
		id, _ := publish(t)
		ends := time.Now().Add(3 * time.Second)
		made := share(t, s.Teacher, client.NewShare{Kind: "link", File: id, ExpiresAt: &ends})
		url := atEdge(t, visitorOf(t, made.URL).download(nil))
		require.Equal(t, http.StatusOK, fetch(t, url).status)
		require.Eventually(t, func() bool { return fetch(t, url).status >= http.StatusBadRequest }, patience, 5*time.Millisecond)
		require.Less(t, time.Since(ends), 2*time.Second)
	})
	t.Run("Varnish is down", func(t *testing.T) {
		id, content := publish(t)
		require.True(t, signal(t, "edge", syscall.SIGSTOP))
		defer func() { require.True(t, signal(t, "edge", syscall.SIGCONT)) }()
		require.Equal(t, content, fetch(t, address(t, id)).body, "the content host needs no edge")
	})
	t.Run("Varnish was killed", func(t *testing.T) {
		id, content := publish(t)
		kill(t, "edge")
		require.Equal(t, content, fetch(t, address(t, id)).body)
		require.Eventually(t, func() bool {
			resp, err := http.Get(atEdge(t, address(t, id)))
			if err != nil {
				return false
			}
			_ = resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		}, patience, 200*time.Millisecond)
	})
	t.Run("the API was killed", func(t *testing.T) {
		id, content := publish(t)
		url := atEdge(t, address(t, id))
		require.Equal(t, content, fetch(t, url).body)
		kill(t, "api")
		ready(t)
		require.Equal(t, content, fetch(t, atEdge(t, address(t, id))).body)
	})
}
