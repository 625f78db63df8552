package verification_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	verifying "satchel/activities/verification"
	"satchel/internal/queue"
	"satchel/internal/replaytest"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/verification"
)

// testBundle is one run with scripted steps.
type testBundle struct {
	env      *testsuite.TestWorkflowEnvironment
	asked    []int64 // behind which event each step began
	queues   []string
	recorded []operation.RecordOperationInput
}

func setup(steps ...audit.Verification) *testBundle {
	var suite testsuite.WorkflowTestSuite
	b := &testBundle{env: suite.NewTestWorkflowEnvironment()}
	b.env.RegisterWorkflow(verification.VerifyAuditLog)
	b.env.RegisterActivity(&verifying.Activities{})
	b.env.RegisterActivity(&operation.Activities{})
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		b.queues = append(b.queues, info.TaskQueue)
	})
	for _, v := range steps {
		b.env.OnActivity("VerifyAuditEvents", mock.Anything, mock.Anything).Return(
			func(_ context.Context, in verifying.VerifyAuditEventsInput) (verifying.VerifyAuditEventsResult, error) {
				b.asked = append(b.asked, in.Verification.Chain.Seq)
				return verifying.VerifyAuditEventsResult{Verification: v}, nil
			}).Once()
	}
	b.env.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
			b.recorded = append(b.recorded, in)
			return operation.RecordOperationResult{}, nil
		})
	return b
}

func (b *testBundle) run() error {
	b.env.ExecuteWorkflow(verification.VerifyAuditLog, verification.VerifyAuditLogInput{Org: tenancy.OrgID(tenancy.NewID()), Operation: tenancy.NewID()})
	return b.env.GetWorkflowError()
}

func (b *testBundle) last() operation.RecordOperationInput { return b.recorded[len(b.recorded)-1] }

func at(seq int64) audit.Verification {
	return audit.Verification{Chain: audit.Chain{Seq: seq}, Head: audit.Head{Seq: 5}}
}

func ended(v audit.Verification) audit.Verification {
	v.Ended = true
	return v
}

func TestStepsGoOnWhereTheOneBeforeEnded(t *testing.T) {
	t.Parallel()
	b := setup(at(2), at(4), ended(at(5)))
	require.NoError(t, b.run())
	require.Equal(t, []int64{0, 2, 4}, b.asked)
	require.Len(t, b.recorded, 3)
	require.Equal(t, []operations.Step{{Name: "events", State: operations.Running, Done: 2, Total: 5}}, b.recorded[0].Steps)
	require.Equal(t, operations.Succeeded, b.last().State)
	require.Equal(t, []operations.Step{{Name: "events", State: operations.Succeeded, Done: 5, Total: 5}}, b.last().Steps)
	var report audit.Report
	require.NoError(t, b.env.GetWorkflowResult(&report))
	require.True(t, report.OK)
	require.EqualValues(t, 5, report.Events)
	for _, q := range b.queues {
		require.Equal(t, string(queue.Batch), q, "behind what people wait for")
	}
}

func TestABrokenLogIsAResult(t *testing.T) {
	t.Parallel()
	v := ended(at(2))
	v.FirstBroken = &audit.BrokenChain{Seq: 3, Reason: "is missing"}
	b := setup(v)
	require.NoError(t, b.run())
	require.Equal(t, operations.Succeeded, b.last().State)
	var report audit.Report
	require.NoError(t, b.env.GetWorkflowResult(&report))
	require.False(t, report.OK)
	require.Equal(t, v.FirstBroken, report.FirstBroken)
}

func TestFailureIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(at(2))
	b.env.OnActivity("VerifyAuditEvents", mock.Anything, mock.Anything).Return(verifying.VerifyAuditEventsResult{}, temporal.NewNonRetryableApplicationError("x", "store_unavailable", nil))
	require.Error(t, b.run())
	require.Equal(t, operations.Failed, b.last().State)
	require.Equal(t, "store_unavailable", b.last().Failure.Code)
	require.Nil(t, b.last().Result, "half a report would look like a whole one")
	require.EqualValues(t, 2, b.last().Steps[0].Done)
}

func TestCancellationIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup()
	b.env.OnActivity("VerifyAuditEvents", mock.Anything, mock.Anything).Return(
		func(context.Context, verifying.VerifyAuditEventsInput) (verifying.VerifyAuditEventsResult, error) {
			b.env.CancelWorkflow()
			return verifying.VerifyAuditEventsResult{}, temporal.NewCanceledError()
		})
	require.Error(t, b.run())
	require.Equal(t, operations.Cancelled, b.last().State)
}

func TestLongRunContinuesAsNew(t *testing.T) {
	t.Parallel()
	b := setup(at(2))
	b.env.SetContinueAsNewSuggested(true)
	err := b.run()
	require.True(t, workflow.IsContinueAsNewError(err), "%v", err)
	require.Len(t, b.recorded, 1)
	require.Equal(t, operations.Running, b.last().State, "the operation is not at its end")
}

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordVerifications -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 2, "done, many steps", verification.VerifyAuditLog)
}
