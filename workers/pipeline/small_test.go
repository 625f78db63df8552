package pipeline_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/finalize"
	"satchel/activities/inspect"
	"satchel/files"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/pipelinetest"
	"satchel/internal/queue"
	"satchel/policies/archives"
	"satchel/policies/verdict"
	"satchel/workflows/jobs"
)

// kept counts the workflow tasks of a run, and names the steps of their own.
func (b *worker) kept(t *testing.T, run client.WorkflowRun) (tasks int, steps []string) {
	t.Helper()
	events := b.Client.GetWorkflowHistory(t.Context(), run.GetID(), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			tasks++
		}
		if e.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			steps = append(steps, e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName())
		}
	}
	return tasks, steps
}

// TestSmallFileIsOneTask: a small clean file without previews is one workflow task; everything
// else has steps of its own, and what is not clean is not published.
func TestSmallFileIsOneTask(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for name, c := range map[string]struct {
		file    string
		content []byte
		status  files.Status
		tasks   int // zero: more than one
		steps   []string
	}{
		"an empty text":      {"empty.txt", nil, files.Published, 1, nil},
		"a text":             {"notes.txt", []byte("all is well"), files.Published, 0, []string{"RenderPreviews"}},
		"a virus":            {"notes.txt", virus, files.Quarantined, 0, []string{"ScanObject", "QuarantineVersion"}},
		"a picture":          {"photo.png", png, files.Published, 0, []string{"ScanObject", "RenderPreviews", "PublishVersion"}},
		"an archive":         {"a.zip", pipelinetest.Zip(t, map[string][]byte{"a.txt": []byte("fine")}), files.Published, 0, []string{"ScanObject", "PublishVersion"}},
		"more than is small": {"long.txt", make([]byte, inspect.MostSmall+1), files.Rejected, 0, []string{"WithdrawVersion"}},
	} {
		t.Run(name, func(t *testing.T) {
			ticket := b.Receive(t, c.file, c.content)
			run := b.Process(t, ticket)
			v, err := b.Ends(t, run, ticket)
			require.NoError(t, err)
			require.Equal(t, c.status, v.Status, v.StatusReason)
			tasks, steps := b.kept(t, run)
			require.Equal(t, c.steps, steps)
			if c.tasks > 0 {
				require.Equal(t, c.tasks, tasks)
			}
		})
	}
	b.RequireSettled(t)
}

// TestHeldQueueHoldsSmallFiles: what is done inside a workflow task would go round the pause of
// the queue of scans.
func TestHeldQueueHoldsSmallFiles(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	control := jobs.Control{Client: b.Client, Namespace: b.Namespace()}
	held, err := control.Held(t.Context(), queue.Files)
	require.NoError(t, err)
	require.False(t, held)
	none := 0.0
	require.NoError(t, control.SetLimit(t.Context(), queue.Files, jobs.Limit{Rate: &none, Reason: "a test"}))
	require.Eventually(t, func() bool {
		held, err := control.Held(t.Context(), queue.Files)
		return err == nil && held
	}, patience, pause)
	ticket := b.Receive(t, "notes.txt", []byte("waits"))
	run := b.Process(t, ticket)
	require.Eventually(t, func() bool {
		_, steps := b.kept(t, run)
		return len(steps) == 1 && steps[0] == "ScanObject"
	}, patience, pause)
	require.Zero(t, b.Clamd.Scans())
	require.NoError(t, control.SetLimit(t.Context(), queue.Files, jobs.Limit{Reason: "the test goes on"}))
	v, err := b.Ends(t, run, ticket)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
	b.RequireSettled(t)
}

// TestSlowScannerGetsAStepOfItsOwn: a scanner that is busy keeps no workflow task.
func TestSlowScannerGetsAStepOfItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	gate := make(chan struct{})
	b.Clamd.Behave(clamdtest.Behaviour{Scans: true, Gate: gate})
	ticket := b.Receive(t, "notes.txt", []byte("patience"))
	run := b.Process(t, ticket)
	require.Eventually(t, func() bool {
		_, steps := b.kept(t, run)
		return len(steps) == 1 && steps[0] == "ScanObject"
	}, patience, pause)
	close(gate)
	v, err := b.Ends(t, run, ticket)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
	b.RequireSettled(t)
}

// ending publishes what is small without a scanner, as if it had said that word.
type ending struct {
	*finalize.Activities

	word files.Verdict
}

func (e ending) Publish(ctx context.Context, v files.Version, pending bool, found files.Whole) (bool, error) {
	found.Verdict = e.word
	if found.Verdict.SHA256 == "" {
		found.Verdict.SHA256 = v.Sha256
	}
	err := finalize.Whole(ctx, e.Activities, v, pending, found)
	return err == nil, err
}

func (e ending) Leave(ctx context.Context, v files.Version) { finalize.Leave(ctx, e.Activities, v) }

