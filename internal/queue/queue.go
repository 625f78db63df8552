// Package queue is the vocabulary of Temporal task queues: which exist, what
// priorities and fairness a piece of work carries, and what a part of the
// platform contributes to a worker.
package queue

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
)

// Name is a task queue. Work is split by kind, never by priority alone:
// priority does not pre-empt, so a step of milliseconds must not share slots
// with one of seconds.
type Name string

// The queues.
const (
	Interactive Name = "interactive" // workflow tasks and short steps someone waits for
	Files       Name = "files"       // inspect, scan, pictures: bounded by memory and by clamd's threads
	Previews    Name = "previews"    // previews by programs that take seconds and hundreds of megabytes
	Batch       Name = "batch"       // reconciliation, clean-up, exports, analytics
	External    Name = "external"    // calls to other people's systems, rate-limited
	AI          Name = "ai"          // calls to models that make content
	Mails       Name = "mail"        // mails of notifications
	Roblox      Name = "roblox"      // calls to Roblox
)

// Names lists every queue.
// A system whose rate is limited has a queue of its own, of activities alone: limits, pauses
// and figures are a queue's, and a pause does not hold what a workflow on the same queue
// begins with its own task.
var Names = []Name{Interactive, Files, Previews, Batch, External, AI, Mails, Roblox}

// Pausable says whether operators may pause the queue or limit its rate. Interactive is
// not among them: its steps begin with their workflow's task, which no limit holds.
func (n Name) Pausable() bool { return n != Interactive }

// The three priorities that the platform uses. Temporal's keys run from 1
// (first) to 5.
const (
	High    = 1
	Default = 3
	Low     = 5
)

// For gives the priority of one organization's work. The organization is the
// fairness key: a backlog of one organization's files does not delay another's.
func For(org string, key int) temporal.Priority {
	return temporal.Priority{PriorityKey: key, FairnessKey: org, FairnessWeight: 1}
}

// Component is what one package contributes to the worker of one queue. A new
// process is one package and one Component.
type Component struct {
	Queue      Name
	Workflows  []any // workflow functions; with versioned workers, an open one goes on in the build that is current
	Pinned     []any // workflow functions too; with versioned workers, one ends on the build that began it. For what ends within minutes and does not continue as new
	Activities []any // pointers to structs whose exported methods are activities
	Schedules  []Schedule
	Sweeps     []Sweep
}

// Sweep is a look for what is left, and the work on what is found. It runs in the process
// of one worker of the deployment at a time and is no workflow: one that finds nothing
// writes nothing. What it starts are workflows with ids of their own, so a second run
// beside the first does no harm.
type Sweep struct {
	Name    string
	Every   time.Duration // between two runs
	Longest time.Duration // that one run may take; five minutes when it is zero
	Run     SweepFunc
}

// SweepFunc does one run. It begins behind the item after, and at the head for the zero
// id; its result says where the next one goes on.
type SweepFunc func(ctx context.Context, after uuid.UUID) (Swept, error)

// Schedule is a recurring workflow, of which operators see each run: for what comes every
// few minutes or less often. Its id is fixed, so that every worker that starts agrees on
// one schedule.
type Schedule struct {
	ID       string
	Every    time.Duration
	Longest  time.Duration // that one run may take; an hour or Every when that is longer
	Workflow any
	Input    any
}
