package keyring

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/envelope"
	"satchel/internal/fault"
	"satchel/internal/kms"
)

// memory is a key store in memory.
type memory struct {
	mu      sync.Mutex
	records map[string][]byte
	gets    int
	err     error
}

func (m *memory) Get(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gets++
	if m.err != nil {
		return nil, m.err
	}
	record, ok := m.records[name]
	if !ok {
		return nil, ErrAbsent
	}
	return bytes.Clone(record), nil
}

func (m *memory) Add(_ context.Context, name string, record []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return false, m.err
	}
	if _, ok := m.records[name]; ok {
		return false, nil
	}
	m.records[name] = bytes.Clone(record)
	return true, nil
}

func (m *memory) Replace(_ context.Context, name string, was, record []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if is, ok := m.records[name]; m.err != nil || !ok || !bytes.Equal(is, was) {
		return false, m.err
	}
	m.records[name] = bytes.Clone(record)
	return true, nil
}

func (m *memory) Remove(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		delete(m.records, name)
	}
	return m.err
}

func (m *memory) Names(_ context.Context, prefix, after string, visit func(string) error) error {
	m.mu.Lock()
	names := slices.Sorted(maps.Keys(m.records))
	m.mu.Unlock()
	for _, name := range names {
		if strings.HasPrefix(name, prefix) && name > after {
			if err := visit(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func boxOf(t *testing.T, names ...string) *kms.Box {
	t.Helper()
	var text strings.Builder
	for _, name := range names {
		text.WriteString(name + " " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(name[:1]), 32)) + "\n")
	}
	f, err := kms.ParseFile([]byte(text.String()))
	require.NoError(t, err)
	return kms.New(f)
}

func ringOf(t *testing.T, s Store, box *kms.Box) *Ring {
	t.Helper()
	r, err := New(Config{On: true}, s, box)
	require.NoError(t, err)
	return r
}

func object() string { return uuid.NewString() + "/" + uuid.NewString() }

// same says whether two keys are one: what the first encrypts, the second opens.
func same(t *testing.T, a, b *envelope.Key) bool {
	t.Helper()
	sealed, err := io.ReadAll(a.Seal("content", envelope.Span{Last: true}, strings.NewReader("text"), 4))
	require.NoError(t, err)
	got, err := io.ReadAll(b.Open("content", io.NopCloser(bytes.NewReader(sealed)), envelope.Locate(0, -1), int64(len(sealed))))
	return err == nil && string(got) == "text"
}

func find(t *testing.T, r *Ring, object string) *envelope.Key {
	t.Helper()
	k, _, err := r.Find(t.Context(), object)
	require.NoError(t, err)
	return k
}

// TestEveryProcessHasTheSameKey: processes that make a key at once end with one.
func TestEveryProcessHasTheSameKey(t *testing.T) {
	t.Parallel()
	s, o := &memory{records: map[string][]byte{}}, object()
	rings := make([]*Ring, 8)
	var all sync.WaitGroup
	for i := range rings {
		rings[i] = ringOf(t, s, boxOf(t, "first"))
		all.Go(func() {
			if err := rings[i].Make(context.Background(), o); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, r := range slices.Concat(rings, []*Ring{ringOf(t, s, boxOf(t, "first"))}) {
		require.True(t, same(t, find(t, rings[0], o), find(t, r, o)))
	}
	require.Nil(t, find(t, rings[0], object()), "another version has none")
	require.Len(t, s.records, 2, "one of the version and one of the organization")
}

// late is a key store whose answer to the first request is lost: what sends it again is told that the record is there.
type late struct{ *memory }

func (l late) Add(ctx context.Context, name string, record []byte) (bool, error) {
	_, err := l.memory.Add(ctx, name, record)
	return false, err
}

// TestANewKeyIsKnownWhenItIsKept: a key is used before it is durable, and is the version's only then. Its own record may
// be there already, another's may not.
func TestANewKeyIsKnownWhenItIsKept(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), &memory{records: map[string][]byte{}}
	for _, store := range []Store{s, late{s}} {
		r, o := ringOf(t, store, boxOf(t, "first")), object()
		key, role, keep, err := r.New(ctx, o)
		require.NoError(t, err)
		require.Equal(t, content, role)
		require.NotContains(t, s.records, o)
		require.NoError(t, keep(ctx))
		require.True(t, same(t, key, find(t, r, o)))
		require.True(t, same(t, key, find(t, ringOf(t, s, boxOf(t, "first")), o)))
	}

	r, o := ringOf(t, s, boxOf(t, "first")), object()
	_, _, keep, err := r.New(ctx, o)
	require.NoError(t, err)
	require.NoError(t, ringOf(t, s, boxOf(t, "first")).Make(ctx, o))
	require.ErrorIs(t, keep(ctx), ErrUnavailable, "what was encrypted could not be opened")

	o = object()
	_, _, keep, err = r.New(ctx, o)
	require.NoError(t, err)
	s.err = errors.New("connection refused")
	require.ErrorIs(t, keep(ctx), ErrUnavailable)
	s.err = nil
	require.Nil(t, find(t, r, o))

	for _, other := range []string{o + "/renditions/text", o + ".tail", "packages/1"} {
		key, _, keep, err := r.New(ctx, other)
		require.NoError(t, err)
		require.True(t, key == nil && keep == nil, "only a version's own bytes get a key")
	}
	off, err := New(Config{}, s, boxOf(t, "first"))
	require.NoError(t, err)
	key, _, _, err := off.New(ctx, object())
	require.NoError(t, err)
	require.Nil(t, key)
}

// TestObjectsOfAVersion: which objects belong to a version, and as what.
func TestObjectsOfAVersion(t *testing.T) {
	t.Parallel()
	r, o := ringOf(t, &memory{records: map[string][]byte{}}, boxOf(t, "first")), object()
	org, _, _ := strings.Cut(o, "/")
	require.NoError(t, r.Make(t.Context(), o))
	for suffix, want := range map[string]string{"": "content", "/content": "content", ".tail": "tail", "/renditions/thumbnail": "renditions/thumbnail", "/transformations/a/b": "transformations/a/b"} {
		k, role, err := r.Find(t.Context(), o+suffix)
		require.NoError(t, err)
		require.NotNil(t, k)
		require.Equal(t, want, role)
	}
	for _, other := range []string{"", org, org + "/", org + "/rosters/" + uuid.NewString() + ".zip", "checkpoints/" + o, org + "/." + "x", strings.ReplaceAll(o, "-", "")} {
		require.NoError(t, r.Make(t.Context(), other))
		k, _, err := r.Find(t.Context(), other)
		require.NoError(t, err, other)
		require.Nil(t, k, other)
	}
	fresh := object()
	require.NoError(t, r.Make(t.Context(), fresh+"/renditions/thumbnail"))
	require.Nil(t, find(t, r, fresh), "what is made of a plain version stays plain")
}

// TestRecordsAreBoundToTheirPlace: a record that is put in the place of another gives no
// key.
func TestRecordsAreBoundToTheirPlace(t *testing.T) {
	t.Parallel()
	s := &memory{records: map[string][]byte{}}
	r, one := ringOf(t, s, boxOf(t, "first")), object()
	org, _, _ := strings.Cut(one, "/")
	two := org + "/" + uuid.NewString()
	require.NoError(t, r.Make(t.Context(), one))
	require.NoError(t, r.Make(t.Context(), two))
	good := s.records[one]
	for name, record := range map[string][]byte{
		"of another version":                     s.records[two],
		"cut":                                    good[:len(good)-1],
		"of another version, said to be of this": append(append(append([]byte(nil), s.records[two][:1]...), good[1:17]...), s.records[two][17:]...),
		"nothing":                                {},
	} {
		s.records[one] = record
		_, _, err := ringOf(t, s, boxOf(t, "first")).Find(t.Context(), one)
		require.Equal(t, "key_store_unavailable", fault.Of(err).Code, name)
	}
}

// TestMissingMasterIsNoPlainText: an organization whose key is gone has no versions in plain
// text, and gets no other key for old records.
func TestMissingMasterIsNoPlainText(t *testing.T) {
	t.Parallel()
	s, o := &memory{records: map[string][]byte{}}, object()
	require.NoError(t, ringOf(t, s, boxOf(t, "first")).Make(t.Context(), o))
	org, _, _ := strings.Cut(o, "/")
	require.NoError(t, s.Remove(t.Context(), Masters+org+"/key"))
	for _, r := range []*Ring{ringOf(t, s, boxOf(t, "first")), ringOf(t, s, boxOf(t, "other"))} {
		_, _, err := r.Find(t.Context(), o)
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.NotErrorIs(t, err, ErrAbsent)
		require.ErrorIs(t, err, ErrNoMaster)
		err = r.Make(t.Context(), org+"/"+uuid.NewString())
		require.ErrorIs(t, err, ErrNoMaster, "a new key would hide that the old one is lost")
		require.Equal(t, "key_store_unavailable", fault.Of(err).Code)
	}
	require.Equal(t, []string{o}, slices.Collect(maps.Keys(s.records)))
	other := object()
	s.records[other[:36]+"/probe"] = nil
	require.NoError(t, ringOf(t, s, boxOf(t, "first")).Make(t.Context(), other), "another organization gets its key")
}

// TestSharedKey: a version that was made of another's bytes has them after the other's key
// is gone.
func TestSharedKey(t *testing.T) {
	t.Parallel()
	s := &memory{records: map[string][]byte{}}
	r, from := ringOf(t, s, boxOf(t, "first")), object()
	org, _, _ := strings.Cut(from, "/")
	to := org + "/" + uuid.NewString()
	require.NoError(t, r.Make(t.Context(), from))
	key := find(t, r, from)
	require.NoError(t, r.Share(t.Context(), from+"/content", to))
	require.NoError(t, r.Share(t.Context(), from+"/content", to), "it may be asked for again")
	require.NoError(t, r.Drop(t.Context(), from))
	require.Nil(t, find(t, r, from))
	require.True(t, same(t, key, find(t, ringOf(t, s, boxOf(t, "first")), to)))
	require.Error(t, r.Share(t.Context(), to, object()), "never to another organization")
	plain := object()
	org, _, _ = strings.Cut(plain, "/")
	require.NoError(t, r.Share(t.Context(), plain, org+"/"+uuid.NewString()))
}

// TestRotation: keys of organizations move to the current key of the service, and the keys
// of versions stay what they are.
func TestRotation(t *testing.T) {
	t.Parallel()
	s := &memory{records: map[string][]byte{}}
	old := ringOf(t, s, boxOf(t, "first"))
	var objects []string
	for range 5 {
		o := object()
		require.NoError(t, old.Make(t.Context(), o))
		objects = append(objects, o)
	}
	both := ringOf(t, s, boxOf(t, "second", "first"))
	var after uuid.UUID
	var pages [][]uuid.UUID
	for {
		page, err := both.Stale(t.Context(), after, 2)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		pages, after = append(pages, page), page[len(page)-1]
		for _, org := range page {
			require.NoError(t, both.Rotate(t.Context(), org))
			require.NoError(t, both.Rotate(t.Context(), org), "it may be asked for again")
		}
	}
	require.Len(t, slices.Concat(pages...), 5)
	require.Len(t, pages, 3)
	none, err := both.Stale(t.Context(), uuid.Nil, 100)
	require.NoError(t, err)
	require.Empty(t, none)
	asked := s.gets
	none, err = both.Stale(t.Context(), uuid.Nil, 100)
	require.NoError(t, err)
	require.Empty(t, none)
	require.Equal(t, asked, s.gets, "nothing is read again until the service has another key")
	require.NoError(t, both.Rotate(t.Context(), uuid.New()), "an organization that is gone")
	for _, o := range objects {
		require.True(t, same(t, find(t, old, o), find(t, ringOf(t, s, boxOf(t, "second")), o)))
	}
}

// leaving is a key store whose organization is deleted after its key was read.
type leaving struct{ *memory }

func (l leaving) Get(ctx context.Context, name string) ([]byte, error) {
	record, err := l.memory.Get(ctx, name)
	return record, errors.Join(err, l.Remove(ctx, name))
}

// TestRotationBringsNoKeyBack: the key of an organization that is deleted while it is encrypted
// again stays destroyed.
func TestRotationBringsNoKeyBack(t *testing.T) {
	t.Parallel()
	s, o := &memory{records: map[string][]byte{}}, object()
	require.NoError(t, ringOf(t, s, boxOf(t, "first")).Make(t.Context(), o))
	org, _, _ := strings.Cut(o, "/")
	r, err := New(Config{On: true}, leaving{s}, boxOf(t, "second", "first"))
	require.NoError(t, err)
	require.NoError(t, r.Rotate(t.Context(), uuid.MustParse(org)))
	require.Equal(t, []string{o}, slices.Collect(maps.Keys(s.records)))
}

// TestWhatAProcessKnows: a key is asked for once in a minute, and its removal by another
// process is seen after that.
func TestWhatAProcessKnows(t *testing.T) {
	t.Parallel()
	s, o := &memory{records: map[string][]byte{}}, object()
	r := ringOf(t, s, boxOf(t, "first"))
	now := time.Now()
	r.versions.Now = func() time.Time { return now }
	require.NoError(t, r.Make(t.Context(), o))
	asked := s.gets
	require.NotNil(t, find(t, r, o))
	require.Equal(t, asked, s.gets)
	require.NoError(t, ringOf(t, s, boxOf(t, "first")).Drop(t.Context(), o))
	require.NotNil(t, find(t, r, o))
	now = now.Add(keptFor)
	require.Nil(t, find(t, r, o))
	for i := range 2 * keptVersions {
		r.versions.Put(id{version: uuid.UUID{byte(i), byte(i >> 8)}}, entry{})
	}
	require.LessOrEqual(t, r.versions.Len(), keptVersions)
}

func TestKeyStoreFails(t *testing.T) {
	t.Parallel()
	s, o := &memory{records: map[string][]byte{}, err: errors.New("refused")}, object()
	r := ringOf(t, s, boxOf(t, "first"))
	_, _, err := r.Find(t.Context(), o)
	for _, err := range []error{err, r.Make(t.Context(), o), r.Drop(t.Context(), o)} {
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.Positive(t, fault.Of(err).RetryAfter)
	}
	_, err = New(Config{On: true}, s, nil)
	require.ErrorContains(t, err, "SATCHEL_KMS_KEYS_FILE")
	off, err := New(Config{}, &memory{records: map[string][]byte{}}, nil)
	require.NoError(t, err)
	require.NoError(t, off.Make(t.Context(), o))
	require.Nil(t, find(t, off, o))
}
