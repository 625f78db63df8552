package roblox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	activity "satchel/activities/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/operations"
	"satchel/workflows/roblox"
)

// testBundle is one run with scripted activities.
type testBundle struct {
	*testsuite.TestWorkflowEnvironment
	t        *testing.T
	in       roblox.SyncRobloxInput
	plan     activity.PlanSyncResult
	planned  int
	rounds   []activity.AdvanceAssetsResult // the last one again and again
	failure  error                          // of a round
	done     int
	maps     int
	figures  int
	finished int
	recorded []operation.RecordOperationInput
	place    activity.PublishPlaceResult
	ended    []activity.EndPublicationInput
}

func setup(t *testing.T) *testBundle {
	var suite testsuite.WorkflowTestSuite
	b := &testBundle{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t, in: roblox.SyncRobloxInput{Org: tenancy.OrgID(tenancy.NewID()), Connection: tenancy.NewID(), Operation: tenancy.NewID()}}
	b.RegisterActivity(&activity.Activities{})
	b.RegisterActivity(&activity.Records{})
	b.RegisterActivity(&operation.Activities{})
	b.OnActivity("RecordOperation", mock.Anything, mock.Anything).Return(func(_ context.Context, in operation.RecordOperationInput) (operation.RecordOperationResult, error) {
		b.recorded = append(b.recorded, in)
		return operation.RecordOperationResult{}, nil
	}).Maybe()
	b.OnActivity("PlanSync", mock.Anything, mock.Anything).Return(func(context.Context, activity.PlanSyncInput) (activity.PlanSyncResult, error) {
		b.planned++
		return b.plan, nil
	}).Maybe()
	b.OnActivity("AdvanceAssets", mock.Anything, mock.Anything).Return(func(context.Context, activity.AdvanceAssetsInput) (activity.AdvanceAssetsResult, error) {
		r := b.rounds[min(b.done, len(b.rounds)-1)]
		b.done++
		return r, b.failure
	}).Maybe()
	b.OnActivity("PublishAssetMap", mock.Anything, mock.Anything).Return(func(context.Context, activity.PublishAssetMapInput) (activity.PublishAssetMapResult, error) {
		b.maps++
		return activity.PublishAssetMapResult{Changed: true}, nil
	}).Maybe()
	b.OnActivity("FinishSync", mock.Anything, mock.Anything).Return(func(context.Context, activity.FinishSyncInput) (activity.FinishSyncResult, error) {
		b.finished++
		return activity.FinishSyncResult{Assets: map[connections.State]int64{connections.Live: 1}}, nil
	}).Maybe()
	b.OnActivity("ReadFigures", mock.Anything, mock.Anything).Return(func(context.Context, activity.ReadFiguresInput) (activity.ReadFiguresResult, error) {
		b.figures++
		return activity.ReadFiguresResult{}, nil
	}).Maybe()
	b.OnActivity("PublishPlace", mock.Anything, mock.Anything).Return(func(context.Context, activity.PublishPlaceInput) (activity.PublishPlaceResult, error) {
		return b.place, b.failure
	}).Maybe()
	b.OnActivity("EndPublication", mock.Anything, mock.Anything).Return(func(_ context.Context, in activity.EndPublicationInput) (activity.EndPublicationResult, error) {
		b.ended = append(b.ended, in)
		return activity.EndPublicationResult{}, nil
	}).Maybe()
	return b
}

func (b *testBundle) run() error {
	b.ExecuteWorkflow(roblox.SyncRoblox, b.in)
	require.True(b.t, b.IsWorkflowCompleted())
	return b.GetWorkflowError()
}

func (b *testBundle) last() operation.RecordOperationInput { return b.recorded[len(b.recorded)-1] }

