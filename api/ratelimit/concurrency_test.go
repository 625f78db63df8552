package ratelimit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConcurrencyIsGivenBack(t *testing.T) {
	t.Parallel()
	l := NewConcurrency[string](2)
	first, ok := l.Enter("a")
	require.True(t, ok)
	second, ok := l.Enter("a")
	require.True(t, ok)
	_, ok = l.Enter("a")
	require.False(t, ok)
	other, ok := l.Enter("b")
	require.True(t, ok)
	first()
	again, ok := l.Enter("a")
	require.True(t, ok)
	for _, leave := range []func(){second, again, other} {
		leave()
	}
	require.Empty(t, l.open)
}
