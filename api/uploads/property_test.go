package uploads

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/files"
	"satchel/internal/s3test"
)

// Any mix of chunk sizes, cuts, wrong offsets, failing calls, restarts and
// replicas ends in exactly the file's bytes. The offset that a client is told
// never goes back, and the reservation stays the announced size.
func TestAnyJourney(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<40)
	replicas := []*client{b.serve(t, b.replica(t)), b.serve(t, b.replica(t))}
	rapid.Check(t, func(rt *rapid.T) {
		b.faults.set(nil)
		size := rapid.OneOf(rapid.IntRange(1, 2*smallPart), rapid.IntRange(1, 7*smallPart),
			rapid.SampledFrom([]int{smallLeast, smallPart, smallPart + 1, 2 * smallPart, 3 * smallPart})).Draw(rt, "size")
		whole := content(rapid.Uint64().Draw(rt, "seed"), size)
		id := replicas[0].create(int64(size), "filename", "a.txt", "sha256", hexSum(whole)).id(t)
		j := walk{t: t, rt: rt, b: b, replicas: replicas, id: id, whole: whole}
		for range rapid.IntRange(0, 12).Draw(rt, "steps") {
			j.step()
		}
		b.faults.set(nil)
		replicas[1].resume(id, whole, rapid.IntRange(1+size/20, size).Draw(rt, "rest"))
		b.received(t, id, whole)
	})
	require.Equal(t, b.sum(t), b.quota(t).ReservedBytes)
	b.noLitter(t)
}

// walk is one upload's random way.
type walk struct {
	t        *testing.T
	rt       *rapid.T
	b        *bundle
	replicas []*client
	id       uuid.UUID
	whole    []byte
	seen     int64
	cut      bool
}

// answered checks an answer. After a cut, the request that was cut may still be
// on its way in: it then takes the upload over, or has moved the offset.
func (w *walk) answered(r reply, status int) {
	allowed := []int{status}
	if w.cut {
		allowed = append(allowed, http.StatusLocked, http.StatusConflict)
	}
	require.Contains(w.t, allowed, r.status, "%s %v", r.body, r.err)
}

func (w *walk) step() {
	c := rapid.SampledFrom(w.replicas).Draw(w.rt, "replica")
	h := c.head(w.id)
	require.Equal(w.t, http.StatusOK, h.status, "%v", h)
	at := h.offset(w.t)
	require.GreaterOrEqual(w.t, at, w.seen, "the offset went back")
	w.seen = at
	rest := w.whole[at:]
	n := rapid.IntRange(0, len(rest)).Draw(w.rt, "chunk")
	switch rapid.SampledFrom([]string{"send", "send", "cut", "wrong", "restart", "fail"}).Draw(w.rt, "step") {
	case "send":
		w.answered(c.patch(w.id, at, rest[:n]), http.StatusNoContent)
	case "cut":
		w.cut = true
		c.cut(w.id, at, rest, n)
	case "wrong":
		wrong := at + int64(rapid.IntRange(1, 1000).Draw(w.rt, "off"))
		w.answered(c.patch(w.id, wrong, []byte("x")), http.StatusConflict)
	case "restart":
		w.replicas[0] = w.b.serve(w.t, w.b.replica(w.t))
	case "fail":
		fail := rapid.IntRange(1, 6).Draw(w.rt, "call")
		v := rapid.SampledFrom([]verdict{refused, unheard}).Draw(w.rt, "verdict")
		w.b.faults.set(func(call int, _ string) verdict {
			if call == fail {
				return v
			}
			return works
		})
		c.patch(w.id, at, rest[:n])
		w.b.faults.set(nil)
	}
}

// The same on a real store, with parts of their real size: what S3 does to
// parts, joins and uploads that are gone is not what we believe but what it does.
func TestRealStore(t *testing.T) {
	t.Parallel()
	b := setupOn(t, 1<<40, s3test.New(t).Staging)
	c, other := b.serve(t, b.replica(t)), b.serve(t, b.replica(t))
	whole := content(9, 3*partBytes+12345)
	size := int64(len(whole))
	create := func() uuid.UUID { return c.create(size, "filename", "a.txt", "sha256", hexSum(whole)).id(t) }

	t.Run("in one body", func(t *testing.T) {
		id := create()
		require.Equal(t, http.StatusNoContent, c.patch(id, 0, whole).status)
		b.received(t, id, whole)
	})
	t.Run("in chunks across replicas", func(t *testing.T) {
		for _, chunk := range []int{6_000_000, partBytes, 3_500_000, 20_000_000} {
			id := create()
			for at := 0; at < len(whole); at += chunk {
				r := c.patch(id, int64(at), whole[at:min(at+chunk, len(whole))])
				require.Equal(t, http.StatusNoContent, r.status, "%s", r.body)
				c, other = other, c
			}
			b.received(t, id, whole)
		}
	})
	t.Run("joined, and the answer was lost", func(t *testing.T) {
		for _, lost := range []string{"CompleteMultipart", "InTx"} {
			id := create()
			require.Equal(t, http.StatusNoContent, c.patch(id, 0, whole[:2*partBytes]).status)
			joined := false
			b.faults.set(func(_ int, op string) verdict {
				joined = joined || op == "CompleteMultipart"
				switch {
				case op == "CompleteMultipart" && lost == "CompleteMultipart":
					return unheard
				case op == "InTx" && joined:
					return refused
				}
				return works
			})
			require.Equal(t, http.StatusServiceUnavailable, c.patch(id, int64(2*partBytes), whole[2*partBytes:]).status)
			b.faults.set(nil)
			other.resume(id, whole, 6_000_000)
			b.received(t, id, whole)
		}
	})
	t.Run("form", func(t *testing.T) {
		u := b.replica(t)
		for _, n := range []int{10_000, partBytes, len(whole)} {
			ticket, err := b.form(t, u, bytes.NewReader(whole[:n]), -1, Metadata{})
			require.NoError(t, err)
			b.received(t, ticket.Upload, whole[:n])
		}
	})
	t.Run("terminated", func(t *testing.T) {
		id := create()
		require.Equal(t, http.StatusNoContent, c.patch(id, 0, whole[:partBytes+100]).status)
		require.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, TusPath+"/"+id.String(), nil).status)
		pending, err := b.bucket.ListPending(context.Background(), files.StagingKey(b.org, id))
		require.NoError(t, err)
		require.Empty(t, pending)
	})
}
