package workers

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"satchel/internal/pgtest"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/jobs"
)

// playedControl says of each workflow what the test says.
type playedControl struct {
	status map[string]jobs.Status
	paused bool

	schedules []jobs.Schedule
	done      map[string]time.Time
	routing   jobs.Routing
}

func (p playedControl) Routing(context.Context) (jobs.Routing, error) { return p.routing, nil }

func (p playedControl) Status(_ context.Context, workflow string) (jobs.Status, error) {
	return p.status[workflow], nil
}

func (p playedControl) Queue(_ context.Context, name queue.Name) (jobs.Queue, error) {
	return jobs.Queue{Name: name, Paused: p.paused && name == queue.Batch}, nil
}

func (p playedControl) Schedules(context.Context) ([]jobs.Schedule, error) { return p.schedules, nil }

func (p playedControl) LastDone(_ context.Context, id string) (time.Time, bool, error) {
	at, known := p.done[id]
	return at, known, nil
}

// TestRowsFollowTemporal: a row whose workflow has ended or is lost is ended, behind two
// looks that agree; one that runs stays.
func TestRowsFollowTemporal(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	org := db.Organization(t, 1)
	c := playedControl{status: map[string]jobs.Status{"running": jobs.StatusRunning, "succeeded": jobs.StatusSucceeded, "earlier": jobs.StatusSucceeded, "failed": jobs.StatusFailed, "cancelled": jobs.StatusCancelled, "none": jobs.StatusNone}}
	w := newWatch(db.DB, c, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	rows := map[string]operations.Operation{}
	for name := range c.status {
		o := operations.Operation{ID: tenancy.NewID(), Kind: "rescan_storage", WorkflowID: name}
		require.NoError(t, operations.Insert(ctx, db.Single(org), o))
		rows[name] = o
	}
	require.NoError(t, w.rows(ctx, time.Now()))
	_, err := db.Admin(t).Exec(ctx, "update operations set created_at = now() - interval '1 hour'")
	require.NoError(t, err)
	require.NoError(t, operations.Attempt(ctx, db.Single(org), rows["succeeded"].WorkflowID, 1))
	begun := map[string]operations.State{"running": operations.Waiting, "succeeded": operations.Running, "earlier": operations.Waiting, "failed": operations.Waiting, "cancelled": operations.Waiting, "none": operations.Waiting}
	state := func(name string) operations.Operation {
		o, err := operations.Get(ctx, db.Single(org), rows[name].ID)
		require.NoError(t, err)
		return o
	}
	for range 2 {
		require.NoError(t, w.rows(ctx, time.Now()))
		for name := range rows {
			require.Equal(t, begun[name], state(name).State, name)
		}
	}
	require.NoError(t, w.rows(ctx, time.Now().Add(watchAfter+time.Minute)))
	require.Equal(t, operations.Waiting, state("none").State, "its own sweep comes first")
	require.Equal(t, operations.Waiting, state("earlier").State, "the run that succeeded was another job's")
	require.NoError(t, w.rows(ctx, time.Now().Add(watchPatience+time.Minute)))
	for name, want := range map[string]operations.State{"running": operations.Waiting, "succeeded": operations.Succeeded, "failed": operations.Failed, "cancelled": operations.Cancelled, "none": operations.Failed, "earlier": operations.Failed} {
		require.Equal(t, want, state(name).State, name)
	}
	require.Equal(t, "workflow_lost", state("none").ReasonCode)
	require.Equal(t, "workflow_lost", state("earlier").ReasonCode)
}

// TestBacklog: what waits is counted over all organizations, with the age of the oldest;
// what does not wait any more leaves zeros and not old numbers.
func TestBacklog(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	registry := prometheus.NewRegistry()
	w := newWatch(db.DB, playedControl{}, slog.New(slog.DiscardHandler), registry)
	admin := db.Admin(t)
	now := time.Now()
	for _, hours := range []int{1, 3} {
		org := db.Organization(t, 1<<30)
		user := db.Member(t, org, tenancy.Teacher)
		_, err := admin.Exec(ctx, `with f as (insert into files (organization_id, id, name, uploaded_by) values ($1, $2, 'a.txt', $4) returning organization_id)
			insert into file_versions (organization_id, id, file_id, number, status, size, uploaded_by, received_at, file_name) select $1, $3, $2, 1, 'processing', 1, $4, $5, 'a.txt' from f`,
			org, tenancy.NewID(), tenancy.NewID(), user, now.Add(-time.Duration(hours)*time.Hour))
		require.NoError(t, err)
	}
	read := func(name string) map[string]float64 {
		require.NoError(t, w.backlog(ctx, now))
		families, err := registry.Gather()
		require.NoError(t, err)
		found := map[string]float64{}
		for _, f := range families {
			if f.GetName() == name {
				for _, m := range f.GetMetric() {
					found[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
				}
			}
		}
		return found
	}
	require.Equal(t, map[string]float64{"admission": 2, "pipeline": 0, "previews": 0, "webhooks": 0, "mails": 0, "usage_warnings": 0, "exports": 0}, read("satchel_backlog_items"))
	require.InDelta(t, 3*60*60, read("satchel_backlog_age_seconds")["admission"], 1)
	_, err := admin.Exec(ctx, "update file_versions set started_at = now()")
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"admission": 0, "pipeline": 2, "previews": 0, "webhooks": 0, "mails": 0, "usage_warnings": 0, "exports": 0}, read("satchel_backlog_items"))
	require.Zero(t, read("satchel_backlog_age_seconds")["admission"])
}

