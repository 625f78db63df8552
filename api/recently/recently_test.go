package recently

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSet(t *testing.T) {
	t.Parallel()
	var s Set[int]
	at := time.Now()
	require.False(t, s.Has(1, time.Time{}))
	s.Note(1, at)
	require.True(t, s.Has(1, at.Add(-time.Second)))
	require.False(t, s.Has(1, at), "not after it")
	for k := range most {
		s.Note(k+2, at)
	}
	require.True(t, s.Has(1, time.Time{}), "the generation before")
	for k := range 2 * most {
		s.Note(-k, at)
	}
	require.False(t, s.Has(1, time.Time{}), "what is remembered is bounded")
	require.LessOrEqual(t, len(s.now)+len(s.before), 2*most)
}
