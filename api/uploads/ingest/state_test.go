package ingest

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStateSurvives(t *testing.T) {
	t.Parallel()
	h := sha256.New()
	_, _ = h.Write([]byte("first"))
	boundary := save(h)
	_, _ = h.Write([]byte("tail"))
	for _, tailed := range []bool{true, false} {
		s := state{parts: 9_999, tailed: tailed, boundary: boundary, current: save(h)}
		got, err := decodeState(s.encode())
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	restored, err := restore(boundary)
	require.NoError(t, err)
	_, _ = restored.Write([]byte("tail"))
	require.True(t, sameHash(restored, save(h)))
}

// Every content of the row is either a state or an error, never a panic.
func FuzzDecodeState(f *testing.F) {
	start := save(sha256.New())
	f.Add([]byte(nil))
	f.Add(state{parts: 3, boundary: start, current: start}.encode())
	f.Add([]byte{1, 0, 0, 0, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeState(b)
		if err != nil {
			return
		}
		again, err := decodeState(s.encode())
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

func TestPartSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{1, Default.Part, 1 << 30, 70 << 30, 79 << 30, 1 << 40, 5 << 40} {
		p := Default.partSize(size)
		require.GreaterOrEqual(t, p, Default.Part)
		require.Zero(t, p%mib)
		require.LessOrEqual(t, (size+p-1)/p, int64(maxParts))
	}
	require.Equal(t, Default.Part, Default.partSize(1<<30))
}
