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
	a, b, c := tenancy.NewID(), tenancy.NewID(), tenancy.NewID()
	places := queue.Places{a: b}
	uploads := sweep.SweepUploadsResult{
		Started: activities.StartWaitingUploadsResult{SweepResult: queue.Swept{Next: a}, NextOrganization: b}, Expired: queue.Swept{Next: c}}
	for name, w := range map[string]struct {
		workflow, in, last any
		expect             map[string]any // the input of each activity
	}{
		"uploads": {sweep.SweepUploads, sweep.SweepUploadsInput{Org: tenancy.Platform}, uploads, map[string]any{
			"StartWaitingUploads": activities.StartWaitingUploadsInput{Org: tenancy.Platform, After: a, AfterOrganization: b},
			"ExpireUploads":       activities.ExpireUploadsInput{Org: tenancy.Platform, After: c},
		}},
		"ended uploads": {sweep.CleanEndedUploads, sweep.CleanEndedUploadsInput{Org: tenancy.Platform}, queue.Swept{Next: a}, map[string]any{
			"CleanUploads": activities.CleanUploadsInput{Org: tenancy.Platform, After: a}}},
		"trash": {sweep.PurgeTrashedFiles, sweep.PurgeTrashedFilesInput{Org: tenancy.Platform}, activities.PurgeTrashResult{Places: places}, map[string]any{
			"PurgeTrash": activities.PurgeTrashInput{Org: tenancy.Platform, After: places}}},
		"idempotency keys": {sweep.CleanIdempotencyKeys, sweep.CleanIdempotencyKeysInput{Org: tenancy.Platform}, queue.Swept{Next: a}, map[string]any{
			"DeleteExpiredIdempotencyKeys": activities.DeleteExpiredIdempotencyKeysInput{Org: tenancy.Platform, After: a}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := environment()
			env.SetLastCompletionResult(w.last)
			for activity, in := range w.expect {
				// Each activity answers with what the run before had in its place.
				var result any = queue.Swept{Next: c}
				switch activity {
				case "StartWaitingUploads":
					result = uploads.Started
				case "PurgeTrash":
					result = activities.PurgeTrashResult{Places: places}
				}
				env.OnActivity(activity, mock.Anything, in).Return(result, nil).Once()
			}
			env.ExecuteWorkflow(w.workflow, w.in)
			require.NoError(t, env.GetWorkflowError())
			env.AssertExpectations(t)
			if name == "uploads" {
				var handedOver sweep.SweepUploadsResult
				require.NoError(t, env.GetWorkflowResult(&handedOver))
				require.Equal(t, uploads, handedOver)
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
		env.OnActivity("CleanUploads", mock.Anything, activities.CleanUploadsInput{Org: tenancy.Platform}).Return(queue.Swept{}, nil).Once()
		env.ExecuteWorkflow(sweep.CleanEndedUploads, sweep.CleanEndedUploadsInput{Org: tenancy.Platform})
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
		env.OnActivity("StartWaitingUploads", mock.Anything, mock.Anything).Return(activities.StartWaitingUploadsResult{}, errAway)
		env.OnActivity("ExpireUploads", mock.Anything, mock.Anything).Return(queue.Swept{Found: 1, Done: 1, Next: next}, nil)
		env.ExecuteWorkflow(sweep.SweepUploads, sweep.SweepUploadsInput{Org: tenancy.Platform})
		if next == uuid.Nil {
			require.ErrorContains(t, env.GetWorkflowError(), errAway.Error())
			continue
		}
		require.NoError(t, env.GetWorkflowError())
		var result sweep.SweepUploadsResult
		require.NoError(t, env.GetWorkflowResult(&result))
		require.Equal(t, next, result.Expired.Next)
	}
}
