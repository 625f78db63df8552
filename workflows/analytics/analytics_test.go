package analytics_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	building "satchel/activities/analytics"
	"satchel/activities/operation"
	"satchel/analytics/reports"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/analytics"
)

// testBundle is one run with scripted activities.
type testBundle struct {
	*testsuite.TestWorkflowEnvironment
	in       analytics.BuildReportInput
	failure  error
	tries    int
	recorded []operation.RecordOperationInput
	ended    []building.EndReportInput
}

func setup() *testBundle {
	var suite testsuite.WorkflowTestSuite
	b := &testBundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), in: analytics.BuildReportInput{Org: tenancy.OrgID(tenancy.NewID()), Report: tenancy.NewID()}}
	b.RegisterActivity(&building.Builder{})
	b.RegisterActivity(&operation.Activities{})
	b.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
		b.recorded = append(b.recorded, in)
		return operation.RecordOperationResult{}, nil
	})
	b.OnActivity("BuildReport", mock.Anything, mock.Anything).Return(func(context.Context, building.BuildReportInput) (building.BuildReportResult, error) {
		b.tries++
		return building.BuildReportResult{State: reports.Ready, File: tenancy.NewID()}, b.failure
	}).Maybe()
	b.OnActivity("EndReport", mock.Anything, mock.Anything).Return(func(_ context.Context, in building.EndReportInput) (building.EndReportResult, error) {
		b.ended = append(b.ended, in)
		return building.EndReportResult{}, nil
	}).Maybe()
	return b
}

func (b *testBundle) last() operation.RecordOperationInput { return b.recorded[len(b.recorded)-1] }

func TestAReportIsBuilt(t *testing.T) {
	t.Parallel()
	b := setup()
	b.ExecuteWorkflow(analytics.BuildReport, b.in)
	require.NoError(t, b.GetWorkflowError())
	require.Equal(t, operations.Succeeded, b.last().State)
	require.Empty(t, b.ended)
}

// TestFailures: one that another try cannot cure ends the report at once, the others after
// ten tries.
func TestFailures(t *testing.T) {
	t.Parallel()
	for code, final := range map[string]bool{"report_not_allowed": true, "store_unavailable": false} {
		b := setup()
		b.failure = temporal.NewApplicationErrorWithOptions(code, code, temporal.ApplicationErrorOptions{NonRetryable: final})
		b.ExecuteWorkflow(analytics.BuildReport, b.in)
		require.Error(t, b.GetWorkflowError())
		require.Equal(t, map[bool]int{true: 1, false: 10}[final], b.tries)
		require.Equal(t, []building.EndReportInput{{Org: b.in.Org, Report: b.in.Report, State: reports.Failed, Code: code}}, b.ended)
		require.Equal(t, operations.Failed, b.last().State)
		require.Equal(t, code, b.last().Failure.Code)
	}
}

// TestCancelled while it waits for another try: the report ends too.
func TestCancelled(t *testing.T) {
	t.Parallel()
	b := setup()
	b.failure = temporal.NewApplicationError("down", "store_unavailable")
	b.RegisterDelayedCallback(b.CancelWorkflow, 3*time.Second)
	b.ExecuteWorkflow(analytics.BuildReport, b.in)
	require.Error(t, b.GetWorkflowError())
	require.Equal(t, []building.EndReportInput{{Org: b.in.Org, Report: b.in.Report, State: reports.Cancelled}}, b.ended)
	require.Equal(t, operations.Cancelled, b.last().State)
}
