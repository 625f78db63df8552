// Package bootstrap gives every server program the same beginnings: the logger, the
// connections that most of them need, and the port on which operators look in.
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/internal/payloads"
	"satchel/internal/s3"
	"satchel/internal/sealed"
	"satchel/internal/settings"
	"satchel/internal/tracing"
	"satchel/internal/trust"
	"satchel/tenancy"
)

// Module is one line in a program's table of contents.
var Module = fx.Module("boot",
	fx.Provide(newTraces, newLogger, newRegistry, newReadiness, newDatabase, newStore, newTemporalMetrics, newCodec, newTemporal),
	fx.Provide(func(r *prometheus.Registry) prometheus.Registerer { return r }),
	fx.Invoke(watchPool, watchParts, watchSpool, serveOperators),
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

func newLogger(traces *tracing.Traces) (*slog.Logger, error) {
	c, err := settings.Load[logConfig]()
	if err != nil {
		return nil, err
	}
	log := slog.New(traces.Logs(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: c.Level, ReplaceAttr: traces.LogNames()})))
	slog.SetDefault(log)
	return log, nil
}

// newTraces sends traces where the standard variables say so. It is made first, so that the
// spans of what stops before it are sent.
func newTraces(lc fx.Lifecycle) (*tracing.Traces, error) {
	c, err := settings.Load[tracing.Config]()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), StartTimeout)
	defer cancel()
	traces, err := tracing.Open(ctx, c, "satchel-"+filepath.Base(os.Args[0]))
	if err != nil || traces == nil {
		return nil, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Warn("send traces failed", "error", err) }))
	lc.Append(fx.StopHook(traces.Close))
	return traces, nil
}

func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

func newDatabase(lc fx.Lifecycle, ready *Readiness, traces *tracing.Traces) (*tenancy.DB, error) {
	c, err := settings.Load[tenancy.Config]()
	if err != nil {
		return nil, err
	}
	c.Tracer, c.Fresh = traces.Statements(), settings.Load[tenancy.Config]
	ctx, cancel := context.WithTimeout(context.Background(), StartTimeout)
	defer cancel()
	db, err := tenancy.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	further, err := settings.Load[tenancy.ClustersConfig]()
	if err == nil {
		further.Fresh = settings.Load[tenancy.ClustersConfig]
		err = db.UseClusters(ctx, further)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	ready.Add("postgres", db.Ping)
	for _, name := range db.Clusters() { // without one, the organizations of the others are served
		ready.Add("cluster "+name, func(ctx context.Context) error { return db.PingCluster(ctx, name) })
		ready.Optional("cluster " + name)
	}
	lc.Append(fx.StopHook(db.Close))
	return db, nil
}

func newStore(ready *Readiness, traces *tracing.Traces) (*s3.Store, *keyring.Ring, error) {
	c, err := settings.Load[s3.Config]()
	if err != nil {
		return nil, nil, err
	}
	if traces != nil {
		c.Wrap = func(next http.RoundTripper) http.RoundTripper { return traces.Transport("store", next) }
	}
	c.Fresh = settings.Load[s3.Config]
	store, err := s3.Open(c)
	if err != nil {
		return nil, nil, err
	}
	ring, err := encrypt(store, ready)
	if err != nil {
		return nil, nil, err
	}
	ready.Add("store", store.Ping)
	return store, ring, nil
}

// encrypt gives the store the data keys of files. Where files never were encrypted, and are
// not to be, there is neither a key service nor a key store to ask.
func encrypt(store *s3.Store, ready *Readiness) (*keyring.Ring, error) {
	c, err := settings.Load[keyring.Config]()
	if err != nil {
		return nil, err
	}
	service, err := settings.Load[kms.Config]()
	if err != nil {
		return nil, err
	}
	box, err := service.Open()
	if err != nil || box == nil && !c.On {
		return nil, err
	}
	ring, err := keyring.New(c, s3.RecordsOf(store.Keys, keyring.ErrAbsent), box)
	if err != nil {
		return nil, err
	}
	store.Encrypt(ring)
	ready.Add("keys", store.Keys.Ping)
	return ring, nil
}

type temporalConfig struct {
	Address   string `env:"SATCHEL_TEMPORAL_ADDRESS,required"`               // host and port of the Temporal frontend
	Namespace string `env:"SATCHEL_TEMPORAL_NAMESPACE" envDefault:"satchel"` // Temporal namespace

	Encrypt bool `env:"SATCHEL_TEMPORAL_ENCRYPT" envDefault:"true"` // whether what Temporal stores of a workflow is encrypted; false is for an upgrade from a version that cannot open it: first this version everywhere, then true

	TLS        bool   `env:"SATCHEL_TEMPORAL_TLS" envDefault:"false"` // whether Temporal is reached by TLS
	CA         string `env:"SATCHEL_TEMPORAL_CA"`                     // authorities in PEM that sign the certificate of Temporal; empty: the machine's
	ServerName string `env:"SATCHEL_TEMPORAL_SERVER_NAME"`            // name in the certificate of Temporal; empty: the host of its address
	Cert       string `env:"SATCHEL_TEMPORAL_CERT_PATH"`              // file of this program's certificate in PEM, for mutual TLS; read at each connection, so it may be replaced
	Key        string `env:"SATCHEL_TEMPORAL_KEY_PATH"`               // file of its key
}

// connection gives the options of TLS. What is set without TLS is an error: somebody
// believes that the connection is encrypted.
func (c temporalConfig) connection() (client.ConnectionOptions, error) {
	// Inputs are ids: packing a few hundred bytes costs both sides more than sending them.
	options := client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}}
	if !c.TLS {
		if c.CA != "" || c.ServerName != "" || c.Cert != "" || c.Key != "" {
			return options, errors.New("SATCHEL_TEMPORAL_CA, _SERVER_NAME, _CERT_PATH and _KEY_PATH need SATCHEL_TEMPORAL_TLS=true")
		}
		return options, nil
	}
	roots, err := trust.Roots("SATCHEL_TEMPORAL_CA", c.CA)
	if err != nil {
		return options, err
	}
	options.TLS, err = trust.Client{Roots: roots, ServerName: c.ServerName, Cert: c.Cert, Key: c.Key}.Config()
	if err != nil {
		return options, fmt.Errorf("SATCHEL_TEMPORAL_CERT_PATH and SATCHEL_TEMPORAL_KEY_PATH: %w", err)
	}
	return options, nil
}