func TestASyncGoesToItsEnd(t *testing.T) {
	b := setup(t)
	b.rounds = []activity.AdvanceAssetsResult{{Done: 5, Left: 5}, {Done: 5, Left: 2, Wait: time.Second}, {Done: 2, Left: 1, Wait: time.Hour}, {Done: 1}}
	begun := b.Now()
	require.NoError(t, b.run())
	require.Equal(t, 2, b.maps, "before a long wait, so that what is live can be used, and at the end")
	require.GreaterOrEqual(t, b.Now().Sub(begun), time.Hour)
	require.Equal(t, 1, b.figures)
	require.Equal(t, 1, b.finished)
	require.Equal(t, operations.Succeeded, b.last().State)
	require.EqualValues(t, 13, b.last().Steps[0].Done)
}

func TestWhatStopsASync(t *testing.T) {
	for name, change := range map[string]func(*testBundle){
		"when it is planned": func(b *testBundle) { b.plan.Stop = "roblox_key_refused" },
		"on the way": func(b *testBundle) {
			b.rounds = []activity.AdvanceAssetsResult{{Done: 1, Left: 3, Stop: "roblox_key_refused"}}
		},
	} {
		b := setup(t)
		change(b)
		require.NoError(t, b.run(), name)
		require.Zero(t, b.maps, name)
		require.Equal(t, 1, b.finished, name)
		require.Equal(t, operations.Failed, b.last().State, name)
		require.Equal(t, "roblox_key_refused", b.last().Failure.Code, name)
	}
}

func TestASyncThatTakesTooLong(t *testing.T) {
	b := setup(t)
	b.rounds = []activity.AdvanceAssetsResult{{Left: 1, Wait: 10 * time.Hour}}
	require.NoError(t, b.run())
	require.Equal(t, "roblox_sync_late", b.last().Failure.Code)
}

func TestALongSyncGoesOnInAnotherRun(t *testing.T) {
	b := setup(t)
	b.rounds = []activity.AdvanceAssetsResult{{Done: 1, Left: 1}}
	err := b.run()
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, err, &next)
	require.Zero(t, b.finished)
	again := setup(t)
	again.in.Begun, again.in.Done = again.Now(), 200
	again.rounds = []activity.AdvanceAssetsResult{{Done: 1}}
	require.NoError(t, again.run())
	require.Zero(t, again.planned, "it is planned once")
	require.EqualValues(t, 201, again.last().Steps[0].Done)
}

func TestASyncThatIsCalledOff(t *testing.T) {
	b := setup(t)
	b.rounds = []activity.AdvanceAssetsResult{{Done: 1, Left: 1, Wait: time.Hour}}
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)
	require.Error(t, b.run())
	require.Equal(t, operations.Cancelled, b.last().State)
	require.Equal(t, 1, b.finished)
}

func TestASyncThatFails(t *testing.T) {
	b := setup(t)
	b.rounds, b.failure = []activity.AdvanceAssetsResult{{}}, temporal.NewNonRetryableApplicationError("m", "no_encryption_keys", nil)
	require.Error(t, b.run())
	require.Equal(t, "no_encryption_keys", b.last().Failure.Code)
}

func TestPlaces(t *testing.T) {
	for state, want := range map[string]operations.State{connections.PlaceDone: operations.Succeeded, connections.PlaceUnsure: operations.Failed, connections.PlaceFailed: operations.Failed} {
		b := setup(t)
		b.place = activity.PublishPlaceResult{State: state, Code: "c", Number: 3}
		b.ExecuteWorkflow(roblox.PublishRobloxPlace, roblox.PublishRobloxPlaceInput{Org: b.in.Org, Publication: b.in.Operation})
		require.NoError(t, b.GetWorkflowError())
		require.Equal(t, want, b.last().State)
		require.Empty(t, b.ended)
	}
	b := setup(t)
	b.failure = temporal.NewNonRetryableApplicationError("m", "no_encryption_keys", errors.New("e"))
	b.ExecuteWorkflow(roblox.PublishRobloxPlace, roblox.PublishRobloxPlaceInput{Org: b.in.Org, Publication: b.in.Operation})
	require.Error(t, b.GetWorkflowError())
	require.Equal(t, "no_encryption_keys", b.ended[0].Code)
}
