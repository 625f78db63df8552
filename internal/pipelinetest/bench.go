// Package pipelinetest gives a test the processes of the worker on a real
// database, a real store and, where it needs one, a real Temporal: a Worker is
// the whole of it, Activities are the steps that end a version without Temporal.
// Scanner, renderer and mail server are doubles that do what the test says.
package pipelinetest

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/activities/preview"
	"satchel/activities/reconcile"
	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/internal/s3"
	"satchel/internal/spool"
	"satchel/policies/transforms"
	"satchel/tenancy"
)

// What the tests have in common.
const (
	Room     = 1 << 30               // bytes that an organization of a test may store
	Patience = 3 * time.Minute       // how long a test waits for what must happen
	Pause    = 20 * time.Millisecond // between two looks whether it has

	// AuditKey is the base64 of 32 bytes: no secret of anyone's.
	AuditKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

	// SecretsKey seals the secrets of webhooks of the tests.
	SecretsKey = AuditKey

	// HashKey hashes user names and addresses of the tests.
	HashKey = "a key of the tests, long enough to be one"
)

// Virus returns the bytes that the fake scanner takes for one.
func Virus() []byte { return []byte("this test calls me a virus") }

// PNG returns a picture of one pixel, as far as its header goes.
func PNG() []byte {
	return append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"), make([]byte, 64)...)
}

// Bench is one organization with a person who uploads, its store, and the
// reconciler that says whether everything agrees.
type Bench struct {
	*pgtest.Database

	Store   *s3.Store
	Org     tenancy.OrgID
	User    uuid.UUID
	Checker reconcile.Checker
}

func newBench(t *testing.T, store *s3.Store) Bench {
	t.Helper()
	b := Bench{Database: pgtest.New(t), Store: store}
	b.UseNewOrganization(t)
	return b
}

// UseNewOrganization makes an organization, with a student, and works in it from
// here on.
func (b *Bench) UseNewOrganization(t *testing.T) {
	t.Helper()
	b.Org = b.Organization(t, Room)
	b.User = b.Member(t, b.Org, tenancy.Student)
}

// Receive makes a version whose bytes are complete, as an upload leaves it.
func (b *Bench) Receive(t *testing.T, name string, content []byte) files.Created {
	t.Helper()
	return b.ReceiveVersion(t, uuid.Nil, name, content)
}

// ReceiveVersion is the same of a file that is there.
func (b *Bench) ReceiveVersion(t *testing.T, file uuid.UUID, name string, content []byte) files.Created {
	t.Helper()
	ctx := context.Background()
	var ticket files.Created
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) (err error) {
		ticket, err = files.Create(ctx, tx, files.New{File: file, Name: name, Size: int64(len(content)), UploadedBy: b.User, TTL: time.Hour})
		return err
	}))
	etag, err := b.Store.Staging.Put(ctx, files.StagingKey(b.Org, ticket.Version), bytes.NewReader(content), int64(len(content)), "")
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) error {
		return files.Receive(ctx, tx, files.Received{Upload: ticket.Upload, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), ETag: etag})
	}))
	return ticket
}

// Trash puts a file into the trash.
func (b *Bench) Trash(t *testing.T, file uuid.UUID) {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, b.InTx(ctx, b.Org, func(tx *tenancy.Tx) error {
		_, err := files.Trash(ctx, tx, file)
		return err
	}))
}

// RequireSettled demands that rows, objects, quota and workflows agree, soon: a row says how its
// version ended before the step has cleared what that end has no use for.
func (b *Bench) RequireSettled(t *testing.T) {
	t.Helper()
	b.RequireSettledWithin(t, 2*time.Minute) // of a thousand files each object is read
}

// RequireSettledWithin is RequireSettled of so many files that reading their objects takes longer.
func (b *Bench) RequireSettledWithin(t *testing.T, patience time.Duration) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		found, err := b.Checker.Check(context.Background(), b.Org, reconcile.Options{Deep: true})
		require.NoError(c, err)
		require.Empty(c, found)
	}, patience, 50*time.Millisecond)
}

// Keys lists the keys of a bucket.
func Keys(t *testing.T, b *s3.Bucket) (found []string) {
	t.Helper()
	require.NoError(t, b.List(context.Background(), "", func(o s3.Object) error {
		found = append(found, o.Key)
		return nil
	}))
	return found
}

// Read reads an object.
func Read(t *testing.T, b *s3.Bucket, key string) []byte {
	t.Helper()
	body, err := b.Open(context.Background(), key, "", 0, -1)
	require.NoError(t, err)
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(body)
	require.NoError(t, err)
	return content
}

// Zip makes an archive of the members.
func Zip(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, content := range members {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// Renderer makes the previews of a picture, as a test says.
type Renderer func(ctx context.Context, path, dir string) (preview.Pictures, error)

// Render calls it.
func (r Renderer) Render(ctx context.Context, path, dir string) (preview.Pictures, error) {
	return r(ctx, path, dir)
}

// Transform gives the first of the renditions in place of any picture.
func (r Renderer) Transform(ctx context.Context, path, dir string, _ transforms.Spec) (preview.Picture, error) {
	p, err := r(ctx, path, dir)
	if err != nil {
		return preview.Picture{}, err
	}
	return p.Renditions[0], nil
}

// OnePreview is a Renderer that makes one small file of any picture.
func OnePreview(_ context.Context, _, dir string) (preview.Pictures, error) {
	path := filepath.Join(dir, "fit320.webp")
	if err := os.WriteFile(path, []byte("small"), 0o600); err != nil {
		return preview.Pictures{}, err
	}
	return preview.Pictures{Width: 640, Height: 480, Renditions: []preview.Picture{
		{Name: "fit320.webp", Path: path, MimeType: "image/webp", Width: 320, Height: 240, Size: 5}}}, nil
}

// OpenSpool opens a spool in a folder of the test.
func OpenSpool(t *testing.T) *spool.Owner {
	t.Helper()
	owner, err := spool.Open(spool.Config{Dir: t.TempDir()}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	return owner
}
