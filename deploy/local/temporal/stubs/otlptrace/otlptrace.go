// Package otlptracegrpc replaces the exporter of traces to a collector, which links the protocol's messages and a second
// gateway. The local server exports no traces; an exporter returns an error when it starts.
package otlptracegrpc

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
)

var errStub = errors.New("export of traces by OTLP is not available in the local server")

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

// Exporter refuses to start.
type Exporter struct{}

// New returns an error.
func New(context.Context, ...Option) (*Exporter, error) { return nil, errStub }

// NewUnstarted returns an exporter that refuses to start.
func NewUnstarted(...Option) *Exporter { return &Exporter{} }

// Start returns an error.
func (*Exporter) Start(context.Context) error { return errStub }

// ExportSpans returns an error.
func (*Exporter) ExportSpans(context.Context, []trace.ReadOnlySpan) error { return errStub }

// Shutdown does nothing.
func (*Exporter) Shutdown(context.Context) error { return nil }
