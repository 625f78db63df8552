package middleware

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"satchel/api/problem"
	"satchel/api/request"
	"satchel/internal/tracing"
)

// Trace makes a span of the request, beneath the caller's own where it has one (W3C
// traceparent), and tells its trace in the answer. The library for gin would put the path
// into the span, and paths hold the secrets of shares. It is nil where nothing is traced.
func (a *Middleware) Trace() gin.HandlerFunc {
	tracer := a.Traces.Tracer("api")
	if tracer == nil {
		return nil
	}
	return func(c *gin.Context) {
		route := c.FullPath()
		if route == "" {
			route = "none"
		}
		asked := method(c.Request.Method)
		ctx := tracing.Propagator{}.Extract(c.Request.Context(), propagation.HeaderCarrier(c.Request.Header))
		ctx, span := tracer.Start(ctx, asked+" "+route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(tracing.Method.String(asked), tracing.Route.String(route)))
		defer func() {
			span.SetAttributes(tracing.Status.Int(c.Writer.Status()))
			if actor, ok := request.Actor(c); ok {
				span.SetAttributes(tracing.Organization.String(actor.Org.String()))
			}
			if c.Writer.Status() >= http.StatusInternalServerError {
				tracing.Fail(span)
			}
			span.End()
		}()
		c.Request = c.Request.WithContext(ctx)
		c.Header(problem.TraceHeader, span.SpanContext().TraceID().String())
		c.Next()
	}
}
