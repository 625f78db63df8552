package workers

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/tenancy"
)

// walMetrics is what the database knows of its backups. The program that makes them is
// another; when it last did is its own to tell.
type walMetrics struct{ archived, failed, waiting, kept *prometheus.GaugeVec }

func newWALMetrics(r prometheus.Registerer) *walMetrics {
	gauge := func(o prometheus.GaugeOpts, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(o, labels)
		r.MustRegister(g)
		return g
	}
	return &walMetrics{
		archived: gauge(prometheus.GaugeOpts{Name: "satchel_database_archived_timestamp_seconds", Help: "When Postgres last archived a segment of the WAL. Absent where it archives nothing."}),
		failed:   gauge(prometheus.GaugeOpts{Name: "satchel_database_archive_failed_timestamp_seconds", Help: "When an attempt to archive a segment last failed. Absent where none did."}),
		waiting:  gauge(prometheus.GaugeOpts{Name: "satchel_database_archive_waiting_segments", Help: "Complete segments of the WAL that are not archived. Absent where Postgres archives nothing."}),
		kept:     gauge(prometheus.GaugeOpts{Name: "satchel_database_slot_kept_bytes", Help: "WAL that Postgres keeps for a replication slot. A slot that no program reads fills the disk."}, "slot"),
	}
}

func (m *walMetrics) read(ctx context.Context, db *tenancy.DB) error {
	archive, archives, err := db.WALArchive(ctx)
	if err != nil {
		return err
	}
	slots, err := db.WALSlots(ctx)
	if err != nil {
		return err
	}
	m.set(archive, archives, slots)
	return nil
}

func (m *walMetrics) set(archive tenancy.WALArchive, archives bool, slots []tenancy.WALSlot) {
	for g, at := range map[*prometheus.GaugeVec]*time.Time{m.archived: archive.ArchivedAt, m.failed: archive.FailedAt} {
		g.Reset()
		if at != nil {
			g.WithLabelValues().Set(float64(at.Unix()))
		}
	}
	m.waiting.Reset()
	if archives {
		m.waiting.WithLabelValues().Set(float64(archive.Waiting))
	}
	m.kept.Reset() // a slot may be gone
	for _, s := range slots {
		m.kept.WithLabelValues(s.Slot).Set(float64(s.Kept))
	}
}
