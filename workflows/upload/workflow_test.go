package upload_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"satchel/activities/finalize"
	"satchel/activities/inspect"
	"satchel/activities/preview"
	"satchel/activities/scan"
	"satchel/files"
	"satchel/internal/queue"
	"satchel/policies/previews"
	"satchel/policies/verdict"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

// outcome scripts what every activity of one run answers.
type outcome struct {
	inspect    inspect.InspectObjectResult
	inspectErr error
	passingErr error // of the first inspection only, the one inside the workflow task
	scan       scan.ScanObjectResult
	scanErr    error
	previewErr error
	previewFor time.Duration // how long they take
	publish    files.Status
	publishErr error
	quarantErr error
	withdrawn  files.Status // what WithdrawVersion finds; empty: what it was asked for
	cancelAt   string       // the activity during which the cancellation comes
}

// bundle is one run in a test environment with its scripted activities.
type bundle struct {
	env      *testsuite.TestWorkflowEnvironment
	in       upload.UploadFileInput
	started  []string
	withdraw []finalize.WithdrawVersionInput
	quarant  []finalize.QuarantineVersionInput
	pending  []bool // of each publication: whether the previews follow
}

func setup(o outcome) *bundle {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &bundle{env: suite.NewTestWorkflowEnvironment(),
		in: upload.UploadFileInput{Org: tenancy.OrgID(tenancy.NewID()), File: tenancy.NewID(), Version: tenancy.NewID()}}
	b.env.RegisterWorkflow(upload.UploadFile)
	for _, a := range []any{&inspect.Activities{}, &scan.Activities{}, &preview.Activities{}, &preview.Missing{}, &finalize.Activities{}} {
		b.env.RegisterActivity(a)
	}
	note := func(name string) {
		b.started = append(b.started, name)
		if o.cancelAt == name {
			b.env.CancelWorkflow()
		}
	}
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) { note(info.ActivityType.Name) })
	b.env.SetOnLocalActivityStartedListener(func(info *activity.Info, _ context.Context, _ []any) { note(info.ActivityType.Name) })
	b.script(o)
	return b
}

func (b *bundle) script(o outcome) {
	if o.passingErr != nil {
		b.env.OnActivity("InspectObject", mock.Anything, mock.Anything).Return(inspect.InspectObjectResult{}, o.passingErr).Once()
	}
	b.env.OnActivity("InspectObject", mock.Anything, mock.Anything).Return(o.inspect, o.inspectErr).Maybe()
	b.env.OnActivity("ScanObject", mock.Anything, mock.Anything).Return(o.scan, o.scanErr).Maybe()
	b.env.OnActivity("RenderPreviews", mock.Anything, mock.Anything).Return(preview.RenderPreviewsResult{}, o.previewErr).After(o.previewFor).Maybe()
	b.env.OnActivity("GiveUpPreviews", mock.Anything, mock.Anything).Return(preview.GiveUpPreviewsResult{}, nil).Maybe()
	b.env.OnActivity("PublishVersion", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in finalize.PublishVersionInput) (finalize.PublishVersionResult, error) {
			b.pending = append(b.pending, in.Pending)
			return finalize.PublishVersionResult{Status: o.publish}, o.publishErr
		}).Maybe()
	b.env.OnActivity("QuarantineVersion", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in finalize.QuarantineVersionInput) (finalize.QuarantineVersionResult, error) {
			b.quarant = append(b.quarant, in)
			return finalize.QuarantineVersionResult{Status: files.Quarantined}, o.quarantErr
		}).Maybe()
	b.env.OnActivity("WithdrawVersion", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in finalize.WithdrawVersionInput) (finalize.WithdrawVersionResult, error) {
			b.withdraw = append(b.withdraw, in)
			if o.withdrawn != "" {
				return finalize.WithdrawVersionResult{Status: o.withdrawn}, nil
			}
			return finalize.WithdrawVersionResult{Status: in.Status}, nil
		}).Maybe()
}

