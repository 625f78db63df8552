package workers

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"satchel/internal/queue"
	"satchel/tenancy"
)

// A worker that starts after an outage does not run every sweep that was missed:
// one does the same. Temporal's default would be a year of them.
const catchUp = time.Minute

// ensureSchedule creates or updates a schedule of this build. All workers call it at
// their start; when nothing differs, it changes nothing.
func ensureSchedule(ctx context.Context, schedules client.ScheduleClient, q queue.Name, s queue.Schedule) error {
	action := &client.ScheduleWorkflowAction{
		ID: s.ID, Workflow: s.Workflow, Args: []any{s.Input}, TaskQueue: string(q),
		WorkflowExecutionTimeout: max(time.Hour, s.Every, s.Longest), // a lost run must not block the ones after it for ever
		Priority:                 queue.For(tenancy.Platform.String(), queue.Default),
	}
	spec := client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: s.Every}}, Jitter: s.Every / 10}
	_, err := schedules.Create(ctx, client.ScheduleOptions{
		ID: s.ID, Spec: spec, Action: action, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: catchUp,
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	return schedules.GetHandle(ctx, s.ID).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			schedule := in.Description.Schedule
			schedule.Spec, schedule.Action = &spec, action
			schedule.Policy = &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: catchUp}
			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	})
}

// retired are the schedules of earlier builds. What they did is a sweep now, and what they
// would start is a workflow that no worker knows.
var retired = []string{
	"clean-ended-uploads", "sweep-changes", "sweep-edge", "sweep-exports", "sweep-invitations", "sweep-notifications", "sweep-organizations", "sweep-previews",
	"sweep-rosters", "sweep-shares", "sweep-texts", "sweep-uploads", "sweep-usage-warnings", "sweep-verifications", "sweep-webhooks",
}

// retireSchedule deletes a schedule and ends what it started: no worker will go on with
// that. One that is not there succeeds.
func retireSchedule(ctx context.Context, c client.Client, id string) error {
	h := c.ScheduleClient().GetHandle(ctx, id)
	found, err := h.Describe(ctx)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := h.Delete(ctx); err != nil && !gone(err) {
		return err
	}
	for _, run := range found.Info.RunningWorkflows {
		if err := c.TerminateWorkflow(ctx, run.WorkflowID, run.FirstExecutionRunID, "its schedule is retired"); err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

func gone(err error) bool {
	var notFound *serviceerror.NotFound
	return errors.As(err, &notFound)
}
