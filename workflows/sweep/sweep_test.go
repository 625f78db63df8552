package sweep_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	activities "satchel/activities/sweep"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/workflows/sweep"
)

var errAway = errors.New("away")

func environment() *testsuite.TestWorkflowEnvironment {
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.RegisterActivity(&activities.Activities{})
	return env
}

// TestRunGoesOnWhereTheLastOneEnded: every sweep takes its place from the result of
// the run before, and hands its own to the next.
func TestRunGoesOnWhereTheLastOneEnded(t *testing.T) {
	t.Parallel()
	a, b := tenancy.NewID(), tenancy.NewID()
	places := queue.Places{a: b}
	for name, w := range map[string]struct {
		workflow, in, last any
		expect             map[string]any // the input of each activity
	}{
		"trash": {sweep.PurgeTrashedFiles, sweep.PurgeTrashedFilesInput{Org: tenancy.Platform}, activities.PurgeTrashResult{Places: places}, map[string]any{
			"PurgeTrash": activities.PurgeTrashInput{Org: tenancy.Platform, After: places}}},
		"retention": {sweep.ApplyRetention, sweep.ApplyRetentionInput{Org: tenancy.Platform}, activities.ApplyRetentionResult{Places: places}, map[string]any{
			"ApplyRetention": activities.ApplyRetentionInput{Org: tenancy.Platform, After: places}}},
		"idempotency keys": {sweep.CleanIdempotencyKeys, sweep.CleanIdempotencyKeysInput{Org: tenancy.Platform}, queue.Swept{Next: a}, map[string]any{
			"DeleteExpiredIdempotencyKeys": activities.DeleteExpiredIdempotencyKeysInput{Org: tenancy.Platform, After: a}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := environment()
			env.SetLastCompletionResult(w.last)
			for activity, in := range w.expect {
				var result any = queue.Swept{}
				if activity == "PurgeTrash" {
					result = activities.PurgeTrashResult{Places: places}
				}
				if activity == "ApplyRetention" {
					result = activities.ApplyRetentionResult{Places: places}
				}
				env.OnActivity(activity, mock.Anything, in).Return(result, nil).Once()
			}
			env.ExecuteWorkflow(w.workflow, w.in)
			require.NoError(t, env.GetWorkflowError())
			env.AssertExpectations(t)
			if name == "trash" {
				var handedOver activities.PurgeTrashResult
				require.NoError(t, env.GetWorkflowResult(&handedOver))
				require.Equal(t, places, handedOver.Places)
			}
		})
	}
}

// TestFirstRunBeginsAtTheHead, and so does one behind a result that it cannot read.
func TestFirstRunBeginsAtTheHead(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]any{"no result": nil, "another build's": "a text"} {
		env := environment()
		if last != nil {
			env.SetLastCompletionResult(last)
		}
		env.OnActivity("DeleteExpiredIdempotencyKeys", mock.Anything, activities.DeleteExpiredIdempotencyKeysInput{Org: tenancy.Platform}).Return(queue.Swept{}, nil).Once()
		env.ExecuteWorkflow(sweep.CleanIdempotencyKeys, sweep.CleanIdempotencyKeysInput{Org: tenancy.Platform})
		require.NoError(t, env.GetWorkflowError(), name)
		env.AssertExpectations(t)
	}
}

// TestPlaceOutlivesTheOtherSweepsFailure: a failed run hands over nothing, so a run
// with a place to hand over does not fail.
func TestPlaceOutlivesTheOtherSweepsFailure(t *testing.T) {
	t.Parallel()
	for _, next := range []uuid.UUID{uuid.Nil, tenancy.NewID()} {
		env := environment()
		env.OnActivity("EndPeople", mock.Anything, mock.Anything).Return(queue.Swept{}, errAway)
		env.OnActivity("DeleteOldLoginRequests", mock.Anything, mock.Anything).Return(queue.Swept{Found: 1, Done: 1, Next: next}, nil)
		env.ExecuteWorkflow(sweep.SweepPeople, sweep.SweepPeopleInput{Org: tenancy.Platform})
		if next == uuid.Nil {
			require.ErrorContains(t, env.GetWorkflowError(), errAway.Error())
			continue
		}
		require.NoError(t, env.GetWorkflowError())
		var result sweep.SweepPeopleResult
		require.NoError(t, env.GetWorkflowResult(&result))
		require.Equal(t, next, result.Deleted.Next)
	}
}
