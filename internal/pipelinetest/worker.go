package pipelinetest

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"satchel/activities/edge"
	"satchel/activities/email"
	"satchel/activities/export"
	"satchel/activities/extract"
	"satchel/activities/finalize"
	"satchel/activities/inspect"
	"satchel/activities/invitation"
	"satchel/activities/notification"
	"satchel/activities/pii"
	"satchel/activities/preview"
	"satchel/activities/roster"
	"satchel/activities/scan"
	"satchel/activities/sweep"
	"satchel/activities/webhook"
	"satchel/cmd/worker/wiring"
	"satchel/files"
	"satchel/generation/providers"
	"satchel/internal/activitytest"
	"satchel/internal/clamd"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/internal/outbound"
	"satchel/internal/queue"
	"satchel/internal/roblox"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/internal/sealed"
	"satchel/internal/spool"
	"satchel/internal/tracing"
	"satchel/policies/archives"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/people"
	"satchel/workers"
	"satchel/workflows/upload"
)

// Worker is one whole worker on a real database, a real store and a real
// Temporal, with a fake scanner, renderer and mail server.
type Worker struct {
	Bench

	Clamd     *clamdtest.Fake
	Client    client.Client
	Mails     *Mails
	Admission *upload.Admission
	Cleaner   finalize.Cleaner

	Maintained bool   // the worker that is started next begins nothing by itself
	Build      string // of the worker that is started next; empty: it is not versioned

	namespace string
	options   Options
	stop      []func() // the workers that run
	sweeps    []queue.Sweep
}

// Options are what a test may want otherwise.
type Options struct {
	Store      *s3.Store     // one of the test's own when nil
	Budget     time.Duration // of the tries to scan a version
	MaxBytes   int64         // that the scanner takes
	MaxRunning int           // files of an organization in the pipeline
	PartBytes  int64         // of an export
	Unstarted  time.Duration // until the sweep looks
	Removal    time.Duration // how long the objects of deleted versions stay
	Silent     time.Duration // until the sweep looks for previews
	Traces     *tracing.Traces
	Render     Renderer
	Inbox      roster.InboxConfig // none when empty
	Purger     edge.Purger        // nil: there is no cache in front of the content host
	Expect     inspect.Expect     // is told of files that are read before they are published
	Models     providers.Config   // none when empty
	Keys       kms.Config         // none when empty
	Roblox     roblox.Config      // no server answers there
	Build      string             // of the first worker; empty: it is not versioned
	Clusters   string             // further ones, as tenancy.ClustersConfig names them
	// RobloxTimes raises the limits of Roblox, which are of minutes.
	RobloxTimes int
}

// NewWorker starts it.
func NewWorker(t *testing.T, change func(*Options)) *Worker {
	t.Helper()
	w := &Worker{Clamd: clamdtest.Start(t, clamdtest.Scanning(map[string][]byte{"Test.Virus": Virus()})), Mails: &Mails{}}
	w.options = Options{Budget: time.Minute, MaxBytes: 8 << 20, PartBytes: 1 << 20, MaxRunning: 4, Unstarted: time.Second, Silent: time.Minute, Render: OnePreview, Expect: func(context.Context, string) {}, Inbox: roster.InboxConfig{Every: time.Hour}, Models: providers.Config{Currency: "EUR"}, Roblox: roblox.Config{URL: "http://127.0.0.1:1"}}
	w.Client, w.namespace = Dial(t)
	if change != nil {
		change(&w.options)
	}
	if w.options.Traces != nil {
		w.Client = dialTraced(t, w.namespace, w.options.Traces)
	}
	if w.options.Store == nil {
		w.options.Store = s3test.New(t)
	}
	w.Bench = newBench(t, w.options.Store)
	if w.options.Traces != nil {
		db, err := tenancy.Open(t.Context(), tenancy.Config{URL: w.AppURL, MaxConns: 8, Timeout: time.Minute, Tracer: w.options.Traces.Statements()})
		require.NoError(t, err)
		t.Cleanup(db.Close)
		w.DB = db
	}
	require.NoError(t, w.UseClusters(t.Context(), tenancy.ClustersConfig{Clusters: w.options.Clusters}))
	w.Build = w.options.Build
	w.Start(t)
	return w
}

// Start starts one more worker on the same database, store and namespace.
func (w *Worker) Start(t *testing.T) {
	t.Helper()
	app := fxtest.New(t, fx.NopLogger, wiring.Processes(), w.settings(t), fx.Provide(
		func() *tenancy.DB { return w.DB }, func() *s3.Store { return w.Store }, func() client.Client { return w.Client }, func() *keyring.Ring { return nil },
		func() preview.Tools { return Tools(w.options.Render) }, func() preview.Config { return preview.Config{Silent: w.options.Silent} },
		func() extract.Tools { return extract.Tools{} }, func() extract.Config { return extract.Config{Again: time.Minute} }, // texts are read here
		PersonalTools, func() inspect.Expect { return w.options.Expect }, func() pii.Config { return pii.Config{Again: time.Minute, HeldDays: 30} },
		func() scan.Scanner {
			return wiring.Scanner{Client: clamd.New(w.Clamd.Socket, clamd.WithMemory(1<<20, 4), clamd.WithIdleTimeout(2*time.Second), clamd.WithVerdictTimeout(2*time.Second))}
		},
		func() *spool.Owner { return OpenSpool(t) },
		func() email.Mailer { return w.Mails },
		func() edge.Purger { return w.options.Purger },
		func() webhook.Sender {
			return wiring.NewReceivers(outbound.Config{Loopback: true}, outbound.Options{})
		},
		func() *slog.Logger {
			return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		},
		func() prometheus.Registerer { return prometheus.NewRegistry() },
		func() workers.Readiness { return ready{} },
		wiring.NewCleaner, wiring.NewUploads, upload.NewAdmission, archives.DefaultLimits,
		func() (*audit.Signer, error) { return audit.NewSigner(AuditKey) },
	), fx.Populate(&w.Cleaner, &w.Admission), fx.Invoke(fx.Annotate(w.keepSweeps, fx.ParamTags(`group:"components"`))), fx.Invoke(workers.Run))
	app.RequireStart()
	stop := sync.OnceFunc(app.RequireStop)
	t.Cleanup(stop)
	w.stop = append(w.stop, stop)
	w.Checker = wiring.NewChecker(w.DB, w.Store, wiring.NewUploads(w.Client, w.Admission), w.Cleaner)
	w.Checker.Rowless = time.Nanosecond // a test does not wait until bytes are old
}

