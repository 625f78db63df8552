// Package ingest carries the bytes of an upload from a request into the staging
// bucket and its row's offset along with them, and takes both back.
//
// What an upload has durably received is its row's offset, and nothing else:
// every step first makes bytes durable in the store and then moves the offset,
// so a process may die between any two steps and the next request goes on from
// the row. No transaction and no connection of the pool is held while bytes flow.
package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/files"
	"satchel/internal/envelope"
	"satchel/internal/s3"
	"satchel/tenancy"
)

// Bucket is the staging bucket. *s3.Bucket is one.
type Bucket interface {
	Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (etag string, err error)
	PutWithSHA256(ctx context.Context, key string, body io.ReadSeeker, size int64, sha256 []byte) (etag string, err error)
	PutWithKey(ctx context.Context, key string, body io.ReadSeeker, size int64, sha256 []byte, keyTime time.Duration) (etag string, err error)
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
	Stat(ctx context.Context, key string) (s3.Object, error)
	Remove(ctx context.Context, key string) error
	Prepare(ctx context.Context, key string) error
	DropKey(ctx context.Context, key string) error
	CreateMultipart(ctx context.Context, key string) (upload string, err error)
	PutPart(ctx context.Context, key, upload string, number int, at envelope.Span, body io.Reader, size int64) (etag string, err error)
	CompleteMultipart(ctx context.Context, key, upload string, parts []s3.Part) (etag string, err error)
	AbortMultipart(ctx context.Context, key, upload string) error
	ListPending(ctx context.Context, prefix string) ([]s3.PendingUpload, error)
}

// Tenants is the way to an organization's rows. *tenancy.DB is one.
type Tenants interface {
	InTx(ctx context.Context, org tenancy.OrgID, f func(*tenancy.Tx) error) error
	Single(org tenancy.OrgID) *tenancy.SingleStatement
}

// Ports are the dependencies of the package.
type Ports struct {
	Tenants Tenants
	Staging Bucket
	Log     *slog.Logger
}

// Ingest is where the bytes of all uploads come in.
type Ingest struct {
	Ports
	Metrics *Metrics
	Sizes   Sizes
	spools  *spools
}

const mib = 1 << 20

// Sizes are those of parts, in bytes.
type Sizes struct {
	Part      int64 // what a part holds when nothing forces another size
	MinPart   int64 // what a part holds at least, but for the last
	EarlySend EarlySend

	// Align is what every part but the last holds a multiple of, so that it can be encrypted
	// apart from the others; zero asks for nothing.
	Align int64
}

// aligned says whether a part that is not the last may hold so many bytes.
func (z Sizes) aligned(n int64) bool { return z.Align == 0 || n%z.Align == 0 }

// Default are the sizes that S3 takes.
var Default = Sizes{Part: 8 * mib, MinPart: 5 * mib, EarlySend: EarlySend{mib / 4, 25 * time.Millisecond}, Align: envelope.Segment}

// maxParts is the S3 maximum of one object.
const maxParts = 10_000

// EarlySend tells a body that brings so many bytes within so much time from one that
// a request to the store had better not wait for: it would be open for minutes.
type EarlySend struct {
	Bytes int64
	Time  time.Duration
}

func (p EarlySend) fast(came int64, in time.Duration) bool { return came >= p.Bytes && in < p.Time }

// How long the parts of the work may take that the client does not set the pace
// of. Each is far above what it takes; it ends what would otherwise hang. A part
// that is sent while it comes ends with its body, for which others set bounds.
const (
	rowTimeout   = 15 * time.Second // one short transaction
	partTimeout  = 3 * time.Minute  // one part or tail to the store
	joinTimeout  = 15 * time.Minute // the store may copy the whole object
	cleanTimeout = 30 * time.Second
)

// New makes it. It fails when the spool folder cannot be written, rather than at
// the first upload.
func New(spoolDir string, p Ports, r prometheus.Registerer) (*Ingest, error) {
	spools, err := newSpools(spoolDir)
	if err != nil {
		return nil, fmt.Errorf("SATCHEL_SPOOL_DIR: %w", err)
	}
	m, err := newMetrics(r)
	if err != nil {
		return nil, fmt.Errorf("register metrics of uploads: %w", err)
	}
	return &Ingest{Ports: p, Metrics: m, Sizes: Default, spools: spools}, nil
}

// partSize gives the smallest part with which a file of this size keeps well
// below the number of parts that S3 allows: some parts may be short. A file of
// up to two parts is one instead, so that it goes as one plain object when it
// comes in one request: to join two parts the store reads and writes them again.
func (z Sizes) partSize(size int64) int64 {
	const enough = maxParts - 1_000
	if 0 <= size && size <= 2*z.Part {
		return 2 * z.Part
	}
	n := (size + enough - 1) / enough
	if n <= z.Part {
		return z.Part
	}
	return (n + mib - 1) / mib * mib
}

