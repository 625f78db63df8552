package envelope

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// TestLongRangesAreReadAhead: what is read and decrypted side by side is the same text, however it is taken.
func TestLongRangesAreReadAhead(t *testing.T) {
	t.Parallel()
	k := keyOf(t, one)
	for _, size := range []int64{worthAhead, worthAhead + 7*Segment, worthAhead + 7*Segment + 5} {
		plain := random(size)
		stored := seal(t, k, Span{Last: true}, plain)
		for _, from := range []int64{0, Segment + 3} {
			got, err := read(k, stored, from, -1)
			require.NoError(t, err)
			require.True(t, bytes.Equal(plain[from:], got))
			o := k.Open("content", io.NopCloser(bytes.NewReader(stored[Locate(from, -1).Offset:])), Locate(from, -1), int64(len(stored))-Locate(from, -1).Offset)
			var whole bytes.Buffer
			n, err := o.WriteTo(&whole)
			require.NoError(t, err)
			require.Equal(t, size-from, n)
			require.True(t, bytes.Equal(plain[from:], whole.Bytes()))
			n, err = o.WriteTo(&whole)
			require.NoError(t, err)
			require.Zero(t, n, "it stays at its end")
			require.NoError(t, o.Close())
		}
		got, err := read(k, stored, 5, worthAhead-10)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain[5:worthAhead-5], got))
		large := make([]byte, 3*Segment) // decrypted in its place
		o := k.Open("content", io.NopCloser(bytes.NewReader(stored)), Locate(0, -1), int64(len(stored)))
		n, err := io.ReadFull(o, large)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain[:n], large))
	}
}

// TestWhatIsReadAheadIsAuthentic: what comes before the first segment that is changed or does not come is given, and
// nothing behind it, though it was read by then.
func TestWhatIsReadAheadIsAuthentic(t *testing.T) {
	t.Parallel()
	k := keyOf(t, one)
	plain := random(worthAhead + 9)
	stored := seal(t, k, Span{Last: true}, plain)
	for _, good := range []int{0, 1, 2, 3, 10} {
		changed := bytes.Clone(stored)
		changed[good*sealed+nonceSize+8] ^= 1
		o := k.Open("content", io.NopCloser(bytes.NewReader(changed)), Locate(0, -1), int64(len(changed)))
		got, err := io.ReadAll(o)
		require.ErrorIs(t, err, ErrAltered)
		require.True(t, bytes.Equal(plain[:good*Segment], got))
		_, err = o.Read(make([]byte, 1))
		require.ErrorIs(t, err, ErrAltered, "it does not go on behind it")

		broken := errors.New("connection reset")
		for _, beyond := range []int{0, 9} { // the end is at that of a segment, or within one
			o = k.Open("content", io.NopCloser(io.MultiReader(bytes.NewReader(stored[:good*sealed+beyond]), iotest.ErrReader(broken))), Locate(0, -1), int64(len(stored)))
			got, err = io.ReadAll(o)
			require.ErrorIs(t, err, broken)
			require.True(t, bytes.Equal(plain[:good*Segment], got))

			o = k.Open("content", io.NopCloser(bytes.NewReader(stored[:good*sealed+beyond])), Locate(0, -1), int64(len(stored)))
			got, err = io.ReadAll(o)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.Len(t, got, good*Segment)
		}
	}
}

// TestBuffersAreGivenBackOnce: two readers never share one, also where the one before them was closed while it waited
// for more behind a batch that it had used up.
func TestBuffersAreGivenBackOnce(t *testing.T) {
	t.Parallel()
	k := keyOf(t, one)
	stored := seal(t, k, Span{Last: true}, random(2*worthAhead))
	synctest.Test(t, func(t *testing.T) {
		from, to := io.Pipe()
		go func() { _, _ = to.Write(stored[:batch]) }()
		o := k.Open("content", from, Locate(0, -1), int64(len(stored)))
		_, err := io.ReadFull(o, make([]byte, 2*Segment))
		require.NoError(t, err)
		f := o.fetcher
		ended := make(chan error, 1)
		go func() {
			_, err := o.Read(make([]byte, 1))
			ended <- err
		}()
		synctest.Wait()
		require.Nil(t, f.now.buffer, "it is with those that are free")
		require.NoError(t, o.Close())
		require.Error(t, <-ended)
		require.Empty(t, f.free)
	})
}

// TestReadingAheadEndsWithItsReader: a source that hangs, and one that has more, are left when the reader closes.
func TestReadingAheadEndsWithItsReader(t *testing.T) {
	t.Parallel()
	k := keyOf(t, one)
	stored := seal(t, k, Span{Last: true}, random(2*worthAhead))
	for name, gives := range map[string]int{"nothing": 0, "half of a segment": sealed / 2, "more than is held": len(stored)} {
		synctest.Test(t, func(t *testing.T) { // it fails where a goroutine is left
			from, to := io.Pipe()
			go func() { _, _ = to.Write(stored[:gives]) }()
			o := k.Open("content", from, Locate(0, -1), int64(len(stored)))
			ended := make(chan error, 1)
			if gives < sealed {
				go func() {
					_, err := o.Read(make([]byte, 1))
					ended <- err
				}()
			} else {
				_, err := io.ReadFull(o, make([]byte, Segment+1))
				require.NoError(t, err)
				ended <- os.ErrClosed
			}
			synctest.Wait()
			require.NoError(t, o.Close())
			require.NoError(t, o.Close())
			require.Error(t, <-ended, name)
		})
	}
}
