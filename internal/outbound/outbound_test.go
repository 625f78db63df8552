package outbound_test

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/outbound"
)

const bound = 1 << 10

// names answers with the addresses of the next call, and with the last ones for ever.
type names struct {
	calls   atomic.Int32
	answers [][]string
}

func (n *names) LookupNetIP(_ context.Context, _, _ string) (found []netip.Addr, _ error) {
	i := int(n.calls.Add(1)) - 1
	for _, text := range n.answers[min(i, len(n.answers)-1)] {
		found = append(found, netip.MustParseAddr(text))
	}
	return found, nil
}

func loopback(a netip.Addr) bool { return a.IsLoopback() }

func post(t *testing.T, c *outbound.Client, to string) (outbound.Answer, error) {
	t.Helper()
	return c.Post(t.Context(), to, http.Header{"X-Test": {"1"}}, []byte("body"))
}

func receiver(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// TestNamesThatLeadInside are refused when they are connected to, whatever they led to
// when the webhook was made; a name with one good address is reached by that.
func TestNamesThatLeadInside(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	s := receiver(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	to := "http://hook.school.example:" + port
	closed := func(netip.Addr) bool { return false }
	for _, inside := range []string{"169.254.169.254", "127.0.0.1", "10.0.0.1", "::1", "::ffff:127.0.0.1"} {
		_, err := post(t, outbound.New(closed, bound, outbound.Options{Resolver: &names{answers: [][]string{{inside}}}}), to)
		require.ErrorIs(t, err, outbound.ErrAddress, inside)
		require.Equal(t, "address_refused", outbound.Code(err))
	}
	require.Zero(t, reached.Load())
	_, err = post(t, outbound.New(loopback, bound, outbound.Options{Resolver: &names{answers: [][]string{{"169.254.169.254", "127.0.0.1"}}}}), to)
	require.NoError(t, err)
	require.EqualValues(t, 1, reached.Load())
}

// TestRebinding: the name leads to an allowed address, then to another one. Each
// connection goes to what was checked for it, and no name is asked twice for one.
func TestRebinding(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	s := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.Header().Set("Connection", "close")
	})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	changing := &names{answers: [][]string{{"127.0.0.1"}, {"127.0.0.2"}, {"169.254.169.254"}}}
	onlyFirst := func(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.1") }
	c := outbound.New(onlyFirst, bound, outbound.Options{Resolver: changing})
	to := "http://hook.school.example:" + port
	_, err = post(t, c, to)
	require.NoError(t, err)
	require.EqualValues(t, 1, changing.calls.Load(), "what was checked is what is connected to")
	for range 2 {
		_, err = post(t, c, to)
		require.ErrorIs(t, err, outbound.ErrAddress)
	}
	require.EqualValues(t, 1, reached.Load())
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Int32
	s := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed.Add(1)
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	a, err := post(t, outbound.New(loopback, bound, outbound.Options{}), s.URL)
	require.ErrorIs(t, err, outbound.ErrRedirect)
	require.Equal(t, http.StatusTemporaryRedirect, a.Status)
	require.Zero(t, followed.Load())
}

// TestAnswersAreBounded: of 100 MB, the beginning is read and the connection is closed.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	var written atomic.Int64
	ended := make(chan struct{})
	s := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		_, _ = io.Copy(io.Discard, r.Body)
		block := make([]byte, 64<<10)
		for written.Load() < 100<<20 {
			n, err := w.Write(block)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	a, err := post(t, outbound.New(loopback, bound, outbound.Options{}), s.URL)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Status)
	require.Len(t, a.Body, bound)
	<-ended
	require.Less(t, written.Load(), int64(100<<20))
}

// TestHangingReceivers end in their time: before the headers, and in the body.
func TestHangingReceivers(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	c := outbound.New(loopback, bound, outbound.Options{Patience: 200 * time.Millisecond})
	_, err := post(t, c, s.URL+"/headers")
	require.ErrorIs(t, err, outbound.ErrTime)
	a, err := post(t, c, s.URL+"/body")
	require.NoError(t, err, "its status is its answer")
	require.Equal(t, http.StatusOK, a.Status)
}

func TestFailuresHaveTheirCodes(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	_, err := post(t, outbound.New(loopback, bound, outbound.Options{}), s.URL)
	require.Equal(t, "tls", outbound.Code(err))
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	a, err := post(t, outbound.New(loopback, bound, outbound.Options{Roots: roots}), s.URL)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, a.Status)

	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err = post(t, outbound.New(loopback, bound, outbound.Options{}), gone.URL)
	require.Equal(t, "connection", outbound.Code(err))
	_, err = post(t, outbound.New(loopback, bound, outbound.Options{Resolver: &names{answers: [][]string{{}}}}), "http://hook.school.example")
	require.Equal(t, "name_unknown", outbound.Code(err))
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	_, err = post(t, outbound.New(loopback, bound, outbound.Options{}), "http://"+u.Host)
	require.NoError(t, err, "it answers 400 in clear")
}

// TestLoopbackIsForLocalStacks: a deployment that sets it does not start.
func TestLoopbackIsForLocalStacks(t *testing.T) {
	t.Parallel()
	for address, fine := range map[string]bool{"http://127.0.0.1:8400": true, "http://localhost:8400/x": true, "http://[::1]:1": true, "https://satchel.school.example": false, "": false, "https://10.0.0.1": false} {
		require.NoError(t, outbound.Config{}.Check(address))
		require.Equal(t, fine, outbound.Config{Loopback: true}.Check(address) == nil, address)
	}
}
