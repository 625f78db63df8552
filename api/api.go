// Package api is the REST edge: it finds out who is calling, asks the domain,
// and answers. router.go holds every route with what it demands of the caller;
// the rooms beneath hold the handlers.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/api/apikeys"
	"satchel/api/around"
	"satchel/api/delivery"
	"satchel/api/door"
	"satchel/api/figures"
	"satchel/api/operations"
	"satchel/api/organizations"
	"satchel/api/people"
	"satchel/api/repeat"
	"satchel/api/storage"
	"satchel/api/throttle"
	"satchel/api/trail"
	"satchel/api/watch"
	"satchel/internal/oidc"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/usage"
)

// Config is what the edge itself can be told.
type Config struct {
	URL        string   `env:"SATCHEL_API_URL" envDefault:"http://127.0.0.1:8400"`
	ContentURL string   `env:"SATCHEL_CONTENT_URL" envDefault:"http://127.0.0.1:8401"`
	Origins    []string `env:"SATCHEL_CORS_ORIGINS"` // of web pages that may call the API
}

// Processes are the workflows that the edge starts and ends; each room says
// which it needs.
type Processes interface {
	storage.Processes
	organizations.Processes
	operations.Processes
}

// Parts are what the edge stands on.
type Parts struct {
	Config    Config
	Limits    throttle.Config
	DB        *tenancy.DB
	Tokens    *oidc.Verifier
	Intake    storage.Intake
	Processes Processes
	Inviting  people.Inviting
	Welcome   http.Handler // the page on which people answer their invitations
	Invites   bool         // owners can be invited by mail
	Staging   storage.Staging
	Clean     storage.Clean
	Exports   delivery.Source

	Checkpoints trail.Checkpoints
	Ready       http.Handler
	Bounds      around.Bounds // zero: the standard ones
	Log         *slog.Logger
	Metrics     prometheus.Registerer
	Meter       *usage.Meter // nil counts nothing
}

// API answers requests.
type API struct {
	Parts
	refusals audit.Bound // in the trail

	around  *around.Around
	door    *door.Door
	repeats *repeat.Repeats
	watch   *watch.Watch

	storage       *storage.Storage
	figures       *figures.Figures
	operations    *operations.Operations
	organizations *organizations.Organizations
	people        *people.People
	keys          *apikeys.Keys
	trail         *trail.Trail
}

// gin's mode is a global of its own; it is set before anything can run.
func init() { gin.SetMode(gin.ReleaseMode) }

// createPatience ends before the route's own limit would answer.
const createPatience = around.QuickLimit - 5*time.Second

// New makes the edge.
func New(p Parts) *API {
	w := watch.New(p.Metrics)
	if p.Bounds == (around.Bounds{}) {
		p.Bounds = around.Standard
	}
	limits := throttle.New(p.Limits, p.Metrics)
	return &API{
		Parts: p, watch: w,
		around: around.New(around.Around{HTTPS: strings.HasPrefix(p.Config.URL, "https://"), Log: p.Log, Meter: p.Meter, Bounds: p.Bounds}, p.Metrics),
		door: door.New(door.Door{
			DB: p.DB, Tokens: p.Tokens, Throttle: limits, Origins: p.Config.Origins, Log: p.Log,
		}),
		repeats: &repeat.Repeats{DB: p.DB, Log: p.Log},
		storage: &storage.Storage{
			DB: p.DB, Intake: p.Intake, Processes: p.Processes, Staging: p.Staging, Clean: p.Clean, Watch: w, Streams: limits.Streams(),
			ContentURL: p.Config.ContentURL, Log: p.Log,
		},
		figures:       &figures.Figures{DB: p.DB},
		operations:    &operations.Operations{DB: p.DB, Processes: p.Processes},
		organizations: &organizations.Organizations{DB: p.DB, Processes: p.Processes, Watch: w, Exports: p.Exports, Invites: p.Invites, Patience: createPatience},
		people:        &people.People{DB: p.DB, Inviting: p.Inviting, Page: p.Welcome, Log: p.Log},
		keys:          &apikeys.Keys{DB: p.DB},
		trail:         &trail.Trail{DB: p.DB, Checkpoints: p.Checkpoints, Log: p.Log},
	}
}

// Run hears what happens to files, and writes down when keys were used, until
// ctx ends. Without it, those who wait are told late and not at once.
func (a *API) Run(ctx context.Context) error {
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() { a.door.WriteUsedKeys(ctx) })
	return a.DB.Listen(ctx, "file_events", a.watch.Heard)
}

// Drain ends the requests that only wait, so that a shutdown need not.
func (a *API) Drain() { a.watch.Drain() }

// Handler answers every route.
func (a *API) Handler() http.Handler {
	return a.engine(func(Route) bool { return true })
}

// Server serves one of the handlers within the bounds of requests.
func (a *API) Server(h http.Handler) *http.Server { return a.Bounds.Server(h) }

// ContentHandler answers only the routes that give users' bytes. It belongs on
// a host of its own, where a page made of them could reach nothing.
func (a *API) ContentHandler() http.Handler {
	return a.engine(func(r Route) bool { return r.kind == outgoing || r.kind == probe })
}
