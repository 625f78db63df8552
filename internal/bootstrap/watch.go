package bootstrap

import (
	"context"
	"math"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/internal/settings"
	"satchel/internal/spool"
	"satchel/tenancy"
)

func watchPool(r prometheus.Registerer, db *tenancy.DB) {
	r.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "satchel_database_connections_in_use", Help: "Connections that a query or transaction holds."},
			func() float64 { return float64(db.Stat().Acquired) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "satchel_database_connections_max", Help: "Connections that the pool may open."},
			func() float64 { return float64(db.Stat().Max) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "satchel_database_acquire_wait_seconds_total", Help: "Time spent waiting for a connection."},
			func() float64 { return db.Stat().EmptyAcquireWait.Seconds() }),
	)
}

// watchSpool tells the room of the spool's disk. A program whose spool is full takes no
// bytes and scans no archive, and keeps answering all else.
func watchSpool(r prometheus.Registerer) error {
	c, err := settings.Load[spool.Config]()
	if err != nil {
		return err
	}
	r.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "satchel_spool_free_bytes", Help: "Room on the disk of SATCHEL_SPOOL_DIR that this program may use. NaN where the folder cannot be read."},
			func() float64 { free, _, err := c.Room(); return known(free, err) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "satchel_spool_size_bytes", Help: "Size of the disk of SATCHEL_SPOOL_DIR. NaN where the folder cannot be read."},
			func() float64 { _, size, err := c.Room(); return known(size, err) }),
	)
	return nil
}

func known(n uint64, err error) float64 {
	if err != nil {
		return math.NaN()
	}
	return float64(n)
}

// parts exports the checks of /readyz. The probe of a balancer tells it which program to
// leave out; this tells people which part is missing, for how long, and where.
type parts struct {
	ready *Readiness
	up    *prometheus.Desc
}

func watchParts(r prometheus.Registerer, ready *Readiness) {
	r.MustRegister(parts{ready, prometheus.NewDesc("satchel_dependency_up", "1 where a part that the program needs answers its check within two seconds, else 0: the checks of /readyz.", []string{"dependency"}, nil)})
}

// Describe implements prometheus.Collector.
func (p parts) Describe(to chan<- *prometheus.Desc) { to <- p.up }

// Collect implements prometheus.Collector.
func (p parts) Collect(to chan<- prometheus.Metric) {
	missing := p.ready.Missing(context.Background())
	for _, name := range p.ready.names() {
		up := 1.0
		if _, is := missing[name]; is {
			up = 0
		}
		to <- prometheus.MustNewConstMetric(p.up, prometheus.GaugeValue, up, name)
	}
}
