package pipeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"satchel/internal/queue"
)

// countRuns says how many runs of its schedule completed before it. The second one
// fails.
func countRuns(ctx workflow.Context) (queue.Swept, error) {
	last := queue.LastResult[queue.Swept](ctx)
	if info := workflow.GetInfo(ctx); last.Found == 1 && last.Failed == 0 && info.Attempt == 1 && workflow.GetLastError(ctx) == nil {
		return queue.Swept{Failed: 99}, queue.FailedOf("the second run", 1, 0)
	}
	last.Found++
	return last, nil
}

// TestScheduleHandsOverTheLastResult of a real server: to the next run, and past a run
// that failed.
func TestScheduleHandsOverTheLastResult(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	w := sdk.New(b.Client, "count-runs", sdk.Options{})
	w.RegisterWorkflow(countRuns)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	schedule, err := b.Client.ScheduleClient().Create(t.Context(), client.ScheduleOptions{
		ID: "count-runs", Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: time.Second}}},
		Action: &client.ScheduleWorkflowAction{ID: "count-runs", Workflow: countRuns, TaskQueue: "count-runs"},
	})
	require.NoError(t, err)
	most := 0
	require.Eventually(t, func() bool {
		described, err := schedule.Describe(t.Context())
		if err != nil {
			return false
		}
		for _, ran := range described.Info.RecentActions {
			started := ran.StartWorkflowResult
			var swept queue.Swept
			if b.Client.GetWorkflow(t.Context(), started.WorkflowID, started.FirstExecutionRunID).Get(t.Context(), &swept) == nil {
				most = max(most, swept.Found)
				require.Zero(t, swept.Failed, "a failed run hands over nothing")
			}
		}
		return most >= 3
	}, patience, pause)
}
