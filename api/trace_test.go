package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"satchel/internal/tracing"
	"satchel/tenancy"
)

// TestRequestsAreTraced: a request goes on with its caller's trace and names it in its answer and
// in a problem, and its spans, with the statements beneath, hold routes and ids and nothing
// that people wrote.
func TestRequestsAreTraced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kept := tracetest.NewInMemoryExporter()
	traces, err := tracing.To(t.Context(), kept, "test", func(e trace.SpanExporter) trace.TracerProviderOption { return trace.WithSyncer(e) })
	require.NoError(t, err)
	db, err := tenancy.Open(t.Context(), tenancy.Config{URL: b.db.AppURL, MaxConns: 4, Timeout: 60e9, Tracer: traces.Statements()})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	b.api.middleware.Traces, b.api.storage.DB = traces, db.ForPeople()
	server := httptest.NewServer(b.api.Handler())
	t.Cleanup(server.Close)
	b.server = server

	p := b.person(b.organization(), tenancy.Owner)
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceparent := []string{"traceparent", "00-" + id + "-00f067aa0ba902b7-01", "tracestate", "vendor=essay.docx"}
	got := p.call("GET", "/api/v1/storage/files?q=essay.docx", nil, traceparent...).is(http.StatusOK)
	require.Equal(t, id, got.header.Get("X-Trace-ID"))
	refused := p.call("GET", "/api/v1/storage/files/"+tenancy.NewID().String(), nil, traceparent...).is(http.StatusNotFound)
	var problem struct {
		Trace string `json:"trace_id"`
	}
	require.NoError(t, json.Unmarshal(refused.body, &problem))
	require.Equal(t, id, problem.Trace)

	sent := kept.GetSpans()
	require.NotContains(t, fmt.Sprintf("%+v", sent), "essay.docx")
	names := map[string]int{}
	for _, s := range sent {
		require.Equal(t, id, s.SpanContext.TraceID().String(), s.Name)
		names[s.Name]++
	}
	require.Equal(t, 1, names["GET /api/v1/storage/files"], names)
	require.Equal(t, 1, names["GET /api/v1/storage/files/:id"], names)
	require.Greater(t, len(names), 2, "statements are beneath: %v", names)

	own := p.call("GET", "/api/v1/storage/files", nil).is(http.StatusOK).header.Get("X-Trace-ID")
	require.NotEqual(t, id, own)
	require.Len(t, own, len(id))
}
