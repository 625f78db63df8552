package tracing

import (
	"context"
	"log/slog"

	api "go.opentelemetry.io/otel/trace"
)

// Logs adds the ids of the trace and the span to the lines that belong to one. Where traces
// are off it gives the handler back.
func (t *Traces) Logs(next slog.Handler) slog.Handler {
	if t == nil {
		return next
	}
	return logs{next}
}

// LogNames gives slog's ReplaceAttr; nil where traces are off.
func (t *Traces) LogNames() func([]string, slog.Attr) slog.Attr {
	if t == nil {
		return nil
	}
	return logName
}

// logName gives the names under which Temporal's library logs the same ids as everywhere else.
func logName(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case "TraceID":
		a.Key = "trace_id"
	case "SpanID":
		a.Key = "span_id"
	}
	return a
}

type logs struct{ slog.Handler }

// Handle implements slog.Handler.
func (l logs) Handle(ctx context.Context, r slog.Record) error {
	if c := api.SpanContextFromContext(ctx); c.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", c.TraceID().String()), slog.String("span_id", c.SpanID().String()))
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (l logs) WithAttrs(attrs []slog.Attr) slog.Handler { return logs{l.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (l logs) WithGroup(name string) slog.Handler { return logs{l.Handler.WithGroup(name)} }
