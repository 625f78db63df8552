package roster_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	importing "satchel/activities/roster"
	"satchel/internal/queue"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/roster"
)

// testBundle is one run with scripted turns.
type testBundle struct {
	*testsuite.TestWorkflowEnvironment
	in       roster.ImportRosterInput
	recorded []operation.RecordOperationInput
	failed   []string
}

func script(turns ...importing.TakeRosterTurnResult) *testBundle {
	var suite testsuite.WorkflowTestSuite
	b := &testBundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), in: roster.ImportRosterInput{Org: tenancy.OrgID(tenancy.NewID()), Import: tenancy.NewID()}}
	b.RegisterActivity(&importing.Activities{})
	b.RegisterActivity(&operation.Activities{})
	b.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
			b.recorded = append(b.recorded, in)
			return operation.RecordOperationResult{}, nil
		}).Maybe()
	b.OnActivity("FailRoster", mock.Anything, mock.Anything).Return(
		func(_ context.Context, in importing.FailRosterInput) (importing.FailRosterResult, error) {
			b.failed = append(b.failed, in.Code)
			return importing.FailRosterResult{}, nil
		}).Maybe()
	for _, turn := range turns {
		b.OnActivity("TakeRosterTurn", mock.Anything, importing.TakeRosterTurnInput{Org: b.in.Org, Import: b.in.Import}).Return(turn, nil).Once()
	}
	b.OnActivity("CompareRoster", mock.Anything, mock.Anything).Return(importing.CompareRosterResult{Hash: "h", Total: 900, Holds: 1}, nil).Maybe()
	return b
}

func (b *testBundle) reads(r importing.ReadRosterResult) {
	b.OnActivity("ReadRoster", mock.Anything, importing.ReadRosterInput{Org: b.in.Org, Import: b.in.Import}).Return(r, nil)
}

func (b *testBundle) applies(slices ...importing.ApplyRosterResult) {
	for _, s := range slices {
		b.OnActivity("ApplyRoster", mock.Anything, mock.Anything).Return(s, nil).Once()
	}
}

func (b *testBundle) run() (roster.ImportRosterResult, error) {
	b.ExecuteWorkflow(roster.ImportRoster, b.in)
	var r roster.ImportRosterResult
	if err := b.GetWorkflowError(); err != nil {
		return r, err
	}
	return r, b.GetWorkflowResult(&r)
}

func (b *testBundle) end() operation.RecordOperationInput { return b.recorded[len(b.recorded)-1] }

func turn(next rosters.Next) importing.TakeRosterTurnResult {
	return importing.TakeRosterTurnResult{Next: next}
}

var wait = importing.TakeRosterTurnResult{Next: rosters.NextWait, Until: time.Now().Add(7 * 24 * time.Hour)}

// TestDecisionIsWaitedFor: a signal has the rows looked at, and a change of the source
// in between has the changes found again.
func TestDecisionIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := script(turn(rosters.NextCompare), wait, wait, turn(rosters.NextCompare), turn(rosters.NextApply))
	b.reads(importing.ReadRosterResult{})
	b.applies(importing.ApplyRosterResult{Changes: 500, More: true}, importing.ApplyRosterResult{Changes: 400})
	b.OnActivity("FinishRoster", mock.Anything, importing.FinishRosterInput{Org: b.in.Org, Import: b.in.Import}).Return(importing.FinishRosterResult{Report: rosters.Report{Applied: 900}}, nil).Once()
	b.OnActivity("CleanRosterRows", mock.Anything, mock.Anything).Return(importing.CleanRosterRowsResult{}, nil).Once()
	for n := range 2 {
		b.RegisterDelayedCallback(func() { b.SignalWorkflow(roster.DecisionSignal, roster.Decided{}) }, time.Duration(n+1)*time.Hour)
	}
	r, err := b.run()
	require.NoError(t, err)
	require.Equal(t, rosters.Applied, r.State)
	require.EqualValues(t, 900, r.Report.Applied)
	require.Equal(t, operations.Succeeded, b.end().State)
	require.Equal(t, operations.Step{Name: "apply", State: operations.Succeeded, Done: 900, Total: 900}, b.end().Steps[3])
	require.Empty(t, b.failed)
	b.AssertExpectations(t)
}

