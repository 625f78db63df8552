package ttlcache_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/ttlcache"
)

func TestValuesAreKnownForAWhile(t *testing.T) {
	t.Parallel()
	c := ttlcache.New[int, string](3, time.Minute)
	now := time.Now()
	c.Now = func() time.Time { return now }
	knows := func(k int) bool { _, ok := c.Get(k); return ok }
	c.Put(1, "one")
	c.PutUntil(2, "two", now.Add(time.Second))
	c.PutUntil(3, "three", now.Add(time.Hour))
	require.True(t, knows(1) && knows(2) && knows(3))
	now = now.Add(time.Second)
	require.False(t, knows(2), "it ended earlier")
	c.Put(4, "four")
	require.True(t, knows(1) && knows(3) && knows(4), "what is past its time goes first")
	c.Put(5, "five")
	require.LessOrEqual(t, c.Len(), 3)
	require.True(t, knows(5))
	c.Drop(5)
	require.False(t, knows(5))
	now = now.Add(time.Minute)
	require.False(t, knows(1) || knows(3) || knows(4), "no end of its own is later than the cache's")
	c.Put(6, "six")
	c.Clear()
	require.Zero(t, c.Len())
}
