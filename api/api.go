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

	"satchel/api/accessrequests"
	"satchel/api/amendments"
	"satchel/api/apikeys"
	"satchel/api/auditlog"
	"satchel/api/auth"
	"satchel/api/compliance"
	"satchel/api/consent"
	"satchel/api/consentrequests"
	"satchel/api/content"
	"satchel/api/delivery"
	"satchel/api/delivery/edge"
	"satchel/api/delivery/signed"
	"satchel/api/directory"
	"satchel/api/disclosureconsents"
	"satchel/api/erasures"
	"satchel/api/evidence"
	"satchel/api/generations"
	"satchel/api/histories"
	"satchel/api/holds"
	"satchel/api/idempotency"
	"satchel/api/jobs"
	"satchel/api/links"
	"satchel/api/listen"
	"satchel/api/members"
	"satchel/api/middleware"
	"satchel/api/notifications"
	"satchel/api/operations"
	"satchel/api/organizations"
	apipeople "satchel/api/people"
	"satchel/api/personal"
	"satchel/api/public"
	"satchel/api/purges"
	"satchel/api/quarantine"
	"satchel/api/ratelimit"
	"satchel/api/records"
	"satchel/api/reports"
	"satchel/api/retention"
	"satchel/api/roblox"
	"satchel/api/rosters"
	"satchel/api/securitytxt"
	"satchel/api/shares"
	"satchel/api/spaces"
	"satchel/api/storage"
	apiusage "satchel/api/usage"
	"satchel/api/webhooks"
	"satchel/generation/providers"
	"satchel/internal/oidc"
	"satchel/internal/payloads"
	"satchel/internal/sealed"
	"satchel/internal/tracing"
	"satchel/policies/audit"
	"satchel/policies/consent/requests"
	"satchel/roblox/connections"
	"satchel/tenancy"
	stopping "satchel/tenancy/notifications"
	"satchel/tenancy/people"
	"satchel/tenancy/usage"
)

// Config is what the edge itself can be told.
type Config struct {
	URL        string   `env:"SATCHEL_API_URL" envDefault:"http://127.0.0.1:8400"`     // address of the API that clients use; HSTS is sent when it is https
	ContentURL string   `env:"SATCHEL_CONTENT_URL" envDefault:"http://127.0.0.1:8401"` // address of the host that serves the bytes of files
	Driver     string   `env:"SATCHEL_EDGE_DRIVER" envDefault:"none"`                  // who caches in front of the content host and is told what to forget: varnish, cloudflare, fastly, webhook or none
	Maintained bool     `env:"SATCHEL_MAINTENANCE" envDefault:"false"`                 // the system was restored and is not open yet: only operators are answered, and workers begin nothing by themselves; the same for api and worker
	Origins    []string `env:"SATCHEL_CORS_ORIGINS"`                                   // origins (comma-separated) of web pages that may call the API for every organization

	Memberships time.Duration `env:"SATCHEL_MEMBERSHIPS_REMEMBERED" envDefault:"1s"` // how long an API remembers where a caller belongs, while it hears of changes; 0: each request asks the database
}

// Workflows are the workflows that the edge starts and ends; each room says
// which it needs.
type Workflows interface {
	storage.Workflows
	content.Workflows
	organizations.Workflows
	operations.Workflows
	auditlog.Workflows
	rosters.Workflows
	generations.Workflows
	reports.Workflows
	roblox.Workflows
	consentrequests.Waker
	personal.Workflows
	accessrequests.Workflows
	erasures.Workflows
}

// Uploads takes bytes in.
type Uploads interface {
	storage.Uploads
	generations.Uploads
}

// Parts are the dependencies of the API.
type Parts struct {
	Config      Config
	RateLimits  ratelimit.Config
	DB          *tenancy.DB
	Verifier    *oidc.Verifier
	Hasher      *people.Hasher // of the user names and addresses of people
	Links       *signed.Keys   // of the addresses of bytes on the content host
	Edge        *edge.Edge     // answers a cache in front of the content host; nil: there is none
	Codes       public.Codes   // mails codes to people outside
	Uploads     Uploads
	Workflows   Workflows
	Jobs        jobs.Control // jobs and their queues, where they run
	Invitations members.Invitations
	ShareMails  shares.Mails
	InvitePage  http.Handler      // the page on which people answer their invitations
	Console     http.Handler      // the web console; nil: there is none
	Security    *securitytxt.File // contacts for vulnerability reports; nil: there are none
	Invites     bool              // owners can be invited by mail
	Staging     storage.Staging
	Clean       storage.Clean
	Exports     delivery.Source
	Rosters     rosters.Store     // where packages of rosters are received
	Payloads    *payloads.Codec   // opens what Temporal stores
	Secrets     *sealed.Box       // seals the secrets of webhooks
	Tokens      *stopping.Tokens  // of the links that stop mails
	Providers   *providers.List   // of documents that are made from texts
	Vault       connections.Vault // keys of Roblox, as they are kept
	Roblox      func(key string) roblox.Cloud
	Loopback    bool   // webhooks may lead to this machine
	SpoolDir    string // for what is received before it is stored; empty: the system's folder

	Ready   http.Handler
	Limits  middleware.Limits // zero: the standard ones
	Log     *slog.Logger
	Metrics prometheus.Registerer
	Meter   *usage.Meter    // nil counts nothing
	Traces  *tracing.Traces // nil: requests are not traced
}