// toEnd runs the step that takes a small version to its end.
func (a *activities) toEnd(t *testing.T, version uuid.UUID, word files.Verdict) (inspect.InspectObjectResult, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	step := inspect.New(a.DB, a.Store.Staging, ending{a.Finalizer, word}, archives.DefaultLimits(), nil)
	env.RegisterActivity(step)
	var found inspect.InspectObjectResult
	value, err := env.ExecuteActivity(step.InspectObject, inspect.InspectObjectInput{Org: a.Org, Version: version, ToEnd: true})
	if err == nil {
		err = value.Get(&found)
	}
	return found, err
}

var clean = files.Verdict{Verdict: verdict.Clean, Engine: "fake"}

// TestEveryWindowOfASmallFileHeals kills the step of a small file at each of its calls and repeats
// it, which is also what follows when its worker dies before its result is kept.
func TestEveryWindowOfASmallFileHeals(t *testing.T) {
	t.Parallel()
	for _, window := range []string{"", "after copy", "before remove"} {
		t.Run("window "+window, func(t *testing.T) {
			t.Parallel()
			a := setupActivities(t)
			ticket := a.Receive(t, "notes.txt", []byte("the bytes"))
			a.Failing = window
			found, err := a.toEnd(t, ticket.Version, clean)
			if window == "after copy" {
				require.Error(t, err)
				v, err := files.GetVersion(t.Context(), a.Single(a.Org), ticket.Version)
				require.NoError(t, err)
				require.Equal(t, files.Processing, v.Status, "the row decides, and it says nothing yet")
				found, err = a.toEnd(t, ticket.Version, clean)
				require.NoError(t, err)
				require.Equal(t, files.Published, found.Status)
			} else {
				require.NoError(t, err)
				require.Equal(t, files.Published, found.Status)
			}
			again, err := a.toEnd(t, ticket.Version, clean) // its result was not kept
			require.NoError(t, err)
			require.Equal(t, files.Published, again.Status)
			require.Equal(t, found.Preview, again.Preview, "its previews are made")
			require.Equal(t, []byte("the bytes"), read(t, a.Store.Clean, files.ContentKey(a.Org, ticket.Version)))
			require.Empty(t, keys(t, a.Store.Staging))
			require.Equal(t, 1, countEvents(t, &a.Bench, ticket.Version, "file.publish"))
			a.RequireSettled(t)
		})
	}
}

// TestOnlyACleanVerdictEndsASmallFile: the database itself refuses every other one, and a verdict
// about other bytes.
func TestOnlyACleanVerdictEndsASmallFile(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	for name, word := range map[string]files.Verdict{
		"none": {}, "infected": {Verdict: verdict.Infected, Signature: "X"}, "unscannable": {Verdict: verdict.Unscannable},
		"of other bytes": {Verdict: verdict.Clean, SHA256: "00"},
	} {
		t.Run(name, func(t *testing.T) {
			ticket := a.Receive(t, "notes.txt", []byte("the bytes"))
			_, err := a.toEnd(t, ticket.Version, word)
			require.Error(t, err)
			v, err := files.GetVersion(t.Context(), a.Single(a.Org), ticket.Version)
			require.NoError(t, err)
			require.Equal(t, files.Processing, v.Status)
			require.Empty(t, v.ScanVerdict)
		})
	}
}

// TestTrashedSmallFileIsNotPublished: the file went to the trash while it was scanned.
func TestTrashedSmallFileIsNotPublished(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.Receive(t, "notes.txt", []byte("the bytes"))
	a.Failing = "after copy"
	_, err := a.toEnd(t, ticket.Version, clean)
	require.Error(t, err)
	a.Trash(t, ticket.File)
	_, err = a.toEnd(t, ticket.Version, clean)
	require.ErrorContains(t, err, files.ErrVersionEnded.Error())
	_, err = a.Withdraw(ticket.Version, files.Deleted)
	require.NoError(t, err)
	require.Empty(t, keys(t, a.Store.Clean))
	a.RequireSettled(t)
}

// TestWorkerDiesBehindASmallFile: the version is published and its worker dies before the workflow
// task is kept. The next worker ends the workflow, and the previews come.
func TestWorkerDiesBehindASmallFile(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ticket := b.Receive(t, "notes.txt", []byte("all is well"))
	a := &activities{&pipelinetest.Activities{Bench: b.Bench, Finalizer: finalize.New(b.Cleaner, &pipelinetest.NoWorkflows{})}}
	found, err := a.toEnd(t, ticket.Version, clean)
	require.NoError(t, err)
	require.Equal(t, files.Published, found.Status)
	v, err := b.Ends(t, b.Process(t, ticket), ticket)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
	require.Equal(t, files.PreviewReady, v.Preview)
	b.RequireSettled(t)
}
