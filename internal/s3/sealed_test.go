package s3_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"satchel/internal/envelope"
	"satchel/internal/fault"
	"satchel/internal/keyring"
	"satchel/internal/s3"
	"satchel/internal/s3test"
)

// sealedStore is a store with two views of it: one that decrypts, and one that shows what
// lies there.
type sealedStore struct {
	*s3.Store

	raw  *s3.Store
	ring *keyring.Ring
	down *failing
}

// failing is a key store that can be made to fail.
type failing struct {
	s3.Records

	err error
}

func (f *failing) Get(ctx context.Context, name string) ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.Records.Get(ctx, name)
}

func (f *failing) Add(ctx context.Context, name string, record []byte) (bool, error) {
	if f.err != nil {
		return false, f.err
	}
	return f.Records.Add(ctx, name, record)
}

func sealedOf(t *testing.T, on bool) sealedStore {
	t.Helper()
	return sealedOn(t, s3test.Raw(t, s3test.Serve(t)), on)
}

// sealedOn makes another process on the same store.
func sealedOn(t *testing.T, raw *s3.Store, on bool) sealedStore {
	t.Helper()
	down := &failing{Records: s3.RecordsOf(raw.Keys, keyring.ErrAbsent)}
	ring, err := keyring.New(keyring.Config{On: on}, down, s3test.Box(t))
	require.NoError(t, err)
	store := *raw
	staging, clean, quarantine := *raw.Staging, *raw.Clean, *raw.Quarantine
	store.Staging, store.Clean, store.Quarantine = &staging, &clean, &quarantine
	store.Encrypt(ring)
	return sealedStore{&store, raw, ring, down}
}

func newKey() string { return uuid.NewString() + "/" + uuid.NewString() }

// secretText is as a file's would be: found again wherever it lies in plain text.
var secretText = bytes.Repeat([]byte("the grades of class 7b. "), 8000)

func readAll(t *testing.T, b *s3.Bucket, key, etag string, offset, length int64) ([]byte, error) {
	t.Helper()
	body, err := b.Open(t.Context(), key, etag, offset, length)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return io.ReadAll(body)
}

// holdsNothingReadable walks a bucket and looks for the text.
func holdsNothingReadable(t *testing.T, b *s3.Bucket) (objects int) {
	t.Helper()
	require.NoError(t, b.List(t.Context(), "", func(o s3.Object) error {
		content, err := readAll(t, b, o.Key, "", 0, -1)
		if errors.Is(err, s3.ErrErased) { // the view without keys refuses what is marked
			objects++
			return nil
		}
		require.NoError(t, err)
		require.NotContains(t, string(content), "class 7b", o.Key)
		return nil
	}))
	return objects
}

// TestWhatIsStoredIsNotReadable puts objects in each way and reads them back whole and by
// ranges, by a process that had no part in it.
func TestWhatIsStoredIsNotReadable(t *testing.T) {
	t.Parallel()
	s := sealedOf(t, true)
	ctx, key := t.Context(), newKey()
	size := int64(len(secretText))
	require.NoError(t, s.Staging.Prepare(ctx, key))
	sum := sha256.Sum256(secretText)
	etag, err := s.Staging.PutWithSHA256(ctx, key, bytes.NewReader(secretText), size, sum[:])
	require.NoError(t, err)
	_, err = s.Staging.Put(ctx, key+".tail", bytes.NewReader(secretText[:100]), 100, "")
	require.NoError(t, err)
	published, err := s.Clean.CopyFrom(ctx, s.Staging.Name(), key, etag, key+"/content")
	require.NoError(t, err)
	_, err = s.Clean.Put(ctx, key+"/renditions/text", bytes.NewReader(secretText), size, "text/plain")
	require.NoError(t, err)

	second := sealedOn(t, s.raw, true)
	got, err := readAll(t, second.Clean, key+"/content", published, 0, -1)
	require.NoError(t, err)
	require.True(t, bytes.Equal(secretText, got))
	for _, at := range []int64{0, 1, envelope.Segment - 1, envelope.Segment, 2*envelope.Segment + 7, size - 1} {
		got, err := readAll(t, second.Clean, key+"/content", published, at, 70000)
		require.NoError(t, err)
		require.True(t, bytes.Equal(secretText[at:min(at+70000, size)], got), "range at %d", at)
	}
	got, err = readAll(t, second.Staging, key+".tail", "", 0, 60)
	require.NoError(t, err)
	require.Equal(t, secretText[:60], got)
	got, err = readAll(t, second.Clean, key+"/renditions/text", "", 0, -1)
	require.NoError(t, err)
	require.True(t, bytes.Equal(secretText, got))
	o, err := second.Clean.Stat(ctx, key+"/content")
	require.NoError(t, err)
	require.Equal(t, s3.Object{Key: o.Key, Size: size, ETag: published, Modified: o.Modified}, o)
	_, err = readAll(t, second.Clean, key+"/content", "another", 0, -1)
	require.ErrorIs(t, err, s3.ErrChanged)
	kept, err := second.Staging.SHA256(ctx, key)
	require.NoError(t, err)
	require.Empty(t, kept, "what the store keeps is of cipher text, and nothing to compare with")

	require.Equal(t, 2, holdsNothingReadable(t, s.raw.Staging))
	require.Equal(t, 2, holdsNothingReadable(t, s.raw.Clean))
	holdsNothingReadable(t, s.raw.Keys)
}

