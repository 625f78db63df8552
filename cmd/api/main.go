// Command api serves Satchel's REST API. It holds the app role of the database
// and the store's keys, and needs neither cgo nor the worker to answer.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/fx"

	"satchel/api"
	"satchel/api/console"
	"satchel/api/delivery/edge"
	"satchel/api/delivery/signed"
	"satchel/api/invitepage"
	"satchel/api/members"
	"satchel/api/public"
	"satchel/api/ratelimit"
	apiroblox "satchel/api/roblox"
	"satchel/api/securitytxt"
	"satchel/api/shares"
	"satchel/api/uploads"
	"satchel/generation/providers"
	"satchel/internal/bootstrap"
	"satchel/internal/kms"
	"satchel/internal/oidc"
	"satchel/internal/outbound"
	"satchel/internal/payloads"
	"satchel/internal/roblox"
	"satchel/internal/s3"
	"satchel/internal/sealed"
	"satchel/internal/settings"
	"satchel/internal/spool"
	"satchel/internal/tracing"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
	"satchel/tenancy/people"
	"satchel/tenancy/usage"
	"satchel/web"
)

func main() { fx.New(app()).Run() }

// stopTimeout is what running requests get to end after SIGTERM. Those that
// only wait are ended at once.
const stopTimeout = 25 * time.Second

func app() fx.Option {
	return fx.Options(
		bootstrap.QuietLogger,
		bootstrap.Module,                    // logger, database, store, Temporal client, the operators' port
		fx.StopTimeout(stopTimeout),         //
		fx.Provide(newTokens),               // who is calling
		fx.Provide(newUploads),              // bytes in, by tus and form
		fx.Provide(newWorkflows),            // the workflows behind the calls
		fx.Provide(newInvitations),          // the workflows of invitations
		fx.Provide(newShareMails),           // the mails of shares
		fx.Provide(newShareCodes),           // the codes of people outside, by mail
		fx.Provide(newMeter),                // what no row says about usage
		fx.Provide(notifications.NewTokens), // the links that stop mails
		fx.Provide(newProviders),            // who makes documents from texts
		fx.Provide(newVault, newRoblox),     // keys of Roblox, and Roblox by them
		fx.Provide(newBox),                  // secrets of webhooks, as they are kept
		fx.Provide(newHasher),               // user names and addresses, as they are kept
		fx.Provide(newLinks),                // addresses of bytes, signed
		fx.Provide(newEdge),                 // what a cache in front of the content host is told
		fx.Provide(newAPI),                  // the routes
		fx.Invoke(bootstrap.UseReplica),     // a standby that answers what only reads, where there is one
		fx.Invoke(listenForEvents),          // wakes those who wait for a file
		fx.Invoke(serveAPI),                 // the API's port
		fx.Invoke(serveContent),             // users' bytes, on an origin of their own
		fx.Invoke(serveEdge),                // the edge's questions, where there is an edge
		fx.Invoke(bootstrap.DrainFirst),     // balancers hear of the end before the ports close
	)
}

func newTokens(ready *bootstrap.Readiness) (*oidc.Verifier, error) {
	c, err := settings.Load[oidc.Config]()
	if err != nil {
		return nil, err
	}
	v, err := oidc.New(c)
	if err != nil {
		return nil, err
	}
	ready.Add("issuer", v.Ready)
	// Without the key store lists and settings still answer, and bytes are refused with 503.
	// Uploads are taken without Temporal, and tokens are checked with the keys in
	// hand, and API keys without any. What is started late, the sweep starts.
	ready.Optional("temporal", "issuer", "keys")
	return v, nil
}

func newHasher() (*people.Hasher, error) {
	c, err := settings.Load[people.HashConfig]()
	if err != nil {
		return nil, err
	}
	return people.NewHasher(c)
}

func newLinks() (*signed.Keys, error) {
	c, err := settings.Load[signed.Config]()
	if err != nil {
		return nil, err
	}
	return signed.New(c)
}

