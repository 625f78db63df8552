package scan

import (
	"context"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/policies/verdict"
)

// held is a scanner that keeps each stream until the test lets it go, and knows the most at once.
type held struct {
	Scanner
	entered chan int64
	leave   chan struct{}

	mu                       sync.Mutex
	now, most                int
	bytes, mostBytes, passed int64
}

func (h *held) Scan(_ context.Context, _ io.Reader, size int64) (Finding, error) {
	h.mu.Lock()
	h.now, h.bytes, h.passed = h.now+1, h.bytes+size, h.passed+1
	h.most, h.mostBytes = max(h.most, h.now), max(h.mostBytes, h.bytes)
	h.mu.Unlock()
	h.entered <- size
	<-h.leave
	h.mu.Lock()
	h.now, h.bytes = h.now-1, h.bytes-size
	h.mu.Unlock()
	return Finding{Verdict: verdict.Clean}, nil
}

// TestBounded: streams beyond the slots wait, large ones for room as well, and one that is larger
// than all the room comes alone.
func TestBounded(t *testing.T) {
	t.Parallel()
	h := &held{entered: make(chan int64, 100), leave: make(chan struct{})}
	s := Bounded(h, 3, 4*large)
	var all sync.WaitGroup
	for i := range 30 {
		size := int64(1000)
		switch i % 3 {
		case 1:
			size = 2*large + 1
		case 2:
			size = 9 * large
		}
		all.Go(func() {
			found, err := s.Scan(t.Context(), nil, size)
			require.NoError(t, err)
			require.Equal(t, verdict.Clean, found.Verdict)
		})
	}
	for range 30 {
		<-h.entered
		h.leave <- struct{}{}
	}
	all.Wait()
	require.EqualValues(t, 30, h.passed)
	require.LessOrEqual(t, h.most, 3)
	require.LessOrEqual(t, h.mostBytes, int64(9*large+2*1000), "no two large ones that do not fit")
}

// TestBoundedGivesUp: a wait ends with its context and is no verdict.
func TestBoundedGivesUp(t *testing.T) {
	t.Parallel()
	h := &held{entered: make(chan int64, 1), leave: make(chan struct{})}
	s := Bounded(h, 1, large)
	var first sync.WaitGroup
	first.Go(func() { _, _ = s.Scan(t.Context(), nil, 1) })
	<-h.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	found, err := s.Scan(ctx, nil, 1)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, found)
	close(h.leave)
	first.Wait()
}
