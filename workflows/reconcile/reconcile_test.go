package reconcile_test

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
	activities "satchel/activities/reconcile"
	"satchel/internal/queue"
	"satchel/internal/replaytest"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/reconcile"
)

// TestReplay runs recorded histories through the code of today. Record with
// go test ./workers/pipeline -run TestRecordPlatform -record.
func TestReplay(t *testing.T) {
	t.Parallel()
	replaytest.Histories(t, 2, "asked for, due", reconcile.ReconcileStorage)
}

// bench is one run with scripted activities.
type bench struct {
	*testsuite.TestWorkflowEnvironment
	recorded []operation.RecordOperationInput
	queues   map[string]string // of each activity
}

func setup() *bench {
	var suite testsuite.WorkflowTestSuite
	b := &bench{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), queues: map[string]string{}}
	b.RegisterActivity(&activities.Activities{})
	b.RegisterActivity(&operation.Activities{})
	b.SetOnActivityStartedListener(func(i *activity.Info, _ context.Context, _ converter.EncodedValues) {
		b.queues[i.ActivityType.Name] = i.TaskQueue
	})
	b.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
			b.recorded = append(b.recorded, in)
			return operation.RecordOperationResult{}, nil
		})
	return b
}

func (b *bench) run(in reconcile.ReconcileStorageInput) error {
	in.Org = tenancy.Platform
	b.ExecuteWorkflow(reconcile.ReconcileStorage, in)
	return b.GetWorkflowError()
}

// stretch is the answer to an activity that has looked at some organizations.
func stretch(more bool, organizations, failed, orphans int64) activities.ReconcileOrganizationsResult {
	return activities.ReconcileOrganizationsResult{
		More: more, Organizations: organizations, Failed: failed, Counts: map[activities.Kind]int64{activities.OrphanClean: orphans},
		Findings: make([]activities.Finding, orphans), Next: activities.Cursor{Last: tenancy.OrgID{15: byte(organizations)}},
	}
}

// TestFailedOrganizationsFailTheRunAtItsEnd: the run goes on behind them, and the
// report of all others is in the operation.
func TestFailedOrganizationsFailTheRunAtItsEnd(t *testing.T) {
	t.Parallel()
	b := setup()
	in := activities.ReconcileOrganizationsInput{Org: tenancy.Platform, Repair: true, Deep: true, Grace: time.Minute}
	first := stretch(true, 50, 2, 3)
	b.OnActivity("ReconcileOrganizations", mock.Anything, in).Return(first, nil).Once()
	in.After = first.Next
	b.OnActivity("ReconcileOrganizations", mock.Anything, in).Return(stretch(false, 7, 0, 1), nil).Once()
	err := b.run(reconcile.ReconcileStorageInput{Operation: tenancy.NewID(), Repair: true, Deep: true, Grace: time.Minute})
	var failure *temporal.ApplicationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, "organizations_failed", failure.Type())
	require.ErrorContains(t, err, "2 of 57 organizations failed")
	b.AssertExpectations(t)
	require.Equal(t, map[string]string{"ReconcileOrganizations": string(queue.Batch), "RecordOperation": string(queue.Batch)}, b.queues)

	end := b.recorded[len(b.recorded)-1]
	require.Equal(t, operations.Failed, end.State)
	require.Equal(t, "check_failed", end.Failure.Code)
	report := end.Result.(map[string]any)
	require.EqualValues(t, 57, report["organizations"])
	require.EqualValues(t, 2, report["failed"])
	require.Equal(t, map[string]any{"orphan_clean": 4.0}, report["counts"])
	require.Len(t, report["findings"], 4)
}

// TestDueRunEndsBeforeTheNextBegins: what is still due after three quarters of an hour
// is left to the next run, and nothing is written into an operation.
func TestDueRunEndsBeforeTheNextBegins(t *testing.T) {
	t.Parallel()
	b := setup()
	in := activities.ReconcileDueOrganizationsInput{Org: tenancy.Platform, Repair: true, Grace: reconcile.DefaultGrace}
	b.OnActivity("ReconcileDueOrganizations", mock.Anything, in).After(10*time.Minute).Return(stretch(true, 4, 0, 1), nil)
	began := b.Now()
	schedule := reconcile.Schedules()[0]
	require.NoError(t, b.run(schedule.Input.(reconcile.ReconcileStorageInput)))
	b.AssertNumberOfCalls(t, "ReconcileDueOrganizations", 5)
	require.Less(t, b.Now().Sub(began), schedule.Every)
	require.Empty(t, b.recorded)
	var sum reconcile.ReconcileStorageResult
	require.NoError(t, b.GetWorkflowResult(&sum))
	require.EqualValues(t, 20, sum.Organizations)
	require.EqualValues(t, 5, sum.Counts[activities.OrphanClean])
}

func TestDueRunEndsWhenNothingIsDue(t *testing.T) {
	t.Parallel()
	b := setup()
	b.OnActivity("ReconcileDueOrganizations", mock.Anything, mock.Anything).Return(stretch(false, 3, 1, 0), nil).Once()
	require.ErrorContains(t, b.run(reconcile.ReconcileStorageInput{Due: true}), "1 of 3 organizations failed")
	b.AssertNumberOfCalls(t, "ReconcileDueOrganizations", 1)
}
