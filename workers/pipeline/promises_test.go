package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"satchel/internal/pipelinetest"
	"satchel/internal/queue"
)

// These tests hold what people know from Celery against a real server, with the presets,
// priorities and fairness keys that the processes use. docs/jobs.md has the table.

// promises is a worker of one queue whose activities do what a test says.
type promises struct {
	t         *testing.T
	client    client.Client
	namespace string
	do        func(ctx context.Context, job string) (string, error)
	presets   sync.Map // of jobs by name: a preset has no form outside the process

	mu  sync.Mutex
	ran []string // in the order in which they began
}

const promised = "promises"

func newPromises(t *testing.T, do func(ctx context.Context, job string) (string, error)) *promises {
	t.Helper()
	p := &promises{t: t, do: do}
	p.client, p.namespace = pipelinetest.Dial(t)
	return p
}

// work starts a worker with so many slots. The workflow and its steps wait in queues of
// their own, as on the platform: a step of the same queue begins with its workflow's task.
func (p *promises) work(slots int) (stop func()) {
	p.t.Helper()
	steps := sdk.New(p.client, promised, sdk.Options{MaxConcurrentActivityExecutionSize: slots, MaxConcurrentActivityTaskPollers: 1, WorkerStopTimeout: time.Second})
	steps.RegisterActivityWithOptions(p.step, activity.RegisterOptions{Name: "step"})
	flows := sdk.New(p.client, promised+"-workflows", sdk.Options{})
	for name, w := range map[string]any{"one": p.one, "chain": p.chain, "chord": p.chord} {
		flows.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: name})
	}
	require.NoError(p.t, steps.Start())
	require.NoError(p.t, flows.Start())
	stop = sync.OnceFunc(func() { steps.Stop(); flows.Stop() })
	p.t.Cleanup(stop)
	return stop
}

func (p *promises) step(ctx context.Context, job string) (string, error) {
	p.mu.Lock()
	p.ran = append(p.ran, job)
	p.mu.Unlock()
	return p.do(ctx, job)
}

func (p *promises) order() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.ran)
}

// promise is one job.
type promise struct {
	Job      string
	Org      string
	Priority int
	Preset   queue.Preset `json:"-"`
}

func (p *promises) start(o client.StartWorkflowOptions, name string, in promise) client.WorkflowRun {
	p.t.Helper()
	p.presets.Store(in.Job, in.Preset)
	if o.ID == "" {
		o.ID = in.Job
	}
	o.TaskQueue, o.Priority = promised+"-workflows", queue.For(in.Org, in.Priority)
	run, err := p.client.ExecuteWorkflow(p.t.Context(), o, name, in)
	require.NoError(p.t, err)
	return run
}

func (p *promises) on(ctx workflow.Context, in promise) workflow.Context {
	preset, _ := p.presets.Load(in.Job)
	return preset.(queue.Preset).On(ctx, promised, in.Org, in.Priority)
}

func (p *promises) one(ctx workflow.Context, in promise) (result string, err error) {
	err = workflow.ExecuteActivity(p.on(ctx, in), "step", in.Job).Get(ctx, &result)
	return result, err
}

// chain: each step takes what the one before it gave.
func (p *promises) chain(ctx workflow.Context, in promise) (result string, err error) {
	on := p.on(ctx, in)
	result = in.Job
	for range 3 {
		if err := workflow.ExecuteActivity(on, "step", result).Get(ctx, &result); err != nil {
			return "", err
		}
	}
	return result, nil
}

// chord: a group of steps beside each other, and one step behind all of them.
func (p *promises) chord(ctx workflow.Context, in promise) (result string, err error) {
	on := p.on(ctx, in)
	var group []workflow.Future
	for n := range 5 {
		group = append(group, workflow.ExecuteActivity(on, "step", fmt.Sprint(n)))
	}
	all := ""
	for _, f := range group {
		var one string
		if err := f.Get(ctx, &one); err != nil {
			return "", err
		}
		all += one
	}
	err = workflow.ExecuteActivity(on, "step", "behind "+all).Get(ctx, &result)
	return result, err
}

func org(n int) string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", n) }

