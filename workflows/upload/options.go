package upload

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/internal/queue"
	"satchel/tenancy"
)

// step is how one step is done: where, how long one attempt may take, and how
// long all of them together may, waiting in the queue included. Every step
// heartbeats, so that a dead worker is noticed soon.
type step struct {
	queue            queue.Name
	attempt, overall time.Duration
	attempts         int32 // zero: as many as fit
}

// The steps. Overall times are the end of patience with broken infrastructure
// and leave room for a long queue; a scanner that is away is given up much
// sooner, by the scan itself.
var (
	inspecting   = step{queue: queue.Interactive, attempt: time.Minute, overall: 6 * time.Hour}
	scanning     = step{queue: queue.Files, attempt: 30 * time.Minute, overall: 24 * time.Hour}
	rendering    = step{queue: queue.Files, attempt: 3 * time.Minute, overall: 6 * time.Hour, attempts: 5}
	quarantining = step{queue: queue.Interactive, attempt: 10 * time.Minute, overall: 24 * time.Hour}
	publishing   = step{queue: queue.Interactive, attempt: 10 * time.Minute, overall: 24 * time.Hour}
	withdrawing  = step{queue: queue.Interactive, attempt: 5 * time.Minute, overall: 24 * time.Hour}
)

// The longest pause between two attempts is short: after an outage people wait
// for it, and the load of asking is one small call a step.
const longestPause = 10 * time.Second

// options gives a step its activity options. A cancelled step is waited for:
// what undoes it must not run beside it.
func (w step) options(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              string(w.queue),
		StartToCloseTimeout:    w.attempt,
		ScheduleToCloseTimeout: w.overall,
		HeartbeatTimeout:       queue.HeartbeatTimeout,
		WaitForCancellation:    true,
		Priority:               queue.For(org.String(), queue.Default),
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2,
			MaximumInterval: longestPause, MaximumAttempts: w.attempts,
		},
	})
}

// localTimeout bounds a step that is done inside a workflow task, well below the time
// after which Temporal takes the task for lost.
const localTimeout = 5 * time.Second

// localOptions gives a short step one attempt inside the workflow task.
func localOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: localTimeout, ScheduleToCloseTimeout: localTimeout,
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}
