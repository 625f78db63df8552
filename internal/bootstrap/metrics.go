package bootstrap

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
)

// newTemporalMetrics exports what the Temporal SDK measures on the program's
// registry. The histogram's bounds are explicit: by default everything under
// five seconds would fall into one bucket.
func newTemporalMetrics(r *prometheus.Registry) (client.MetricsHandler, error) {
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(r), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("metrics exporter: %w", err)
	}
	view := metric.NewView(
		metric.Instrument{Name: "temporal_*", Kind: metric.InstrumentKindHistogram},
		metric.Stream{
			Aggregation: metric.AggregationExplicitBucketHistogram{
				Boundaries: []float64{.005, .01, .02, .035, .05, .075, .1, .15, .25, .5, 1, 2.5, 5, 10},
			},
			// Workflow ids and the like would make a series each.
			AttributeFilter: attribute.NewDenyKeysFilter("workflow_id", "run_id"),
		})
	provider := metric.NewMeterProvider(metric.WithReader(exporter), metric.WithView(view))
	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{Meter: provider.Meter("temporal-sdk")}), nil
}
