package clamd

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/clamd/clamdtest"
	"satchel/policies/verdict"
)

// What was hashed while it was read is what the daemon sees: no one can change
// it in between, not even anyone who made it.
func TestSealedMemoryDoesNotChange(t *testing.T) {
	t.Parallel()
	memory, err := newMemory()
	require.NoError(t, err)
	t.Cleanup(func() { _ = memory.Close() })
	require.NoError(t, New("unused").fillMemory(memory, bytes.NewReader([]byte("judged")), 6))
	_, err = memory.WriteAt([]byte("swapped"), 0)
	require.ErrorIs(t, err, os.ErrPermission)
	require.ErrorIs(t, memory.Truncate(3), os.ErrPermission)
	require.ErrorIs(t, memory.Truncate(100), os.ErrPermission)
	got := make([]byte, 6)
	_, err = memory.ReadAt(got, 0)
	require.NoError(t, err)
	require.Equal(t, "judged", string(got))
}

func TestOnlyShortStreamsAreHeld(t *testing.T) {
	t.Parallel()
	for size, handed := range map[int]int64{0: 0, 1: 1, 100: 1, 101: 0} {
		fake := clamdtest.Start(t, clamdtest.Scanning(nil))
		got, err := scanBytes(t, clientOf(fake, patient, WithMemory(100, 1)), make([]byte, size))
		require.NoError(t, err)
		require.True(t, got.Clean())
		require.Equal(t, handed, fake.Descriptors(), "%d bytes", size)
		require.EqualValues(t, 1, fake.Scans())
	}
}

// Memory is bounded: what finds no room is streamed, and room that was given
// back is used again.
func TestHeldStreamsAreBounded(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	fake := clamdtest.Start(t, clamdtest.Behaviour{Scans: true, Gate: gate})
	c := clientOf(fake, patient, WithMemory(100, 1))
	scan := func(done chan<- error) {
		_, err := c.Scan(t.Context(), bytes.NewReader([]byte("x")), 1)
		done <- err
	}
	first, second := make(chan error, 1), make(chan error, 1)
	go scan(first)
	require.Eventually(t, func() bool { return fake.Descriptors() == 1 }, patient, poll)
	go scan(second)
	require.Eventually(t, func() bool { return fake.Scans() == 2 }, patient, poll)
	require.EqualValues(t, 1, fake.Descriptors())
	close(gate)
	require.NoError(t, <-first)
	require.NoError(t, <-second)
	third := make(chan error, 1)
	scan(third)
	require.NoError(t, <-third)
	require.EqualValues(t, 2, fake.Descriptors())
}

// A daemon that no descriptor reaches judges the same bytes as a stream, and
// lies no better.
func TestLostDescriptorIsStreamed(t *testing.T) {
	t.Parallel()
	marker := []byte("marker-of-this-test")
	behaviour := clamdtest.Scanning(map[string][]byte{"Test.Marker": marker})
	behaviour.NoDescriptor = true
	fake := clamdtest.Start(t, behaviour)
	c := clientOf(fake, patient, WithMemory(1<<20, 1))
	got, err := scanBytes(t, c, marker)
	require.NoError(t, err)
	require.Equal(t, Verdict{verdict.Infected, "Test.Marker"}, got)
	require.EqualValues(t, 2, fake.Scans())
	require.EqualValues(t, 1, fake.Descriptors())
	fake.Behave(clamdtest.Behaviour{NoDescriptor: true, Reply: "stream: OK"})
	got, err = scanBytes(t, c, marker)
	require.ErrorIs(t, err, ErrUnavailable)
	require.Zero(t, got)
}