var quick = queue.Short.Pauses(100*time.Millisecond, 10*time.Second)

// TestRetryPromise: autoretry_for with retry_backoff, and max_retries.
func TestRetryPromise(t *testing.T) {
	t.Parallel()
	var began []time.Time
	p := newPromises(t, func(context.Context, string) (string, error) {
		began = append(began, time.Now())
		return "", errors.New("down")
	})
	p.work(1)
	err := p.start(client.StartWorkflowOptions{}, "one", promise{Job: "retried", Org: org(1), Priority: queue.Default, Preset: quick.Attempts(4)}).Get(t.Context(), nil)
	require.ErrorContains(t, err, "down")
	require.Len(t, began, 4, "max_retries: three behind the first")
	for n := range 3 {
		require.GreaterOrEqual(t, began[n+1].Sub(began[n]), 100*time.Millisecond<<n, "each pause is twice the one before")
	}
}

// TestCountdownPromise: countdown and eta. The job is there at once and begins at its time.
func TestCountdownPromise(t *testing.T) {
	t.Parallel()
	var began atomic.Int64
	p := newPromises(t, func(context.Context, string) (string, error) {
		began.Store(time.Now().UnixNano())
		return "", nil
	})
	p.work(1)
	asked := time.Now()
	run := p.start(client.StartWorkflowOptions{StartDelay: 2 * time.Second}, "one", promise{Job: "later", Org: org(1), Priority: queue.Default, Preset: quick})
	_, err := p.client.DescribeWorkflowExecution(t.Context(), "later", run.GetRunID())
	require.NoError(t, err, "it is seen while it waits")
	require.NoError(t, run.Get(t.Context(), nil))
	require.GreaterOrEqual(t, time.Unix(0, began.Load()).Sub(asked), 2*time.Second)
}

// TestExpiresPromise: what waited too long does not begin any more.
func TestExpiresPromise(t *testing.T) {
	t.Parallel()
	p := newPromises(t, func(context.Context, string) (string, error) { return "", nil })
	p.pause(true)
	p.work(1)
	err := p.start(client.StartWorkflowOptions{}, "one", promise{Job: "late", Org: org(1), Priority: queue.Default, Preset: quick.Within(time.Minute, time.Second)}).Get(t.Context(), nil)
	var timeout *temporal.TimeoutError
	require.ErrorAs(t, err, &timeout)
	p.pause(false)
	require.NoError(t, p.start(client.StartWorkflowOptions{}, "one", promise{Job: "in time", Org: org(1), Priority: queue.Default, Preset: quick}).Get(t.Context(), nil))
	require.Equal(t, []string{"in time"}, p.order())
}

// pause holds the queue of the steps, or lets it go on.
func (p *promises) pause(on bool) {
	p.t.Helper()
	limit := &taskqueuepb.RateLimit{RequestsPerSecond: 0}
	if !on {
		limit = nil
	}
	p.limit(limit)
}

func (p *promises) limit(to *taskqueuepb.RateLimit) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		_, err := p.client.WorkflowService().UpdateTaskQueueConfig(p.t.Context(), &workflowservice.UpdateTaskQueueConfigRequest{
			Namespace: p.namespace, TaskQueue: promised, TaskQueueType: enumspb.TASK_QUEUE_TYPE_ACTIVITY, UpdateQueueRateLimit: &workflowservice.UpdateTaskQueueConfigRequest_RateLimitUpdate{RateLimit: to, Reason: "a test"}})
		return err == nil
	}, patience, pause)
}

// TestRateLimitPromise: rate_limit, over all workers. Celery's is of each worker.
func TestRateLimitPromise(t *testing.T) {
	t.Parallel()
	p := newPromises(t, func(context.Context, string) (string, error) { return "", nil })
	p.limit(&taskqueuepb.RateLimit{RequestsPerSecond: 5})
	p.work(20)
	begun := time.Now()
	var runs []client.WorkflowRun
	for n := range 20 {
		runs = append(runs, p.start(client.StartWorkflowOptions{}, "one", promise{Job: fmt.Sprint("limited ", n), Org: org(1), Priority: queue.Default, Preset: quick}))
	}
	for _, run := range runs {
		require.NoError(t, run.Get(t.Context(), nil))
	}
	require.GreaterOrEqual(t, time.Since(begun), 2*time.Second, "20 at 5 a second, of which one second's worth may begin at once")
}