// flipping changes a byte of what is stored on its way.
type flipping struct{ next http.RoundTripper }

func (f flipping) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut && r.ContentLength > envelope.Segment {
		body, err := io.ReadAll(r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		body[len(body)/2] ^= 1
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return f.next.RoundTrip(r)
}

// TestCipherTextThatChangesOnTheWayIsRefused: by the store, before anything is there.
func TestCipherTextThatChangesOnTheWayIsRefused(t *testing.T) {
	t.Parallel()
	c := s3test.Serve(t)
	c.Wrap = func(next http.RoundTripper) http.RoundTripper { return flipping{next} }
	s, key := sealedOn(t, s3test.Raw(t, c), true), newKey()
	require.NoError(t, s.Staging.Prepare(t.Context(), key))
	sum := sha256.Sum256(secretText)
	_, err := s.Staging.PutWithSHA256(t.Context(), key, bytes.NewReader(secretText), int64(len(secretText)), sum[:])
	require.ErrorContains(t, err, "did not match")
	_, err = s.Staging.Stat(t.Context(), key)
	require.ErrorIs(t, err, s3.ErrMissing)
}

// TestPartsMakeOneObject: parts that are encrypted apart, one of them sent twice with other
// bytes, are one object.
func TestPartsMakeOneObject(t *testing.T) {
	t.Parallel()
	s := sealedOf(t, true)
	ctx, key := t.Context(), newKey()
	require.NoError(t, s.Staging.Prepare(ctx, key))
	const part = 5 << 20
	plain := make([]byte, 2*part+100)
	_, _ = rand.Read(plain)
	id, err := s.Staging.CreateMultipart(ctx, key)
	require.NoError(t, err)
	_, err = s.Staging.PutPart(ctx, key, id, 1, envelope.Span{}, bytes.NewReader(make([]byte, part)), part)
	require.NoError(t, err)
	var parts []s3.Part
	for n, at := range []int64{0, part, 2 * part} {
		end := min(at+part, int64(len(plain)))
		etag, err := s.Staging.PutPart(ctx, key, id, n+1, envelope.Span{Offset: at, Last: n == 2}, bytes.NewReader(plain[at:end]), end-at)
		require.NoError(t, err)
		parts = append(parts, s3.Part{Number: n + 1, ETag: etag})
	}
	_, err = s.Staging.CompleteMultipart(ctx, key, id, parts)
	require.NoError(t, err)
	o, err := s.Staging.Stat(ctx, key)
	require.NoError(t, err)
	require.EqualValues(t, len(plain), o.Size)
	got, err := readAll(t, s.Staging, key, o.ETag, 0, -1)
	require.NoError(t, err)
	require.True(t, bytes.Equal(plain, got))
	got, err = readAll(t, s.Staging, key, o.ETag, part-10, 20)
	require.NoError(t, err)
	require.True(t, bytes.Equal(plain[part-10:part+10], got))

	_, err = s.Staging.PutPart(ctx, key, id, 4, envelope.Span{Offset: 1}, bytes.NewReader(plain), 1)
	require.Error(t, err, "a part that does not fill its segments")
}

// TestDestroyedKey: what a key encrypted is refused once the key is gone, and never given as
// it lies there.
func TestDestroyedKey(t *testing.T) {
	t.Parallel()
	s := sealedOf(t, true)
	ctx, key := t.Context(), newKey()
	_, err := s.Staging.Put(ctx, key, bytes.NewReader(secretText), int64(len(secretText)), "")
	require.NoError(t, err)
	copied := key[:36] + "/" + uuid.NewString()
	_, err = s.Staging.CopyFrom(ctx, s.Staging.Name(), key, "", copied)
	require.NoError(t, err)
	require.NoError(t, s.Staging.DropKey(ctx, key))
	require.NoError(t, s.Staging.DropKey(ctx, key), "it may be asked for again")
	for _, process := range []sealedStore{s, sealedOn(t, s.raw, true)} {
		for _, r := range [][2]int64{{0, -1}, {5, 10}} {
			_, err = readAll(t, process.Staging, key, "", r[0], r[1])
			require.ErrorIs(t, err, s3.ErrErased)
			require.Equal(t, fault.NotFound, fault.KindOf(err))
		}
		got, err := readAll(t, process.Staging, copied, "", 0, -1)
		require.NoError(t, err, "a version made of its bytes has a record of its own")
		require.True(t, bytes.Equal(secretText, got))
	}
}

// TestCopyWithoutMetadata: a copy that lost the marker is known by its key.
func TestCopyWithoutMetadata(t *testing.T) {
	t.Parallel()
	c := s3test.Serve(t)
	s, client := sealedOn(t, s3test.Raw(t, c), true), s3test.Client(t, c)
	ctx, key, sum := t.Context(), newKey(), sha256.Sum256(secretText)
	require.NoError(t, s.Clean.Prepare(ctx, key))
	_, err := s.Clean.PutWithSHA256(ctx, key, bytes.NewReader(secretText), int64(len(secretText)), sum[:])
	require.NoError(t, err)
	lies, err := client.GetObject(ctx, s.Clean.Name(), key, minio.GetObjectOptions{})
	require.NoError(t, err)
	cipher, err := io.ReadAll(lies)
	require.NoError(t, err)
	ofCipher := sha256.Sum256(cipher)
	_, err = s.raw.Clean.PutWithSHA256(ctx, key, bytes.NewReader(cipher), int64(len(cipher)), ofCipher[:])
	require.NoError(t, err)
	o, err := s.Clean.Stat(ctx, key)
	require.NoError(t, err)
	require.EqualValues(t, len(secretText), o.Size)
	kept, err := s.Clean.SHA256(ctx, key)
	require.NoError(t, err)
	require.Empty(t, kept)
	got, err := readAll(t, s.Clean, key, o.ETag, 0, -1)
	require.NoError(t, err)
	require.True(t, bytes.Equal(secretText, got))

	_, err = client.PutObject(ctx, s.Clean.Name(), key, bytes.NewReader(secretText[:10]), 10, minio.PutObjectOptions{})
	require.NoError(t, err)
	o, err = s.Clean.Stat(ctx, key)
	require.NoError(t, err)
	require.EqualValues(t, 10, o.Size, "what is no cipher text has the size that it has")
}

// TestKeyStoreDown: nothing is stored in plain text and nothing is read, and all goes on
// afterwards.
func TestKeyStoreDown(t *testing.T) {
	t.Parallel()
	first := sealedOf(t, true)
	ctx, key, fresh := t.Context(), newKey(), newKey()
	_, err := first.Staging.Put(ctx, key, bytes.NewReader(secretText), int64(len(secretText)), "")
	require.NoError(t, err)
	s := sealedOn(t, first.raw, true)
	s.down.err = errors.New("connection refused")
	refused := func(err error) {
		t.Helper()
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.Equal(t, "key_store_unavailable", fault.Of(err).Code)
		require.Positive(t, fault.Of(err).RetryAfter)
	}
	_, err = readAll(t, s.Staging, key, "", 0, -1)
	refused(err)
	refused(s.Staging.Prepare(ctx, fresh))
	_, err = s.Staging.Put(ctx, fresh, bytes.NewReader(secretText), int64(len(secretText)), "")
	refused(err)
	_, err = s.Staging.CreateMultipart(ctx, fresh)
	refused(err)
	_, err = s.Staging.CopyFrom(ctx, s.Staging.Name(), key, "", fresh)
	refused(err)
	_, err = s.raw.Staging.Stat(ctx, fresh)
	require.ErrorIs(t, err, s3.ErrMissing)
	s.down.err = nil
	got, err := readAll(t, s.Staging, key, "", 0, -1)
	require.NoError(t, err)
	require.True(t, bytes.Equal(secretText, got))
	require.NoError(t, s.Staging.Prepare(ctx, fresh))
}

// TestANewObjectBesideItsKey: both are there when it succeeds, for a process that had no part in it. Where one of them
// fails the other may stay, both are removed, and neither is known to the process.
func TestANewObjectBesideItsKey(t *testing.T) {
	t.Parallel()
	s := sealedOf(t, true)
	ctx, size, sum := t.Context(), int64(len(secretText)), sha256.Sum256(secretText)
	put := func(key string, sum []byte) error {
		_, err := s.Staging.PutWithKey(ctx, key, bytes.NewReader(secretText), size, sum, time.Minute)
		return err
	}
	org := uuid.NewString() // whose own key is known after the first
	key := org + "/" + uuid.NewString()
	require.NoError(t, put(key, sum[:]))
	got, err := readAll(t, sealedOn(t, s.raw, true).Staging, key, "", 0, -1)
	require.NoError(t, err)
	require.True(t, bytes.Equal(secretText, got))
	require.Equal(t, 1, holdsNothingReadable(t, s.raw.Staging))

	alone := org + "/" + uuid.NewString()
	s.down.err = errors.New("connection refused")
	err = put(alone, sum[:])
	s.down.err = nil
	require.Equal(t, "key_store_unavailable", fault.Of(err).Code)
	_, err = s.raw.Staging.Stat(ctx, alone)
	require.NoError(t, err, "the bytes were stored meanwhile")
	require.Equal(t, 2, holdsNothingReadable(t, s.raw.Staging))
	_, err = readAll(t, s.Staging, alone, "", 0, -1)
	require.ErrorIs(t, err, s3.ErrErased)
	require.NoError(t, s.Staging.Remove(ctx, alone))

	alone = org + "/" + uuid.NewString()
	_, err = s.Staging.PutWithKey(ctx, alone, brokenBody{}, size, sum[:], time.Minute)
	require.Error(t, err)
	require.NoError(t, s.Staging.DropKey(ctx, alone))
	_, err = s.down.Get(ctx, alone)
	require.ErrorIs(t, err, keyring.ErrAbsent)
	_, err = s.Staging.Put(ctx, alone+".tail", bytes.NewReader(secretText), size, "")
	require.ErrorIs(t, err, s3.ErrNoKey)

	plain := sealedOf(t, false)
	_, err = plain.Staging.PutWithKey(ctx, key, bytes.NewReader(secretText), size, sum[:], time.Minute)
	require.NoError(t, err, "while encryption is off there is no key")
	got, err = readAll(t, plain.raw.Staging, key, "", 0, -1)
	require.NoError(t, err)
	require.True(t, bytes.Equal(secretText, got))
}

// brokenBody can be read no more.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error)       { return 0, io.ErrUnexpectedEOF }
func (brokenBody) Seek(int64, int) (int64, error) { return 0, nil }

// TestPlainObjectsAreRead: what is older than the encryption stays readable, and gets no key
// behind its back.
func TestPlainObjectsAreRead(t *testing.T) {
	t.Parallel()
	old := sealedOf(t, false)
	ctx, key := t.Context(), newKey()
	_, err := old.Staging.Put(ctx, key, bytes.NewReader(secretText), int64(len(secretText)), "")
	require.NoError(t, err)
	s := sealedOn(t, old.raw, true)
	_, err = s.Clean.CopyFrom(ctx, s.Staging.Name(), key, "", key+"/content")
	require.NoError(t, err)
	_, err = s.Clean.Put(ctx, key+"/renditions/thumbnail", bytes.NewReader(secretText), int64(len(secretText)), "")
	require.NoError(t, err)
	for _, b := range []*s3.Bucket{s.Clean, old.Clean, s.raw.Clean} {
		got, err := readAll(t, b, key+"/content", "", 10, 20)
		require.NoError(t, err)
		require.Equal(t, secretText[10:30], got)
		got, err = readAll(t, b, key+"/renditions/thumbnail", "", 0, -1)
		require.NoError(t, err)
		require.True(t, bytes.Equal(secretText, got))
	}
}

// TestObjectsOfOthersAreRefused: an object that somebody with the store's account put in the
// place of another does not open.
func TestObjectsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	s := sealedOf(t, true)
	ctx, key, other := t.Context(), newKey(), newKey()
	for _, k := range []string{key, other} {
		_, err := s.Staging.Put(ctx, k, bytes.NewReader(secretText), int64(len(secretText)), "")
		require.NoError(t, err)
	}
	_, err := s.raw.Staging.CopyFrom(ctx, s.Staging.Name(), other, "", key)
	require.NoError(t, err)
	_, err = readAll(t, s.Staging, key, "", 0, -1)
	require.ErrorIs(t, err, s3.ErrAltered)
	_, err = s.raw.Staging.Put(ctx, key, bytes.NewReader(secretText), int64(len(secretText)), "")
	require.NoError(t, err)
	_, err = readAll(t, s.Staging, key, "", 0, -1)
	require.ErrorIs(t, err, s3.ErrAltered, "plain text where there is a key")
}

