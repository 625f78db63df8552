// Package api is the REST edge: it finds out who is calling, asks the domain,
// and answers. router.go holds every route with what it demands of the caller.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/api/delivery"
	"satchel/api/throttle"
	"satchel/api/uploads"
	"satchel/files"
	"satchel/internal/oidc"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/usage"
	"satchel/workflows/reconcile"
	"satchel/workflows/upload"
)

// Config is what the edge itself can be told.
type Config struct {
	URL        string   `env:"SATCHEL_API_URL" envDefault:"http://127.0.0.1:8400"`
	ContentURL string   `env:"SATCHEL_CONTENT_URL" envDefault:"http://127.0.0.1:8401"`
	Origins    []string `env:"SATCHEL_CORS_ORIGINS"` // of web pages that may call the API
}

// Intake brings bytes in. *uploads.Uploads is one.
type Intake interface {
	TusHandler() http.Handler
	Form(ctx context.Context, actor tenancy.Actor, a uploads.Announcement, body io.Reader, length int64) (files.Ticket, error)
}

// Staging is where bytes wait to be checked. *s3.Bucket is one.
type Staging interface {
	CopyFrom(ctx context.Context, bucket, srcKey, etag, key string) (string, error)
}

// Clean is where published bytes lie. *s3.Bucket is one.
type Clean interface {
	delivery.Source
	Name() string
}

// Processes are the workflows that the edge starts and ends.
type Processes interface {
	Start(ctx context.Context, in upload.UploadFileInput) error
	Cancel(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
	// Rescan and Reconcile start an operation and give its id. The operation
	// belongs to the organization that is scanned, or to the platform.
	Rescan(ctx context.Context, by tenancy.Actor, org tenancy.OrgID) (uuid.UUID, error)
	Reconcile(ctx context.Context, by tenancy.Actor, look reconcile.ReconcileStorageInput) (uuid.UUID, error)
	// Provision starts to set an organization up and gives the operation's id,
	// which is the platform's.
	Provision(ctx context.Context, by tenancy.Actor, n tenancy.NewOrganization) (uuid.UUID, error)
	// Suspend and Delete change the organization at once and follow it up as the
	// given operation of the platform. Keep ends a deletion's grace period.
	Suspend(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID, reason string) error
	Delete(ctx context.Context, by tenancy.Actor, org tenancy.OrgID, op uuid.UUID, grace time.Duration) error
	Keep(ctx context.Context, org tenancy.OrgID) error
}

// Parts are what the edge stands on.
type Parts struct {
	Config    Config
	Limits    throttle.Config
	DB        *tenancy.DB
	Tokens    *oidc.Verifier
	Intake    Intake
	Processes Processes
	Inviting  Inviting
	Invites   bool // owners can be invited by mail
	Staging   Staging
	Clean     Clean

	Checkpoints Checkpoints
	Ready       http.Handler
	Log         *slog.Logger
	Metrics     prometheus.Registerer
	Meter       *usage.Meter // nil counts nothing
}

// API answers requests.
type API struct {
	Parts
	watch    *watch
	metrics  *metrics
	used     usedKeys
	origins  *knownOrigins
	throttle *throttle.Throttle
	refusals audit.Bound // in the trail

	drain    sync.Once
	draining chan struct{}
}

// gin's mode is a global of its own; it is set before anything can run.
func init() { gin.SetMode(gin.ReleaseMode) }

// New makes the edge.
func New(p Parts) *API {
	return &API{
		Parts: p, watch: newWatch(), metrics: newMetrics(p.Metrics), draining: make(chan struct{}),
		used: newUsedKeys(), origins: newKnownOrigins(), throttle: throttle.New(p.Limits, p.Metrics),
	}
}

// Run hears what happens to files, and writes down when keys were used, until
// ctx ends. Without it, those who wait are told late and not at once.
func (a *API) Run(ctx context.Context) error {
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() { a.writeUsedKeys(ctx) })
	return a.DB.Listen(ctx, "file_events", a.watch.heard)
}

// Drain ends the requests that only wait, so that a shutdown need not.
func (a *API) Drain() { a.drain.Do(func() { close(a.draining) }) }

// Handler answers every route.
func (a *API) Handler() http.Handler {
	return a.engine(func(Route) bool { return true })
}

// ContentHandler answers only the routes that give users' bytes. It belongs on
// a host of its own, where a page made of them could reach nothing.
func (a *API) ContentHandler() http.Handler {
	return a.engine(func(r Route) bool { return r.kind == outgoing || r.kind == probe })
}
