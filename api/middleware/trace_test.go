package middleware

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"satchel/internal/tracing"
)

// BenchmarkTrace measures what traces cost a request: nothing where they are off, since nothing is
// in its way then.
func BenchmarkTrace(b *testing.B) {
	gin.SetMode(gin.ReleaseMode)
	on, err := tracing.To(b.Context(), tracetest.NewNoopExporter(), "bench", func(e trace.SpanExporter) trace.TracerProviderOption { return trace.WithBatcher(e) })
	if err != nil {
		b.Fatal(err)
	}
	for name, traces := range map[string]*tracing.Traces{"off": nil, "on": on} {
		b.Run(name, func(b *testing.B) {
			e := gin.New()
			if handler := (&Middleware{Traces: traces}).Trace(); handler != nil {
				e.Use(handler)
			}
			e.GET("/files/:id", func(c *gin.Context) { c.Status(http.StatusNoContent) })
			req := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/files/1", nil)
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				e.ServeHTTP(w, req)
			}
		})
	}
}
