package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/queue"
)

func TestFairnessIsByOrganization(t *testing.T) {
	t.Parallel()
	for _, key := range []int{queue.High, queue.Default, queue.Low} {
		p := queue.For("school", key)
		require.Equal(t, key, p.PriorityKey)
		require.Equal(t, "school", p.FairnessKey)
		require.InDelta(t, 1, p.FairnessWeight, 0, "no organization outweighs another")
	}
	require.Less(t, queue.High, queue.Default)
	require.Less(t, queue.Default, queue.Low)
}

func TestQueuesHaveTheirOwnNames(t *testing.T) {
	t.Parallel()
	seen := map[queue.Name]bool{}
	for _, n := range queue.Names {
		require.NotEmpty(t, n)
		require.False(t, seen[n])
		seen[n] = true
	}
}
