package uploads

import (
	"bytes"
	"context"
	"net/http"
	"testing"

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
