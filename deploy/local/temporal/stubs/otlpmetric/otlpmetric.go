// Package otlpmetricgrpc replaces the exporter of metrics to a collector, which links the protocol's messages and a
// second gateway. The local server exposes its metrics to Prometheus; New returns an error.
package otlpmetricgrpc

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
)

var errStub = errors.New("export of metrics by OTLP is not available in the local server")

// Option configures an exporter. Those here have no effect; the connections and options of gRPC are any, so that gRPC
// needs no import.
type Option struct{}

// RetryConfig configures repetition.
type RetryConfig struct {
	Enabled                                      bool
	InitialInterval, MaxInterval, MaxElapsedTime time.Duration
}

func WithDialOption[T any](...T) Option    { return Option{} }
func WithEndpoint(string) Option           { return Option{} }
func WithGRPCConn(any) Option              { return Option{} }
func WithHeaders(map[string]string) Option { return Option{} }
func WithInsecure() Option                 { return Option{} }
func WithRetry(RetryConfig) Option         { return Option{} }
func WithTimeout(time.Duration) Option     { return Option{} }

// Exporter cannot be created. The embedded interface is nil.
type Exporter struct{ metric.Exporter }

// New returns an error.
func New(context.Context, ...Option) (*Exporter, error) { return nil, errStub }
