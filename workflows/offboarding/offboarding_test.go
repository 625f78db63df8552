package offboarding_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/operation"
	"satchel/activities/organization"
	"satchel/internal/queue"
	"satchel/internal/replaytest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/offboarding"
)

// testBundle is one run with scripted activities.
type testBundle struct {
	*testsuite.TestWorkflowEnvironment
	in       offboarding.DeleteOrganizationInput
	queues   map[string]string // of each activity
	recorded []operation.RecordOperationInput
}

func script() *testBundle {
	var suite testsuite.WorkflowTestSuite
	b := &testBundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), in: offboarding.DeleteOrganizationInput{
		Org: tenancy.Platform, Target: tenancy.OrgID(tenancy.NewID()), Operation: tenancy.NewID(), Grace: 30 * 24 * time.Hour}}
	b.queues = map[string]string{}
	b.SetOnActivityStartedListener(func(i *activity.Info, _ context.Context, _ converter.EncodedValues) {
		b.queues[i.ActivityType.Name] = i.TaskQueue
	})
	b.RegisterActivity(&organization.BatchActivities{})
	b.RegisterActivity(&operation.Activities{})
	b.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
			b.recorded = append(b.recorded, in)
			return operation.RecordOperationResult{}, nil
		})
	return b
}

func (b *testBundle) begin(begun bool, err error) *testsuite.MockCallWrapper {
	in := organization.BeginDeletionInput{Org: tenancy.Platform, Target: b.in.Target, Operation: b.in.Operation}
	return b.OnActivity("BeginDeletion", mock.Anything, in).Return(organization.BeginDeletionResult{Begun: begun}, err)
}

// removal scripts everything behind the point of no return.
func (b *testBundle) removal() {
	b.OnActivity("EndUploads", mock.Anything, organization.EndUploadsInput{Org: tenancy.Platform, Target: b.in.Target}).Return(organization.EndUploadsResult{Ended: 1}, nil).Once()
	b.OnActivity("StopWorkflows", mock.Anything, mock.Anything).Return(organization.StopWorkflowsResult{Cancelled: 2, Terminated: 3}, nil).Once()
	b.OnActivity("RemoveFiles", mock.Anything, mock.Anything).Return(organization.RemoveFilesResult{Files: 4, Objects: 5}, nil).Once()
	b.OnActivity("DeleteOrganizationRows", mock.Anything, mock.Anything).Return(organization.DeleteOrganizationRowsResult{Rows: map[string]int64{"files": 4}}, nil).Once()
}

func (b *testBundle) run() error {
	b.ExecuteWorkflow(offboarding.DeleteOrganization, b.in)
	return b.GetWorkflowError()
}

func (b *testBundle) end() operation.RecordOperationInput { return b.recorded[len(b.recorded)-1] }

func (b *testBundle) names() (names []string) {
	for _, s := range b.end().Steps {
		names = append(names, s.Name)
	}
	return names
}

func TestDeletionWaitsAndThenRemovesEverything(t *testing.T) {
	t.Parallel()
	b := script()
	asked := b.Now()
	b.begin(true, nil).Once().Run(func(mock.Arguments) { require.GreaterOrEqual(t, b.Now().Sub(asked), b.in.Grace) })
	b.removal()
	require.NoError(t, b.run())
	require.Equal(t, operations.Succeeded, b.end().State)
	require.Equal(t, []string{"grace", "uploads", "workflows", "files", "rows"}, b.names())
	var sum offboarding.DeleteOrganizationResult
	require.NoError(t, b.GetWorkflowResult(&sum))
	require.Equal(t, offboarding.DeleteOrganizationResult{Target: b.in.Target, UploadsEnded: 1, WorkflowsCancelled: 2, WorkflowsEnded: 3,
		Files: 4, Objects: 5, Rows: map[string]int64{"files": 4}}, sum)
	b.AssertExpectations(t)
	for name, q := range b.queues {
		require.Equal(t, string(queue.Batch), q, "%s may last for hours", name)
	}
	require.Len(t, b.queues, 6)
}

