package pipeline_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/internal/pipelinetest"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/workflows/jobs"
	"satchel/workflows/upload"
)

const (
	goOn = "go on"
	look = 200 * time.Millisecond // the server bounds how often its routing is asked for
)

// buildInput is that of the processes of these tests.
type buildInput struct{ Org tenancy.OrgID }

// tells notes which build did a step of which workflow.
type tells struct {
	mu   sync.Mutex
	done map[string][]string
}

func (n *tells) of(workflow string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.done[workflow])
}

type teller struct {
	build string
	notes *tells
}

// Tell says which build does it.
func (a *teller) Tell(ctx context.Context, _ buildInput) (string, error) {
	a.notes.mu.Lock()
	defer a.notes.mu.Unlock()
	id := activity.GetInfo(ctx).WorkflowExecution.ID
	a.notes.done[id] = append(a.notes.done[id], a.build)
	return a.build, nil
}

func tell(ctx workflow.Context, in buildInput) (build string, err error) {
	err = workflow.ExecuteActivity(queue.Short.On(ctx, queue.Batch, in.Org.String(), queue.Default), "Tell", in).Get(ctx, &build)
	return build, err
}

// twice has a step, waits for a signal, and has another one.
func twice(ctx workflow.Context, in buildInput) (string, error) {
	first, err := tell(ctx, in)
	if err != nil {
		return "", err
	}
	workflow.GetSignalChannel(ctx, goOn).Receive(ctx, nil)
	second, err := tell(ctx, in)
	return first + " " + second, err
}

// earlier and later are the code of two releases. The later one cannot replay what Changes of
// the earlier one began.
type (
	earlier struct{}
	later   struct{}
)

func (earlier) Changes(ctx workflow.Context, in buildInput) (string, error) { return twice(ctx, in) }
func (earlier) Stays(ctx workflow.Context, in buildInput) (string, error)   { return twice(ctx, in) }
func (earlier) Long(ctx workflow.Context, in buildInput) (string, error)    { return twice(ctx, in) }
func (later) Stays(ctx workflow.Context, in buildInput) (string, error)     { return twice(ctx, in) }
func (later) Long(ctx workflow.Context, in buildInput) (string, error)      { return twice(ctx, in) }
func (later) Changes(ctx workflow.Context, in buildInput) (string, error) {
	workflow.GetSignalChannel(ctx, goOn).Receive(ctx, nil)
	return twice(ctx, in)
}

// builds is a namespace in which a test starts workers of builds.
type builds struct {
	*tells
	*pgtest.Database
	client    client.Client
	control   jobs.Control
	namespace string
	org       tenancy.OrgID
}

func setupBuilds(t *testing.T) *builds {
	t.Helper()
	db := pgtest.New(t)
	c, namespace := pipelinetest.Dial(t)
	return &builds{&tells{done: map[string][]string{}}, db, c, jobs.Control{Client: c, Namespace: namespace}, namespace, db.Organization(t, 1)}
}

// work starts a worker. Its code is the later one but for builds named a.
func (b *builds) work(t *testing.T, build string) (stop func()) {
	t.Helper()
	processes := queue.Component{Queue: queue.Interactive, Workflows: []any{later{}.Long}, Pinned: []any{later{}.Changes, later{}.Stays}}
	if build == "a" {
		processes = queue.Component{Queue: queue.Interactive, Workflows: []any{earlier{}.Long}, Pinned: []any{earlier{}.Changes, earlier{}.Stays}}
	}
	return pipelinetest.StartBuild(t, b.DB, b.client, b.namespace, build, processes, queue.Component{Queue: queue.Batch, Activities: []any{&teller{build, b.tells}}})
}

// chosen waits until every queue knows that a build has the work.
func (b *builds) chosen(t *testing.T, build string) {
	t.Helper()
	var last jobs.Routing
	require.Eventually(t, func() bool {
		r, err := b.control.Routing(t.Context())
		last = r
		return err == nil && r.Ever && r.Settled && r.Current == build
	}, patience, look, "%s has not the work: %+v", build, &last)
}

