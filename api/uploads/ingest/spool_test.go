package ingest

import (
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/spool"
)

// A file serves one spool after another, of different organizations. None gives
// what another wrote, and a request that still reads from one that was given
// back, or waits for more of it, gets nothing.
func TestSpoolGivesOnlyWhatWasWrittenToIt(t *testing.T) {
	t.Parallel()
	all, err := newSpools(t.TempDir())
	require.NoError(t, err)
	old, err := all.get()
	require.NoError(t, err)
	file := old.file
	_, err = old.WriteAt([]byte("theirs"), 0)
	require.NoError(t, err)
	waits := make(chan error, 1)
	go func() {
		_, err := old.ReadAt(make([]byte, 7), 0)
		waits <- err
	}()
	old.close()
	require.ErrorIs(t, <-waits, errIncomplete)

	next, err := all.get()
	require.NoError(t, err)
	require.Same(t, file, next.file)
	_, err = next.WriteAt([]byte("ours"), 0)
	require.NoError(t, err)
	_, err = old.ReadAt(make([]byte, 4), 0)
	require.ErrorIs(t, err, errIncomplete)
	next.finish()
	_, err = next.ReadAt(make([]byte, 6), 0)
	require.ErrorIs(t, err, errIncomplete, "what the file holds behind it is not this spool's")
	b, err := io.ReadAll(next.reader(4))
	require.NoError(t, err)
	require.Equal(t, "ours", string(b))
}

// A full disk is said to be one, and not a bug of ours.
func TestAFullSpoolIsUnavailable(t *testing.T) {
	t.Parallel()
	all, err := newSpools(t.TempDir())
	require.NoError(t, err)
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	require.NoError(t, err)
	s := all.on(full)
	defer s.close()
	_, err = s.WriteAt([]byte("x"), 0)
	require.ErrorIs(t, err, spool.ErrFull)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Equal(t, "spool_full", fault.Of(err).Code)
}
