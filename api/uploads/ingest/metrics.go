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
	m := &Metrics{
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_uploads_received_bytes_total", Help: "Bytes of files read from requests."}, []string{"protocol"}),
		parts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_uploads_stored_parts_total", Help: "Parts of files that the staging bucket confirmed."}, []string{"protocol"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_uploads_ended_uploads_total", Help: "Uploads that ended, by what became of them."}, []string{"protocol", "outcome"}),
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
