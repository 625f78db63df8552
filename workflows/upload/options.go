package upload

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/internal/queue"
	"satchel/policies/previews"
	"satchel/tenancy"
)

// step is how one step is done: where, and with which patience.
type step struct {
	queue  queue.Name
	preset queue.Preset
}

// The steps. A scanner that is away is given up much sooner than the overall time
// says, by the scan itself. Every step heartbeats, so that a dead worker is noticed
// soon, and a cancelled step is waited for: what undoes it must not run beside it.
var (
	inspecting    = step{queue.Interactive, queue.Store.Within(time.Minute, 6*time.Hour)}
	scanning      = step{queue.Files, uploaded.Within(30*time.Minute, 24*time.Hour)}
	rendering     = step{queue.Files, uploaded.Within(3*time.Minute, 6*time.Hour).Attempts(5)}
	converting    = step{queue.Previews, uploaded.Within(5*time.Minute, 6*time.Hour).Attempts(3)}
	givingUp      = step{queue.Batch, queue.Short}
	inspectingPII = step{queue.Files, uploaded.Within(3*time.Minute, 6*time.Hour).Attempts(5)}
	holding       = step{queue.Files, queue.Store}
	quarantining  = step{queue.Interactive, queue.Store}
	publishing    = step{queue.Interactive, queue.Store}
	withdrawing   = step{queue.Interactive, queue.Store.Within(5*time.Minute, 24*time.Hour)}
)

// uploaded is Long with short pauses: people wait for their file after an outage,
// and the load of asking is one small call a step.
var uploaded = queue.Long.Pauses(500*time.Millisecond, 10*time.Second)

// previewing is how previews are made: pictures where scans are done, and what needs
// programs of others where it delays no scan.
func previewing(method previews.Method) step {
	if method.Quick() {
		return rendering
	}
	return converting
}

func (w step) options(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	return w.preset.Awaited().On(ctx, w.queue, org.String(), queue.Default)
}

// localTimeout bounds a step that is done inside a workflow task, its wait for a slot included, below
// the time after which Temporal takes the task for lost.
const localTimeout = 7 * time.Second

// localOptions gives a short step one attempt inside the workflow task.
func localOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: localTimeout, ScheduleToCloseTimeout: localTimeout,
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}
