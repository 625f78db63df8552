package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/envelope"
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

func read(t *testing.T, b *s3.Bucket, key, etag string, offset, length int64) (string, error) {
	t.Helper()
	body, err := b.Open(t.Context(), key, etag, offset, length)
	if err != nil {
		return "", err
	}
	defer func() { require.NoError(t, body.Close()) }()
	all, err := io.ReadAll(body)
	return string(all), err
}

// TestReadsAreTiedToWhatWasJudged replaces an object between two reads.
func TestReadsAreTiedToWhatWasJudged(t *testing.T) {
	t.Parallel()
	b := s3test.New(t).Staging
	first := put(t, b, "org/file", "hello, school")
	got, err := read(t, b, "org/file", first, 0, -1)
	require.NoError(t, err)
	require.Equal(t, "hello, school", got)
	for _, c := range []struct {
		offset, length int64
		want           string
	}{{7, -1, "school"}, {0, 5, "hello"}, {7, 3, "sch"}, {12, 100, "l"}} {
		got, err := read(t, b, "org/file", first, c.offset, c.length)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	_, err = b.Open(t.Context(), "org/file", first, 0, 0)
	require.Error(t, err, "an empty range must not become the whole object")
	second := put(t, b, "org/file", "other bytes")
	require.NotEqual(t, first, second)
	_, err = read(t, b, "org/file", first, 0, -1)
	require.ErrorIs(t, err, s3.ErrChanged)
	_, err = read(t, b, "org/none", "", 0, -1)
	require.ErrorIs(t, err, s3.ErrMissing)
	_, err = b.Stat(t.Context(), "org/none")
	require.ErrorIs(t, err, s3.ErrMissing)
	object, err := b.Stat(t.Context(), "org/file")
	require.NoError(t, err)
	require.Equal(t, second, object.ETag)
	require.EqualValues(t, 11, object.Size)
}

// TestStoreRefusesOtherBytes: bytes that change on the way never become an
// object, and do not replace one.
func TestStoreRefusesOtherBytes(t *testing.T) {
	t.Parallel()
	b := s3test.New(t).Staging
	sum := sha256.Sum256([]byte("what was hashed"))
	_, err := b.PutWithSHA256(t.Context(), "org/v", strings.NewReader("what was bashed"), 15, sum[:])
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	_, err = b.Stat(t.Context(), "org/v")
	require.ErrorIs(t, err, s3.ErrMissing)
	etag, err := b.PutWithSHA256(t.Context(), "org/v", strings.NewReader("what was hashed"), 15, sum[:])
	require.NoError(t, err)
	_, err = b.PutWithSHA256(t.Context(), "org/v", strings.NewReader("what was bashed"), 15, sum[:])
	require.Error(t, err)
	got, err := read(t, b, "org/v", etag, 0, -1)
	require.NoError(t, err)
	require.Equal(t, "what was hashed", got)
}

func TestCopyTakesOnlyWhatWasJudged(t *testing.T) {
	t.Parallel()
	store := s3test.New(t)
	scanned := put(t, store.Staging, "org/v", "clean")
	etag, err := store.Clean.CopyFrom(t.Context(), store.Staging.Name(), "org/v", scanned, "org/v/content")
	require.NoError(t, err)
	got, err := read(t, store.Clean, "org/v/content", etag, 0, -1)
	require.NoError(t, err)
	require.Equal(t, "clean", got)
	put(t, store.Staging, "org/v", "swapped afterwards")
	_, err = store.Clean.CopyFrom(t.Context(), store.Staging.Name(), "org/v", scanned, "org/v/content")
	require.ErrorIs(t, err, s3.ErrChanged)
	_, err = store.Clean.CopyFrom(t.Context(), store.Staging.Name(), "org/none", scanned, "org/w/content")
	require.ErrorIs(t, err, s3.ErrMissing)
	got, err = read(t, store.Clean, "org/v/content", etag, 0, -1)
	require.NoError(t, err)
	require.Equal(t, "clean", got, "what was published stays")
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	b := s3test.New(t).Staging
	ctx := t.Context()
	id, err := b.CreateMultipart(ctx, "org/big")
	require.NoError(t, err)
	block := bytes.Repeat([]byte("x"), 5<<20)
	var parts []s3.Part
	for n, body := range map[int][]byte{1: block, 2: []byte("tail")} {
		etag, err := b.PutPart(ctx, "org/big", id, n, envelope.Span{}, bytes.NewReader(body), int64(len(body)))
		require.NoError(t, err)
		parts = append(parts, s3.Part{Number: n, ETag: etag})
	}
	if parts[0].Number == 2 {
		parts[0], parts[1] = parts[1], parts[0]
	}
	pending, err := b.ListPending(ctx, "org/")
	require.NoError(t, err)
	require.Equal(t, []s3.PendingUpload{{Key: "org/big", Upload: id}}, pending)
	etag, err := b.CompleteMultipart(ctx, "org/big", id, parts)
	require.NoError(t, err)
	got, err := read(t, b, "org/big", etag, 5<<20-1, -1)
	require.NoError(t, err)
	require.Equal(t, "xtail", got)
	pending, err = b.ListPending(ctx, "org/")
	require.NoError(t, err)
	require.Empty(t, pending)

	id, err = b.CreateMultipart(ctx, "org/given-up")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, b.AbortMultipart(ctx, "org/given-up", id), "a missing object is no error")
	}
	_, err = b.PutPart(ctx, "org/given-up", id, 1, envelope.Span{}, strings.NewReader("x"), 1)
	require.ErrorIs(t, err, s3.ErrMissing)
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

// TestListAfter: a listing goes on behind any key, whether an object has it or not, in
// the order of the keys, over more than one answer of the store.
func TestListAfter(t *testing.T) {
	t.Parallel()
	b := s3test.New(t).Staging
	for _, key := range []string{"org/a", "org/a.tail", "org/b/content", "org/b/renditions/x", "org/c", "other/d"} {
		put(t, b, key, "x")
	}
	after := func(key string) (keys []string) {
		for o, err := range b.ListAfter(t.Context(), "org/", key) {
			require.NoError(t, err)
			keys = append(keys, o.Key)
		}
		return keys
	}
	require.Equal(t, []string{"org/a", "org/a.tail", "org/b/content", "org/b/renditions/x", "org/c"}, after(""))
	require.Equal(t, []string{"org/b/content", "org/b/renditions/x", "org/c"}, after("org/a0"))
	require.Equal(t, []string{"org/c"}, after("org/b0"))
	require.Equal(t, []string{"org/b/renditions/x", "org/c"}, after("org/b/content"))
	require.Empty(t, after("org/c0"))

	const many = 1010 // more than one answer holds
	for i := range many {
		put(t, b, fmt.Sprintf("many/%06d", i), "x")
	}
	n := 0
	for o, err := range b.ListAfter(t.Context(), "many/", "many/000004") {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("many/%06d", n+5), o.Key)
		require.EqualValues(t, 1, o.Size)
		n++
	}
	require.Equal(t, many-5, n)
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
