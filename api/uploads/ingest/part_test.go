package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/envelope"
	"satchel/internal/pgtest"
	"satchel/internal/s3"
	"satchel/tenancy"
)

const testPart = 4 << 10

var errDown = errors.New("the store is down")

// partBucket takes parts, or fails, and nothing else.
type partBucket struct {
	Bucket
	fails   error
	aborted int
}

func (*partBucket) ListPending(context.Context, string) ([]s3.PendingUpload, error) { return nil, nil }

func (*partBucket) CreateMultipart(context.Context, string) (string, error) { return "upload", nil }

func (b *partBucket) AbortMultipart(context.Context, string, string) error {
	b.aborted++
	return nil
}

func (b *partBucket) PutPart(_ context.Context, _, _ string, _ int, _ envelope.Span, body io.Reader, size int64) (string, error) {
	n, err := io.Copy(io.Discard, body)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	return "etag", errors.Join(err, b.fails)
}

// begin makes an upload of the size and a stream for it.
func begin(t *testing.T, bucket Bucket, size int64) (*pgtest.Database, *Stream) {
	t.Helper()
	db := pgtest.New(t)
	org := db.Organization(t, 1<<20)
	user := db.Member(t, org, tenancy.Teacher)
	i, err := New(t.TempDir(), Ports{Tenants: db.DB, Staging: bucket, Log: slog.New(slog.DiscardHandler)}, prometheus.NewRegistry())
	require.NoError(t, err)
	i.Sizes = Sizes{Part: testPart, MinPart: testPart}
	var created files.Created
	require.NoError(t, db.InTx(t.Context(), org, func(tx *tenancy.Tx) (err error) {
		created, err = files.Create(t.Context(), tx, files.New{Name: "a.bin", Size: size, UploadedBy: user, TTL: time.Hour})
		return err
	}))
	row, err := files.GetUpload(t.Context(), db.Single(org), created.Upload)
	require.NoError(t, err)
	stream, err := i.Resume(row, Request{Org: org, Length: size, TTL: time.Hour})
	require.NoError(t, err)
	t.Cleanup(stream.Close)
	return db, stream
}

// TestPartInFlightSharesNothing: while a part is on its way, and when it has
// arrived, the stream that reads on sees nothing of it until it waits. The race
// detector sees what is read here beside the part.
func TestPartInFlightSharesNothing(t *testing.T) {
	t.Parallel()
	db, in := begin(t, &partBucket{}, 4*testPart)
	src := bytes.NewReader(make([]byte, 4*testPart))
	before := in.durable
	_, err := in.ReadPart(t.Context(), src)
	require.NoError(t, err)
	require.NoError(t, in.FlushPart(t.Context()))
	require.Equal(t, before, in.durable)
	require.Eventually(t, func() bool {
		row, err := files.GetUpload(t.Context(), db.Single(in.org), in.id)
		return err == nil && row.OffsetBytes == testPart
	}, time.Minute, time.Millisecond)
	_, err = in.ReadPart(t.Context(), src)
	require.NoError(t, err)
	require.EqualValues(t, 2*testPart, in.received)
	require.Equal(t, before, in.durable, "the row has moved, and the stream has not asked")

	require.NoError(t, in.waitPart())
	require.EqualValues(t, testPart, in.offset)
	require.Equal(t, 1, in.saved.parts)
	require.Equal(t, "upload", in.multipartID)
	require.NoError(t, in.FlushPart(t.Context()))
	require.NoError(t, in.waitPart())
	require.EqualValues(t, 2*testPart, in.offset)
	require.Equal(t, 2, in.saved.parts)
}

// TestFailedPartTellsWhatItDid: room that a part reserved stays reserved when the
// part fails, and the multipart upload that it began is gone.
func TestFailedPartTellsWhatItDid(t *testing.T) {
	t.Parallel()
	bucket := &partBucket{fails: errDown}
	_, in := begin(t, bucket, 2*testPart)
	in.length = unknown
	_, err := in.ReadPart(t.Context(), bytes.NewReader(make([]byte, testPart)))
	require.NoError(t, err)
	require.NoError(t, in.FlushPart(t.Context()))
	require.ErrorIs(t, in.waitPart(), errDown)
	require.EqualValues(t, testPart, in.reserved)
	require.Zero(t, in.offset)
	require.Empty(t, in.multipartID)
	require.Equal(t, 1, bucket.aborted)
	require.NoError(t, in.waitPart(), "a failure is told once")
}
