package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
)

func TestEveryKindHasItsOwnName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i, k := range fault.Kinds {
		require.EqualValues(t, i, k, "Kinds lists every kind in order")
		require.NotEmpty(t, k.String())
		require.False(t, seen[k.String()])
		seen[k.String()] = true
	}
	require.Empty(t, fault.Kind(len(fault.Kinds)).String(), "a kind was added without adding it to Kinds")
}

func TestUnknownIsOurFailure(t *testing.T) {
	t.Parallel()
	cause := errors.New("secret detail")
	f := fault.Of(cause)
	require.Equal(t, fault.Internal, f.Kind)
	require.NotContains(t, f.Text, "secret", "the cause is not shown")
	require.ErrorIs(t, f, cause)
	require.Equal(t, fault.Internal, fault.KindOf(nil))
}

func TestFaultKeepsItsIdentity(t *testing.T) {
	t.Parallel()
	base := fault.New(fault.Conflict, "in_trash", "It is in the trash since day %d.", 3)
	cause := errors.New("row")
	wrapped := fmt.Errorf("restore: %w", base.Because(cause).Under("trash"))
	require.ErrorIs(t, wrapped, base)
	require.ErrorIs(t, wrapped, cause)
	require.Equal(t, fault.Conflict, fault.KindOf(wrapped))
	require.Equal(t, "trash", fault.Of(wrapped).Rule)
	require.Equal(t, "It is in the trash since day 3.", fault.Of(wrapped).Text)
	require.Contains(t, wrapped.Error(), "in_trash: It is in the trash since day 3.: row")
	require.Equal(t, time.Minute, fault.Of(fmt.Errorf("x: %w", base.After(time.Minute).Because(cause))).RetryAfter)
	require.Zero(t, base.RetryAfter)
	require.Empty(t, base.Rule, "Because and Under leave the shared fault as it was")
	require.NoError(t, errors.Unwrap(base))
	require.NotErrorIs(t, wrapped, fault.New(fault.Conflict, "other", ""))
	require.NotErrorIs(t, wrapped, fault.New(fault.Denied, "in_trash", ""))
}