// API answers requests.
type API struct {
	Parts
	refusals audit.RefusalLimiter // in the audit log

	middleware  *middleware.Middleware
	auth        *auth.Auth
	idempotency *idempotency.Store
	listener    *listen.Listener

	storage       *storage.Storage
	links         *links.Links
	public        *public.Public
	usage         *apiusage.Usage
	operations    *operations.Operations
	jobs          *jobs.Jobs
	purges        *purges.Purges
	histories     *histories.Histories
	quarantine    *quarantine.Quarantine
	holds         *holds.Holds
	erasures      *erasures.Erasures
	records       *records.Records
	directory     *directory.Directory
	amendments    *amendments.Amendments
	consentsTo    *disclosureconsents.Consents
	requests      *accessrequests.Requests
	retention     *retention.Retention
	compliance    *compliance.Compliance
	evidence      *evidence.Evidence
	organizations *organizations.Organizations
	members       *members.Members
	spaces        *spaces.Spaces
	shares        *shares.Shares
	people        *apipeople.People
	rosters       *rosters.Rosters
	keys          *apikeys.Keys
	auditLog      *auditlog.AuditLog
	personal      *personal.Personal
	webhooks      *webhooks.Webhooks
	notifications *notifications.Notifications
	generations   *generations.Generations
	reports       *reports.Reports
	roblox        *roblox.Connections
	consent       *consent.Consent
	publicConsent *consent.Consent
	asking        *consentrequests.Requests
	parents       *consentrequests.Parents
}

// gin's mode is a global of its own; it is set before anything can run.
func init() { gin.SetMode(gin.ReleaseMode) }

// createPatience ends before the route's own limit would answer.
const createPatience = middleware.QuickTimeout - 5*time.Second

