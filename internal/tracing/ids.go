package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// The attributes that Satchel itself sets.
const (
	Method       = attribute.Key("http.request.method")
	Route        = attribute.Key("http.route") // with the names of its parameters, never their values
	Status       = attribute.Key("http.response.status_code")
	Organization = attribute.Key("satchel.organization")
)

// allowed are all attributes that leave. What a library adds with its next version does not,
// until somebody has looked at it.
var allowed = map[attribute.Key]bool{
	Method: true, Route: true, Status: true, Organization: true,
	"db.system.name": true, "pgx.rows_affected": true, "pgx.sql_state": true, "pgx.operation.type": true,
	"temporalWorkflowID": true, "temporalRunID": true, "temporalActivityID": true,
}

// Fail marks a span as failed. Why is in the log, under the trace's id: the texts of errors
// quote what people wrote.
func Fail(s api.Span) { s.SetStatus(codes.Error, "") }

// idsOnly keeps back everything of spans that may hold what people wrote: attributes that are
// not allowed, events, which libraries make of errors, and the descriptions of failures.
type idsOnly struct{ trace.SpanExporter }

// ExportSpans implements trace.SpanExporter.
func (e idsOnly) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	out := make([]trace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		out[i] = bare{s}
	}
	return e.SpanExporter.ExportSpans(ctx, out)
}

type bare struct{ trace.ReadOnlySpan }

func (b bare) Attributes() []attribute.KeyValue {
	var kept []attribute.KeyValue
	for _, a := range b.ReadOnlySpan.Attributes() {
		if allowed[a.Key] {
			kept = append(kept, a)
		}
	}
	return kept
}

func (bare) Events() []trace.Event { return nil }

func (bare) Links() []trace.Link { return nil }

func (b bare) Status() trace.Status { return trace.Status{Code: b.ReadOnlySpan.Status().Code} }