func newEdge(links *signed.Keys, store *s3.Store, m *usage.Meter, metrics prometheus.Registerer) (*edge.Edge, error) {
	c, err := settings.Load[edge.Config]()
	if err != nil {
		return nil, err
	}
	c.Fresh = settings.Load[edge.Config]
	return edge.New(c, links, store.Clean, m, metrics)
}

func newBox() (*sealed.Box, error) {
	c, err := settings.Load[sealed.Config]()
	if err != nil {
		return nil, err
	}
	return sealed.New(c)
}

func newProviders() (*providers.List, error) {
	c, err := settings.Load[providers.Config]()
	if err != nil {
		return nil, err
	}
	return providers.New(c)
}

func newVault() (connections.Vault, error) {
	c, err := settings.Load[kms.Config]()
	if err != nil {
		return connections.Vault{}, err
	}
	box, err := c.Open()
	return connections.Vault{Box: box}, err
}

func newRoblox(metrics prometheus.Registerer) (func(key string) apiroblox.Cloud, error) {
	c, err := settings.Load[roblox.Config]()
	if err != nil {
		return nil, err
	}
	d, err := roblox.New(c, metrics)
	return func(key string) apiroblox.Cloud { return d.Open(key) }, err
}

func newUploads(lc fx.Lifecycle, db *tenancy.DB, store *s3.Store, p *workflows, log *slog.Logger, metrics prometheus.Registerer) (*uploads.Uploads, error) {
	c, err := settings.Load[uploads.Config]()
	if err != nil {
		return nil, err
	}
	u, err := uploads.New(c, uploads.Ports{DB: db.ForPeople(), Staging: store.Staging, OnReceived: p.Start, OnAdmitted: p.admission.StartReceived, MaxRunning: p.admission.MaxRunning(), Log: log, Metrics: metrics})
	if err != nil {
		return nil, err
	}
	// Hooks stop in reverse order: the servers, which are started later, have
	// stopped by then, and the clients that the starts need are still open.
	lc.Append(fx.StopHook(u.Wait))
	return u, nil
}

// parts is what newAPI is given, so that a new part is one line.
type parts struct {
	fx.In

	DB          *tenancy.DB
	Tokens      *oidc.Verifier
	Uploads     *uploads.Uploads
	Workflows   *workflows
	Hasher      *people.Hasher
	Links       *signed.Keys
	Edge        *edge.Edge
	Invitations members.Invitations
	ShareMails  shares.Mails
	ShareCodes  public.Codes
	Store       *s3.Store
	Secrets     *sealed.Box
	Payloads    *payloads.Codec
	MailTokens  *notifications.Tokens
	Providers   *providers.List
	Vault       connections.Vault
	Roblox      func(key string) apiroblox.Cloud
	Ready       *bootstrap.Readiness
	Log         *slog.Logger
	Metrics     prometheus.Registerer
	Traces      *tracing.Traces

	Meter *usage.Meter
}

// newSecurity makes the file for researchers. An API does not stay down for one that has expired.
func newSecurity(url string, log *slog.Logger) (*securitytxt.File, error) {
	c, err := settings.Load[securitytxt.Config]()
	if err != nil {
		return nil, err
	}
	file, err := securitytxt.New(c, url)
	if _, served := file.Text(time.Now()); file != nil && !served {
		log.Warn("security.txt has expired and is not served: look at its contacts and set SATCHEL_SECURITY_EXPIRES", "expires", c.Expires)
	}
	return file, err
}

