// Package activitytest gives a test of activities an organization on a real
// database, a real object store that fails where the test says, and the guard of
// the platform's workers.
package activitytest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"satchel/files"
	"satchel/internal/envelope"
	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/policies/verdict"
	"satchel/tenancy"
	"satchel/workers"
)

// ErrDown is how a bucket fails that was told to.
var ErrDown = errors.New("the store is down")

// Fixture is one organization with a person who uploads, and the store.
type Fixture struct {
	*pgtest.Database

	Org                        tenancy.OrgID
	User                       uuid.UUID
	Staging, Clean, Quarantine *Bucket
	Exports                    *Bucket
}

// New makes it.
func New(t testing.TB) *Fixture {
	t.Helper()
	store := s3test.New(t)
	f := &Fixture{Database: pgtest.New(t), Staging: &Bucket{Bucket: store.Staging}, Clean: &Bucket{Bucket: store.Clean},
		Quarantine: &Bucket{Bucket: store.Quarantine}, Exports: &Bucket{Bucket: store.Exports}}
	f.Org = f.Organization(t, 1<<20)
	f.User = f.Member(t, f.Org, tenancy.Student)
	return f
}

// Receive makes a version whose bytes are complete, as an upload leaves it.
func (f *Fixture) Receive(t testing.TB, name string, content []byte) files.Created {
	t.Helper()
	var created files.Created
	require.NoError(t, f.InTx(t.Context(), f.Org, func(tx *tenancy.Tx) (err error) {
		created, err = files.Create(t.Context(), tx, files.New{Name: name, Size: int64(len(content)), UploadedBy: f.User, TTL: time.Hour})
		return err
	}))
	etag, err := f.Staging.Put(t.Context(), files.StagingKey(f.Org, created.Version), bytes.NewReader(content), int64(len(content)), "")
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	require.NoError(t, f.InTx(t.Context(), f.Org, func(tx *tenancy.Tx) error {
		return files.Receive(t.Context(), tx, files.Received{Upload: created.Upload, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), ETag: etag})
	}))
	return created
}

// Scanned makes a version that was found clean.
func (f *Fixture) Scanned(t testing.TB, name string, content []byte) files.Created {
	t.Helper()
	created := f.Receive(t, name, content)
	sum := sha256.Sum256(content)
	clean := files.Verdict{Verdict: verdict.Clean, SHA256: hex.EncodeToString(sum[:]), Engine: "test", Database: "1"}
	require.NoError(t, files.Scanned(t.Context(), f.Single(f.Org), created.Version, clean))
	return created
}

// Version reads a version's row.
func (f *Fixture) Version(t testing.TB, version uuid.UUID) files.Version {
	t.Helper()
	v, err := files.GetVersion(t.Context(), f.Single(f.Org), version)
	require.NoError(t, err)
	return v
}

// Run runs an activity behind the guard of the platform's workers and gives its
// result.
func Run[R any](t testing.TB, activities, activity, in any) (result R, err error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{workers.Guard(prometheus.NewRegistry())}})
	env.RegisterActivity(activities)
	encoded, err := env.ExecuteActivity(activity, in)
	if err != nil {
		return result, err
	}
	require.NoError(t, encoded.Get(&result))
	return result, nil
}

// Sweep does one run of the sweep of that name, from the head.
func Sweep(t testing.TB, sweeps []queue.Sweep, name string) (queue.Swept, error) {
	t.Helper()
	for _, s := range sweeps {
		if s.Name == name {
			return s.Run(t.Context(), uuid.Nil)
		}
	}
	require.Fail(t, "there is no such sweep", name)
	return queue.Swept{}, nil
}

// RequireRefused demands that an activity failed with the code, and whether
// another attempt may succeed.
func RequireRefused(t testing.TB, err error, code string, again bool) {
	t.Helper()
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, code, failed.Type())
	require.Equal(t, again, !failed.NonRetryable())
}

// Bucket is a bucket of a real store, as the activities know it.
type Bucket struct {
	*s3.Bucket

	mu      sync.Mutex
	failing string
}

// Fail lets the next call of this name fail: "put", "open", "copied" (behind a
// copy that was made), "remove", "remove prefix".
func (b *Bucket) Fail(call string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failing = call
}

func (b *Bucket) fails(call string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failing != call {
		return nil
	}
	b.failing = ""
	return ErrDown
}

// Put stores an object.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (string, error) {
	if err := b.fails("put"); err != nil {
		return "", err
	}
	return b.Bucket.Put(ctx, key, body, size, contentType)
}

// Open reads an object.
func (b *Bucket) Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error) {
	if err := b.fails("open"); err != nil {
		return nil, err
	}
	return b.Bucket.Open(ctx, key, etag, offset, length)
}

// CopyFrom copies an object from another bucket.
func (b *Bucket) CopyFrom(ctx context.Context, bucket, srcKey, etag, key string) (string, error) {
	copied, err := b.Bucket.CopyFrom(ctx, bucket, srcKey, etag, key)
	if failed := b.fails("copied"); failed != nil {
		return "", failed
	}
	return copied, err
}

// Remove removes an object.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	if err := b.fails("remove"); err != nil {
		return err
	}
	return b.Bucket.Remove(ctx, key)
}

// RemovePrefix removes every object under a prefix.
func (b *Bucket) RemovePrefix(ctx context.Context, prefix string) error {
	if err := b.fails("remove prefix"); err != nil {
		return err
	}
	return b.Bucket.RemovePrefix(ctx, prefix)
}

// Size describes an object.
func (b *Bucket) Size(ctx context.Context, key string) (int64, string, error) {
	o, err := b.Stat(ctx, key)
	return o.Size, o.ETag, err
}

// AbortAll ends every multipart upload under a prefix.
func (b *Bucket) AbortAll(ctx context.Context, prefix string) error {
	pending, err := b.ListPending(ctx, prefix)
	for _, p := range pending {
		if err := b.AbortMultipart(ctx, p.Key, p.Upload); err != nil {
			return err
		}
	}
	return err
}

// Each visits every object under a prefix.
func (b *Bucket) Each(ctx context.Context, prefix string, visit func(key string, modified time.Time) error) error {
	return b.List(ctx, prefix, func(o s3.Object) error { return visit(o.Key, o.Modified) })
}

// PutPart stores a part of a multipart upload.
func (b *Bucket) PutPart(ctx context.Context, key, upload string, number int, body *bytes.Reader) (string, error) {
	if err := b.fails("put"); err != nil {
		return "", err
	}
	return b.Bucket.PutPart(ctx, key, upload, number, envelope.Span{}, body, int64(body.Len()))
}

// CompleteMultipart joins the parts.
func (b *Bucket) CompleteMultipart(ctx context.Context, key, upload string, etags []string) (string, error) {
	parts := make([]s3.Part, len(etags))
	for i, etag := range etags {
		parts[i] = s3.Part{Number: i + 1, ETag: etag}
	}
	return b.Bucket.CompleteMultipart(ctx, key, upload, parts)
}

// Keys lists the keys of the bucket.
func (b *Bucket) Keys(t testing.TB) (keys []string) {
	t.Helper()
	require.NoError(t, b.Each(t.Context(), "", func(key string, _ time.Time) error {
		keys = append(keys, key)
		return nil
	}))
	return keys
}
