package workers

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/jobs"
)

// watch compares the rows of jobs with Temporal, from the rows' side, and tells which queues
// are paused. It runs in each worker and starts no workflow: what finds nothing leaves
// nothing in Temporal's history. Each look is safe beside those of other workers.
type watch struct {
	db      *tenancy.DB
	control control
	log     *slog.Logger

	paused, age            *prometheus.GaugeVec
	waiting, oldestWaiting *prometheus.GaugeVec
	repaired               *prometheus.CounterVec
	stranded               prometheus.Gauge

	begun        time.Time
	lastDone     *prometheus.GaugeVec
	period       *prometheus.GaugeVec
	wal          *walMetrics
	sinceRecents int // looks since the recurring jobs were asked for
}

// control is Temporal as the watch knows it.
type control interface {
	Status(ctx context.Context, workflow string) (jobs.Status, error)
	Queue(ctx context.Context, name queue.Name) (jobs.Queue, error)
	Schedules(ctx context.Context) ([]jobs.Schedule, error)
	LastDone(ctx context.Context, schedule string) (time.Time, bool, error)
	Routing(ctx context.Context) (jobs.Routing, error)
}

const (
	watchEvery = time.Minute
	// A row is written before its workflow starts, and ended just before that ends.
	watchAfter = 2 * time.Minute
	// What has no workflow may be started by its own sweep, which comes first.
	watchPatience = 10 * time.Minute
	watchPage     = 200
	// Recurring jobs run every five minutes to a day.
	recentsEvery = 5
)

func newWatch(db *tenancy.DB, c control, log *slog.Logger, r prometheus.Registerer) *watch {
	w := &watch{db: db, control: c, log: log,
		paused:        prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_queue_paused", Help: "1 while operators hold a queue."}, []string{"queue"}),
		age:           prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_queue_backlog_age_seconds", Help: "Age of the oldest step that waits in a queue."}, []string{"queue"}),
		waiting:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_backlog_items", Help: "What waits, of all organizations. Every worker counts all: take the maximum and not the sum."}, []string{"work"}),
		oldestWaiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_backlog_age_seconds", Help: "For how long the oldest of it has waited; 0 when nothing waits."}, []string{"work"}),
		repaired:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_jobs_repaired_total", Help: "Rows of jobs that said something else than Temporal."}, []string{"kind", "found"}),
		stranded:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "satchel_workflows_without_workers", Help: "Open workflows that end on the build that began them, of builds that no worker has. Every worker counts all: take the maximum and not the sum."}),
		begun:         time.Now(),
		lastDone:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_schedule_last_success_timestamp_seconds", Help: "When the newest run of a recurring job that succeeded had ended, as Temporal knows; where it knows of none, when this worker began."}, []string{"schedule"}),
		period:        prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "satchel_schedule_period_seconds", Help: "How often a recurring job runs."}, []string{"schedule"}),
		wal:           newWALMetrics(r),
	}
	// A counter that appears at 1 shows no increase: the first repair would raise no alert.
	for kind := range operations.Kinds {
		for _, found := range []jobs.Status{jobs.StatusSucceeded, jobs.StatusFailed, jobs.StatusCancelled, jobs.StatusNone} {
			w.repaired.WithLabelValues(kind, string(found))
		}
	}
	r.MustRegister(w.paused, w.age, w.waiting, w.oldestWaiting, w.repaired, w.stranded, w.lastDone, w.period)
	return w
}

// run looks until the program stops.
func (w *watch) run(ctx context.Context) {
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchEvery):
		}
	}
}

func (w *watch) look(ctx context.Context) {
	attempt, cancel := context.WithTimeout(ctx, watchEvery)
	defer cancel()
	if err := w.queues(attempt); err != nil && ctx.Err() == nil {
		w.log.Warn("look at queues failed; will retry", "error", err)
	}
	if err := w.versions(attempt); err != nil && ctx.Err() == nil {
		w.log.Warn("look at the builds of workers failed; will retry", "error", err)
	}
	if err := w.backlog(attempt, time.Now()); err != nil && ctx.Err() == nil {
		w.log.Warn("look at the backlog failed; will retry", "error", err)
	}
	if err := w.recurring(attempt); err != nil && ctx.Err() == nil {
		w.log.Warn("look at recurring jobs failed; will retry", "error", err)
	}
	if err := w.wal.read(attempt, w.db); err != nil && ctx.Err() == nil {
		w.log.Warn("look at the archive of the database failed; will retry", "error", err)
	}
	if err := w.rows(attempt, time.Now()); err != nil && ctx.Err() == nil {
		w.log.Warn("comparison of jobs failed; will retry", "error", err)
	}
}

