// Package uploads receives files: the tus protocol and form uploads over one
// ingest. It reserves quota before the first byte is kept, and starts UploadFile
// when the last one is. Of a small form both are one transaction, which comes when the bytes
// are stored: see formAtOnce.
package uploads

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/api/uploads/ingest"
	"satchel/files"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

// Config are the settings of uploads.
type Config struct {
	SpoolDir       string        `env:"SATCHEL_SPOOL_DIR"`                               // folder for parts, archives and pictures that are being worked on; empty: the system's folder for temporary files
	PublicURL      string        `env:"SATCHEL_PUBLIC_URL"`                              // scheme and host of the tus Location header; empty: the header holds a path
	TTL            time.Duration `env:"SATCHEL_UPLOAD_TTL" envDefault:"24h"`             // an upload without progress for this long expires
	NetworkTimeout time.Duration `env:"SATCHEL_UPLOAD_NETWORK_TIMEOUT" envDefault:"60s"` // a tus request whose body is silent for this long ends
	LockTimeout    time.Duration `env:"SATCHEL_UPLOAD_LOCK_TIMEOUT" envDefault:"8s"`     // a second writer of one upload waits this long for the first
}

// Ports are the dependencies of the package.
type Ports struct {
	DB         ingest.Tenants
	Staging    ingest.Bucket
	OnReceived func(ctx context.Context, in upload.UploadFileInput) error // starts UploadFile, now or by the admission queue; a second start is a no-op
	OnAdmitted func(ctx context.Context, in upload.UploadFileInput) error // starts UploadFile of a version that was admitted when it was received
	MaxRunning int                                                        // files of an organization in the pipeline at most; 0: none is admitted when it is received
	Log        *slog.Logger
	Metrics    prometheus.Registerer
}

// Uploads receives files.
type Uploads struct {
	Ports
	config Config
	ingest *ingest.Ingest
	tus    http.Handler
	starts *background // of workflows, behind the answers

	mu       sync.Mutex
	active   map[*request]struct{} // tus requests that are writing
	draining bool
}

// New makes the handlers. It fails when the spool folder cannot be written,
// rather than at the first upload.
func New(c Config, p Ports) (*Uploads, error) {
	if c.SpoolDir == "" {
		c.SpoolDir = os.TempDir()
	}
	receiver, err := ingest.New(c.SpoolDir, ingest.Ports{Tenants: p.DB, Staging: p.Staging, Log: p.Log}, p.Metrics)
	if err != nil {
		return nil, err
	}
	u := &Uploads{Ports: p, config: c, ingest: receiver, active: map[*request]struct{}{}, starts: newBackground()}
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
)

// StartReceived has the workflow of a received version started behind the answer: the
// bytes are safe, so a client does not wait for it, least of all while Temporal
// is down. What is lost here, because the start fails, the queue is full or the
// process dies, is started by the sweep.
func (u *Uploads) StartReceived(ctx context.Context, org tenancy.OrgID, t files.Created) {
	if t.Admission == files.AdmittedBehind {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if !u.starts.run(func() { u.startNow(ctx, org, t) }) {
		u.Log.WarnContext(ctx, "queue upload workflow start failed: too many waiting; sweep will retry", "organization", org, "version", t.Version)
	}
}

// Wait returns when the workflows of all received versions have been started,
// or when ctx ends. It is called when the servers have stopped.
func (u *Uploads) Wait(ctx context.Context) { u.starts.wait(ctx) }

// startNow starts the workflow, or leaves the version queued behind others of
// its organization.
func (u *Uploads) startNow(ctx context.Context, org tenancy.OrgID, t files.Created) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	// No middleware recovers a panic here: it would end the process.
	defer func() {
		if p := recover(); p != nil {
			u.Log.ErrorContext(ctx, "start upload workflow panicked; sweep will retry", "organization", org, "version", t.Version, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	begin := u.OnReceived
	if t.Admission == files.AdmittedNow {
		begin = u.OnAdmitted
	}
	if err := begin(ctx, upload.UploadFileInput{Org: org, File: t.File, Version: t.Version}); err != nil {
		u.Log.WarnContext(ctx, "start upload workflow failed; sweep will retry", "organization", org, "version", t.Version, "error", err)
	}
}