func (b *bundle) run(t require.TestingT) (upload.UploadFileResult, error) {
	b.env.ExecuteWorkflow(upload.UploadFile, b.in)
	require.True(t, b.env.IsWorkflowCompleted())
	var result upload.UploadFileResult
	err := b.env.GetWorkflowError()
	if err == nil {
		require.NoError(t, b.env.GetWorkflowResult(&result))
	}
	return result, err
}

// settled counts the activities that ended the version.
func (b *bundle) settled() (n int) {
	for _, name := range b.started {
		if slices.Contains([]string{"PublishVersion", "QuarantineVersion", "WithdrawVersion"}, name) {
			n++
		}
	}
	return n
}

// TestSmallFileEndsInItsFirstStep: what the inspection took to its end has no other step but its
// previews, and only the try inside the workflow task is asked to.
func TestSmallFileEndsInItsFirstStep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		preview previews.Method
		err     error
		steps   []string
	}{
		"without previews": {"", nil, []string{"InspectObject"}},
		"with previews":    {previews.Code, nil, []string{"InspectObject", "RenderPreviews"}},
		"previews fail":    {previews.Code, code("internal", false), []string{"InspectObject", "RenderPreviews", "GiveUpPreviews"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(outcome{inspect: inspect.InspectObjectResult{Verdict: verdict.Accepted, Status: files.Published, Preview: c.preview}, previewErr: c.err})
			result, err := b.run(t)
			require.NoError(t, err)
			require.Equal(t, upload.UploadFileResult{Status: files.Published}, result)
			require.Equal(t, c.steps, slices.Compact(b.started))
		})
	}
}

func TestOnlyTheTryInsideTheTaskGoesToTheEnd(t *testing.T) {
	t.Parallel()
	in := upload.UploadFileInput{Org: tenancy.OrgID(tenancy.NewID()), File: tenancy.NewID(), Version: tenancy.NewID()}
	var asked []bool
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflow(upload.UploadFile)
	env.RegisterActivity(&inspect.Activities{})
	env.RegisterActivity(&finalize.Activities{})
	env.OnActivity("InspectObject", mock.Anything, mock.Anything).Return(func(_ context.Context, in inspect.InspectObjectInput) (inspect.InspectObjectResult, error) {
		if asked = append(asked, in.ToEnd); in.ToEnd {
			return inspect.InspectObjectResult{}, code("internal", true)
		}
		return inspect.InspectObjectResult{Verdict: verdict.Rejected, Rule: "some_rule"}, nil
	})
	env.OnActivity("WithdrawVersion", mock.Anything, mock.Anything).Return(finalize.WithdrawVersionResult{Status: files.Rejected}, nil)
	env.ExecuteWorkflow(upload.UploadFile, in)
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []bool{true, false}, asked)
}

func code(c string, retry bool) error {
	return temporal.NewApplicationErrorWithOptions(c, c, temporal.ApplicationErrorOptions{NonRetryable: !retry})
}

var (
	document = inspect.InspectObjectResult{Verdict: verdict.Accepted, MimeType: "application/zip"}
	essay    = inspect.InspectObjectResult{Verdict: verdict.Accepted, MimeType: "application/msword", Preview: previews.Office}
	picture  = inspect.InspectObjectResult{Verdict: verdict.Accepted, MimeType: "image/png", Preview: previews.Picture}
	older    = inspect.InspectObjectResult{Verdict: verdict.Accepted, MimeType: "image/png", Image: true} // as an earlier build inspected it
	clean    = scan.ScanObjectResult{Verdict: verdict.Clean}
)

