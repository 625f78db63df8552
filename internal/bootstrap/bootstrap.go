// Package bootstrap gives every server program the same beginnings: the logger, the
// connections that most of them need, and the port on which operators look in.
package bootstrap

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"satchel/internal/s3"
	"satchel/internal/settings"
	"satchel/tenancy"
)

// Module is one line in a program's table of contents.
var Module = fx.Module("boot",
	fx.Provide(newLogger, newRegistry, newReadiness, newDatabase, newStore, newTemporalMetrics, newTemporal),
	fx.Provide(func(r *prometheus.Registry) prometheus.Registerer { return r }),
	fx.Invoke(watchPool, serveOperators),
)

// QuietLogger keeps fx's own events out of the log, but for its errors.
var QuietLogger = fx.WithLogger(func(log *slog.Logger) fxevent.Logger {
	l := &fxevent.SlogLogger{Logger: log}
	l.UseLogLevel(slog.LevelDebug)
	return l
})

// StartTimeout is how long a program waits at its start for a part it needs, before
// it gives up and lets its supervisor try again.
const StartTimeout = 60 * time.Second

type logConfig struct {
	Level slog.Level `env:"SATCHEL_LOG_LEVEL" envDefault:"info"` // debug, info, warn or error
}

func newLogger() (*slog.Logger, error) {
	c, err := settings.Load[logConfig]()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: c.Level}))
	slog.SetDefault(log)
	return log, nil
}

func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

func newDatabase(lc fx.Lifecycle, ready *Readiness) (*tenancy.DB, error) {
	c, err := settings.Load[tenancy.Config]()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), StartTimeout)
	defer cancel()
	db, err := tenancy.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	ready.Add("postgres", db.Ping)
	lc.Append(fx.StopHook(db.Close))
	return db, nil
}

func newStore(ready *Readiness) (*s3.Store, error) {
	c, err := settings.Load[s3.Config]()
	if err != nil {
		return nil, err
	}
	store, err := s3.Open(c)
	if err != nil {
		return nil, err
	}
	ready.Add("store", store.Ping)
	return store, nil
}

type temporalConfig struct {
	Address   string `env:"SATCHEL_TEMPORAL_ADDRESS,required"`               // host and port of the Temporal frontend
	Namespace string `env:"SATCHEL_TEMPORAL_NAMESPACE" envDefault:"satchel"` // Temporal namespace
}

// Namespace is Temporal's, for the calls that name it.
func Namespace() (string, error) {
	c, err := settings.Load[temporalConfig]()
	return c.Namespace, err
}

// newTemporal does not dial: a program starts, and says so by its readiness,
// while Temporal is still down. One client serves the whole program.
func newTemporal(lc fx.Lifecycle, log *slog.Logger, ready *Readiness, metrics client.MetricsHandler) (client.Client, error) {
	c, err := settings.Load[temporalConfig]()
	if err != nil {
		return nil, err
	}
	cl, err := client.NewLazyClient(client.Options{
		HostPort: c.Address, Namespace: c.Namespace, Logger: quietDebug{log}, MetricsHandler: metrics,
		// Inputs are ids: packing a few hundred bytes costs both sides more than sending them.
		ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}},
	})
	if err != nil {
		return nil, fmt.Errorf("SATCHEL_TEMPORAL_ADDRESS: %w", err)
	}
	ready.Add("temporal", func(ctx context.Context) error {
		_, err := cl.CheckHealth(ctx, &client.CheckHealthRequest{})
		return err
	})
	lc.Append(fx.StopHook(cl.Close))
	return cl, nil
}

// quietDebug drops the SDK's debug lines, which carry a line a task.
type quietDebug struct{ *slog.Logger }

func (quietDebug) Debug(string, ...any) {}

func watchPool(r prometheus.Registerer, db *tenancy.DB) {
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "satchel_database_" + name, Help: help}, value))
	}
	gauge("connections_in_use", "Connections that a query or transaction holds.", func() float64 { return float64(db.Stat().Acquired) })
	gauge("connections_max", "Connections that the pool may open.", func() float64 { return float64(db.Stat().Max) })
	gauge("acquire_wait_seconds_total", "Time spent waiting for a connection.", func() float64 { return db.Stat().EmptyAcquireWait.Seconds() })
}
