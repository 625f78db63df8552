package webhook

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/tenancy/webhooks"
)

// metrics count attempts of all organizations together.
type metrics struct {
	attempts *prometheus.CounterVec
	latency  prometheus.Histogram
	disabled prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_webhook_attempts_total", Help: "Attempts to deliver an event, by result."}, []string{"result"}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "satchel_webhook_delivery_seconds", Help: "From an event to its delivery at the first attempt.",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60}}),
		disabled: prometheus.NewCounter(prometheus.CounterOpts{Name: "satchel_webhooks_disabled_total", Help: "Webhooks that were disabled because their receiver was gone or failed."}),
	}
	if r != nil {
		r.MustRegister(m.attempts, m.latency, m.disabled)
	}
	return m
}

func (m *metrics) attempt(a webhooks.Attempt, d webhooks.Due, now time.Time) {
	result := "delivered"
	switch {
	case a.Code != "" && a.Status != 0:
		result = "refused"
	case a.Code != "":
		result = "no_answer"
	}
	m.attempts.WithLabelValues(result).Inc()
	if a.Code == "" && d.Attempts == 0 {
		m.latency.Observe(now.Sub(d.At).Seconds())
	}
}