func TestEnds(t *testing.T) {
	t.Parallel()
	gone := code(files.ErrVersionEnded.Code, false)
	for name, c := range map[string]struct {
		outcome outcome
		steps   []string
		end     upload.UploadFileResult
		fails   bool
	}{
		"a clean document is published": {
			outcome{inspect: document, scan: clean, publish: files.Published},
			[]string{"InspectObject", "ScanObject", "PublishVersion"}, upload.UploadFileResult{Status: files.Published}, false},
		"a clean image is published with previews": {
			outcome{inspect: picture, scan: clean, publish: files.Published},
			[]string{"InspectObject", "ScanObject", "RenderPreviews", "PublishVersion"}, upload.UploadFileResult{Status: files.Published}, false},
		"an image whose previews fail is published": {
			outcome{inspect: picture, scan: clean, previewErr: code("internal", false), publish: files.Published},
			[]string{"InspectObject", "ScanObject", "RenderPreviews", "PublishVersion"}, upload.UploadFileResult{Status: files.Published}, false},
		"a document is published before its previews": {
			outcome{inspect: essay, scan: clean, publish: files.Published},
			[]string{"InspectObject", "ScanObject", "PublishVersion", "RenderPreviews"}, upload.UploadFileResult{Status: files.Published}, false},
		"an image that an earlier build inspected waits for its previews": {
			outcome{inspect: older, scan: clean, previewFor: time.Hour, publish: files.Published},
			[]string{"InspectObject", "ScanObject", "RenderPreviews", "PublishVersion"}, upload.UploadFileResult{Status: files.Published}, false},
		"a refused type is rejected under its rule": {
			outcome{inspect: inspect.InspectObjectResult{Verdict: verdict.Rejected, Rule: "executable"}},
			[]string{"InspectObject", "WithdrawVersion"}, upload.UploadFileResult{Status: files.Rejected, Reason: "executable"}, false},
		"an archive that cannot be scanned is quarantined": {
			outcome{inspect: inspect.InspectObjectResult{Verdict: verdict.Unscannable, Rule: "nested_too_deep"}},
			[]string{"InspectObject", "QuarantineVersion"}, upload.UploadFileResult{Status: files.Quarantined, Reason: "unscannable:nested_too_deep"}, false},
		"an inspection without a verdict is quarantined": {
			outcome{},
			[]string{"InspectObject", "QuarantineVersion"}, upload.UploadFileResult{Status: files.Quarantined, Reason: "unscannable:"}, false},
		"an infected file is quarantined": {
			outcome{inspect: document, scan: scan.ScanObjectResult{Verdict: verdict.Infected, Detail: "Eicar"}},
			[]string{"InspectObject", "ScanObject", "QuarantineVersion"}, upload.UploadFileResult{Status: files.Quarantined, Reason: "infected:Eicar"}, false},
		"an unscannable file is quarantined": {
			outcome{inspect: document, scan: scan.ScanObjectResult{Verdict: verdict.Unscannable, Detail: "scanner_unavailable"}},
			[]string{"InspectObject", "ScanObject", "QuarantineVersion"}, upload.UploadFileResult{Status: files.Quarantined, Reason: "unscannable:scanner_unavailable"}, false},
		"a scan without a verdict is quarantined": {
			outcome{inspect: document},
			[]string{"InspectObject", "ScanObject", "QuarantineVersion"}, upload.UploadFileResult{Status: files.Quarantined, Reason: "unscannable:"}, false},
		"an archive that hides something is rejected": {
			outcome{inspect: document, scan: scan.ScanObjectResult{Verdict: verdict.Rejected, Detail: "member_size_lie"}},
			[]string{"InspectObject", "ScanObject", "WithdrawVersion"}, upload.UploadFileResult{Status: files.Rejected, Reason: "member_size_lie"}, false},
		"a version deleted before publication ends deleted": {
			outcome{inspect: document, scan: clean, publish: files.Processing},
			[]string{"InspectObject", "ScanObject", "PublishVersion", "WithdrawVersion"}, upload.UploadFileResult{Status: files.Deleted, Reason: "deleted"}, false},
		"a version ended by another step ends without an error": {
			outcome{inspectErr: gone, withdrawn: files.Expired},
			[]string{"InspectObject", "WithdrawVersion"}, upload.UploadFileResult{Status: files.Expired}, false},
		"an inspection that fails in passing is a step of its own": {
			outcome{passingErr: code("store_unavailable", true), inspect: document, scan: clean, publish: files.Published},
			[]string{"InspectObject", "InspectObject", "ScanObject", "PublishVersion"}, upload.UploadFileResult{Status: files.Published}, false},
		"a fault fails the file with its code": {
			outcome{inspect: document, scanErr: code("object_changed", false)},
			[]string{"InspectObject", "ScanObject", "WithdrawVersion"}, upload.UploadFileResult{Status: files.Failed, Reason: "object_changed"}, true},
		"a quarantine that fails gives everything back": {
			outcome{inspect: document, scan: scan.ScanObjectResult{Verdict: verdict.Infected, Detail: "X"}, quarantErr: code("object_missing", false)},
			[]string{"InspectObject", "ScanObject", "QuarantineVersion", "WithdrawVersion"}, upload.UploadFileResult{Status: files.Failed, Reason: "object_missing"}, true},
		"a publication whose answer was lost stays published": {
			outcome{inspect: document, scan: clean, publishErr: code("internal", false), withdrawn: files.Published},
			[]string{"InspectObject", "ScanObject", "PublishVersion", "WithdrawVersion"}, upload.UploadFileResult{Status: files.Published}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(c.outcome)
			end, err := b.run(t)
			require.Equal(t, c.steps, b.started)
			if c.fails {
				require.Error(t, err)
				asked := upload.UploadFileResult{Status: b.withdraw[0].Status, Reason: b.withdraw[0].Reason}
				require.Equal(t, c.end, asked)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.end, end)
		})
	}
}

