package bootstrap

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/internal/settings"
	"satchel/tenancy"
)

// UseReplica lets requests that only read ask a standby, where one is set.
func UseReplica(r prometheus.Registerer, db *tenancy.DB) error {
	c, err := settings.Load[tenancy.ReplicaConfig]()
	if err != nil {
		return err
	}
	c.Fresh = settings.Load[tenancy.ReplicaConfig]
	ctx, cancel := context.WithTimeout(context.Background(), StartTimeout)
	defer cancel()
	if err := db.UseReplica(ctx, c); err != nil {
		return err
	}
	watchReplica(r, db)
	return nil
}

// watchReplica exports how the standby does. Where there is none there is nothing to tell.
func watchReplica(r prometheus.Registerer, db *tenancy.DB) {
	if _, has := db.ReplicaStat(); !has {
		return
	}
	now := func(read func(tenancy.ReplicaStat) float64) func() float64 {
		return func() float64 { s, _ := db.ReplicaStat(); return read(s) }
	}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "satchel_replica_lag_seconds", Help: "For how long the standby of SATCHEL_DATABASE_REPLICA_URL may lack what the primary committed. It grows while the standby does not answer, and is some tenths while nothing is wrong."},
		now(func(s tenancy.ReplicaStat) float64 { return s.Lag.Seconds() })))
	for _, reads := range []struct {
		pool, reason string
		of           func(tenancy.ReplicaStat) int64
	}{
		{"replica", "", func(s tenancy.ReplicaStat) int64 { return s.ByReplica }},
		{"primary", "unplaced", func(s tenancy.ReplicaStat) int64 { return s.Unplaced }},
		{"primary", "lagging", func(s tenancy.ReplicaStat) int64 { return s.Lagging }},
		{"primary", "behind", func(s tenancy.ReplicaStat) int64 { return s.Behind }},
		{"primary", "failed", func(s tenancy.ReplicaStat) int64 { return s.Failed }},
	} {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "satchel_database_reads_total", Help: "Reads that a standby may answer, by the pool that did, and why it was not the replica: lagging (too far behind, or not there), behind (it lacked what this caller may have seen), failed (a statement, as by a conflict with recovery), unplaced (the caller was not asked for at the primary).",
			ConstLabels: prometheus.Labels{"pool": reads.pool, "reason": reads.reason},
		}, now(func(s tenancy.ReplicaStat) float64 { return float64(reads.of(s)) })))
	}
}