// TestTimeOfADecisionEnds without a signal.
func TestTimeOfADecisionEnds(t *testing.T) {
	t.Parallel()
	b := script(turn(rosters.NextCompare), wait, importing.TakeRosterTurnResult{Next: rosters.NextEnd, State: rosters.Discarded, Code: "not_decided"})
	b.reads(importing.ReadRosterResult{})
	r, err := b.run()
	require.NoError(t, err)
	require.Equal(t, roster.ImportRosterResult{State: rosters.Discarded, Code: "not_decided"}, r)
	require.Equal(t, operations.Failed, b.end().State)
	require.Equal(t, "not_decided", b.end().Failure.Code)
	b.AssertExpectations(t)
}

// TestPackageThatIsNotUsed ends the operation with the reason, and is no failure of the
// workflow's.
func TestPackageThatIsNotUsed(t *testing.T) {
	t.Parallel()
	b := script()
	b.reads(importing.ReadRosterResult{Stopped: true, Code: "infected"})
	r, err := b.run()
	require.NoError(t, err)
	require.Equal(t, rosters.Stopped, r.State)
	require.Equal(t, &operations.Failure{Code: "infected"}, b.end().Failure)
	require.Equal(t, []operations.Step{{Name: "read", State: operations.Failed}}, b.end().Steps)
}

// TestFailureEndsTheImport: what was applied stays.
func TestFailureEndsTheImport(t *testing.T) {
	t.Parallel()
	b := script(turn(rosters.NextApply))
	b.reads(importing.ReadRosterResult{})
	b.OnActivity("ApplyRoster", mock.Anything, mock.Anything).Return(importing.ApplyRosterResult{}, temporal.NewNonRetryableApplicationError("no", "roster_import_ended", nil))
	_, err := b.run()
	require.Error(t, err)
	require.Equal(t, []string{"roster_import_ended"}, b.failed)
	require.Equal(t, operations.Failed, b.end().State)
	require.Equal(t, "roster_import_ended", b.end().Failure.Code)
}

// TestCancelledImportEnds while it waits.
func TestCancelledImportEnds(t *testing.T) {
	t.Parallel()
	b := script(turn(rosters.NextCompare), wait)
	b.reads(importing.ReadRosterResult{})
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)
	_, err := b.run()
	require.Error(t, err)
	require.Equal(t, []string{"import_failed"}, b.failed)
	require.Equal(t, operations.Cancelled, b.end().State)
}

// TestLongImportGoesOnInAnother, with how far it came.
func TestLongImportGoesOnInAnother(t *testing.T) {
	t.Parallel()
	b := script(turn(rosters.NextApply))
	b.reads(importing.ReadRosterResult{})
	b.SetContinueAsNewSuggested(true)
	_, err := b.run()
	require.True(t, workflow.IsContinueAsNewError(err), "%v", err)
	require.Empty(t, b.failed)
}

func TestUndoTakesSlicesBack(t *testing.T) {
	t.Parallel()
	b := script()
	in := roster.UndoRosterInput{Org: b.in.Org, Import: b.in.Import}
	b.OnActivity("UndoRoster", mock.Anything, mock.Anything).Return(importing.UndoRosterResult{More: true}, nil).Once()
	b.OnActivity("UndoRoster", mock.Anything, mock.Anything).Return(importing.UndoRosterResult{}, nil).Once()
	b.OnActivity("FinishRoster", mock.Anything, importing.FinishRosterInput{Org: in.Org, Import: in.Import, Undone: true}).Return(importing.FinishRosterResult{}, nil).Once()
	b.ExecuteWorkflow(roster.UndoRoster, in)
	require.NoError(t, b.GetWorkflowError())
	require.Equal(t, rosters.UndoOperation(in.Import), b.end().ID)
	require.Equal(t, operations.Succeeded, b.end().State)
	b.AssertExpectations(t)
}

// TestPickUpLooksAndReports: that the one fails does not keep the other from its end.
func TestPickUpLooksAndReports(t *testing.T) {
	t.Parallel()
	b := script()
	b.RegisterActivity(&importing.Inbox{})
	b.OnActivity("PickUpRosters", mock.Anything, importing.PickUpRostersInput{Org: tenancy.Platform}).Return(queue.Swept{Found: 2, Done: 2}, nil).Once()
	b.OnActivity("FindUnknownInboxes", mock.Anything, importing.FindUnknownInboxesInput{Org: tenancy.Platform}).Return(
		importing.FindUnknownInboxesResult{}, temporal.NewNonRetryableApplicationError("no", "x", nil)).Once()
	b.ExecuteWorkflow(roster.PickUpRosters, roster.PickUpRostersInput{Org: tenancy.Platform})
	require.ErrorContains(t, b.GetWorkflowError(), "find unknown folders")
	b.AssertExpectations(t)
}