// New makes the edge.
func New(p Parts) *API {
	w := listen.New(p.Metrics)
	if p.Limits == (middleware.Limits{}) {
		p.Limits = middleware.DefaultLimits
	}
	limits := ratelimit.New(p.RateLimits, p.Metrics)
	people, streams := p.DB.ForPeople(), limits.Streams()
	callers := auth.New(auth.Auth{DB: p.DB, Tokens: p.Verifier, Hasher: p.Hasher, RateLimit: limits, Origins: p.Config.Origins, Log: p.Log, Remembered: p.Config.Memberships, Listening: w.Watched().Live, Metrics: p.Metrics})
	visitors := public.New(public.Ports{
		DB: p.DB, Keys: p.Links, Uploads: p.Uploads, Codes: p.Codes, Address: limits.Address, Guessed: limits.ChargeGuess, Reason: storage.ReasonOfDrop,
		ContentURL: p.Config.ContentURL, Log: p.Log,
	})
	contents := &content.Contents{DB: p.DB, Workflows: p.Workflows, Log: p.Log}
	reads := content.NewReads(p.DB, p.Log)
	return &API{
		Parts: p, listener: w,
		middleware:  middleware.New(middleware.Middleware{HTTPS: strings.HasPrefix(p.Config.URL, "https://"), Log: p.Log, Meter: p.Meter, Traces: p.Traces, Limits: p.Limits}, p.Metrics),
		auth:        callers,
		idempotency: &idempotency.Store{DB: p.DB, Log: p.Log},
		storage: &storage.Storage{
			DB: people, Uploads: p.Uploads, Workflows: p.Workflows, Staging: p.Staging, Clean: p.Clean, Contents: contents, Reads: reads, Listener: w, Streams: streams,
			ContentURL: p.Config.ContentURL, Log: p.Log,
		},
		links: &links.Links{
			DB: people, Keys: p.Links, ContentURL: p.Config.ContentURL, Contents: contents, Clean: p.Clean, Reads: reads, Limits: limits,
			Stranger: callers.Public, Shares: visitors, Edge: p.Edge, Hosted: edge.Hosted(p.Config.Driver), Log: p.Log,
		},
		public:     visitors,
		usage:      &apiusage.Usage{DB: p.DB, Currency: p.Providers.Currency}, // usage is of the whole organization
		operations: &operations.Operations{DB: people, Workflows: p.Workflows},
		purges:     &purges.Purges{DB: p.DB},
		histories:  &histories.Histories{DB: p.DB, Codec: p.Payloads},
		quarantine: &quarantine.Quarantine{DB: p.DB},
		holds:      &holds.Holds{DB: people},
		erasures:   &erasures.Erasures{DB: people, All: p.DB, Workflows: p.Workflows},
		requests:   &accessrequests.Requests{DB: people, Workflows: p.Workflows, Exports: p.Exports},
		records:    &records.Records{DB: people, Log: p.Log},
		directory:  &directory.Directory{DB: people},
		amendments: &amendments.Amendments{DB: people}, consentsTo: &disclosureconsents.Consents{DB: people},
		retention:     &retention.Retention{DB: people, All: p.DB},
		evidence:      &evidence.Evidence{DB: people, Now: time.Now},
		compliance:    &compliance.Compliance{All: p.DB, Now: time.Now},
		jobs:          &jobs.Jobs{DB: people, All: p.DB, Control: p.Jobs, Listener: w, Streams: streams, Currency: p.Providers.Currency},
		organizations: &organizations.Organizations{DB: people, All: p.DB, Workflows: p.Workflows, Listener: w, Exports: p.Exports, Invites: p.Invites, ProvisionTimeout: createPatience},
		members:       &members.Members{DB: people, Invitations: p.Invitations, Page: p.InvitePage, SignIn: callers.SignIn, Log: p.Log},
		spaces:        &spaces.Spaces{DB: people, All: p.DB},
		shares:        &shares.Shares{DB: people, Mails: p.ShareMails, URL: p.Config.URL, Log: p.Log},
		people:        &apipeople.People{DB: people, Hasher: p.Hasher, Log: p.Log},
		rosters:       &rosters.Rosters{DB: people, Packages: p.Rosters, Workflows: p.Workflows, SpoolDir: p.SpoolDir, Log: p.Log},
		keys:          &apikeys.Keys{DB: people},
		webhooks:      &webhooks.Webhooks{DB: people, Box: p.Secrets, Loopback: p.Loopback},
		notifications: &notifications.Notifications{DB: people, All: p.DB, Tokens: p.Tokens, Hasher: p.Hasher, Now: time.Now},
		generations:   &generations.Generations{DB: people, All: p.DB, Providers: p.Providers, Uploads: p.Uploads, Workflows: p.Workflows, Listener: w, Now: time.Now},
		reports:       &reports.Reports{DB: people, All: p.DB, Workflows: p.Workflows, Listener: w, Now: time.Now},
		consent:       &consent.Consent{DB: people},
		publicConsent: &consent.Consent{DB: p.DB},
		asking:        &consentrequests.Requests{DB: people, All: p.DB, Contacts: requests.Contacts{Box: p.Secrets, HashEmail: p.Hasher.HashEmail}, Waker: p.Workflows, Log: p.Log, Now: time.Now},
		parents:       &consentrequests.Parents{DB: p.DB, Waker: p.Workflows, Address: limits.Address, Guessed: limits.ChargeGuess, Log: p.Log, Now: time.Now},
		roblox:        &roblox.Connections{DB: people, All: p.DB, Vault: p.Vault, Dial: p.Roblox, Workflows: p.Workflows, URL: p.Config.URL, Now: time.Now},
		personal:      &personal.Personal{DB: people, All: p.DB, Workflows: p.Workflows, Log: p.Log},
		auditLog:      &auditlog.AuditLog{DB: people, Workflows: p.Workflows, Log: p.Log},
	}
}

// Run hears what happens to files and memberships, and writes down when keys were used, until
// ctx ends. Without it, those who wait are told late and not at once.
func (a *API) Run(ctx context.Context) error {
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() { a.auth.WriteUsedKeys(ctx) })
	return a.DB.Listen(ctx, tenancy.Channels{"file_events": a.listener.Notify, auth.MembershipsChannel: a.auth.MembershipsChanged}, a.listener.Watched())
}

// Drain ends the requests that only wait, so that a shutdown need not.
func (a *API) Drain() { a.listener.Drain() }

// Handler answers every route.
func (a *API) Handler() http.Handler {
	e := a.engine(a.routes(func(r Route) bool { return !r.Signed }))
	if a.Console != nil {
		a.serveConsole(e)
	}
	return overrideMethod(e)
}

// Server serves one of the handlers within the bounds of requests.
func (a *API) Server(h http.Handler) *http.Server { return a.Limits.Server(h) }

// ContentHandler answers only the routes that give users' bytes. It belongs on
// a host of its own, where a page made of them could reach nothing.
func (a *API) ContentHandler() http.Handler {
	return overrideMethod(a.engine(a.routes(func(r Route) bool { return r.Class == outgoing || r.Class == probe })))
}

// EdgeHandler answers a cache in front of the content host, on a private listener.
func (a *API) EdgeHandler() http.Handler {
	return a.Edge.Handler(a.engine([]Route{
		{Method: get, Path: signedPath, Action: anyone, Audit: "file.read", Signed: true, Class: outgoing, Handler: a.links.Ask},
	}))
}
