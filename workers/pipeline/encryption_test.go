package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pipelinetest"
	"satchel/internal/s3"
	"satchel/internal/s3test"
)

// encryptedBench is a worker on a store whose keys can be out of reach.
func encryptedBench(t *testing.T) (*worker, *s3test.Keys) {
	t.Helper()
	store, keyStore := s3test.Sealed(t)
	return setup(t, func(o *pipelinetest.Options) { o.Store = store }), keyStore
}

// nothingReadable walks what lies in the buckets and looks for a text.
func nothingReadable(t *testing.T, store *s3.Store, text []byte) (objects int) {
	t.Helper()
	view := s3test.View(store)
	for _, bucket := range []*s3.Bucket{view.Staging, view.Clean, view.Quarantine, view.Keys} {
		for _, key := range keys(t, bucket) {
			objects++
			body, err := bucket.Open(context.Background(), key, "", 0, -1)
			if errors.Is(err, s3.ErrErased) { // it is marked as encrypted, and the view has no keys
				continue
			}
			require.NoError(t, err)
			content, err := io.ReadAll(body)
			require.NoError(t, errors.Join(err, body.Close()))
			require.False(t, bytes.Contains(content, text), "%s/%s", bucket.Name(), key)
			require.Equal(t, view.Keys, bucket, "%s is not encrypted", key)
		}
	}
	return objects
}

// TestNothingReadableLiesInTheStore takes files through the worker to each of their ends:
// the bytes, their previews, and what is in quarantine are encrypted, and a file that is
// purged takes its key along.
func TestNothingReadableLiesInTheStore(t *testing.T) {
	t.Parallel()
	b, _ := encryptedBench(t)
	text := []byte("the grades of class 7b")
	clean := bytes.Repeat(append(text, '\n'), 10_000)
	published, bad, picture := b.Receive(t, "grades.txt", clean), b.Receive(t, "bad.txt", append(bytes.Clone(virus), text...)), b.Receive(t, "photo.png", png)
	nothingReadable(t, b.Store, text)
	for _, c := range []struct {
		ticket files.Created
		status files.Status
	}{{published, files.Published}, {bad, files.Quarantined}, {picture, files.Published}} {
		v, err := b.Ends(t, b.Process(t, c.ticket), c.ticket)
		require.NoError(t, err)
		require.Equal(t, c.status, v.Status, v.StatusReason)
	}
	b.RequireSettled(t)
	require.Equal(t, clean, read(t, b.Store.Clean, files.ContentKey(b.Org, published.Version)))
	require.Greater(t, nothingReadable(t, b.Store, text), 6)
	require.Len(t, keys(t, b.Store.Keys), 4, "of three versions and of the organization")
}

// TestKeyStoreThatComesBack: while no key can be had, a file waits. Nothing is withdrawn, and
// it ends as if nothing had been.
func TestKeyStoreThatComesBack(t *testing.T) {
	t.Parallel()
	b, keyStore := encryptedBench(t)
	ticket := b.Receive(t, "notes.txt", []byte("patience"))
	require.NoError(t, keyStore.Fail(errors.New("connection refused")))
	run := b.Process(t, ticket)
	require.Eventually(t, func() bool { return keyStore.Refused() >= 2 }, patience, pause)
	waiting, err := files.GetVersion(t.Context(), b.Single(b.Org), ticket.Version)
	require.NoError(t, err)
	require.Equal(t, files.Processing, waiting.Status)
	require.Len(t, keys(t, b.Store.Staging), 1)
	require.NoError(t, keyStore.Fail(nil))
	v, err := b.Ends(t, run, ticket)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status, v.StatusReason)
	require.Equal(t, []byte("patience"), read(t, b.Store.Clean, files.ContentKey(b.Org, ticket.Version)))
	b.RequireSettled(t)
}