// choose gives a build the work, as soon as its workers are known.
func (b *builds) choose(t *testing.T, build string) {
	t.Helper()
	var last error
	require.Eventually(t, func() bool {
		last = b.control.Choose(t.Context(), build)
		return last == nil
	}, patience, look, "choose %s: %v", build, &last)
	b.chosen(t, build)
}

// begin begins a workflow and waits until its first step was done, by that build.
func (b *builds) begin(t *testing.T, kind, id, build string) client.WorkflowRun {
	t.Helper()
	run := b.start(t, kind, id)
	require.Eventually(t, func() bool { return len(b.of(id)) > 0 }, patience, look, id)
	require.Equal(t, []string{build}, b.of(id), id)
	return run
}

func (b *builds) start(t *testing.T, kind, id string) client.WorkflowRun {
	t.Helper()
	run, err := b.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: string(queue.Interactive)}, kind, buildInput{b.org})
	require.NoError(t, err)
	return run
}

// goOn lets a workflow go on to its end, and gives which builds did its steps.
func (b *builds) goOn(t *testing.T, run client.WorkflowRun) (did string) {
	t.Helper()
	require.NoError(t, b.client.SignalWorkflow(t.Context(), run.GetID(), "", goOn, nil))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, run.Get(ctx, &did), run.GetID())
	return did
}

// TestBuildsSideBySide: a new build gets nothing before it is chosen; then it gets what begins
// and what is not pinned, and what is pinned ends where it began, though the new code could not
// replay it. Back is the same.
func TestBuildsSideBySide(t *testing.T) {
	t.Parallel()
	b := setupBuilds(t)
	b.work(t, "a")
	b.chosen(t, "a") // the first one needs no one to choose it
	pinned, moving := b.begin(t, "Changes", "pinned", "a"), b.begin(t, "Long", "moving", "a")

	b.work(t, "b")
	require.Equal(t, "a a", b.goOn(t, b.begin(t, "Stays", "before", "a")), "the new build has work before it is chosen")
	b.choose(t, "b")
	require.Equal(t, "a a", b.goOn(t, pinned))
	require.Equal(t, "a b", b.goOn(t, moving))
	fresh := b.start(t, "Changes", "fresh")
	require.NoError(t, b.client.SignalWorkflow(t.Context(), "fresh", "", goOn, nil))
	require.Eventually(t, func() bool { return len(b.of("fresh")) > 0 }, patience, look)
	require.Equal(t, "b b", b.goOn(t, fresh))
	later := b.begin(t, "Stays", "later", "b")

	b.choose(t, "a") // back
	require.Equal(t, "b b", b.goOn(t, later))
	require.Equal(t, "a a", b.goOn(t, b.begin(t, "Changes", "back", "a")))
}

// TestBuildWithoutWorkers: what ends on a build whose workers are gone waits, is counted, and
// goes on when it is released. Nothing is chosen that has no workers.
func TestBuildWithoutWorkers(t *testing.T) {
	t.Parallel()
	b := setupBuilds(t)
	stop := b.work(t, "a")
	b.chosen(t, "a")
	waiting := b.begin(t, "Stays", "waiting", "a")
	require.Error(t, b.control.Choose(t.Context(), "never"), "a build that no worker has")
	b.work(t, "b")
	b.choose(t, "b")
	stop()
	require.NoError(t, b.client.SignalWorkflow(t.Context(), waiting.GetID(), "", goOn, nil))
	var last jobs.Routing
	require.Eventually(t, func() bool {
		r, err := b.control.Routing(t.Context())
		last = r
		return err == nil && len(r.Versions) == 2 && r.Versions[0].Build == "b" && r.Versions[0].State == "current" && !r.Versions[0].Stranded() &&
			r.Versions[1].Build == "a" && r.Versions[1].State == "draining" && r.Versions[1].Pinned == 1 && r.Versions[1].Stranded()
	}, patience, look, "%+v", &last)
	n, err := b.control.Release(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, "a b", b.goOn(t, waiting))
}