func newAPI(p parts) (*api.API, error) {
	c, err := settings.Load[api.Config]()
	if err != nil {
		return nil, err
	}
	for _, origin := range c.Origins {
		if err := tenancy.ValidOrigin(origin); err != nil {
			return nil, fmt.Errorf("SATCHEL_CORS_ORIGINS: %q: %w", origin, err)
		}
	}
	page, err := settings.Load[invitepage.Config]()
	if err != nil {
		return nil, err
	}
	app, err := settings.Load[console.Config]()
	if err != nil {
		return nil, err
	}
	security, err := newSecurity(c.URL, p.Log)
	if err != nil {
		return nil, err
	}
	limits, err := settings.Load[ratelimit.Config]()
	if err != nil {
		return nil, err
	}
	hooks, err := settings.Load[outbound.Config]()
	if err != nil {
		return nil, err
	}
	if err := hooks.Check(c.URL); err != nil {
		return nil, err
	}
	spooled, err := settings.Load[spool.Config]()
	if err != nil {
		return nil, err
	}
	return api.New(api.Parts{
		Config: c, RateLimits: limits, DB: p.DB, Verifier: p.Tokens, Uploads: p.Uploads, Workflows: p.Workflows, Jobs: p.Workflows.control(), Hasher: p.Hasher, Links: p.Links, Edge: p.Edge, Invitations: p.Invitations, ShareMails: p.ShareMails, Codes: p.ShareCodes, Invites: true,
		Staging: p.Store.Staging, Clean: p.Store.Clean, Exports: p.Store.Exports, Rosters: p.Store.Staging, SpoolDir: spooled.Dir, Secrets: p.Secrets, Payloads: p.Payloads, Tokens: p.MailTokens, Providers: p.Providers, Vault: p.Vault, Roblox: p.Roblox, Loopback: hooks.Loopback, Ready: p.Ready, Log: p.Log, Metrics: p.Metrics,
		InvitePage: invitepage.New(page, c.URL, p.Tokens, p.Log), Security: security, Console: console.New(app, c.URL, c.ContentURL, web.Files(), p.Tokens, p.Log), Meter: p.Meter, Traces: p.Traces,
	}), nil
}

// newMeter counts until the servers, which are started after it, have stopped;
// its last flush comes then.
func newMeter(lc fx.Lifecycle, db *tenancy.DB, log *slog.Logger) *usage.Meter {
	m := usage.NewMeter(db, time.Now)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	lc.Append(fx.StartStopHook(
		func() {
			go func() {
				defer close(ended)
				m.Run(ctx, func(err error) { log.Warn("write usage failed; will retry", "error", err) })
			}()
		},
		func() { stop(); <-ended },
	))
	return m
}

func listenForEvents(lc fx.Lifecycle, a *api.API) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	lc.Append(fx.StartStopHook(
		func() {
			go func() {
				defer close(ended)
				_ = a.Run(ctx) // ends only with ctx, and says so
			}()
		},
		func() { stop(); <-ended },
	))
}

type listenConfig struct {
	API     string `env:"SATCHEL_API_LISTEN" envDefault:"127.0.0.1:8400"`     // address of the API
	Content string `env:"SATCHEL_CONTENT_LISTEN" envDefault:"127.0.0.1:8401"` // address that serves the bytes of files
}

func serveAPI(lc fx.Lifecycle, log *slog.Logger, ready *bootstrap.Readiness, a *api.API, u *uploads.Uploads) error {
	c, err := settings.Load[listenConfig]()
	if err != nil {
		return err
	}
	server := a.Server(ready.LetGo(a.Handler()))
	server.RegisterOnShutdown(a.Drain)
	server.RegisterOnShutdown(u.Drain)
	bootstrap.Serve(lc, log, "api", c.API, server)
	return nil
}

func serveContent(lc fx.Lifecycle, log *slog.Logger, ready *bootstrap.Readiness, a *api.API) error {
	c, err := settings.Load[listenConfig]()
	if err != nil {
		return err
	}
	bootstrap.Serve(lc, log, "content", c.Content, a.Server(ready.LetGo(a.ContentHandler())))
	return nil
}

func serveEdge(lc fx.Lifecycle, log *slog.Logger, ready *bootstrap.Readiness, a *api.API) error {
	if a.Edge == nil {
		return nil
	}
	server := a.Server(ready.LetGo(a.EdgeHandler()))
	var err error
	if server.TLSConfig, err = a.Edge.TLS(); err != nil {
		return err
	}
	bootstrap.Serve(lc, log, "edge", a.Edge.Address(), server)
	return nil
}
