package auth

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const theirPage, ourPage = "https://app.one.test", "https://app.two.test"

func TestKnownOriginsAskSeldom(t *testing.T) {
	t.Parallel()
	k := newOriginCache()
	now := time.Now()
	k.found.Now = func() time.Time { return now }
	asked, answer := 0, error(nil)
	ask := func(_ context.Context, origin string) (bool, error) {
		asked++
		return origin == ourPage, answer
	}
	look := func(origin string) bool {
		known, _ := k.known(t.Context(), ask, origin)
		return known
	}
	for range 10 {
		require.True(t, look(ourPage))
		require.False(t, look(theirPage))
		require.False(t, look("null"))
	}
	require.Equal(t, 2, asked, "what is no origin is not asked for")
	now = now.Add(originCacheTTL)
	answer = errors.New("down")
	_, err := k.known(t.Context(), ask, ourPage)
	require.ErrorIs(t, err, answer)
	answer = nil
	require.True(t, look(ourPage), "a failure is not remembered")
	for i := range 3 * originCacheSize {
		look(fmt.Sprintf("https://s%d.test", i))
		require.LessOrEqual(t, k.found.Len(), originCacheSize)
	}
}