// TestWhatWaitsInAPausedQueueSaysSo until the queue goes on.
func TestWhatWaitsInAPausedQueueSaysSo(t *testing.T) {
	t.Parallel()
	db, ctx := pgtest.New(t), t.Context()
	org := db.Organization(t, 1)
	o := operations.Operation{ID: tenancy.NewID(), Kind: "rescan_storage", WorkflowID: "w"}
	require.NoError(t, operations.Insert(ctx, db.Single(org), o))
	for _, c := range []struct {
		paused bool
		want   operations.State
	}{{true, operations.Paused}, {false, operations.Waiting}} {
		require.NoError(t, newWatch(db.DB, playedControl{paused: c.paused}, slog.New(slog.DiscardHandler), prometheus.NewRegistry()).queues(ctx))
		got, err := operations.Get(ctx, db.Single(org), o.ID)
		require.NoError(t, err)
		require.Equal(t, c.want, got.State)
	}
}

// TestRecurringJobs: a run that Temporal remembers counts; a job that never ran is measured
// from the start of the worker, so that one which never succeeds is seen.
func TestRecurringJobs(t *testing.T) {
	t.Parallel()
	r, ran := prometheus.NewRegistry(), time.Now().Add(-time.Hour)
	w := newWatch(nil, playedControl{
		schedules: []jobs.Schedule{{ID: "ran", Every: time.Hour}, {ID: "never", Every: time.Minute}}, done: map[string]time.Time{"ran": ran},
	}, slog.New(slog.DiscardHandler), r)
	require.NoError(t, w.recurring(t.Context()))
	require.InDelta(t, ran.Unix(), testutil.ToFloat64(w.lastDone.WithLabelValues("ran")), 1)
	require.InDelta(t, w.begun.Unix(), testutil.ToFloat64(w.lastDone.WithLabelValues("never")), 1)
	require.InDelta(t, 3600.0, testutil.ToFloat64(w.period.WithLabelValues("ran")), 0)
}

// TestArchiveOfTheDatabase: what Postgres knows of its archive is told; a server that archives
// nothing has no such series, so that no alert speaks of what was never meant to be.
func TestArchiveOfTheDatabase(t *testing.T) {
	t.Parallel()
	db, r := pgtest.New(t), prometheus.NewRegistry()
	m := newWALMetrics(r)
	require.NoError(t, m.read(t.Context(), db.DB))
	require.Zero(t, testutil.CollectAndCount(m.waiting))
	_, archives, err := db.WALArchive(t.Context())
	require.NoError(t, err)
	require.False(t, archives)
	at := time.Now().Add(-time.Minute)
	archive, slots := tenancy.WALArchive{ArchivedAt: &at, Waiting: 2}, []tenancy.WALSlot{{Slot: "standby", Kept: 7}}
	m.set(archive, true, slots)
	require.InDelta(t, at.Unix(), testutil.ToFloat64(m.archived), 1)
	require.InDelta(t, 2.0, testutil.ToFloat64(m.waiting), 0)
	require.InDelta(t, 7.0, testutil.ToFloat64(m.kept.WithLabelValues("standby")), 0)
	require.Zero(t, testutil.CollectAndCount(m.failed))
	m.set(archive, true, nil)
	require.Zero(t, testutil.CollectAndCount(m.kept), "a slot that is gone keeps nothing")
}

// TestStrandedWorkflowsAreCounted: what waits for a build without workers, and nothing else.
func TestStrandedWorkflowsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWatch(nil, playedControl{routing: jobs.Routing{Current: "b", Versions: []jobs.Version{
		{Build: "b", State: "current", Workers: 2, Pinned: 40}, {Build: "a", State: "draining", Workers: 1, Pinned: 7},
		{Build: "z", State: "draining", Pinned: 3}, {Build: "y", State: "drained"},
	}}}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	require.NoError(t, w.versions(t.Context()))
	require.InDelta(t, 3, testutil.ToFloat64(w.stranded), 0)
	w.control = playedControl{}
	require.NoError(t, w.versions(t.Context()))
	require.Zero(t, testutil.ToFloat64(w.stranded))
}
