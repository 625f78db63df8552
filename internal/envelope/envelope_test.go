package envelope

import (
	"bytes"
	"crypto/rand"
	"io"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	secret = bytes.Repeat([]byte{7}, KeySize)
	org    = uuid.MustParse("0b1f7b1c-0000-7000-8000-000000000001")
	one    = uuid.MustParse("0b1f7b1c-0000-7000-8000-000000000002")
	other  = uuid.MustParse("0b1f7b1c-0000-7000-8000-000000000003")
)

func keyOf(t require.TestingT, version uuid.UUID) *Key {
	k, err := NewKey(secret, org, version)
	require.NoError(t, err)
	return k
}

func random(n int64) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func seal(t require.TestingT, k *Key, span Span, plain []byte) []byte {
	size, err := span.Size(int64(len(plain)))
	require.NoError(t, err)
	got, err := io.ReadAll(k.Seal("content", span, bytes.NewReader(plain), int64(len(plain))))
	require.NoError(t, err)
	require.Len(t, got, int(size))
	return got
}

// read reads a range of what lies in the store as S3 gives it.
func read(k *Key, stored []byte, offset, length int64) ([]byte, error) {
	r := Locate(offset, length)
	from := stored[min(r.Offset, int64(len(stored))):]
	if r.Length >= 0 {
		from = from[:min(r.Length, int64(len(from)))]
	}
	o := k.Open("content", io.NopCloser(iotest.HalfReader(bytes.NewReader(from))), r, int64(len(from)))
	defer func() { _ = o.Close() }()
	return io.ReadAll(o)
}

// sizes are those around the boundaries of segments, and any.
func sizes() *rapid.Generator[int64] {
	near := rapid.Custom(func(t *rapid.T) int64 {
		return max(0, rapid.Int64Range(0, 4).Draw(t, "segments")*Segment+rapid.Int64Range(-2, 2).Draw(t, "beside"))
	})
	return rapid.OneOf(near, rapid.Int64Range(0, 4*Segment+9))
}

// TestRangesOfPartsAreThoseOfTheText: whatever parts a text is encrypted in, each range of it
// is the range of the text.
func TestRangesOfPartsAreThoseOfTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := keyOf(t, one)
		plain := random(sizes().Draw(t, "size"))
		size := int64(len(plain))
		var stored []byte
		at := int64(0)
		for at+Segment <= size && rapid.Bool().Draw(t, "part") {
			n := rapid.Int64Range(1, (size-at)/Segment).Draw(t, "segments") * Segment
			stored = append(stored, seal(t, k, Span{Offset: at}, plain[at:at+n])...)
			at += n
		}
		stored = append(stored, seal(t, k, Span{Offset: at, Last: true}, plain[at:])...)
		require.Len(t, stored, int(SealedSize(size)))
		back, err := PlainSize(int64(len(stored)))
		require.NoError(t, err)
		require.Equal(t, size, back)

		whole, err := read(k, stored, 0, -1)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, whole))
		if size == 0 {
			return
		}
		offset := min(sizes().Draw(t, "offset"), size-1)
		length := max(1, min(sizes().Draw(t, "length"), size-offset))
		got, err := read(k, stored, offset, length)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain[offset:offset+length], got))
		require.LessOrEqual(t, Locate(offset, length).Length, ((length+Segment-2)/Segment+1)*sealed, "no segment that is not needed")
		got, err = read(k, stored, offset, -1)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain[offset:], got))
	})
}