// Request is one of tus that brings bytes.
type Request struct {
	Org    tenancy.OrgID
	Holder string        // of the upload's lease
	Length int64         // of the body, or -1
	TTL    time.Duration // an upload without progress for this long expires
}

// Resume continues at the offset of the row.
func (i *Ingest) Resume(row files.Upload, r Request) (*Stream, error) {
	saved, err := decodeState(row.ShaState)
	if err != nil {
		return nil, err
	}
	sum, err := restore(saved.current)
	if err != nil {
		return nil, err
	}
	return &Stream{
		writer: writer{
			ingest: i, protocol: Tus, org: r.Org, id: row.ID, holder: r.Holder, ttl: r.TTL, length: row.Size,
			durable: durable{offset: row.OffsetBytes, tail: row.TailBytes, multipartID: row.S3UploadID, saved: saved},
		},
		memory:     memory{received: row.OffsetBytes, sum: sum},
		wantSHA256: row.ClaimedSha256, partSize: i.Sizes.partSize(row.Size), bodyEnd: row.OffsetBytes + r.Length,
	}, nil
}

// Form begins a file of at most so many bytes that comes in one request and
// tells its length by its end. Fill it before it has rows, then go on with Rest.
// claimed is the SHA-256 that the client announced, or empty.
func (i *Ingest) Form(org tenancy.OrgID, most int64, claimed string, ttl time.Duration) *Stream {
	start, _ := decodeState(nil)
	return &Stream{
		writer:     writer{ingest: i, protocol: Form, org: org, ttl: ttl, length: unknown, durable: durable{saved: start}},
		memory:     memory{sum: sha256.New()},
		wantSHA256: claimed, partSize: i.Sizes.partSize(most),
	}
}

// Withdraw ends an upload that will never be received: the reservation is freed
// in one transaction, and only then the bytes go, with their key. If the process dies in
// between, the row is final and not cleaned, which the sweep looks for. A version that came
// to another end meanwhile, as when the answer to a commit was lost and the pipeline went on,
// keeps what that end needs: a published one needs its key.
func (i *Ingest) Withdraw(ctx context.Context, org tenancy.OrgID, id uuid.UUID, to files.Status, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	ended := false
	err := i.Tenants.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		ended, err = withdraw(ctx, tx, id, to, reason)
		return err
	})
	if err != nil {
		return fmt.Errorf("withdraw upload %s: %w", id, err)
	}
	if !ended {
		return nil
	}
	if err := i.discard(ctx, org, id); err != nil {
		i.Log.WarnContext(ctx, "remove bytes of withdrawn upload failed; sweep will retry", "organization", org, "version", id, "error", err)
		return nil
	}
	if err := files.MarkCleaned(ctx, i.Tenants.Single(org), id, to); err != nil {
		i.Log.WarnContext(ctx, "mark withdrawn upload as cleaned failed; sweep will retry", "organization", org, "version", id, "error", err)
	}
	return nil
}

// withdraw says whether the version ended by it.
func withdraw(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, to files.Status, reason string) (bool, error) {
	before, err := files.GetVersion(ctx, tx, id)
	if err != nil {
		return false, err
	}
	if err := files.Withdraw(ctx, tx, id, to, reason); err != nil {
		return false, err
	}
	after, err := files.GetVersion(ctx, tx, id)
	return before.Status != to && after.Status == to, err
}

// Discard removes what is stored of a version that has no rows. Where it fails the reconciler removes it.
func (i *Ingest) Discard(ctx context.Context, org tenancy.OrgID, version uuid.UUID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if err := i.discard(ctx, org, version); err != nil {
		i.Log.WarnContext(ctx, "remove bytes of refused upload failed; reconciler will retry", "organization", org, "version", version, "error", err)
	}
}

// discard removes everything that an upload may have left in the staging
// bucket. It asks the store for open multipart uploads instead of trusting the
// row: one may have been begun and never recorded.
func (i *Ingest) discard(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	err := i.abortAll(ctx, files.StagingKey(org, id))
	for _, key := range files.StagedKeys(org, id) {
		err = errors.Join(err, i.Staging.Remove(ctx, key))
	}
	return errors.Join(err, i.Staging.DropKey(ctx, files.StagingKey(org, id)))
}

// Prepare makes the data key of a new upload durable. Without it no byte is taken.
func (i *Ingest) Prepare(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	return i.Staging.Prepare(ctx, files.StagingKey(org, id))
}

// abortAll ends every multipart upload of an object.
func (i *Ingest) abortAll(ctx context.Context, key string) error {
	pending, err := i.Staging.ListPending(ctx, key)
	for _, p := range pending {
		err = errors.Join(err, i.Staging.AbortMultipart(ctx, p.Key, p.Upload))
	}
	return err
}