// TestVersioningIsEnded: workers that name no build do not start where they would get nothing,
// and have the work when they are given it.
func TestVersioningIsEnded(t *testing.T) {
	t.Parallel()
	b := setupBuilds(t)
	b.work(t, "a")
	b.chosen(t, "a")
	waiting := b.begin(t, "Stays", "waiting", "a")
	b.work(t, "")
	require.Equal(t, "a a", b.goOn(t, b.begin(t, "Long", "meanwhile", "a")))
	b.choose(t, "")
	n, err := b.control.Release(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, "a ", b.goOn(t, waiting))
	require.Equal(t, " ", b.goOn(t, b.begin(t, "Stays", "after", "")))
}

// TestPausesHoldBuilds: a queue that operators hold is held for the workers of every build, and
// what waits there is counted whatever build it is for.
func TestPausesHoldBuilds(t *testing.T) {
	t.Parallel()
	b := setupBuilds(t)
	b.work(t, "a")
	b.chosen(t, "a")
	held := 0.0
	require.NoError(t, b.control.SetLimit(t.Context(), queue.Batch, jobs.Limit{Rate: &held, Reason: "a test"}))
	run := b.start(t, "Stays", "held")
	require.Eventually(t, func() bool {
		q, err := b.control.Queue(t.Context(), queue.Batch)
		return err == nil && q.Paused && q.Backlog == 1
	}, patience, look)
	require.Empty(t, b.of("held"))
	require.NoError(t, b.control.SetLimit(t.Context(), queue.Batch, jobs.Limit{Reason: "a test"}))
	require.Equal(t, "a a", b.goOn(t, run))
}

// TestFilesEndOnTheirBuild: the program's own processes with two builds. What a worker of a build
// that has no work starts has its first task where the work is; a job of a build that is gone runs
// again where the work is.
func TestFilesEndOnTheirBuild(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *pipelinetest.Options) { o.Build = "a" })
	b := &builds{control: jobs.Control{Client: w.Client, Namespace: w.Namespace()}}
	b.chosen(t, "a")
	process := func() (id, build string) {
		ticket := w.Receive(t, "notes.txt", []byte("some notes"))
		require.NoError(t, w.Admission.Start(t.Context(), upload.UploadFileInput{Org: w.Org, File: ticket.File, Version: ticket.Version}))
		id = upload.WorkflowID(w.Org, ticket.Version)
		v, err := w.Ends(t, w.Client.GetWorkflow(t.Context(), id, ""), ticket)
		require.NoError(t, err)
		require.Equal(t, files.Published, v.Status)
		return id, w.buildOf(t, id)
	}
	first, build := process()
	require.Equal(t, "a", build)
	w.Build = "b"
	w.Start(t)
	for range 3 { // w.Admission is of the worker that was started last
		_, build = process()
		require.Equal(t, "a", build, "a build has work that was not chosen")
	}
	b.choose(t, "b")
	_, build = process()
	require.Equal(t, "b", build)
	w.StopFirst()
	require.NoError(t, b.control.Again(t.Context(), first, "again"))
	require.Eventually(t, func() bool {
		d, err := w.Client.DescribeWorkflowExecution(t.Context(), first, "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED && d.GetWorkflowExecutionInfo().GetVersioningInfo().GetDeploymentVersion().GetBuildId() == "b"
	}, patience, look)
}

// buildOf says which build had the last task of a workflow.
func (b *worker) buildOf(t *testing.T, id string) string {
	t.Helper()
	d, err := b.Client.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	require.Equal(t, enumspb.VERSIONING_BEHAVIOR_PINNED, d.GetWorkflowExecutionInfo().GetVersioningInfo().GetBehavior())
	return d.GetWorkflowExecutionInfo().GetVersioningInfo().GetDeploymentVersion().GetBuildId()
}