// StopFirst stops the worker that was started first of those that run.
func (w *Worker) StopFirst() {
	w.stop[0]()
	w.stop = w.stop[1:]
}

// Stop stops every worker.
func (w *Worker) Stop() {
	for _, stop := range w.stop {
		stop()
	}
	w.stop = nil
}

// Move stops every worker and starts one in a namespace that does not exist yet, on the same
// database and store: what an operator does who gives Temporal up.
func (w *Worker) Move(t *testing.T) {
	t.Helper()
	w.Stop()
	w.Client, w.namespace = DialNew(t)
	w.Start(t)
}

func (w *Worker) keepSweeps(components []queue.Component) {
	w.sweeps = nil
	for _, c := range components {
		w.sweeps = append(w.sweeps, c.Sweeps...)
	}
}

// Sweeps are those of the worker that was started last.
func (w *Worker) Sweeps() []queue.Sweep { return w.sweeps }

// Sweep does one run of a sweep now, from the head.
func (w *Worker) Sweep(t *testing.T, name string) queue.Swept {
	t.Helper()
	swept, err := activitytest.Sweep(t, w.sweeps, name)
	require.NoError(t, err)
	return swept
}

// SweepAll does one run of each sweep, and gives what each found by its name.
func (w *Worker) SweepAll(t *testing.T) map[string]queue.Swept {
	t.Helper()
	all := map[string]queue.Swept{}
	for _, s := range w.sweeps {
		all[s.Name] = w.Sweep(t, s.Name)
	}
	return all
}

// settings is what the environment says to the program.
func (w *Worker) settings(t *testing.T) fx.Option {
	t.Helper()
	return fx.Provide(
		func() scan.Config { return scan.Config{MaxBytes: w.options.MaxBytes, Budget: w.options.Budget} },
		func() email.Config {
			return email.Config{InvitationURL: "https://school.test/invitations", APIURL: "https://school.test"}
		},
		func() sealed.Config { return sealed.Config{Keys: SecretsKey} },
		func() notification.ReportsConfig { return notification.ReportsConfig{} },
		func() people.HashConfig { return people.HashConfig{Key: HashKey} },
		func() providers.Config { return w.options.Models }, func() wiring.ModelKeys { return wiring.ModelKeys{} },
		func() kms.Config { return w.options.Keys }, func() roblox.Config { return w.options.Roblox }, func() wiring.RobloxBudget { return wiring.RobloxBudget{Times: w.options.RobloxTimes} },
		func() invitation.Config { return invitation.Config{Unstarted: time.Second, Silent: time.Minute} },
		func() sweep.Config {
			return sweep.Config{Unstarted: w.options.Unstarted, Silent: time.Minute, Trash: 0}
		},
		func() finalize.RemovalConfig { return finalize.RemovalConfig{Delay: w.options.Removal} },
		func() roster.InboxConfig { return w.options.Inbox },
		func() export.Config {
			return export.Config{PartBytes: w.options.PartBytes, PartEntries: 20, ConcurrentArchives: 1}
		},
		func() workers.Config {
			c := workersConfig(w.namespace, w.Build)
			c.Maintained = w.Maintained
			return c
		},
		func() upload.AdmissionConfig {
			return upload.AdmissionConfig{MaxRunning: w.options.MaxRunning, Versioned: w.Build != ""}
		},
	)
}

// Namespace names the test's part of Temporal.
func (w *Worker) Namespace() string { return w.namespace }

// Process starts the workflow of a version.
func (w *Worker) Process(t *testing.T, ticket files.Created) client.WorkflowRun {
	t.Helper()
	in := upload.UploadFileInput{Org: w.Org, File: ticket.File, Version: ticket.Version}
	require.NoError(t, upload.Start(context.Background(), w.Client, in))
	return w.Client.GetWorkflow(context.Background(), upload.WorkflowID(w.Org, ticket.Version), "")
}

// Ends waits for the workflow and gives the version's row and the workflow's error.
func (w *Worker) Ends(t *testing.T, run client.WorkflowRun, ticket files.Created) (files.Version, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	err := run.Get(ctx, nil)
	require.NoError(t, ctx.Err())
	v, readErr := files.GetVersion(context.Background(), w.Single(w.Org), ticket.Version)
	require.NoError(t, readErr)
	return v, err
}

// ready takes the probes of the operators' port, for which no test asks.
type ready struct{}

func (ready) Add(string, func(context.Context) error) {}
