package uploads

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/envelope"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/tenancy"
)

const benchSize = 256 << 20

// BenchmarkIngest compares what a client sees of an upload in 8 MiB requests
// with the bare multipart upload of the same parts, one after another.
func BenchmarkIngest(b *testing.B) {
	bucket := s3test.New(b).Staging
	bb := setupOn(b, 1<<50, bucket)
	c := bb.serve(b, bb.replica(b))
	whole := content(1, benchSize)
	b.Run("bare", func(b *testing.B) {
		b.SetBytes(benchSize)
		for b.Loop() {
			bare(b, bucket, whole)
		}
	})
	b.Run("tus", func(b *testing.B) {
		b.SetBytes(benchSize)
		for b.Loop() {
			id := c.create(benchSize).id(b)
			for at := 0; at < benchSize; at += partBytes {
				require.Equal(b, http.StatusNoContent, c.patch(id, int64(at), whole[at:at+partBytes]).status)
			}
		}
	})
	b.Run("tus in one body", func(b *testing.B) {
		b.SetBytes(benchSize)
		for b.Loop() {
			id := c.create(benchSize).id(b)
			require.Equal(b, http.StatusNoContent, c.patch(id, 0, whole).status)
		}
	})
}

// BenchmarkEncryption compares uploads in one body, and reads of what was uploaded, with and
// without encryption. They take turns, so that both have the same machine; "ratio" is the
// median of the throughput with encryption over that without.
func BenchmarkEncryption(b *testing.B) {
	store := s3test.New(b)
	buckets := []*s3.Bucket{s3test.View(store).Staging, store.Staging}
	for _, c := range []struct {
		name string
		size int
	}{{"1 MiB", 1 << 20}, {"16 MiB", 16 << 20}, {"256 MiB", benchSize}} {
		whole := content(1, c.size)
		var clients []*client
		for _, bucket := range buckets {
			bb := setupOn(b, 1<<50, bucket)
			clients = append(clients, bb.serve(b, bb.replica(b)))
		}
		b.Run("upload "+c.name, func(b *testing.B) {
			inTurns(b, func(i int) {
				id := clients[i].create(int64(c.size)).id(b)
				require.Equal(b, http.StatusNoContent, clients[i].patch(id, 0, whole).status)
			})
		})
		key := tenancy.NewID().String() + "/" + tenancy.NewID().String()
		b.Run("read "+c.name, func(b *testing.B) {
			for i, bucket := range buckets {
				_, err := bucket.Put(b.Context(), key+strings.Repeat(".tail", 1-i), bytes.NewReader(whole), int64(c.size), "")
				require.NoError(b, err)
			}
			inTurns(b, func(i int) {
				body, err := buckets[i].Open(b.Context(), key+strings.Repeat(".tail", 1-i), "", 0, -1)
				require.NoError(b, err)
				n, err := io.Copy(io.Discard, body)
				require.NoError(b, errors.Join(err, body.Close()))
				require.EqualValues(b, c.size, n)
			})
		})
	}
}

// inTurns measures do(0) and do(1) in turns and reports the median of their ratio.
func inTurns(b *testing.B, do func(int)) {
	b.Helper()
	var ratios []float64
	for b.Loop() {
		var took [2]time.Duration
		for i := range took {
			began := time.Now()
			do(i)
			took[i] = time.Since(began)
		}
		ratios = append(ratios, float64(took[0])/float64(took[1]))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}

func bare(b *testing.B, bucket *s3.Bucket, whole []byte) {
	b.Helper()
	ctx, key := context.Background(), tenancy.NewID().String()
	id, err := bucket.CreateMultipart(ctx, key)
	require.NoError(b, err)
	var parts []s3.Part
	for at := 0; at < len(whole); at += partBytes {
		etag, err := bucket.PutPart(ctx, key, id, len(parts)+1, envelope.Span{}, bytes.NewReader(whole[at:at+partBytes]), int64(partBytes))
		require.NoError(b, err)
		parts = append(parts, s3.Part{Number: len(parts) + 1, ETag: etag})
	}
	_, err = bucket.CompleteMultipart(ctx, key, id, parts)
	require.NoError(b, err)
}

// BenchmarkForm is the way of most files: small, in one request.
func BenchmarkForm(b *testing.B) {
	bb := setupOn(b, 1<<50, s3test.New(b).Staging)
	u := bb.replica(b)
	small := content(1, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		_, err := bb.form(b, u, bytes.NewReader(small), int64(len(small)), Metadata{})
		require.NoError(b, err)
	}
}
