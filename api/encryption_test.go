package api

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/api/request"
	"satchel/api/storage"
	"satchel/files"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/tenancy"
)

// grades is a text of several segments, which is found again wherever it lies in plain text.
var grades = strings.Repeat("the grades of class 7b are confidential. ", 6000)

// unreadable walks the buckets of files as they lie in the store, and says how many objects
// there are.
func (b *testBundle) unreadable() (n int) {
	b.t.Helper()
	view := s3test.View(b.store)
	for _, bucket := range []*s3.Bucket{view.Staging, view.Clean, view.Quarantine, view.Keys} {
		require.NoError(b.t, bucket.List(context.Background(), "", func(o s3.Object) error {
			n++
			body, err := bucket.Open(context.Background(), o.Key, "", 0, -1)
			if errors.Is(err, s3.ErrErased) { // it is marked as encrypted, and the view has no keys
				return nil
			}
			require.NoError(b.t, err)
			defer func() { _ = body.Close() }()
			content, err := io.ReadAll(body)
			require.NoError(b.t, err)
			require.NotContains(b.t, string(content), "class 7b", o.Key)
			return nil
		}))
	}
	return n
}

// TestEncryptionFromUploadToDelivery: what is uploaded by a form and by tus is nowhere
// readable in the store, and leaves as it came, whole, by ranges, and after a version was
// restored and the one that it came from was deleted.
func TestEncryptionFromUploadToDelivery(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.upload("grades.txt", []byte(grades))
	require.Equal(t, sum(grades), f.SHA256)
	require.EqualValues(t, len(grades), f.Size)
	require.Equal(t, 3, b.unreadable(), "the bytes, and two keys")
	b.publish(owner.org, f.ID)
	require.Equal(t, 4, b.unreadable())
	same := func() {
		t.Helper()
		require.Equal(t, grades, string(owner.call(get, at(f.ID, "/content"), nil).is(200).body))
		a := owner.call(get, at(f.ID, "/content"), nil, "Range", "bytes=65530-131080").is(206)
		require.Equal(t, grades[65530:131081], string(a.body))
		require.Equal(t, grades[len(grades)-7:], string(owner.call(get, at(f.ID, "/content"), nil, "Range", "bytes=-7").is(206).body))
	}
	same()
	require.NoError(t, b.keys.Fail(nil), "a process that knows no key")
	same()

	first := b.head(owner.org, f.ID).VersionID
	owner.newVersion(f.ID, "another text")
	owner.call(post, at(f.ID, "/versions/1/restore"), nil).is(202)
	b.publish(owner.org, f.ID)
	owner.call(remove, at(f.ID, "/versions/1"), nil).is(204)
	require.NoError(t, b.store.Staging.DropKey(t.Context(), files.StagingKey(owner.org, first)))
	same()
	b.unreadable()
}

// TestEncryptionWithoutKeys: while the key store is down no byte is taken and none is given,
// and all goes on when it is back.
func TestEncryptionWithoutKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("grades.txt", grades)
	require.NoError(t, b.keys.Fail(errors.New("connection refused")))
	body, contentType := form("more.txt", []byte(grades), nil, nil)
	tus := []string{"Tus-Resumable", "1.0.0", "Upload-Length", "10", "Upload-Metadata", "filename YS50eHQ="}
	for _, a := range []answer{
		owner.call(post, storagePath+"/upload", body, "Content-Type", contentType),
		owner.call(post, tusPath, nil, append(tus, "Idempotency-Key", "one")...),
		owner.call(get, at(f.ID, "/content"), nil),
		owner.call(get, at(f.ID, "/content"), nil, "Range", "bytes=0-9"),
	} {
		a.refused(503, "key_store_unavailable")
		require.NotEmpty(t, a.header.Get("Retry-After"))
		require.Empty(t, a.header.Get("ETag"))
	}
	owner.call(get, at(f.ID, ""), nil).is(200)
	require.Equal(t, 4, b.unreadable(), "what was there")
	require.NoError(t, b.keys.Fail(nil))
	require.Equal(t, grades, string(owner.call(get, at(f.ID, "/content"), nil).is(200).body))
	require.Equal(t, f.ID, read[storage.FileView](owner.call(get, at(f.ID, ""), nil)).ID)
	owner.upload("more.txt", []byte(grades))
	owner.call(post, tusPath, nil, append(tus, "Idempotency-Key", "one")...).is(201)
	require.Len(t, slices.DeleteFunc(read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files", nil).is(200)).Items, func(f storage.FileView) bool { return f.Name != "a.txt" }), 1, "the upload that failed is not listed beside the one that repeats it")
	q, err := files.GetQuota(t.Context(), b.db.Single(owner.org))
	require.NoError(t, err)
	require.EqualValues(t, len(grades)+10, q.ReservedBytes, "the refused uploads hold no room")
}

// TestEncryptionKeyDestroyed: a file whose key is gone is refused with the reason, and its
// bytes as they lie in the store do not leave.
func TestEncryptionKeyDestroyed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("grades.txt", grades)
	require.NoError(t, b.store.Clean.DropKey(t.Context(), files.ContentKey(owner.org, b.head(owner.org, f.ID).VersionID)))
	for _, header := range [][]string{nil, {"Range", "bytes=0-9"}} {
		a := owner.call(get, at(f.ID, "/content"), nil, header...)
		a.refused(404, "key_destroyed")
		require.Empty(t, a.header.Get("ETag"))
	}
}
