// Package replaytest runs workflows for tests: recorded histories through the code of today,
// since a workflow that an older build started must find the same way, and workflows of today
// with activities that a test answers for.
package replaytest

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"satchel/internal/tracing"
)

// Histories replays every history of the package's testdata, of which there are
// at least so many; they says what they show.
func Histories(t *testing.T, least int, they string, workflows ...any) {
	t.Helper()
	histories, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(histories), least, they)
	for _, path := range histories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			for _, interceptors := range [][]interceptor.WorkerInterceptor{nil, traced(t)} { // an operator may turn traces on and off
				replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{Interceptors: interceptors})
				require.NoError(t, err)
				for _, w := range workflows {
					replayer.RegisterWorkflow(w)
				}
				require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), path))
			}
		})
	}
}

// traced gives what makes spans of workflows.
func traced(t *testing.T) (found []interceptor.WorkerInterceptor) {
	t.Helper()
	traces, err := tracing.To(t.Context(), tracetest.NewNoopExporter(), "replay", func(e trace.SpanExporter) trace.TracerProviderOption { return trace.WithSyncer(e) })
	require.NoError(t, err)
	interceptors, err := traces.Workflows()
	require.NoError(t, err)
	for _, i := range interceptors {
		found = append(found, i.(interceptor.WorkerInterceptor))
	}
	return found
}

// Steps gives an environment that knows the activities and notes each that starts, as "name
// on queue".
func Steps(activities ...any) (env *testsuite.TestWorkflowEnvironment, started *[]string) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env, started = suite.NewTestWorkflowEnvironment(), &[]string{}
	for _, a := range activities {
		env.RegisterActivity(a)
	}
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		*started = append(*started, info.ActivityType.Name+" on "+info.TaskQueue)
	})
	return env, started
}