func (w *watch) queues(ctx context.Context) error {
	for _, name := range queue.Names {
		q, err := w.control.Queue(ctx, name)
		if err != nil {
			return err
		}
		w.age.WithLabelValues(string(name)).Set(q.AgeSeconds)
		held := 0.0
		if q.Paused {
			held = 1
			w.log.Warn("queue is paused", "queue", name, "reason", q.Reason, "by", q.ChangedBy, "since", q.ChangedAt)
		}
		w.paused.WithLabelValues(string(name)).Set(held)
		if _, err := w.db.MarkPaused(ctx, string(name), q.Paused); err != nil {
			return err
		}
	}
	return nil
}

// versions tells what waits for builds of which no worker runs.
func (w *watch) versions(ctx context.Context) error {
	r, err := w.control.Routing(ctx)
	if err != nil {
		return err
	}
	var stranded int64
	for _, v := range r.Versions {
		if v.Stranded() {
			stranded += v.Pinned
			w.log.Warn("workflows wait for workers of their build: start those, or run `worker release`", "build", v.Build, "workflows", v.Pinned)
		}
	}
	w.stranded.Set(float64(stranded))
	return nil
}

// backlog tells what waits. The rows are asked and not Temporal, which knows nothing of a
// version in an admission queue.
func (w *watch) backlog(ctx context.Context, now time.Time) error {
	kinds, err := w.db.Backlogs(ctx)
	if err != nil {
		return err
	}
	for _, k := range kinds {
		age := 0.0
		if k.Oldest != nil {
			age = max(now.Sub(*k.Oldest).Seconds(), 0)
		}
		w.waiting.WithLabelValues(k.Work).Set(float64(k.Items))
		w.oldestWaiting.WithLabelValues(k.Work).Set(age)
	}
	return nil
}

// recurring tells when recurring jobs last got through. Temporal is asked and not this
// worker's memory: the run may have been another's, and a worker that starts has none.
func (w *watch) recurring(ctx context.Context) error {
	if w.sinceRecents++; w.sinceRecents%recentsEvery != 1 {
		return nil
	}
	schedules, err := w.control.Schedules(ctx)
	if err != nil {
		w.sinceRecents = 0
		return err
	}
	for _, s := range schedules {
		at, known, err := w.control.LastDone(ctx, s.ID)
		if err != nil {
			w.sinceRecents = 0
			return err
		}
		if !known {
			at = w.begun
		}
		w.lastDone.WithLabelValues(s.ID).Set(float64(at.Unix()))
		w.period.WithLabelValues(s.ID).Set(s.Every.Seconds())
	}
	return nil
}

func (w *watch) rows(ctx context.Context, now time.Time) error {
	var org tenancy.OrgID
	var after uuid.UUID
	for {
		page, err := w.db.JobsOpen(ctx, watchAfter, org, after, watchPage)
		if err != nil {
			return err
		}
		for _, o := range page {
			if err := w.compare(ctx, o, now); err != nil {
				return err
			}
			org, after = o.Org, o.ID
		}
		if len(page) < watchPage {
			return nil
		}
	}
}

// compare ends a row whose workflow has ended, or is not there. Two looks must agree: the
// row may be written in this moment.
func (w *watch) compare(ctx context.Context, o tenancy.OpenJob, now time.Time) error {
	status, err := w.control.Status(ctx, o.WorkflowID)
	if err != nil {
		return err
	}
	if status == jobs.StatusSucceeded && o.State == string(operations.Waiting) {
		// A job that never began was not done: what ended is an earlier run of the same id, which was about to end
		// when this job asked for one.
		status = jobs.StatusNone
	}
	q := w.db.Single(o.Org)
	patience := watchAfter
	if status == jobs.StatusNone {
		patience = watchPatience
	}
	switch {
	case status == jobs.StatusRunning:
		return operations.Believe(ctx, q, o.ID)
	case o.DoubtedAt == nil:
		return operations.Doubt(ctx, q, o.ID)
	case now.Sub(*o.DoubtedAt) < patience:
		return nil
	}
	w.log.Warn("job row repaired", "org", o.Org.String(), "job", o.ID, "kind", o.Kind, "found", status)
	w.repaired.WithLabelValues(o.Kind, string(status)).Inc()
	switch status {
	case jobs.StatusSucceeded:
		return operations.End(ctx, q, o.ID, operations.Succeeded, nil, nil, nil)
	case jobs.StatusCancelled:
		return operations.End(ctx, q, o.ID, operations.Cancelled, nil, nil, nil)
	case jobs.StatusNone:
		return operations.End(ctx, q, o.ID, operations.Failed, nil, nil, &operations.Failure{Code: "workflow_lost"})
	default:
		return operations.End(ctx, q, o.ID, operations.Failed, nil, nil, &operations.Failure{Code: "workflow_failed"})
	}
}
