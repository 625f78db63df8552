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

// measured is the help of metrics that come through Temporal's handler, which has none.
const measured = "Measured by Temporal's SDK, or by an activity through it: docs.temporal.io/references/sdk-metrics."

// newTemporalMetrics exports what the Temporal SDK measures on the program's
// registry. Counters are counters, with the suffix _total: as gauges, a restart would look
// like work undone. The histogram's bounds are explicit: by default everything under
// five seconds would fall into one bucket.
func newTemporalMetrics(r *prometheus.Registry) (client.MetricsHandler, error) {
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(r), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("metrics exporter: %w", err)
	}
	// Workflow ids and the like would make a series each.
	few := attribute.NewDenyKeysFilter("workflow_id", "run_id")
	views := []metric.View{metric.NewView(metric.Instrument{Name: "*", Kind: metric.InstrumentKindHistogram}, metric.Stream{
		Description: measured, AttributeFilter: few,
		Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: []float64{.005, .01, .02, .035, .05, .075, .1, .15, .25, .5, 1, 2.5, 5, 10}},
	})}
	for _, kind := range []metric.InstrumentKind{metric.InstrumentKindCounter, metric.InstrumentKindGauge, metric.InstrumentKindObservableGauge} {
		views = append(views, metric.NewView(metric.Instrument{Name: "*", Kind: kind}, metric.Stream{Description: measured, AttributeFilter: few}))
	}
	provider := metric.NewMeterProvider(metric.WithReader(exporter), metric.WithView(views...))
	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{Meter: provider.Meter("temporal-sdk"), UseMonotonicCounters: true}), nil
}
