package pipelinetest

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/workers"
)

// workersConfig is that of a worker of a build; of none where it is empty.
func workersConfig(namespace, build string) workers.Config {
	return workers.Config{Namespace: namespace, MakeNamespace: true, Versioned: build != "", BuildID: build, ScanSlots: 4, PreviewSlots: 2, InteractiveSlots: 16, BatchSlots: 4, ExternalSlots: 1, AISlots: 1, MailSlots: 2, RobloxSlots: 1, StopTimeout: 10 * time.Second}
}

// StartBuild starts a worker of a build with a test's own processes, and gives what stops it.
func StartBuild(t *testing.T, db *tenancy.DB, c client.Client, namespace, build string, processes ...queue.Component) (stop func()) {
	t.Helper()
	options := []fx.Option{fx.NopLogger, fx.Provide(
		func() *tenancy.DB { return db }, func() client.Client { return c }, func() prometheus.Registerer { return prometheus.NewRegistry() },
		func() *slog.Logger {
			return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
		},
		func() workers.Readiness { return ready{} }, func() workers.Config { return workersConfig(namespace, build) },
	), fx.Invoke(workers.Run)}
	for _, p := range processes {
		options = append(options, fx.Provide(fx.Annotate(func() queue.Component { return p }, fx.ResultTags(`group:"components"`))))
	}
	app := fxtest.New(t, options...)
	app.RequireStart()
	stop = sync.OnceFunc(app.RequireStop)
	t.Cleanup(stop)
	return stop
}