func TestKeptInItsGracePeriodIsCancelled(t *testing.T) {
	t.Parallel()
	b := script()
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Hour)
	require.Error(t, b.run())
	require.Equal(t, operations.Cancelled, b.end().State)
	require.Nil(t, b.end().Failure)
}

// TestKeptWithoutACancellationIsCalledOff: Temporal was away when it was kept.
func TestKeptWithoutACancellationIsCalledOff(t *testing.T) {
	t.Parallel()
	b := script()
	b.begin(false, nil).Once()
	require.NoError(t, b.run())
	require.Equal(t, operations.Cancelled, b.end().State)
	b.AssertExpectations(t)
}

// TestDeletionThatCannotBeginFails, and is not taken for one that was called off.
func TestDeletionThatCannotBeginFails(t *testing.T) {
	t.Parallel()
	b := script()
	b.begin(false, temporal.NewNonRetryableApplicationError("no", "store_unavailable", nil))
	require.Error(t, b.run())
	require.Equal(t, operations.Failed, b.end().State)
	require.Equal(t, &operations.Failure{Code: "store_unavailable"}, b.end().Failure)
}

// TestNoOneStopsWhatHasBegun: a cancellation behind the point of no return
// changes nothing, neither what is done nor what is told of it.
func TestNoOneStopsWhatHasBegun(t *testing.T) {
	t.Parallel()
	b := script()
	b.begin(true, nil).Once().After(2 * time.Hour)
	b.removal()
	b.RegisterDelayedCallback(b.CancelWorkflow, b.in.Grace+time.Hour)
	require.NoError(t, b.run())
	require.Equal(t, operations.Succeeded, b.end().State)
	b.AssertExpectations(t)
}

func TestFailureOnTheWayHasACodeAndShowsHowFarItCame(t *testing.T) {
	t.Parallel()
	b := script()
	b.begin(true, nil)
	b.OnActivity("EndUploads", mock.Anything, mock.Anything).Return(organization.EndUploadsResult{}, nil)
	b.OnActivity("StopWorkflows", mock.Anything, mock.Anything).Return(organization.StopWorkflowsResult{}, temporal.NewNonRetryableApplicationError("no", "", nil))
	require.Error(t, b.run())
	require.Equal(t, operations.Failed, b.end().State)
	require.Equal(t, &operations.Failure{Code: "deletion_failed"}, b.end().Failure)
	require.Equal(t, []string{"grace", "uploads"}, b.names())
}

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordOrganizations -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 2, "done, kept", offboarding.DeleteOrganization)
}

// TestDeletionWaitsForHolds: it says so by a step, looks again, and goes on when the last one is
// released. Its workflow's cancellation has the row looked at once more, and waits on.
func TestDeletionWaitsForHolds(t *testing.T) {
	t.Parallel()
	b := script()
	held, in := 3, organization.BeginDeletionInput{Org: tenancy.Platform, Target: b.in.Target, Operation: b.in.Operation}
	var looked []time.Time
	b.OnActivity("BeginDeletion", mock.Anything, in).Return(func(context.Context, organization.BeginDeletionInput) (organization.BeginDeletionResult, error) {
		looked = append(looked, b.Now())
		if held--; held >= 0 {
			return organization.BeginDeletionResult{OnHold: true}, nil
		}
		return organization.BeginDeletionResult{Begun: true}, nil
	})
	b.removal()
	b.RegisterDelayedCallback(b.CancelWorkflow, b.in.Grace+time.Hour)
	require.NoError(t, b.run())
	require.Equal(t, []string{"grace", "hold", "uploads", "workflows", "files", "rows"}, b.names())
	require.Len(t, looked, 4)
	require.Equal(t, time.Hour, looked[1].Sub(looked[0]).Round(time.Minute), "at once when it is cancelled")
	require.Equal(t, 6*time.Hour, looked[2].Sub(looked[1]).Round(time.Minute))
}
