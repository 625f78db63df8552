// Package tracing sends what a request, and the work behind it, took and where, as
// OpenTelemetry traces. It is off unless the standard variables say where to. A trace holds
// ids, routes and names of steps, and nothing that people wrote: see idsOnly.
package tracing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
)

// Config says whether traces are sent. The names are those of OpenTelemetry, whose library
// reads the others (headers, sampling, limits, certificates) by itself.
type Config struct {
	Disabled bool   `env:"OTEL_SDK_DISABLED" envDefault:"false"` // true: no traces, whatever else is set
	Exporter string `env:"OTEL_TRACES_EXPORTER"`                 // otlp: traces are sent; none: they are not; empty: they are sent where an endpoint is set
	Endpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`          // base address of a collector of OpenTelemetry, such as http://127.0.0.1:4318; like all OTEL_ names from the environment alone, never from a file
	Traces   string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`   // address for traces alone, with its path, instead of the base address
	Protocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL"`          // http/protobuf, which is the default; no other is built in
	TracesBy string `env:"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"`   // the same for traces alone
}

// on says whether traces are sent.
func (c Config) on() (bool, error) {
	exporter := c.Exporter
	if exporter == "" && (c.Endpoint != "" || c.Traces != "") {
		exporter = "otlp"
	}
	protocol := cmp.Or(c.TracesBy, c.Protocol, "http/protobuf")
	switch {
	case c.Disabled, exporter == "", exporter == "none":
		return false, nil
	case exporter != "otlp":
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q: use otlp, or none", exporter)
	case protocol != "http/protobuf":
		return false, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: use http/protobuf, which collectors take on port 4318", protocol)
	}
	return true, nil
}

// Traces makes spans and sends them. nil is a program that is not traced.
type Traces struct{ provider *trace.TracerProvider }

// Open gives the traces of a program, or nil where they are off.
func Open(ctx context.Context, c Config, program string) (*Traces, error) {
	on, err := c.on()
	if err != nil || !on {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	return To(ctx, exporter, program, func(e trace.SpanExporter) trace.TracerProviderOption { return trace.WithBatcher(e) })
}

// To gives traces that go to an exporter, by a processor of its spans.
func To(ctx context.Context, e trace.SpanExporter, program string, by func(trace.SpanExporter) trace.TracerProviderOption) (*Traces, error) {
	// No host, process or user: what names a machine is the operator's to add (OTEL_RESOURCE_ATTRIBUTES).
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", program)), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return &Traces{trace.NewTracerProvider(by(idsOnly{e}), trace.WithResource(about))}, nil
}

// Tracer makes spans for a part of Satchel. It is nil where traces are off.
func (t *Traces) Tracer(part string) api.Tracer {
	if t == nil {
		return nil
	}
	return t.provider.Tracer("satchel/" + part)
}

// Close sends what is left, for as long as ctx allows.
func (t *Traces) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Propagator carries the parent of a span by W3C traceparent. It knows neither tracestate nor
// baggage: a caller writes into those what they like, and both would go on into Temporal's
// history.
type Propagator struct{}

var _ propagation.TextMapPropagator = Propagator{}

// Inject writes the span of ctx.
func (Propagator) Inject(ctx context.Context, to propagation.TextMapCarrier) {
	propagation.TraceContext{}.Inject(without(ctx), to)
}

// Extract reads the parent of a span.
func (Propagator) Extract(ctx context.Context, from propagation.TextMapCarrier) context.Context {
	return without(propagation.TraceContext{}.Extract(ctx, from))
}

// Fields are the names that are written.
func (Propagator) Fields() []string { return []string{"traceparent"} }

// without drops the state of vendors from the span of ctx.
func without(ctx context.Context) context.Context {
	c := api.SpanContextFromContext(ctx)
	if c.TraceState().Len() == 0 {
		return ctx
	}
	return api.ContextWithSpanContext(ctx, c.WithTraceState(api.TraceState{}))
}

// Workflows gives what makes spans of workflows and activities, beneath the request that
// started them. The id of the trace is in the headers of Temporal's history, and nothing else.
func (t *Traces) Workflows() ([]interceptor.ClientInterceptor, error) {
	if t == nil {
		return nil, nil
	}
	i, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{
		Tracer: t.Tracer("workflows"), DisableBaggage: true, TextMapPropagator: Propagator{},
		AllowInvalidParentSpans: true, // a header of another program must not fail a workflow
	})
	if err != nil {
		return nil, fmt.Errorf("trace workflows: %w", err)
	}
	return []interceptor.ClientInterceptor{i}, nil
}

// Transport makes a span of each request that belongs to a trace, from it to the head of its
// answer. It does not tell the other side of the trace, nor the address, which may be signed.
func (t *Traces) Transport(part string, next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return transport{t.Tracer(part), part, next}
}

type transport struct {
	tracer api.Tracer
	part   string
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (r transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !api.SpanFromContext(req.Context()).IsRecording() {
		return r.next.RoundTrip(req)
	}
	_, span := r.tracer.Start(req.Context(), r.part+" "+req.Method, api.WithSpanKind(api.SpanKindClient), api.WithAttributes(Method.String(req.Method)))
	defer span.End()
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		Fail(span)
		return nil, err
	}
	span.SetAttributes(Status.Int(resp.StatusCode))
	if resp.StatusCode >= http.StatusInternalServerError {
		Fail(span)
	}
	return resp, nil
}

// Statements makes a span of each statement that belongs to a trace, by its name and without
// its values. It is nil where traces are off, which costs a statement nothing.
func (t *Traces) Statements() pgx.QueryTracer {
	if t == nil {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(t.provider), otelpgx.WithSpanNameFunc(statementName),
		otelpgx.WithDisableSQLStatementInAttributes(), otelpgx.WithDisableConnectionDetailsInAttributes(), otelpgx.WithDisableAcquireTracer())
}

// statementName gives what a span of a statement is called: the name that sqlc gave it, or its first
// word. The statement itself is not told.
func statementName(sql string) string {
	if rest, named := strings.CutPrefix(sql, "-- name: "); named {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	if words := strings.Fields(sql); len(words) > 0 {
		return strings.ToLower(words[0])
	}
	return "statement"
}