// TestRecordsAreReplaced only where the one that was read still lies.
func TestRecordsAreReplaced(t *testing.T) {
	t.Parallel()
	raw := s3test.Raw(t, s3test.Serve(t))
	ctx, r, name := t.Context(), s3.RecordsOf(raw.Keys, keyring.ErrAbsent), "organizations/x/key"
	replace := func(was, record string) bool {
		t.Helper()
		replaced, err := r.Replace(ctx, name, []byte(was), []byte(record))
		require.NoError(t, err)
		return replaced
	}
	require.False(t, replace("one", "two"), "it is not there")
	_, err := r.Get(ctx, name)
	require.ErrorIs(t, err, keyring.ErrAbsent)
	added, err := r.Add(ctx, name, []byte("one"))
	require.NoError(t, err)
	require.True(t, added)
	require.True(t, replace("one", "two"))
	require.False(t, replace("one", "three"))
	got, err := r.Get(ctx, name)
	require.NoError(t, err)
	require.Equal(t, "two", string(got))

	// The store itself refuses one that is removed or written between the reading and the writing.
	o, err := raw.Keys.Stat(ctx, name)
	require.NoError(t, err)
	require.NoError(t, r.Remove(ctx, name))
	_, err = raw.Keys.PutMatching(ctx, name, o.ETag, []byte("back again"))
	require.NoError(t, err)
	_, err = r.Get(ctx, name)
	require.ErrorIs(t, err, keyring.ErrAbsent)
	_, err = r.Add(ctx, name, []byte("three"))
	require.NoError(t, err)
	put, err := raw.Keys.PutMatching(ctx, name, o.ETag, []byte("four"))
	require.NoError(t, err)
	require.False(t, put)
}

