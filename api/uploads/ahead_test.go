package uploads

import (
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A part is on its way to the store before all of it has come. Whatever happens
// to the rest of it or to the store, what a client is told is there is there.
func TestPartIsSentWhileItComes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		length int   // of the request's body
		comes  int   // of it, before the connection breaks
		fails  int32 // the first calls of PutPart do
		status int
		offset int64
		parts  int32 // calls of PutPart
	}{
		"all of it":             {length: smallPart, comes: smallPart, status: 204, offset: smallPart, parts: 1},
		"a short part":          {length: smallLeast + 100, comes: smallLeast + 100, status: 204, offset: smallLeast + 100, parts: 1},
		"and more":              {length: smallPart + 100, comes: smallPart + 100, status: 204, offset: smallPart + 100, parts: 1},
		"cut short":             {length: smallPart, comes: 20_000, offset: 20_000, parts: 1},
		"cut after a part":      {length: smallPart, comes: smallLeast + 1, offset: smallLeast + 1, parts: 2},
		"the store fails":       {length: smallPart, comes: smallPart, fails: 1, status: 204, offset: smallPart, parts: 2},
		"the store fails twice": {length: smallPart, comes: smallPart, fails: 2, status: 503, offset: 0, parts: 2},
		"both":                  {length: smallPart, comes: 20_000, fails: 1, offset: 20_000, parts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 1<<30)
			client := b.serve(t, b.replica(t))
			whole := content(4, 3*smallPart)
			id := client.create(int64(len(whole))).id(t)
			var tried atomic.Int32
			b.faults.set(func(_ int, op string) verdict {
				if op == "PutPart" && tried.Add(1) <= c.fails {
					return refused
				}
				return works
			})

			body, feed := io.Pipe()
			answer := make(chan reply, 1)
			go func() {
				answer <- client.do(http.MethodPatch, TusPath+"/"+id.String(), body, "Content-Type", chunkType,
					"Upload-Offset", "0", "Content-Length", strconv.Itoa(c.length))
			}()
			_, err := feed.Write(whole[:2*smallProbe])
			require.NoError(t, err)
			require.Eventually(t, func() bool { return tried.Load() == 1 }, 20*time.Second, time.Millisecond, "before the rest has come")
			_, err = feed.Write(whole[2*smallProbe : c.comes])
			require.NoError(t, err)
			if c.comes < c.length {
				require.NoError(t, feed.CloseWithError(errCut))
			} else {
				require.NoError(t, feed.Close())
			}
			if r := <-answer; c.status != 0 {
				require.Equal(t, c.status, r.status, "%s", r.body)
			}
			require.Eventually(t, func() bool { return b.row(t, id).LeaseHolder == "" }, 20*time.Second, 5*time.Millisecond)
			require.Equal(t, c.offset, b.row(t, id).OffsetBytes)
			require.Equal(t, c.parts, tried.Load(), "%v", b.faults.made())

			b.faults.set(nil)
			client.resume(id, whole, 2*smallPart)
			b.received(t, id, whole)
			b.noLitter(t)
		})
	}
}
