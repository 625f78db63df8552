package tracing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	api "go.opentelemetry.io/otel/trace"
)

func traced(t *testing.T) (*Traces, *tracetest.InMemoryExporter) {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	traces, err := To(t.Context(), kept, "test", func(e trace.SpanExporter) trace.TracerProviderOption { return trace.WithSyncer(e) })
	require.NoError(t, err)
	return traces, kept
}

// TestOffUnlessAsked: nothing is sent that no one asked for, and what was asked for and cannot
// be done stops the program.
func TestOffUnlessAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{{}, {Exporter: "none", Endpoint: "http://c:4318"}, {Disabled: true, Exporter: "otlp"}} {
		on, err := c.on()
		require.NoError(t, err)
		require.False(t, on, "%+v", c)
	}
	for _, c := range []Config{{Exporter: "otlp"}, {Endpoint: "http://c:4318"}, {Traces: "http://c:4318/v1/traces", Protocol: "http/protobuf"}, {Exporter: "otlp", Protocol: "grpc", TracesBy: "http/protobuf"}} {
		on, err := c.on()
		require.NoError(t, err)
		require.True(t, on, "%+v", c)
	}
	for _, c := range []Config{{Exporter: "zipkin"}, {Exporter: "otlp", Protocol: "grpc"}} {
		_, err := c.on()
		require.Error(t, err, "%+v", c)
	}
	off, err := Open(t.Context(), Config{}, "test")
	require.NoError(t, err)
	require.Nil(t, off)
	require.Nil(t, off.Tracer("x"))
	require.Nil(t, off.Statements())
	require.Nil(t, off.LogNames())
	require.Equal(t, http.DefaultTransport, off.Transport("store", http.DefaultTransport))
	interceptors, err := off.Workflows()
	require.NoError(t, err)
	require.Empty(t, interceptors)
	require.NoError(t, off.Close(t.Context()))
}

// TestIDsOnly: what people wrote leaves in no part of a span, whichever library put it there.
func TestIDsOnly(t *testing.T) {
	t.Parallel()
	const secret = "Ada Lovelace essay.docx ada@school.example"
	traces, kept := traced(t)
	tracer := traces.Tracer("test")
	_, other := tracer.Start(t.Context(), "other")
	_, span := tracer.Start(t.Context(), "step", api.WithLinks(api.LinkFromContext(api.ContextWithSpan(t.Context(), other), attribute.String("name", secret))))
	span.SetAttributes(attribute.String("url.full", secret), attribute.String("db.query.text", secret), attribute.String("exception.message", secret), Organization.String("0190"), Status.Int(500))
	span.AddEvent(secret)
	span.RecordError(errors.New(secret))
	span.SetStatus(codes.Error, secret)
	span.End()
	sent := kept.GetSpans()
	require.Len(t, sent, 1)
	require.NotContains(t, fmt.Sprintf("%+v", sent), "Lovelace")
	require.ElementsMatch(t, []attribute.KeyValue{Organization.String("0190"), Status.Int(500)}, sent[0].Attributes)
	require.Equal(t, trace.Status{Code: codes.Error}, sent[0].Status)
}

// TestParents: the caller's trace goes on, and what else a caller can write into the headers
// of traces does not.
func TestParents(t *testing.T) {
	t.Parallel()
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	in := propagation.MapCarrier{"traceparent": parent, "tracestate": "vendor=essay.docx", "baggage": "name=Ada"}
	out := propagation.MapCarrier{}
	ctx := Propagator{}.Extract(t.Context(), in)
	require.True(t, api.SpanContextFromContext(ctx).IsRemote())
	Propagator{}.Inject(ctx, out)
	require.Equal(t, propagation.MapCarrier{"traceparent": parent}, out)
	for _, bad := range []string{"", "00-0-0-0", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "x"} {
		ctx := Propagator{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": bad})
		require.False(t, api.SpanContextFromContext(ctx).IsValid(), bad)
	}
}

// TestTransport: a request of a trace is a span without its address, and the other side is told
// nothing; one of no trace, such as a check of readiness, is no trace of its own.
func TestTransport(t *testing.T) {
	t.Parallel()
	traces, kept := traced(t)
	told := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told = told || r.Header.Get("traceparent") != ""
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	c := http.Client{Transport: traces.Transport("store", http.DefaultTransport)}
	get := func(ctx context.Context, url string) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		require.NoError(t, err)
		if resp, err := c.Do(req); err == nil {
			require.NoError(t, resp.Body.Close())
		}
	}
	get(t.Context(), server.URL)
	require.Empty(t, kept.GetSpans())
	ctx, span := traces.Tracer("test").Start(t.Context(), "parent")
	get(ctx, server.URL+"/essay.docx?signature=x")
	get(ctx, "http://127.0.0.1:1/")
	span.End()
	require.False(t, told)
	sent := kept.GetSpans()
	require.Len(t, sent, 3)
	require.Equal(t, "store GET", sent[0].Name)
	require.Equal(t, span.SpanContext().SpanID(), sent[0].Parent.SpanID())
	require.ElementsMatch(t, []attribute.KeyValue{Method.String("GET"), Status.Int(503)}, sent[0].Attributes)
	require.Equal(t, codes.Error, sent[0].Status.Code)
	require.Equal(t, codes.Error, sent[1].Status.Code)
}

// TestStatementNames: a statement is told by its name. What is not named has its first word.
func TestStatementNames(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{"-- name: VersionGet :one\nselect 1": "VersionGet", "  SELECT 1": "select", "": "statement"} {
		require.Equal(t, want, statementName(sql))
	}
}

// TestLogs: a line of a trace has its ids, under the same names from Temporal's library.
func TestLogs(t *testing.T) {
	t.Parallel()
	traces, _ := traced(t)
	var text bytes.Buffer
	log := slog.New(traces.Logs(slog.NewJSONHandler(&text, &slog.HandlerOptions{ReplaceAttr: traces.LogNames()}))).With("a", 1)
	ctx, span := traces.Tracer("test").Start(t.Context(), "step")
	log.InfoContext(ctx, "in a trace")
	log.Info("by Temporal", "TraceID", span.SpanContext().TraceID(), "SpanID", span.SpanContext().SpanID())
	log.InfoContext(t.Context(), "in none")
	lines := json.NewDecoder(&text)
	for range 2 {
		var line struct {
			Trace string `json:"trace_id"`
			Span  string `json:"span_id"`
		}
		require.NoError(t, lines.Decode(&line))
		require.Equal(t, span.SpanContext().TraceID().String(), line.Trace)
		require.Equal(t, span.SpanContext().SpanID().String(), line.Span)
	}
	var line map[string]any
	require.NoError(t, lines.Decode(&line))
	require.NotContains(t, line, "trace_id")
}