// TestNothingIsWrittenPlainAfterTheKeyIsGone: a request that was under way when a version was erased
// is refused, in each way in which it may write; what is made of older plain bytes is plain as they are.
func TestNothingIsWrittenPlainAfterTheKeyIsGone(t *testing.T) {
	t.Parallel()
	old := sealedOf(t, false)
	ctx, key, plain, size := t.Context(), newKey(), newKey(), int64(len(secretText))
	_, err := old.Clean.Put(ctx, plain+"/content", bytes.NewReader(secretText), size, "")
	require.NoError(t, err)
	s := sealedOn(t, old.raw, true)
	_, err = s.Clean.Put(ctx, plain+"/renditions/text", bytes.NewReader(secretText), size, "")
	require.NoError(t, err)
	got, err := readAll(t, s.Clean, plain+"/renditions/text", "", 0, -1)
	require.NoError(t, err)
	require.True(t, bytes.Equal(secretText, got))

	for _, content := range []bool{false, true} { // the objects of the version go after its key
		require.NoError(t, s.Staging.Prepare(ctx, key))
		if content {
			_, err = s.Clean.Put(ctx, key+"/content", bytes.NewReader(secretText), size, "")
			require.NoError(t, err)
		}
		upload, err := s.Staging.CreateMultipart(ctx, key)
		require.NoError(t, err)
		require.NoError(t, s.Staging.DropKey(ctx, key))
		sum := sha256.Sum256(secretText)
		_, err = s.Staging.PutWithSHA256(ctx, key, bytes.NewReader(secretText), size, sum[:])
		require.ErrorIs(t, err, s3.ErrNoKey)
		_, err = s.Staging.CreateMultipart(ctx, key)
		require.ErrorIs(t, err, s3.ErrNoKey)
		_, err = s.Staging.PutPart(ctx, key, upload, 1, envelope.Span{Last: true}, bytes.NewReader(secretText), size)
		require.ErrorIs(t, err, s3.ErrNoKey)
		_, err = s.Staging.Put(ctx, key+".tail", bytes.NewReader(secretText), size, "")
		require.ErrorIs(t, err, s3.ErrNoKey)
		_, err = s.Clean.Put(ctx, key+"/renditions/text", bytes.NewReader(secretText), size, "")
		require.ErrorIs(t, err, s3.ErrNoKey)
	}
}