// newCodec gives what encrypts the payloads of this program.
func newCodec() (*payloads.Codec, error) {
	c, err := settings.Load[temporalConfig]()
	if err != nil {
		return nil, err
	}
	keys, err := settings.Load[sealed.Config]()
	if err != nil {
		return nil, err
	}
	box, err := sealed.New(keys)
	if err != nil {
		return nil, err
	}
	return payloads.New(box, c.Encrypt)
}

// Namespace is Temporal's, for the calls that name it.
func Namespace() (string, error) {
	c, err := settings.Load[temporalConfig]()
	return c.Namespace, err
}

// newTemporal does not dial: a program starts, and says so by its readiness,
// while Temporal is still down. One client serves the whole program.
func newTemporal(lc fx.Lifecycle, log *slog.Logger, ready *Readiness, metrics client.MetricsHandler, codec *payloads.Codec, traces *tracing.Traces) (client.Client, error) {
	c, err := settings.Load[temporalConfig]()
	if err != nil {
		return nil, err
	}
	connection, err := c.connection()
	if err != nil {
		return nil, err
	}
	values, failures := payloads.Converters(codec)
	interceptors, err := traces.Workflows()
	if err != nil {
		return nil, err
	}
	cl, err := client.NewLazyClient(client.Options{
		HostPort: c.Address, Namespace: c.Namespace, Logger: quietDebug{log}, MetricsHandler: metrics, ConnectionOptions: connection,
		DataConverter: values, FailureConverter: failures, Interceptors: interceptors,
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

// OpenTemporal reaches Temporal as the settings say, for commands of operators. It opens no payloads.
func OpenTemporal(ctx context.Context) (cl client.Client, namespace string, err error) {
	c, err := settings.Load[temporalConfig]()
	if err != nil {
		return nil, "", err
	}
	connection, err := c.connection()
	if err != nil {
		return nil, "", err
	}
	cl, err = client.NewLazyClient(client.Options{HostPort: c.Address, Namespace: c.Namespace, ConnectionOptions: connection, Logger: quietDebug{slog.New(slog.DiscardHandler)}})
	if err != nil {
		return nil, "", fmt.Errorf("SATCHEL_TEMPORAL_ADDRESS: %w", err)
	}
	if _, err := cl.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		cl.Close()
		return nil, "", fmt.Errorf("reach Temporal at %s: %w", c.Address, err)
	}
	if _, err := cl.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.Namespace}); err != nil {
		cl.Close()
		return nil, "", fmt.Errorf("look for the namespace %s: %w", c.Namespace, err)
	}
	return cl, c.Namespace, nil
}

// quietDebug drops the SDK's debug lines, which carry a line a task.
type quietDebug struct{ *slog.Logger }

func (quietDebug) Debug(string, ...any) {}
