package bootstrap

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// TestReplicaMetrics: there are none without a standby, and with one they are named as Prometheus
// expects. A server that is the primary itself is never asked.
func TestReplicaMetrics(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	org := db.Organization(t, 1<<20)
	actor := tenancy.Actor{Org: org, User: db.Member(t, org, tenancy.Teacher), Role: tenancy.Teacher}
	read := func() {
		_, err := tenancy.Read(tenancy.WithActor(t.Context(), actor), db.ForPeople(), org, tenancy.GetPolicies)
		require.NoError(t, err)
	}
	r := prometheus.NewRegistry()
	read()
	watchReplica(r, db.DB)
	found, err := r.Gather()
	require.NoError(t, err)
	require.Empty(t, found)

	require.NoError(t, db.UseReplica(t.Context(), tenancy.ReplicaConfig{URL: db.AppURL, MaxLag: time.Second}))
	watchReplica(r, db.DB)
	read()
	actor.Position = "00000001 0/0"
	read()
	problems, err := testutil.GatherAndLint(r)
	require.NoError(t, err)
	require.Empty(t, problems)
	require.NoError(t, testutil.GatherAndCompare(r, strings.NewReader(`
# HELP satchel_database_reads_total Reads that a standby may answer, by the pool that did, and why it was not the replica: lagging (too far behind, or not there), behind (it lacked what this caller may have seen), failed (a statement, as by a conflict with recovery), unplaced (the caller was not asked for at the primary).
# TYPE satchel_database_reads_total counter
satchel_database_reads_total{pool="primary",reason="behind"} 0
satchel_database_reads_total{pool="primary",reason="failed"} 0
satchel_database_reads_total{pool="primary",reason="lagging"} 1
satchel_database_reads_total{pool="primary",reason="unplaced"} 1
satchel_database_reads_total{pool="replica",reason=""} 0
`), "satchel_database_reads_total"))
	n, err := testutil.GatherAndCount(r, "satchel_replica_lag_seconds")
	require.NoError(t, err)
	require.Equal(t, 1, n)
}
