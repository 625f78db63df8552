package bootstrap

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

// TestMetricsOfEveryProgram: what api and worker share is named as Prometheus expects it, with
// the metrics of Temporal's SDK: its counters are counters, and each has a help.
func TestMetricsOfEveryProgram(t *testing.T) {
	t.Setenv("SATCHEL_SPOOL_DIR", t.TempDir())
	r := newRegistry()
	handler, err := newTemporalMetrics(r)
	require.NoError(t, err)
	handler.Counter("temporal_workflow_task_execution_failed").Inc(1)
	handler.WithTags(map[string]string{"sweep": "x"}).Counter("satchel_sweep_failures").Inc(2)
	handler.Timer("temporal_activity_schedule_to_start_latency").Record(time.Second)
	handler.Gauge("satchel_roster_inbox_unknown").Update(1)
	ready := newReadiness()
	ready.timeout = 50 * time.Millisecond
	ready.Add("store", func(context.Context) error { return nil })
	ready.Add("issuer", func(context.Context) error { return errors.New("down") })
	ready.Add("temporal", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	watchParts(r, ready)
	require.NoError(t, watchSpool(r))

	problems, err := testutil.GatherAndLint(r)
	require.NoError(t, err)
	require.Empty(t, problems)
	require.NoError(t, testutil.GatherAndCompare(r, strings.NewReader(`
# HELP satchel_dependency_up 1 where a part that the program needs answers its check within two seconds, else 0: the checks of /readyz.
# TYPE satchel_dependency_up gauge
satchel_dependency_up{dependency="issuer"} 0
satchel_dependency_up{dependency="store"} 1
satchel_dependency_up{dependency="temporal"} 0
# HELP satchel_sweep_failures_total `+measured+`
# TYPE satchel_sweep_failures_total counter
satchel_sweep_failures_total{sweep="x"} 2
# HELP temporal_workflow_task_execution_failed_total `+measured+`
# TYPE temporal_workflow_task_execution_failed_total counter
temporal_workflow_task_execution_failed_total 1
`), "satchel_dependency_up", "satchel_sweep_failures_total", "temporal_workflow_task_execution_failed_total"))
	found, err := testutil.GatherAndCount(r, "satchel_spool_free_bytes", "satchel_spool_size_bytes", "temporal_activity_schedule_to_start_latency_seconds")
	require.NoError(t, err)
	require.Equal(t, 3, found)
}