// TestPreviewsThatTakeLong do not hold the file up, and are given up when they fail.
func TestPreviewsThatTakeLong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		found   inspect.InspectObjectResult
		outcome outcome
		pending bool
		last    string
	}{
		"picture, soon there":       {picture, outcome{previewFor: time.Second}, false, "PublishVersion"},
		"picture, later":            {picture, outcome{previewFor: time.Minute}, true, "PublishVersion"},
		"picture, fails soon":       {picture, outcome{previewErr: code("internal", false)}, false, "PublishVersion"},
		"picture, fails later":      {picture, outcome{previewFor: time.Minute, previewErr: code("internal", false)}, true, "GiveUpPreviews"},
		"document, soon there":      {essay, outcome{}, true, "RenderPreviews"},
		"document, later":           {essay, outcome{previewFor: time.Minute}, true, "RenderPreviews"},
		"document, fails":           {essay, outcome{previewErr: code("internal", false)}, true, "GiveUpPreviews"},
		"document, not to be tried": {essay, outcome{previewErr: code(files.ErrVersionEnded.Code, false)}, true, "GiveUpPreviews"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := c.outcome
			o.inspect, o.scan, o.publish = c.found, clean, files.Published
			b := setup(o)
			end, err := b.run(t)
			require.NoError(t, err)
			require.Equal(t, upload.UploadFileResult{Status: files.Published}, end)
			require.Equal(t, []bool{c.pending}, b.pending)
			require.Equal(t, c.last, b.started[len(b.started)-1])
			require.Empty(t, b.withdraw)
		})
	}
}

// TestCancelledBehindThePublication: a file that goes to the trash while its previews are
// made stays published.
func TestCancelledBehindThePublication(t *testing.T) {
	t.Parallel()
	b := setup(outcome{inspect: essay, scan: clean, previewFor: time.Minute, publish: files.Published})
	b.env.RegisterDelayedCallback(b.env.CancelWorkflow, 10*time.Second)
	end, err := b.run(t)
	require.NoError(t, err)
	require.Equal(t, files.Published, end.Status)
	require.Empty(t, b.withdraw)
	require.NotContains(t, b.started, "GiveUpPreviews")
}

