// What the adapter asks of a store, on a real one, is the suite of internal/s3/conformance.
package s3_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/s3"
	"satchel/internal/s3test"
)

func put(t *testing.T, b *s3.Bucket, key, body string) (etag string) {
	t.Helper()
	etag, err := b.Put(t.Context(), key, strings.NewReader(body), int64(len(body)), "text/plain")
	require.NoError(t, err)
	return etag
}

// TestEmptyRangeIsNotTheWholeObject: S3 has no way to ask for nothing.
func TestEmptyRangeIsNotTheWholeObject(t *testing.T) {
	t.Parallel()
	b := s3test.New(t).Staging
	etag := put(t, b, "org/file", "hello, school")
	_, err := b.Open(t.Context(), "org/file", etag, 0, 0)
	require.Error(t, err)
}

func TestListAndRemove(t *testing.T) {
	t.Parallel()
	b := s3test.New(t).Clean
	for _, key := range []string{"a/1", "a/2/x", "ab/1"} {
		put(t, b, key, key)
	}
	list := func(prefix string) (keys []string) {
		require.NoError(t, b.List(t.Context(), prefix, func(o s3.Object) error { keys = append(keys, o.Key); return nil }))
		return keys
	}
	require.Equal(t, []string{"a/1", "a/2/x"}, list("a/"))
	stop := errors.New("enough")
	require.ErrorIs(t, b.List(t.Context(), "", func(s3.Object) error { return stop }), stop)
	require.NoError(t, b.RemovePrefix(t.Context(), "a/"))
	require.Equal(t, []string{"ab/1"}, list(""))
	require.NoError(t, b.Remove(t.Context(), "a/1"), "a missing object is no error")
}

// TestCancelledListingIsNoEmptyOne: a caller must not take a listing that was cut off
// for one that has come to its end.
func TestCancelledListingIsNoEmptyOne(t *testing.T) {
	t.Parallel()
	b := s3test.New(t).Staging
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.List(ctx, "", func(s3.Object) error { return nil }), context.Canceled)
}

// TestAnswersAreClassified lets a server answer everything with one status.
// What is not certain to be final is worth another try.
func TestAnswersAreClassified(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		answer http.HandlerFunc
		kind   fault.Kind
		is     error
	}{
		{"503", status(http.StatusServiceUnavailable, "SlowDown"), fault.Unavailable, nil},
		{"500", status(http.StatusInternalServerError, "InternalError"), fault.Unavailable, nil},
		{"403", status(http.StatusForbidden, "AccessDenied"), fault.Unavailable, nil},
		{"reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fault.Unavailable, nil},
		{"no such key", status(http.StatusNotFound, "NoSuchKey"), fault.NotFound, s3.ErrMissing},
		{"a bare 404", status(http.StatusNotFound, ""), fault.NotFound, s3.ErrMissing},
		{"no such bucket is a broken store", status(http.StatusNotFound, "NoSuchBucket"), fault.Unavailable, nil},
		{"412", status(http.StatusPreconditionFailed, "PreconditionFailed"), fault.Conflict, s3.ErrChanged},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(c.answer)
			server.Config.ErrorLog = nil
			server.Start()
			t.Cleanup(server.Close)
			store, err := s3.Open(s3.Config{Endpoint: strings.TrimPrefix(server.URL, "http://"), AccessKey: "a", SecretKey: "b", Region: "us-east-1", Staging: "staging", Clean: "clean", Quarantine: "quarantine"})
			require.NoError(t, err)
			_, err = store.Clean.Open(t.Context(), "key", "etag", 0, -1)
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			_, err = store.Clean.CopyFrom(t.Context(), "staging", "key", "etag", "key")
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
		})
	}
}

func status(code int, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(code)
		if name != "" {
			_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>`+name+`</Code><Message>m</Message></Error>`)
		}
	}
}

func TestCancelledStaysCancelled(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(status(http.StatusOK, ""))
	t.Cleanup(server.Close)
	store, err := s3.Open(s3.Config{Endpoint: strings.TrimPrefix(server.URL, "http://"), AccessKey: "a", SecretKey: "b", Region: "us-east-1", Clean: "clean"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = store.Clean.Stat(ctx, "key")
	require.ErrorIs(t, err, context.Canceled)
	require.NotEqual(t, fault.Unavailable, fault.KindOf(err), "no retry")
}

// counting counts requests on their way to the store.
type counting struct {
	next http.RoundTripper
	n    atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.next.RoundTrip(r)
}

// TestEveryRequestPassesWhatIsPutAround: traces see each request, of every bucket.
func TestEveryRequestPassesWhatIsPutAround(t *testing.T) {
	t.Parallel()
	c, around := s3test.Serve(t), &counting{}
	c.Wrap = func(next http.RoundTripper) http.RoundTripper {
		around.next = next
		return around
	}
	store, err := s3.Open(c)
	require.NoError(t, err)
	require.NoError(t, store.Ping(t.Context()))
	require.NoError(t, store.Keys.Ping(t.Context()))
	require.EqualValues(t, 3, around.n.Load())
}

// TestKeysAreReplacedWhileTheStoreIsOpen: requests that were refused are taken when the files of the
// settings hold the right keys, without another Open.
func TestKeysAreReplacedWhileTheStoreIsOpen(t *testing.T) {
	t.Parallel()
	c := s3test.Serve(t)
	right := c
	var now atomic.Pointer[s3.Config]
	c.SecretKey = "the secret of yesterday"
	now.Store(&c)
	first := c
	first.Fresh = func() (s3.Config, error) { return *now.Load(), nil }
	store, err := s3.Open(first)
	require.NoError(t, err)
	require.Error(t, store.Ping(t.Context()))
	now.Store(&right)
	require.Eventually(t, func() bool { return store.Ping(t.Context()) == nil }, 30*time.Second, 100*time.Millisecond)
	put(t, store.Staging, "org/file", "with the new keys")
}
