package ingest

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/internal/fault"
)

// The protocols, as metrics name them.
const (
	Tus  = "tus"
	Form = "form"
)

// Metrics count what arrives and how it ends.
type Metrics struct {
	bytes  *prometheus.CounterVec
	parts  *prometheus.CounterVec
	ended  *prometheus.CounterVec
	active *prometheus.GaugeVec
}

func newMetrics(r prometheus.Registerer) (*Metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		bytes: counter("satchel_uploads_received_bytes_total", "Bytes of files read from requests.", "protocol"),
		parts: counter("satchel_uploads_stored_parts_total", "Parts of files that the staging bucket confirmed.", "protocol"),
		ended: counter("satchel_uploads_ended_uploads_total", "Uploads that ended, by what became of them.", "protocol", "outcome"),
		active: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "satchel_uploads_active_requests", Help: "Requests that are bringing bytes right now."}, []string{"protocol"}),
	}
	var err error
	for _, c := range []prometheus.Collector{m.bytes, m.parts, m.ended, m.active} {
		err = errors.Join(err, r.Register(c))
	}
	return m, err
}

// End counts an upload's end. The outcome is a fault's code: a closed list, so
// the number of series stays small.
func (m *Metrics) End(protocol string, err error) {
	outcome := "received"
	if err != nil {
		outcome = fault.Of(err).Code
	}
	m.ended.WithLabelValues(protocol, outcome).Inc()
}

// Terminated counts an upload that its client gave up.
func (m *Metrics) Terminated() { m.ended.WithLabelValues(Tus, "terminated").Inc() }
