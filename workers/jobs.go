package workers

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// jobRows writes into the row of a job that its work begins, that an attempt failed and when
// the next one comes, and that it succeeded after that. Activities and workflows need not:
// the type of the workflow says whether it does a job, and its id names the row.
//
// What cannot be written is logged and fails nothing: a database that is down stops the
// work itself, and a row that is late is corrected by the next attempt or the sweep.
type jobRows struct {
	db      *tenancy.DB
	metrics *jobMetrics

	mu      sync.Mutex
	running map[string]bool // runs of which the row says so; true: it also names a failure
}

// mostRuns bounds what is remembered. What is forgotten is written once more.
const mostRuns = 10_000

type jobMetrics struct {
	wait, run *prometheus.HistogramVec
	attempts  *prometheus.CounterVec
}

func newJobMetrics(r prometheus.Registerer) *jobMetrics {
	buckets := []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600}
	m := &jobMetrics{
		wait:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "satchel_job_step_wait_seconds", Help: "From when a step of a job was scheduled to its first attempt.", Buckets: buckets}, []string{"kind"}),
		run:      prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "satchel_job_step_run_seconds", Help: "How long one attempt of a step of a job ran.", Buckets: buckets}, []string{"kind"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_job_attempts_total", Help: "Attempts of steps of jobs, by how they ended: done, or the class of the failure."}, []string{"kind", "outcome"}),
	}
	r.MustRegister(m.wait, m.run, m.attempts)
	return m
}

type jobsInterceptor struct {
	interceptor.ActivityInboundInterceptorBase
	jobs *jobRows
}

// notes is the activity that itself writes the row of a job.
const notes = "RecordOperation"

func (j *jobsInterceptor) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	if info.WorkflowType == nil {
		return j.Next.ExecuteActivity(ctx, in)
	}
	name, kind, found := operations.OfWorkflow(info.WorkflowType.Name)
	org, err := orgOf(in.Args)
	if !found || err != nil || info.ActivityType.Name == notes {
		return j.Next.ExecuteActivity(ctx, in)
	}
	begun := time.Now()
	if info.Attempt == 1 {
		j.jobs.metrics.wait.WithLabelValues(name).Observe(max(0, begun.Sub(info.ScheduledTime).Seconds()))
	}
	works := info.ActivityType.Name != kind.Ends
	if !kind.Sweep && works {
		j.jobs.begin(ctx, org, info)
	}
	result, err := j.Next.ExecuteActivity(ctx, in)
	j.jobs.metrics.run.WithLabelValues(name).Observe(time.Since(begun).Seconds())
	j.jobs.metrics.attempts.WithLabelValues(name, outcomeOf(err)).Inc()
	switch {
	case kind.Sweep && err == nil:
		j.jobs.swept(ctx, org, name, info, begun, result)
	case !kind.Sweep:
		j.jobs.end(ctx, org, info, works, err)
	}
	return result, err
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, context.Canceled):
		return string(operations.Stopped)
	}
	return string(classOf(err))
}

// classOf gives whose fault an activity's failure is.
func classOf(err error) operations.Class {
	var known *temporal.ApplicationError
	if errors.As(err, &known) {
		return operations.Ours
	}
	return operations.ClassOf(fault.Of(err).Kind)
}

func (j *jobRows) begin(ctx context.Context, org tenancy.OrgID, info activity.Info) {
	run := info.WorkflowExecution.RunID
	j.mu.Lock()
	_, known := j.running[run]
	if !known {
		if len(j.running) >= mostRuns {
			clear(j.running)
		}
		j.running[run] = false
	}
	j.mu.Unlock()
	if known && info.Attempt == 1 {
		return
	}
	j.write(ctx, "note attempt of job", operations.Attempt(ctx, j.db.Single(org), info.WorkflowExecution.ID, info.Attempt))
}

// end notes how an attempt ended. Of a step that only ends the job, which is no attempt of its work,
// a failure is shown and not counted.
func (j *jobRows) end(ctx context.Context, org tenancy.OrgID, info activity.Info, works bool, err error) {
	run := info.WorkflowExecution.RunID
	if err == nil || errors.Is(err, activity.ErrResultPending) {
		j.mu.Lock()
		failed := j.running[run]
		j.running[run] = false
		j.mu.Unlock()
		if failed || info.Attempt > 1 {
			j.write(ctx, "note recovery of job", operations.Recovered(ctx, j.db.Single(org), info.WorkflowExecution.ID))
		}
		return
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return // its end is the workflow's to write
	}
	j.mu.Lock()
	j.running[run] = true
	j.mu.Unlock()
	t := operations.Trouble{Attempt: info.Attempt, Class: classOf(err), Code: outcome(applicationErrorOf(err, info)), Next: nextTry(info, err, time.Now())}
	if !works {
		t.Attempt = 0
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // the attempt's own time may be over
	defer cancel()
	j.write(own, "note failed attempt of job", operations.FailedAttempt(own, j.db.Single(org), info.WorkflowExecution.ID, t))
}

func (j *jobRows) write(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		activity.GetLogger(ctx).Warn("job row not written", "doing", what, "error", err)
	}
}

// applicationErrorOf is the error as Temporal is given it.
func applicationErrorOf(err error, info activity.Info) error {
	var known *temporal.ApplicationError
	if errors.As(err, &known) {
		return err
	}
	return applicationError(fault.Of(err), info)
}

// nextTry says when Temporal tries again, by its own rule; zero: it does not.
func nextTry(info activity.Info, err error, now time.Time) time.Time {
	var known *temporal.ApplicationError
	p := info.RetryPolicy
	if !errors.As(applicationErrorOf(err, info), &known) || known.NonRetryable() || p == nil || p.MaximumAttempts > 0 && info.Attempt >= p.MaximumAttempts {
		return time.Time{}
	}
	pause := known.NextRetryDelay()
	if pause == 0 {
		pause = backoff(p, info.Attempt)
	}
	next := now.Add(pause)
	if end := info.ScheduledTime.Add(info.ScheduleToCloseTimeout); info.ScheduleToCloseTimeout > 0 && next.After(end) {
		return time.Time{}
	}
	return next
}

// swept makes the row of a sweep that found something: one that found nothing is no job.
func (j *jobRows) swept(ctx context.Context, org tenancy.OrgID, kind string, info activity.Info, begun time.Time, result any) {
	var sum queue.Swept
	addSwept(reflect.ValueOf(result), &sum, 0)
	run, err := uuid.Parse(info.WorkflowExecution.RunID)
	if sum.Found == 0 || err != nil {
		return
	}
	j.write(ctx, "note sweep", operations.Swept(ctx, j.db.Single(org), operations.Sweep{
		Run: run, Kind: kind, Workflow: info.WorkflowExecution.ID, Started: begun, Found: int64(sum.Found), Done: int64(sum.Done)}))
}

// addSwept adds what a result and its fields say was found.
func addSwept(v reflect.Value, sum *queue.Swept, depth int) {
	v = reflect.Indirect(v)
	if !v.IsValid() || v.Kind() != reflect.Struct || depth > 2 {
		return
	}
	if s, ok := v.Interface().(queue.Swept); ok {
		sum.Add(s)
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			addSwept(v.Field(i), sum, depth+1)
		}
	}
}
