package queue

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Preset says how long and how often an activity is tried. There are four, by
// what the activity waits for. A workflow takes one and changes only what its
// process needs; it types no options of its own.
type Preset struct {
	attempt   time.Duration // one attempt
	overall   time.Duration // all attempts and the waits in the queue
	heartbeat time.Duration // zero: the activity sends none
	first     time.Duration // pause behind the first attempt; it doubles
	longest   time.Duration // pause
	attempts  int32         // zero: as many as fit
	awaited   bool
}

// MailPause is the longest pause between two attempts at a mail: a mail server
// that is down for an hour is asked a dozen times.
const MailPause = 5 * time.Minute

// The presets. The overall time is the end of the patience with broken
// infrastructure and leaves room for a long queue.
var (
	// Short is for a few statements on the database.
	Short = Preset{attempt: time.Minute, overall: 24 * time.Hour, first: time.Second, longest: 30 * time.Second}
	// Store is for calls to the object store about one file. The longest pause is
	// short: after an outage people wait for it.
	Store = Preset{attempt: 10 * time.Minute, overall: 24 * time.Hour, heartbeat: HeartbeatTimeout, first: 500 * time.Millisecond, longest: 10 * time.Second}
	// Long is for work over many bytes or many rows, which heartbeats.
	Long = Preset{attempt: 6 * time.Hour, overall: 24 * time.Hour, heartbeat: HeartbeatTimeout, first: time.Second, longest: time.Minute}
	// Mail is for a mail server, which answers slowly and is away for long.
	Mail = Preset{attempt: 2 * time.Minute, overall: 24 * time.Hour, heartbeat: HeartbeatTimeout, first: 2 * time.Second, longest: MailPause}
)

// Within changes the time of one attempt and of all of them.
func (p Preset) Within(attempt, overall time.Duration) Preset {
	p.attempt, p.overall = attempt, overall
	return p
}

// Attempts bounds the number of attempts.
func (p Preset) Attempts(n int32) Preset {
	p.attempts = n
	return p
}

// Heartbeat changes the heartbeat timeout, for work that heartbeats an item; zero
// for none.
func (p Preset) Heartbeat(timeout time.Duration) Preset {
	p.heartbeat = timeout
	return p
}

// Pauses changes the pause behind the first attempt and the longest one.
func (p Preset) Pauses(first, longest time.Duration) Preset {
	p.first, p.longest = first, longest
	return p
}

// Awaited lets a workflow that is cancelled wait for the activity's end, where
// what undoes it, or another attempt, must not run beside it.
func (p Preset) Awaited() Preset {
	p.awaited = true
	return p
}

// Options are the activity options of one organization's work on a queue.
func (p Preset) Options(q Name, org string, priority int) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue: string(q), StartToCloseTimeout: p.attempt, ScheduleToCloseTimeout: p.overall, HeartbeatTimeout: p.heartbeat,
		WaitForCancellation: p.awaited, Priority: For(org, priority),
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: p.first, BackoffCoefficient: 2, MaximumInterval: p.longest, MaximumAttempts: p.attempts},
	}
}

// Inherits is the context of a step whose priority is that of its workflow, so that it
// follows when the priority of a running job is changed.
func (p Preset) Inherits(ctx workflow.Context, q Name) workflow.Context {
	o := p.Options(q, "", 0)
	o.Priority = temporal.Priority{}
	return workflow.WithActivityOptions(ctx, o)
}

// On is the context of one organization's work on a queue.
func (p Preset) On(ctx workflow.Context, q Name, org string, priority int) workflow.Context {
	return workflow.WithActivityOptions(ctx, p.Options(q, org, priority))
}

// ForSweep is Long with the patience of a sweep: it gives up early, because the
// next scheduled run goes on where it ended.
func ForSweep() Preset {
	return Long.Within(5*time.Minute, 10*time.Minute).Attempts(3).Heartbeat(30*time.Second).Pauses(time.Second, 10*time.Second)
}