// TestChangedBytesAreRefused: nothing that was not encrypted for its place is given.
func TestChangedBytesAreRefused(t *testing.T) {
	t.Parallel()
	k := keyOf(t, one)
	plain := random(3*Segment + 100)
	stored := seal(t, k, Span{Last: true}, plain)
	segment := func(n int) []byte { return stored[n*sealed : min((n+1)*sealed, len(stored))] }
	joined := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	foreign := seal(t, keyOf(t, other), Span{Last: true}, plain)
	short := seal(t, k, Span{Last: true}, plain[:Segment+100])
	for name, bytes := range map[string][]byte{
		"cut at a segment":           stored[:3*sealed],
		"cut within a segment":       stored[:2*sealed+50],
		"cut within a tag":           stored[:len(stored)-1],
		"nothing":                    nil,
		"two segments swapped":       joined(segment(1), segment(0), segment(2), segment(3)),
		"a segment left out":         joined(segment(0), segment(2), segment(3)),
		"a segment twice":            joined(segment(0), segment(0), segment(2), segment(3)),
		"the last one too early":     joined(segment(0), segment(3)),
		"the end of another text":    joined(segment(0), segment(1), segment(2), short[sealed:]),
		"the object of a version":    foreign,
		"a segment of a version":     joined(segment(0), foreign[sealed:2*sealed], segment(2), segment(3)),
		"something behind it":        joined(stored, []byte{1}),
		"an empty segment behind it": joined(stored, seal(t, k, Span{Offset: 4 * Segment, Last: true}, nil)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := read(k, bytes, 0, -1)
			require.ErrorIs(t, err, ErrAltered)
			require.Less(t, len(got), len(plain)+1)
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		changed := bytes.Clone(stored)
		changed[rapid.IntRange(0, len(changed)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		_, err := read(k, changed, 0, -1)
		require.ErrorIs(t, err, ErrAltered)
	})
}

// TestAnObjectIsForOneRole: a preview does not stand in for its original.
func TestAnObjectIsForOneRole(t *testing.T) {
	t.Parallel()
	k := keyOf(t, one)
	stored, err := io.ReadAll(k.Seal("renditions/thumbnail", Span{Last: true}, bytes.NewReader([]byte("pixels")), 6))
	require.NoError(t, err)
	_, err = read(k, stored, 0, -1)
	require.ErrorIs(t, err, ErrAltered)
}

// TestBrokenConnectionIsNoEnd: bytes that do not come are not taken for bytes that are not
// there.
func TestBrokenConnectionIsNoEnd(t *testing.T) {
	t.Parallel()
	k := keyOf(t, one)
	stored := seal(t, k, Span{Last: true}, random(2*Segment))
	for _, came := range []int{0, 10, sealed, sealed + 5, 2 * sealed} {
		o := k.Open("content", io.NopCloser(bytes.NewReader(stored[:came])), Locate(0, -1), int64(len(stored)))
		_, err := io.ReadAll(o)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NotErrorIs(t, err, ErrAltered)
	}
}

// TestSentAgain: a repeatable text is the same bytes twice, another one is not, and both
// open.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	k := keyOf(t, one)
	plain := random(2*Segment + 1)
	for _, repeatable := range []bool{true, false} {
		s := k.Seal("content", Span{Last: true}, bytes.NewReader(plain), int64(len(plain)))
		t.Cleanup(s.Close)
		if repeatable {
			s.Repeatable()
		}
		first, err := io.ReadAll(s)
		require.NoError(t, err)
		body, ok := s.Body().(io.ReadSeeker)
		require.True(t, ok)
		_, err = body.Seek(0, io.SeekStart)
		require.NoError(t, err)
		again, err := io.ReadAll(body)
		require.NoError(t, err)
		require.Equal(t, repeatable, bytes.Equal(first, again))
		got, err := read(k, again, 0, -1)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, got))
	}
	once := k.Seal("content", Span{Last: true}, io.MultiReader(bytes.NewReader(plain)), int64(len(plain)))
	_, ok := once.Body().(io.Seeker)
	require.False(t, ok)
	require.Error(t, once.Rewind())
}