// TestTimeLimitPromise: soft_time_limit is the context's end, which the work sees; the hard
// limit holds for work that looks at nothing, and for a worker that is gone.
func TestTimeLimitPromise(t *testing.T) {
	t.Parallel()
	deaf := make(chan struct{})
	var told atomic.Bool
	p := newPromises(t, func(ctx context.Context, job string) (string, error) {
		if job == "deaf" {
			<-deaf
			return "", nil
		}
		<-ctx.Done()
		told.Store(errors.Is(ctx.Err(), context.DeadlineExceeded))
		return "", ctx.Err()
	})
	t.Cleanup(func() { close(deaf) })
	p.work(2)
	for _, job := range []string{"listens", "deaf"} {
		err := p.start(client.StartWorkflowOptions{}, "one", promise{Job: job, Org: org(1), Priority: queue.Default, Preset: quick.Within(time.Second, 5*time.Second).Attempts(1)}).Get(t.Context(), nil)
		var timeout *temporal.TimeoutError
		require.ErrorAs(t, err, &timeout, job)
	}
	require.Eventually(t, told.Load, patience, pause)
}

// TestCanvasPromise: chain, group and chord.
func TestCanvasPromise(t *testing.T) {
	t.Parallel()
	p := newPromises(t, func(_ context.Context, job string) (string, error) { return job + "+", nil })
	p.work(3)
	var result string
	require.NoError(t, p.start(client.StartWorkflowOptions{}, "chain", promise{Job: "chain", Org: org(1), Priority: queue.Default, Preset: quick}).Get(t.Context(), &result))
	require.Equal(t, "chain+++", result)
	require.NoError(t, p.start(client.StartWorkflowOptions{}, "chord", promise{Job: "chord", Org: org(1), Priority: queue.Default, Preset: quick}).Get(t.Context(), &result))
	require.Equal(t, "behind 0+1+2+3+4++", result)
}

// TestLateAcknowledgementPromise: acks_late with reject_on_worker_lost. A step whose worker
// is gone begins again with another one, from where its heartbeat was.
func TestLateAcknowledgementPromise(t *testing.T) {
	t.Parallel()
	lost := make(chan struct{})
	var from atomic.Int64
	p := newPromises(t, func(ctx context.Context, _ string) (string, error) {
		if activity.GetInfo(ctx).Attempt == 1 {
			activity.RecordHeartbeat(ctx, 7)
			<-lost // the process is gone: it says nothing more
			return "", errors.New("lost")
		}
		var at int64
		err := activity.GetHeartbeatDetails(ctx, &at)
		from.Store(at)
		return "", err
	})
	t.Cleanup(func() { close(lost) })
	p.work(2)
	err := p.start(client.StartWorkflowOptions{}, "one", promise{Job: "survives", Org: org(1), Priority: queue.Default, Preset: queue.Long.Heartbeat(2*time.Second).Pauses(100*time.Millisecond, time.Second)}).Get(t.Context(), nil)
	require.NoError(t, err)
	require.EqualValues(t, 7, from.Load())
}

// backlog has so many jobs wait in a queue that is held, each for its place in the line.
func (p *promises) backlog(jobs []promise) {
	p.t.Helper()
	for _, j := range jobs {
		p.start(client.StartWorkflowOptions{}, "one", j)
	}
	require.Eventually(p.t, func() bool {
		d, err := p.client.WorkflowService().DescribeTaskQueue(p.t.Context(), &workflowservice.DescribeTaskQueueRequest{
			Namespace: p.namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: promised}, TaskQueueType: enumspb.TASK_QUEUE_TYPE_ACTIVITY, ReportStats: true})
		return err == nil && d.GetStats().GetApproximateBacklogCount() >= int64(len(jobs))
	}, patience, pause)
}