// TestPatienceEnds lets a step fail until its budget is used up.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]outcome{
		"inspect": {inspectErr: code("store_unavailable", true)},
		"scan":    {inspect: document, scanErr: code("store_unavailable", true)},
		"publish": {inspect: document, scan: clean, publishErr: code("store_unavailable", true)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(o)
			_, err := b.run(t)
			require.Error(t, err)
			require.Equal(t, "WithdrawVersion", b.started[len(b.started)-1])
			require.Equal(t, files.Failed, b.withdraw[0].Status)
			require.Equal(t, "store_unavailable", b.withdraw[0].Reason)
		})
	}
}

func TestCancellationAtEachStep(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"InspectObject", "ScanObject", "RenderPreviews"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			b := setup(outcome{inspect: picture, scan: clean, publish: files.Published, cancelAt: step})
			_, err := b.run(t)
			var cancelled *temporal.CanceledError
			require.ErrorAs(t, err, &cancelled)
			require.NotContains(t, b.started, "PublishVersion")
			require.Len(t, b.withdraw, 1, "compensation runs although the workflow is cancelled")
			require.Equal(t, files.Deleted, b.withdraw[0].Status)
		})
	}
}

// spy keeps the options under which activities are scheduled.
type spy struct {
	interceptor.WorkerInterceptorBase
	seen    map[string]workflow.ActivityOptions
	passing map[string]workflow.LocalActivityOptions
}

func (s *spy) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &spyIn{interceptor.WorkflowInboundInterceptorBase{Next: next}, s}
}

type spyIn struct {
	interceptor.WorkflowInboundInterceptorBase
	spy *spy
}

func (i *spyIn) Init(out interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&spyOut{interceptor.WorkflowOutboundInterceptorBase{Next: out}, i.spy})
}

type spyOut struct {
	interceptor.WorkflowOutboundInterceptorBase
	spy *spy
}

func (o *spyOut) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	key := name
	if name == "RenderPreviews" { // goes to two queues
		key += " on " + workflow.GetActivityOptions(ctx).TaskQueue
	}
	o.spy.seen[key] = workflow.GetActivityOptions(ctx)
	return o.Next.ExecuteActivity(ctx, name, args...)
}

func (o *spyOut) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	o.spy.passing[name] = workflow.GetLocalActivityOptions(ctx)
	return o.Next.ExecuteLocalActivity(ctx, name, args...)
}

// TestOptions asserts what a replay would not notice.
func TestOptions(t *testing.T) {
	t.Parallel()
	s := &spy{seen: map[string]workflow.ActivityOptions{}, passing: map[string]workflow.LocalActivityOptions{}}
	org := tenancy.OrgID(tenancy.NewID())
	for _, o := range []outcome{
		{passingErr: code("store_unavailable", true), inspect: picture, scan: clean, publish: files.Processing},
		{inspect: essay, scan: clean, previewFor: time.Minute, previewErr: code("internal", false), publish: files.Published},
		{inspect: document, scan: scan.ScanObjectResult{Verdict: verdict.Infected}},
	} {
		b := setup(o)
		b.in.Org = org
		b.env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{s}})
		_, err := b.run(t)
		require.NoError(t, err)
	}
	want := func(q queue.Name, attempt, overall time.Duration, attempts int32) workflow.ActivityOptions {
		return workflow.ActivityOptions{
			TaskQueue: string(q), StartToCloseTimeout: attempt, ScheduleToCloseTimeout: overall, HeartbeatTimeout: 20 * time.Second,
			WaitForCancellation: true, Priority: queue.For(org.String(), queue.Default),
			RetryPolicy: &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second, MaximumAttempts: attempts},
		}
	}
	require.Equal(t, map[string]workflow.ActivityOptions{
		"InspectObject":              want(queue.Interactive, time.Minute, 6*time.Hour, 0),
		"ScanObject":                 want(queue.Files, 30*time.Minute, 24*time.Hour, 0),
		"RenderPreviews on files":    want(queue.Files, 3*time.Minute, 6*time.Hour, 5),
		"RenderPreviews on previews": want(queue.Previews, 5*time.Minute, 6*time.Hour, 3),
		"GiveUpPreviews": {
			TaskQueue: "batch", StartToCloseTimeout: time.Minute, ScheduleToCloseTimeout: 24 * time.Hour, WaitForCancellation: true, Priority: queue.For(org.String(), queue.Default),
			RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second},
		},
		"QuarantineVersion": want(queue.Interactive, 10*time.Minute, 24*time.Hour, 0),
		"PublishVersion":    want(queue.Interactive, 10*time.Minute, 24*time.Hour, 0),
		"WithdrawVersion":   want(queue.Interactive, 5*time.Minute, 24*time.Hour, 0),
	}, s.seen)
	require.Equal(t, map[string]workflow.LocalActivityOptions{"InspectObject": {
		StartToCloseTimeout: 7 * time.Second, ScheduleToCloseTimeout: 7 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 100 * time.Second, MaximumAttempts: 1},
	}}, s.passing)
}

