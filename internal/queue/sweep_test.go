package queue_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/queue"
)

var errItem = errors.New("this one fails")

// failing refuses the items that it names and keeps the order of all.
func failing(seen *[]int, bad ...int) func(context.Context, int) error {
	return func(_ context.Context, n int) error {
		*seen = append(*seen, n)
		for _, b := range bad {
			if n == b {
				return errItem
			}
		}
		return nil
	}
}

func TestSweepPassesOverWhatFails(t *testing.T) {
	t.Parallel()
	var seen []int
	swept, err := queue.Sweep(t.Context(), "test", []int{1, 2, 3}, failing(&seen, 1))
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 3, Done: 2, Failed: 1}, swept)
	require.Equal(t, []int{1, 2, 3}, seen)
}

func TestSweepFailsWhenEverythingFails(t *testing.T) {
	t.Parallel()
	var seen []int
	swept, err := queue.Sweep(t.Context(), "test", []int{1, 2}, failing(&seen, 1, 2))
	require.ErrorIs(t, err, errItem)
	require.Equal(t, 2, swept.Failed)
}

func TestSweepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var seen []int
	_, err := queue.Sweep(ctx, "test", []int{1}, failing(&seen))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, seen)
}

func TestSweepPagesGoBeyondAFailingPage(t *testing.T) {
	t.Parallel()
	next := func(_ context.Context, last *int) ([]int, error) {
		switch {
		case last == nil:
			return []int{1, 2}, nil
		case *last == 2:
			return []int{3}, nil
		}
		return nil, nil
	}
	var seen []int
	swept, err := queue.SweepPages(t.Context(), "test", next, failing(&seen, 1, 2))
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 3, Done: 1, Failed: 2}, swept)
}

func TestSweepTakesTurns(t *testing.T) {
	t.Parallel()
	items := map[string][]int{"large": {1, 2, 3, 4}, "small": {10}}
	next := func(_ context.Context, owner string, last *int) ([]int, error) {
		if owner == "broken" {
			return nil, errItem
		}
		for i, n := range items[owner] {
			if last == nil || n > *last {
				return items[owner][i:min(i+2, len(items[owner]))], nil
			}
		}
		return nil, nil
	}
	var seen []int
	swept, err := queue.SweepFairly(t.Context(), "test", []string{"large", "broken", "small"}, next, failing(&seen, 1, 2))
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 10, 3, 4}, seen)
	require.Equal(t, queue.Swept{Found: 6, Done: 3, Failed: 3}, swept)
}
