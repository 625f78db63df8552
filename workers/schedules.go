package workers

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
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