func TestProgressNamesTheStep(t *testing.T) {
	t.Parallel()
	b := setup(outcome{inspect: document, scan: clean, publish: files.Published})
	_, err := b.run(t)
	require.NoError(t, err)
	value, err := b.env.QueryWorkflow(upload.Progress)
	require.NoError(t, err)
	var progress upload.ProgressResult
	require.NoError(t, value.Get(&progress))
	require.Equal(t, files.StepPublish, progress.Step)
}

// TestAlwaysOneEnd runs random outcomes: whatever happens, the version is
// settled, what is not clean is never published, and nothing settles it twice
// but for a withdrawal after a settling step that failed.
func TestAlwaysOneEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fails := func(name string) error {
			return rapid.SampledFrom([]error{nil, nil, nil, code("internal", false), code(files.ErrVersionEnded.Code, false), errors.New("plain")}).Draw(t, name)
		}
		o := outcome{
			inspect: inspect.InspectObjectResult{
				Verdict: rapid.SampledFrom([]verdict.Verdict{verdict.Accepted, verdict.Accepted, verdict.Rejected, verdict.Unscannable, ""}).Draw(t, "inspect"),
				Image:   rapid.Bool().Draw(t, "image"),
				Preview: rapid.SampledFrom([]previews.Method{"", previews.Picture, previews.Office}).Draw(t, "preview"),
			},
			inspectErr: fails("inspectErr"), scanErr: fails("scanErr"), previewErr: fails("previewErr"),
			previewFor: rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "previewFor"),
			scan:       scan.ScanObjectResult{Verdict: rapid.SampledFrom([]verdict.Verdict{verdict.Clean, verdict.Clean, verdict.Infected, verdict.Unscannable, verdict.Rejected, ""}).Draw(t, "scan")},
			publish:    rapid.SampledFrom([]files.Status{files.Published, files.Processing, files.Deleted}).Draw(t, "publish"),
			publishErr: fails("publishErr"), quarantErr: fails("quarantineErr"),
			cancelAt: rapid.SampledFrom([]string{"", "", "InspectObject", "ScanObject", "RenderPreviews", "PublishVersion", "QuarantineVersion"}).Draw(t, "cancel"),
		}
		b := setup(o)
		_, _ = b.run(t)
		published := slices.Contains(b.started, "PublishVersion")
		if published {
			require.Equal(t, verdict.Accepted, o.inspect.Verdict)
			require.Equal(t, verdict.Clean, o.scan.Verdict)
		}
		require.False(t, published && slices.Contains(b.started, "QuarantineVersion"))
		require.LessOrEqual(t, len(b.withdraw), 1)
		require.GreaterOrEqual(t, b.settled(), 1)
		if len(b.withdraw) == 0 {
			last := b.started[len(b.started)-1]
			if last == "GiveUpPreviews" || last == "RenderPreviews" {
				last = "PublishVersion" // after which they came
			}
			require.Contains(t, []string{"PublishVersion", "QuarantineVersion"}, last)
		}
	})
}
