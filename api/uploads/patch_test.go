package uploads

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Of two requests that write at one offset one is taken whole, and the other is
// told that the offset is another by now.
func TestOneOfTwoPatchesWins(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	replicas := []*client{b.serve(t, b.replica(t)), b.serve(t, b.replica(t))}
	whole := content(8, 3*smallPart)
	for round := range 12 {
		id := replicas[0].create(int64(len(whole))).id(t)
		var wg sync.WaitGroup
		statuses := make([]int, 2)
		for i := range statuses {
			wg.Go(func() { statuses[i] = replicas[i*(round%2)].patch(id, 0, whole).status })
		}
		wg.Wait()
		require.ElementsMatch(t, []int{http.StatusNoContent, http.StatusConflict}, statuses)
		b.received(t, id, whole)
	}
}

// A body without a length that is longer than what was announced is refused, and
// not cut at the announced end.
func TestAChunkedBodyThatIsTooLong(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	for _, size := range []int{10, 2*smallPart + 10} {
		id := c.create(int64(size)).id(t)
		whole := content(9, size)
		chunked := func(body []byte) reply { // a reader of unknown length is sent in chunks
			return c.do(http.MethodPatch, TusPath+"/"+id.String(), io.MultiReader(bytes.NewReader(body)), "Content-Type", chunkType,
				"Upload-Offset", strconv.FormatInt(c.head(id).offset(t), 10))
		}
		r := chunked(append(bytes.Clone(whole), make([]byte, 90)...))
		require.Equal(t, http.StatusRequestEntityTooLarge, r.status)
		require.Equal(t, "too_large", r.code)
		at := c.head(id).offset(t)
		require.Less(t, at, int64(size))
		require.Nil(t, b.row(t, id).FinishedAt)
		require.Equal(t, http.StatusNoContent, chunked(whole[at:]).status)
		b.received(t, id, whole)
	}
}

// A body that brings a byte now and then is ended, and gives its lease back.
func TestABodyThatIsTooSlow(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	b.config.NetworkTimeout = 500 * time.Millisecond
	c := b.serve(t, b.replica(t))
	id := c.create(5 << 20).id(t)
	body, feed := io.Pipe()
	defer func() { _ = body.Close() }()
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if _, err := feed.Write([]byte("x")); err != nil {
				return
			}
		}
	}()
	r := c.do(http.MethodPatch, TusPath+"/"+id.String(), body, "Content-Type", chunkType, "Upload-Offset", "0", "Content-Length", strconv.Itoa(5<<20))
	require.NoError(t, r.err)
	require.Equal(t, http.StatusServiceUnavailable, r.status)
	require.Equal(t, "body_timeout", r.code)
	require.Empty(t, b.row(t, id).LeaseHolder)
	require.Positive(t, c.head(id).offset(t), "what came is kept")
}
