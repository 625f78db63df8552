package auth

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

func TestUsesDoNotHoldUpRequests(t *testing.T) {
	t.Parallel()
	key := uuid.New()
	// No one writes: more uses than are kept must not hold up a request.
	full := newUsedKeys()
	for range 2 * usedWaiting {
		full.note(tenancy.KeyHolder{Key: key})
	}
	require.Len(t, full, usedWaiting)
	fresh, seen := newUsedKeys(), time.Now()
	fresh.note(tenancy.KeyHolder{Key: key, LastUsed: &seen})
	require.Empty(t, fresh)
}