// TestKeptIsSentAgain: what a checksum was taken of is what is sent, as often as it is, also after a request that ended
// in its middle; with and without room to keep it. Nothing of it is given when it was closed. It runs before those that
// run side by side, since it takes all room.
func TestKeptIsSentAgain(t *testing.T) {
	k := keyOf(t, one)
	for _, c := range []struct {
		size      int64
		free, cut bool // whether there is room, and whether a request reads some of it before
	}{{3*Segment + 1, true, true}, {3*Segment + 1, false, true}, {worthTwo, true, false}, {worthTwo + Segment + 9, true, false}, {worthTwo + 9, true, true}, {worthTwo + 9, false, false}} {
		plain := random(c.size)
		s := k.Seal("content", Span{Last: true}, bytes.NewReader(plain), c.size)
		if !c.free {
			require.NoError(t, room.Acquire(t.Context(), keptAtMost))
		}
		s.Repeatable()
		require.Equal(t, c.free, s.room > 0)
		if c.cut {
			_, err := io.ReadFull(s, make([]byte, sealed+7))
			require.NoError(t, err)
		}
		var sum bytes.Buffer
		require.NoError(t, s.Sum(writerHash{&sum}))
		require.Len(t, sum.Bytes(), int(SealedSize(c.size)))
		_, err := io.ReadFull(s, make([]byte, 2*sealed))
		require.NoError(t, err)
		require.NoError(t, s.Rewind())
		sent, err := io.ReadAll(s.Body())
		require.NoError(t, err)
		require.True(t, bytes.Equal(sum.Bytes(), sent))
		got, err := read(k, sent, 0, -1)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, got))
		require.NoError(t, s.Rewind())
		s.Close()
		s.Close()
		_, err = s.Read(make([]byte, 1))
		require.ErrorIs(t, err, errSealerClosed)
		if !c.free {
			room.Release(keptAtMost)
		}
		require.True(t, room.TryAcquire(keptAtMost), "it is given back")
		room.Release(keptAtMost)
	}
	short := k.Seal("content", Span{Last: true}, bytes.NewReader(random(worthTwo-1)), worthTwo+1).Repeatable()
	require.ErrorIs(t, short.Sum(writerHash{new(bytes.Buffer)}), io.ErrUnexpectedEOF)
	short.Close()
	large := k.Seal("content", Span{Last: true}, bytes.NewReader(nil), keptAtMost).Repeatable()
	require.Zero(t, large.room, "it never fits")
}

// writerHash is a checksum that is all of the bytes.
type writerHash struct{ *bytes.Buffer }

func (writerHash) Sum(b []byte) []byte { return b }
func (writerHash) Size() int           { return 0 }
func (writerHash) BlockSize() int      { return 1 }

// TestWhatCannotBeEncrypted: a part that does not fill its segments, and a text that is
// shorter than was said.
func TestWhatCannotBeEncrypted(t *testing.T) {
	t.Parallel()
	_, err := Span{Offset: 5, Last: true}.Size(1)
	require.Error(t, err)
	_, err = Span{}.Size(Segment + 1)
	require.Error(t, err)
	_, err = io.ReadAll(keyOf(t, one).Seal("content", Span{Last: true}, bytes.NewReader([]byte("four")), 5))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = NewKey(secret[1:], org, one)
	require.Error(t, err)
}

// FuzzOpen: whatever lies in the store, it is refused or is the text.
func FuzzOpen(f *testing.F) {
	k := keyOf(f, one)
	stored := seal(f, k, Span{Last: true}, []byte("a text of one segment"))
	f.Add(stored, int64(0), int64(-1))
	f.Add(stored[:len(stored)-1], int64(3), int64(4))
	f.Add([]byte{}, int64(0), int64(1))
	f.Fuzz(func(t *testing.T, stored []byte, offset, length int64) {
		if offset < 0 || offset > 1<<40 || length == 0 || length > 1<<40 {
			return
		}
		got, err := read(k, stored, offset, length)
		if err != nil {
			require.ErrorIs(t, err, ErrAltered)
			return
		}
		require.True(t, bytes.Contains([]byte("a text of one segment"), got))
	})
}

func BenchmarkSeal(b *testing.B) {
	k, plain := keyOf(b, one), random(8<<20)
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		_, _ = io.Copy(io.Discard, k.Seal("content", Span{Last: true}, bytes.NewReader(plain), int64(len(plain))))
	}
}

func BenchmarkOpen(b *testing.B) {
	k, plain := keyOf(b, one), random(8<<20)
	stored := seal(b, k, Span{Last: true}, plain)
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		_, _ = k.Open("content", io.NopCloser(bytes.NewReader(stored)), Locate(0, -1), int64(len(stored))).WriteTo(io.Discard)
	}
}
