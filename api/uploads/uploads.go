// Package uploads takes the bytes of a file from a request into the staging
// bucket: the tus protocol and form uploads over one ingest. It reserves quota
// before the first byte is kept, and starts UploadFile when the last one is.
//
// No transaction and no connection of the pool is held while bytes flow. What
// an upload has durably received is its row's offset, and nothing else: every
// step first makes bytes durable in the store and then moves the offset, so a
// process may die between any two steps and the next request goes on from the
// row.
package uploads

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/files"
	"satchel/internal/s3"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

// Config is what the operator may set.
type Config struct {
	SpoolDir       string        `env:"SATCHEL_SPOOL_DIR"`                               // holds the parts that are on their way; default: the system's
	PublicURL      string        `env:"SATCHEL_PUBLIC_URL"`                              // the scheme and host clients use; without it Location is a path
	TTL            time.Duration `env:"SATCHEL_UPLOAD_TTL" envDefault:"24h"`             // an upload without progress for this long expires
	NetworkTimeout time.Duration `env:"SATCHEL_UPLOAD_NETWORK_TIMEOUT" envDefault:"60s"` // a body that is silent for this long is given up
	LockTimeout    time.Duration `env:"SATCHEL_UPLOAD_LOCK_TIMEOUT" envDefault:"8s"`     // a second writer waits this long for the first
}

// Bucket is the staging bucket. *s3.Bucket is one.
type Bucket interface {
	Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (etag string, err error)
	PutSummed(ctx context.Context, key string, body io.Reader, size int64, sha256 []byte) (etag string, err error)
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
	Stat(ctx context.Context, key string) (s3.Object, error)
	Remove(ctx context.Context, key string) error
	Begin(ctx context.Context, key string) (upload string, err error)
	PutPart(ctx context.Context, key, upload string, number int, body io.Reader, size int64) (etag string, err error)
	Join(ctx context.Context, key, upload string, parts []s3.Part) (etag string, err error)
	Abort(ctx context.Context, key, upload string) error
	ListPending(ctx context.Context, prefix string) ([]s3.Pending, error)
}

// Tenants is the way to an organization's rows. *tenancy.DB is one.
type Tenants interface {
	InTx(ctx context.Context, org tenancy.OrgID, f func(*tenancy.Tx) error) error
	Once(org tenancy.OrgID) *tenancy.Once
}

// Ports is what the package stands on.
type Ports struct {
	Tenants Tenants
	Staging Bucket
	Start   func(ctx context.Context, in upload.UploadFileInput) error // starts UploadFile, now or in turn; a second start is a no-op
	Log     *slog.Logger
	Metrics prometheus.Registerer
}

// Uploads receives files.
type Uploads struct {
	Ports
	config  Config
	metrics *metrics
	tus     http.Handler
	spools  *spools
	part    int64 // bytes of a full part
	least   int64 // bytes that a part must have at least
	probe   probe

	mu       sync.Mutex
	active   map[*visit]struct{} // tus requests that are writing
	draining bool
}

// New makes the handlers. It fails when the spool folder cannot be written,
// rather than at the first upload.
func New(c Config, p Ports) (*Uploads, error) {
	if c.SpoolDir == "" {
		c.SpoolDir = os.TempDir()
	}
	s, err := newSpools(c.SpoolDir)
	if err != nil {
		return nil, fmt.Errorf("SATCHEL_SPOOL_DIR: %w", err)
	}
	u := &Uploads{Ports: p, config: c, spools: s, part: partBytes, least: leastPart, probe: probe{mib / 4, 25 * time.Millisecond}, active: map[*visit]struct{}{}}
	if u.metrics, err = newMetrics(p.Metrics); err != nil {
		return nil, fmt.Errorf("register metrics of uploads: %w", err)
	}
	if u.tus, err = u.newTus(); err != nil {
		return nil, fmt.Errorf("set up tus: %w", err)
	}
	return u, nil
}

// How long the parts of the work may take that the client does not set the pace
// of. Each is far above what it takes; it ends what would otherwise hang.
const (
	startTimeout = 3 * time.Second  // the sweep starts what this misses
	rowTimeout   = 15 * time.Second // one short transaction
	partTimeout  = 3 * time.Minute  // one part or tail to the store
	joinTimeout  = 15 * time.Minute // the store may copy the whole object
	cleanTimeout = 30 * time.Second
)

// start starts the workflow of a received version, or leaves it in line behind
// others of its organization. Its failure is not the client's: the bytes are
// safe, and the sweep starts what waits.
func (u *Uploads) start(ctx context.Context, org tenancy.OrgID, t files.Ticket) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	if err := u.Start(ctx, upload.UploadFileInput{Org: org, File: t.File, Version: t.Version}); err != nil {
		u.Log.WarnContext(ctx, "the upload's workflow did not start, the sweep will start it", "organization", org, "version", t.Version, "error", err)
	}
}

// withdraw ends an upload that will never be received: the reservation is freed
// in one transaction, and only then the bytes go. If the process dies in
// between, the row is final and not cleaned, which the sweep looks for.
func (u *Uploads) withdraw(ctx context.Context, org tenancy.OrgID, id uuid.UUID, to files.Status, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	err := u.Tenants.InTx(ctx, org, func(tx *tenancy.Tx) error { return files.Withdraw(ctx, tx, id, to, reason) })
	if err != nil {
		return fmt.Errorf("withdraw upload %s: %w", id, err)
	}
	if err := u.discard(ctx, org, id); err != nil {
		u.Log.WarnContext(ctx, "the bytes of a withdrawn upload are not gone yet, the sweep will remove them", "organization", org, "version", id, "error", err)
		return nil
	}
	if err := files.Cleaned(ctx, u.Tenants.Once(org), id); err != nil {
		u.Log.WarnContext(ctx, "a withdrawn upload is not marked as cleaned", "organization", org, "version", id, "error", err)
	}
	return nil
}

// discard removes everything that an upload may have left in the staging
// bucket. It asks the store for open multipart uploads instead of trusting the
// row: one may have been begun and never recorded.
func (u *Uploads) discard(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error {
	key := files.StagingKey(org, id)
	err := u.abortAll(ctx, key)
	return errors.Join(err, u.Staging.Remove(ctx, files.TailKey(org, id)), u.Staging.Remove(ctx, key))
}

// abortAll ends every multipart upload of an object.
func (u *Uploads) abortAll(ctx context.Context, key string) error {
	pending, err := u.Staging.ListPending(ctx, key)
	for _, p := range pending {
		err = errors.Join(err, u.Staging.Abort(ctx, p.Key, p.Upload))
	}
	return err
}