// TestPriorityPromise: task_queue_max_priority. What is high overtakes all that waits.
func TestPriorityPromise(t *testing.T) {
	t.Parallel()
	p := newPromises(t, func(context.Context, string) (string, error) { return "", nil })
	p.pause(true)
	p.work(1)
	var jobs []promise
	for n := range 30 {
		jobs = append(jobs, promise{Job: fmt.Sprint("low ", n), Org: org(1), Priority: queue.Low, Preset: quick})
	}
	for n := range 3 {
		jobs = append(jobs, promise{Job: fmt.Sprint("high ", n), Org: org(1), Priority: queue.High, Preset: quick})
	}
	p.backlog(jobs)
	p.pause(false)
	require.Eventually(t, func() bool { return len(p.order()) == len(jobs) }, patience, pause)
	last := slices.IndexFunc(p.order(), func(job string) bool { return job == "high 2" })
	require.Less(t, last, 5, "at most those that a slot and a poller had already: %v", p.order())
}

// TestFairnessPromise: prefetch_multiplier=1 keeps a busy neighbor from a worker's slots only
// while there is one worker. Here the line itself is fair.
func TestFairnessPromise(t *testing.T) {
	t.Parallel()
	p := newPromises(t, func(context.Context, string) (string, error) { return "", nil })
	p.pause(true)
	p.work(1)
	var jobs []promise
	for n := range 60 {
		jobs = append(jobs, promise{Job: fmt.Sprint("a ", n), Org: org(1), Priority: queue.Default, Preset: quick})
	}
	for n := range 3 {
		jobs = append(jobs, promise{Job: fmt.Sprint("b ", n), Org: org(2), Priority: queue.Default, Preset: quick})
	}
	p.backlog(jobs)
	p.pause(false)
	require.Eventually(t, func() bool { return len(p.order()) == len(jobs) }, patience, pause)
	last := slices.IndexFunc(p.order(), func(job string) bool { return job == "b 2" })
	require.Less(t, last, 20, "another organization's 60 jobs are not before these: %v", p.order())
}

// TestRevokePromise: revoke, and revoke with terminate. What waits never begins, what runs
// is told.
func TestRevokePromise(t *testing.T) {
	t.Parallel()
	began, told := make(chan struct{}), make(chan struct{})
	p := newPromises(t, func(ctx context.Context, _ string) (string, error) {
		close(began)
		for {
			select {
			case <-ctx.Done():
				close(told)
				return "", ctx.Err()
			case <-time.After(100 * time.Millisecond):
				activity.RecordHeartbeat(ctx)
			}
		}
	})
	p.work(1)
	runs := p.start(client.StartWorkflowOptions{}, "one", promise{Job: "runs", Org: org(1), Priority: queue.Default, Preset: queue.Long.Heartbeat(2 * time.Second).Awaited()})
	<-began
	waits := p.start(client.StartWorkflowOptions{}, "one", promise{Job: "waits", Org: org(1), Priority: queue.Default, Preset: quick})
	for _, run := range []client.WorkflowRun{waits, runs} {
		require.NoError(t, p.client.CancelWorkflow(t.Context(), run.GetID(), run.GetRunID()))
		var cancelled *temporal.CanceledError
		require.ErrorAs(t, run.Get(t.Context(), nil), &cancelled)
	}
	<-told
	require.Equal(t, []string{"runs"}, p.order())
}

// TestIdentityPromise: a job with the same id is one job, which Celery leaves to a lock of
// one's own.
func TestIdentityPromise(t *testing.T) {
	t.Parallel()
	p := newPromises(t, func(context.Context, string) (string, error) { return "", nil })
	p.work(2)
	o := queue.Start("once", promised+"-workflows", org(1), queue.For(org(1), queue.Default), "test")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	first := p.start(o, "one", promise{Job: "once", Org: org(1), Priority: queue.Default, Preset: quick})
	require.NoError(t, first.Get(t.Context(), nil))
	_, err := p.client.ExecuteWorkflow(t.Context(), o, "one", promise{Job: "once", Org: org(1), Priority: queue.Default})
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if err != nil {
		require.ErrorAs(t, err, &started)
	}
	require.Equal(t, []string{"once"}, p.order())
}
