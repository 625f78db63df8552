// Package tiermetrics exports, for Prometheus, the sums over the organizations
// of each tier, and never values of one organization. It queries the database
// at a fixed interval and not at each scrape.
package tiermetrics

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/tenancy"
)

// Interval is how often the database is asked. What is used is counted by the
// hourly roll-up, so the counters move with it.
const Interval = 2 * time.Minute

// timeout is less than Every: a slow database is not asked twice at once.
const timeout = 20 * time.Second

// closingDelay is how many days before today the roll-up may still change, and one
// more for a clock that is about to strike.
const closingDelay = 4

// Source is the database.
type Source interface {
	TierLevels(ctx context.Context) ([]tenancy.TierLevel, error)
	TierDays(ctx context.Context, since time.Time) ([]tenancy.TierDay, error)
}

// Collector holds the numbers between two questions.
type Collector struct {
	source Source
	now    func() time.Time

	organizations, members, used, reserved *prometheus.GaugeVec
	fresh                                  prometheus.Gauge

	uploads, bytesIn, bytesOut, scans, renditions *prometheus.CounterVec
	seen                                          map[cell]tenancy.TierDay // nil until the first question is answered
}

// cell is one day of one tier.
type cell struct {
	tier string
	day  time.Time
}

// New makes a tally whose days follow now.
func New(s Source, r prometheus.Registerer, now func() time.Time) *Collector {
	t := &Collector{source: s, now: now}
	gauge := func(o prometheus.GaugeOpts) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(o, []string{"tier"})
		r.MustRegister(g)
		return g
	}
	counter := func(o prometheus.CounterOpts) *prometheus.CounterVec {
		o.Help += " Moves with the hourly roll-up; every worker counts all, so take the maximum and not the sum."
		c := prometheus.NewCounterVec(o, []string{"tier"})
		r.MustRegister(c)
		return c
	}
	t.organizations = gauge(prometheus.GaugeOpts{Name: "satchel_tier_organizations", Help: "Organizations of the tier."})
	t.members = gauge(prometheus.GaugeOpts{Name: "satchel_tier_members", Help: "People in the tier's organizations; one who is in two counts twice."})
	t.used = gauge(prometheus.GaugeOpts{Name: "satchel_tier_used_bytes", Help: "Bytes that the tier's organizations store."})
	t.reserved = gauge(prometheus.GaugeOpts{Name: "satchel_tier_reserved_bytes", Help: "Bytes on their way into the tier's organizations."})
	t.uploads = counter(prometheus.CounterOpts{Name: "satchel_tier_uploads_total", Help: "Versions whose bytes arrived whole."})
	t.bytesIn = counter(prometheus.CounterOpts{Name: "satchel_tier_bytes_in_total", Help: "Their bytes."})
	t.bytesOut = counter(prometheus.CounterOpts{Name: "satchel_tier_bytes_out_total", Help: "Bytes of files and previews that left."})
	t.scans = counter(prometheus.CounterOpts{Name: "satchel_tier_scans_total", Help: "Versions that got a verdict."})
	t.renditions = counter(prometheus.CounterOpts{Name: "satchel_tier_renditions_total", Help: "Previews made."})
	t.fresh = prometheus.NewGauge(prometheus.GaugeOpts{Name: "satchel_tier_asked_timestamp_seconds", Help: "When the numbers by tier were last read."})
	r.MustRegister(t.fresh)
	return t
}

// Run asks until ctx ends. What could not be read is left as it was.
func (t *Collector) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		if err := t.Refresh(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "collect tier metrics failed; last values stay", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Refresh reads the numbers once.
func (t *Collector) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	levels, err := t.source.TierLevels(ctx)
	if err != nil {
		return fmt.Errorf("read levels by tier: %w", err)
	}
	days, err := t.source.TierDays(ctx, t.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -closingDelay))
	if err != nil {
		return fmt.Errorf("read days by tier: %w", err)
	}
	t.update(levels)
	t.count(days)
	t.fresh.Set(float64(t.now().Unix()))
	return nil
}

func (t *Collector) update(levels []tenancy.TierLevel) {
	for _, l := range levels {
		t.organizations.WithLabelValues(l.Tier).Set(float64(l.Organizations))
		t.members.WithLabelValues(l.Tier).Set(float64(l.Members))
		t.used.WithLabelValues(l.Tier).Set(float64(l.Used))
		t.reserved.WithLabelValues(l.Tier).Set(float64(l.Reserved))
		for _, c := range t.counters() { // there from the start, so that the first step up is seen
			c.WithLabelValues(l.Tier)
		}
	}
}

func (t *Collector) counters() []*prometheus.CounterVec {
	return []*prometheus.CounterVec{t.uploads, t.bytesIn, t.bytesOut, t.scans, t.renditions}
}

// count adds what came to each day since it was last seen. What was there before
// the program started is not its growth. A sum falls when an organization leaves
// its tier, which is no use.
func (t *Collector) count(days []tenancy.TierDay) {
	first, seen := t.seen == nil, map[cell]tenancy.TierDay{}
	for _, d := range days {
		at := cell{d.Tier, d.Day}
		before := t.seen[at]
		seen[at] = d
		if first {
			continue
		}
		for i, n := range []int64{d.Uploads - before.Uploads, d.BytesIn - before.BytesIn, d.BytesOut - before.BytesOut,
			d.Scans - before.Scans, d.Renditions - before.Renditions} {
			t.counters()[i].WithLabelValues(d.Tier).Add(float64(max(n, 0)))
		}
	}
	t.seen = seen
}
