package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"satchel/internal/queue"
)

// TestIdleSweepsWriteNothing: no workflow and no row.
func TestIdleSweepsWriteNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.Sweep(t, "roll-up-activity") // the organization is new, so that its days are not counted yet
	b.Sweep(t, "make-months")      // the database may be of a month before
	for name, swept := range b.SweepAll(t) {
		require.Zero(t, swept, name)
	}
	var rows int
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select count(*) from operations").Scan(&rows))
	require.Zero(t, rows)
	found, err := b.Client.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: "TemporalScheduledById IS NULL"})
	require.NoError(t, err)
	require.Zero(t, found.GetCount())
}

// TestSavedViews of docs/operating.md are understood, and show work alone.
func TestSavedViews(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.published(t, "notes")
	require.Eventually(t, func() bool { // the worker makes its schedules in the background
		return b.Client.ScheduleClient().GetHandle(t.Context(), "clean-events").Trigger(t.Context(), client.ScheduleTriggerOptions{}) == nil
	}, patience, pause)
	for query, want := range map[string]int64{
		"JobKind IS NOT NULL": 1,
		"JobKind IS NOT NULL AND OrgId = '" + b.Org.String() + "'":                        1,
		"JobKind IS NOT NULL AND ExecutionStatus = 'Running'":                             0,
		"JobKind IS NOT NULL AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')": 0,
		"TemporalScheduledById IS NOT NULL":                                               1,
	} {
		require.Eventually(t, func() bool {
			found, err := b.Client.CountWorkflow(context.Background(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
			return err == nil && found.GetCount() >= want && (want > 0 || found.GetCount() == 0)
		}, patience, pause, query)
	}
}

// TestRetiredSchedulesGo, with what they started: no worker of today knows it.
func TestRetiredSchedulesGo(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	h, err := b.Client.ScheduleClient().Create(t.Context(), client.ScheduleOptions{
		ID: "sweep-uploads", Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: 24 * time.Hour}}}, TriggerImmediately: true,
		Action: &client.ScheduleWorkflowAction{ID: "sweep-uploads", Workflow: "SweepUploads", TaskQueue: string(queue.Batch)},
	})
	require.NoError(t, err)
	var run client.ScheduleWorkflowExecution
	require.Eventually(t, func() bool {
		d, err := h.Describe(context.Background())
		if err == nil && len(d.Info.RunningWorkflows) == 1 {
			run = d.Info.RunningWorkflows[0]
		}
		return run.WorkflowID != ""
	}, patience, pause)
	b.Start(t)
	require.Eventually(t, func() bool {
		_, err := h.Describe(context.Background())
		var gone *serviceerror.NotFound
		return errors.As(err, &gone)
	}, patience, pause)
	require.Eventually(t, func() bool {
		d, err := b.Client.DescribeWorkflowExecution(context.Background(), run.WorkflowID, run.FirstExecutionRunID)
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED
	}, patience, pause)
}
