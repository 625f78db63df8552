package queue_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"satchel/internal/queue"
)

var (
	errItem = errors.New("this one fails")
	errList = errors.New("the list fails")
)

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

// TestSweepGoesBeyondAFailingPage: whole pages of items that fail do not keep the
// sweep from what is behind them.
func TestSweepGoesBeyondAFailingPage(t *testing.T) {
	t.Parallel()
	id := func(n int) uuid.UUID { return uuid.UUID{15: byte(n)} }
	next := func(_ context.Context, after uuid.UUID) (page []int, _ error) {
		for n := int(after[15]) + 1; n <= 5 && len(page) < 2; n++ {
			page = append(page, n)
		}
		return page, nil
	}
	var seen []int
	swept, err := queue.SweepByID(t.Context(), "test", id, next, failing(&seen, 1, 2, 3, 4))
	require.NoError(t, err)
	require.Equal(t, queue.Swept{Found: 5, Done: 1, Failed: 4}, swept)
	require.Equal(t, []int{1, 2, 3, 4, 5}, seen)

	swept, err = queue.SweepByID(t.Context(), "test", id, next, failing(&seen, 1, 2, 3, 4, 5))
	require.ErrorIs(t, err, errItem, "nothing was done")
	require.Equal(t, 5, swept.Failed)

	_, err = queue.SweepByID(t.Context(), "test", id, func(context.Context, uuid.UUID) ([]int, error) { return nil, errList }, failing(&seen))
	require.ErrorIs(t, err, errList)
}

// TestFailedOf: a process that passed over organizations fails at its end, and is not
// tried again as a whole.
func TestFailedOf(t *testing.T) {
	t.Parallel()
	require.NoError(t, queue.FailedOf("check organizations", 0, 7))
	err := queue.FailedOf("check organizations", 2, 5)
	var failure *temporal.ApplicationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "organizations_failed", failure.Type())
	require.True(t, failure.NonRetryable())
	require.ErrorContains(t, err, "check organizations: 2 of 7 organizations failed")
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
