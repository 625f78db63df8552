package uploads

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/tenancy"
)

// journey is a way of an upload through every kind of request: a body that ends
// in a tail, one that brings several parts at once, a short part, and the end.
func journey(c *client, id uuid.UUID, whole []byte) {
	const tail, several = smallPart + 10_000, 4*smallPart + 20_000
	c.patch(id, 0, whole[:tail])
	c.patch(id, tail, whole[tail:several])
	c.patch(id, several, whole[several:several+smallLeast+1])
	c.patch(id, several+smallLeast+1, whole[several+smallLeast+1:])
}

var journeySize = 6*smallPart + 33_333

// A process may die before or after any call to the store or the database. A
// second process on the same rows then brings the upload to its one right end,
// whatever chunks the client sends next.
func TestEveryWindowConverges(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	whole := content(1, journeySize)
	clean := b.serve(t, b.replica(t))
	create := func() uuid.UUID {
		return clean.create(int64(len(whole)), "filename", "a.txt", "sha256", hexSum(whole)).id(t)
	}

	id := create()
	b.faults.set(nil)
	journey(clean, id, whole)
	b.received(t, id, whole)
	calls := b.faults.made()
	require.Contains(t, calls, "CompleteMultipart")
	require.Contains(t, calls, "Open")

	for n, op := range calls {
		for _, v := range []verdict{refused, unheard} {
			for _, chunk := range []int{10_000, smallLeast + 5, journeySize} {
				b.faults.set(nil)
				id := create()
				dead := dieAt(n+1, v)
				b.faults.set(dead)
				dying := b.serve(t, b.replica(t))
				journey(dying, id, whole)
				b.faults.set(nil)
				clean.resume(id, whole, chunk)
				b.received(t, id, whole)
				_ = op
			}
		}
	}
	require.Equal(t, b.sum(t), b.quota(t).ReservedBytes)
	b.noLitter(t)
}

// A request may begin a multipart upload and die before its row says so. When the file then comes
// in one request, as one plain object, nothing else would ever end that upload.
func TestUnrecordedMultipartUploadEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	whole := content(3, 2*smallPart)
	dying, clean := b.serve(t, b.replica(t)), b.serve(t, b.replica(t))
	id := clean.create(int64(len(whole))).id(t)
	var stored atomic.Bool
	b.faults.set(func(_ int, op string) verdict {
		if op == "PutPart" {
			stored.Store(true)
		} else if stored.Load() {
			return refused
		}
		return works
	})
	dying.patch(id, 0, whole[:smallLeast+100])
	b.faults.set(nil)
	_, pending := b.memory.left()
	require.Equal(t, 1, pending)
	require.Empty(t, b.row(t, id).S3UploadID)

	clean.resume(id, whole, len(whole))
	b.received(t, id, whole)
	b.noLitter(t)
}

// dieAt lets the n-th call end with v and refuses all that come after, which is
// what the store sees of a process that died.
func dieAt(at int, v verdict) func(int, string) verdict {
	return func(n int, _ string) verdict {
		switch {
		case n < at:
			return works
		case n == at:
			return v
		}
		return refused
	}
}

// One call fails and the next ones work: the same process goes on.
func TestEveryFailureIsOvercome(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	whole := content(2, journeySize)
	c := b.serve(t, b.replica(t))
	b.faults.set(nil)
	id := c.create(int64(len(whole))).id(t)
	b.faults.set(nil)
	journey(c, id, whole)
	calls := len(b.faults.made())
	for at := 1; at <= calls; at++ {
		for _, v := range []verdict{refused, unheard} {
			b.faults.set(nil)
			id := c.create(int64(len(whole))).id(t)
			b.faults.set(func(n int, _ string) verdict {
				if n == at {
					return v
				}
				return works
			})
			journey(c, id, whole)
			c.resume(id, whole, 50_000)
			b.received(t, id, whole)
		}
	}
	b.noLitter(t)
}

// A file that fits one part costs one call to the store, and every failure of
// it leaves the upload where it was.
func TestSmallFileIsOnePut(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	whole := content(3, smallLeast) // a larger one may have left a multipart upload
	c := b.serve(t, b.replica(t))
	id := c.create(int64(len(whole))).id(t)
	b.faults.set(nil)
	r := c.patch(id, 0, whole)
	require.Equal(t, http.StatusNoContent, r.status)
	require.Equal(t, []string{"Put", "InTx"}, b.faults.made())
	b.received(t, id, whole)
}

// TestALateWithdrawalTouchesNothing: a process whose answer was lost withdraws an upload that
// the pipeline has taken to its end meanwhile. The bytes and their key stay.
func TestALateWithdrawalTouchesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	b.faults.set(nil)
	u := b.replica(t)
	whole := content(7, 20_000)
	a, err := b.form(t, u, bytes.NewReader(whole), int64(len(whole)), Metadata{Name: "a.txt"})
	require.NoError(t, err)
	require.NoError(t, b.db.InTx(t.Context(), b.org, func(tx *tenancy.Tx) error {
		return files.Withdraw(t.Context(), tx, a.Version, files.Quarantined, "infected:x")
	}))
	require.NoError(t, u.ingest.Withdraw(tenancy.WithActor(t.Context(), b.teacher), b.org, a.Upload, files.Failed, "lease_lost"))
	v, err := files.GetVersion(t.Context(), b.db.Single(b.org), a.Version)
	require.NoError(t, err)
	require.Equal(t, files.Quarantined, v.Status)
	body, err := b.bucket.Open(t.Context(), files.StagingKey(b.org, a.Version), v.StagingEtag, 0, -1)
	require.NoError(t, err)
	kept, err := io.ReadAll(body)
	require.NoError(t, errors.Join(err, body.Close()))
	require.Equal(t, whole, kept)
}
