package connections_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/roblox"
	"satchel/roblox/connections"
)

// TestTurnsHoldAcrossProcesses: those who take turns at once, as processes do that share
// nothing but the database, take no more in any span than the limit allows.
func TestTurnsHoldAcrossProcesses(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	b := connections.Budget{DB: db.DB, Times: 10} // 1,200 creations a minute
	var mu sync.Mutex
	var taken []time.Time
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 22 {
				if err := b.Take(t.Context(), "user/1", connections.Create); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				taken = append(taken, time.Now())
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.SortFunc(taken, time.Time.Compare)
	require.Len(t, taken, 176)
	// A burst of 120, then 14 a second: the last one may not come before 4 seconds.
	require.GreaterOrEqual(t, taken[len(taken)-1].Sub(taken[0]), 3900*time.Millisecond)
}

func TestATurnThatIsFarAway(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	b := connections.Budget{DB: db.DB}
	require.NoError(t, b.Take(t.Context(), "user/1", connections.Create))
	require.NoError(t, b.Hold(t.Context(), "user/1", connections.Create, time.Hour))
	err := b.Take(t.Context(), "user/1", connections.Create)
	require.ErrorIs(t, err, roblox.ErrBusy)
	require.Positive(t, fault.Of(err).RetryAfter)
	require.NoError(t, b.Hold(t.Context(), "user/1", connections.Create, time.Second), "a shorter time changes nothing")
	require.ErrorIs(t, b.Take(t.Context(), "user/1", connections.Create), roblox.ErrBusy)
	require.NoError(t, b.Take(t.Context(), "user/2", connections.Create), "each owner has a budget")
	require.NoError(t, b.Take(t.Context(), "user/1", connections.Poll), "each kind has a budget")
}
