// Package operations keeps one row for each job: what it is, where it waits, how far
// it is, how often it was tried and how it ended. The row outlives Temporal's history.
// It holds no arguments: what a job works on is in rows of its own.
package operations

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations/operationsdb"
)

// State is the state of an operation.
type State string

// The states. The first four are no end.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Retrying  State = "retrying" // an attempt failed, and another one comes
	Paused    State = "paused"   // it waits in a queue that is paused
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// States lists every state.
var States = []State{Waiting, Running, Retrying, Paused, Succeeded, Failed, Cancelled}

// Open says whether the work has not ended.
func (s State) Open() bool { return s == Waiting || s == Running || s == Retrying || s == Paused }

// Simple is the state of an operation as GET /operations shows it: what is open runs.
func (s State) Simple() State {
	if s.Open() {
		return Running
	}
	return s
}

// Class is whose fault the failure of a job is.
type Class string

// The classes.
const (
	Ours    Class = "ours"   // a mistake of this platform
	Theirs  Class = "theirs" // what it calls does not answer as it should
	Input   Class = "input"  // what it was given cannot be worked on
	Limit   Class = "limit"  // a quota, a rate, a budget
	Stopped Class = "cancelled"
)

// ClassOf gives the class of a failure.
func ClassOf(k fault.Kind) Class {
	switch k {
	case fault.Unavailable:
		return Theirs
	case fault.Limited, fault.OverQuota:
		return Limit
	case fault.Invalid, fault.Denied, fault.NotFound, fault.Conflict, fault.TooLarge:
		return Input
	case fault.Internal:
		return Ours
	}
	return Ours
}

// ErrNotFound refuses an operation that this organization does not have.
var ErrNotFound = fault.New(fault.NotFound, "operation_not_found", "There is no such operation.")

// ErrJustEnded asks to try again: the operation that ran already ended before its id
// could be read.
var ErrJustEnded = fault.New(fault.Conflict, "operation_just_ended", "The same work ended in this moment. Send the request again.")

// Operation is one row.
type Operation struct {
	ID         uuid.UUID
	Kind       string
	WorkflowID string
	State      State
	Steps      json.RawMessage
	Result     json.RawMessage
	Error      json.RawMessage
	CreatedBy  *uuid.UUID
	CreatedAt  time.Time
	EndedAt    *time.Time

	// Where it waits and how early it comes; empty: as its kind says.
	Queue    queue.Name
	Priority Priority

	Target      Target
	Attempts    int // of the step in hand
	Rounds      int // how often it was started again
	NextTryAt   *time.Time
	StartedAt   *time.Time
	Done, Total int64 // Total is zero where it is not known
	ReasonClass Class
	ReasonCode  string
	CostMicro   int64 // millionths of the unit of money
}

// Target is what a job is about: its type and its id.
type Target struct {
	Type string
	ID   *uuid.UUID
}

// Step is how far one part of an operation is.
type Step struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"` // where it is known
}

// Failure is why an operation failed: a stable code, nothing of the data.
type Failure struct {
	Code string `json:"code"`
}

// AlreadyRunning refuses an operation while another one does the same work.
type AlreadyRunning struct{ ID uuid.UUID } // the one that does

// Error names it.
func (a AlreadyRunning) Error() string { return "operation " + a.ID.String() + " does this already" }

// Insert makes the row of an operation that is about to start. The row comes
// first: a workflow without one would have nowhere to report. A row that an
// earlier try made is found. Where an index allows one running operation of the
// kind, the answer beside it is AlreadyRunning.
func Insert(ctx context.Context, q tenancy.Queries, o Operation) error {
	place := Kinds[o.Kind].Place()
	n, err := operationsdb.New(q).OperationInsert(ctx, operationsdb.OperationInsertParams{
		ID: o.ID, Kind: o.Kind, WorkflowID: o.WorkflowID, Steps: o.Steps, CreatedBy: o.CreatedBy,
		Queue: string(cmp.Or(o.Queue, place.Queue)), Priority: string(cmp.Or(o.Priority, place.Priority)), TargetType: o.Target.Type, TargetID: o.Target.ID})
	if err != nil {
		return fmt.Errorf("insert operation: %w", err)
	}
	if n == 1 {
		return nil
	}
	there, err := operationsdb.New(q).OperationInTheWay(ctx, operationsdb.OperationInTheWayParams{ID: o.ID, Kind: o.Kind})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrJustEnded // between the two statements
	case err != nil:
		return fmt.Errorf("find running operation: %w", err)
	case there != o.ID:
		return AlreadyRunning{there}
	}
	return nil
}

// sum is how far all steps together are. A total is known when each step knows its own.
func sum(steps []Step) (done, total int64) {
	known := true
	for _, s := range steps {
		done, total, known = done+s.Done, total+s.Total, known && s.Total > 0
	}
	if !known {
		total = 0
	}
	return done, total
}

// Progress says how far a running operation is.
func Progress(ctx context.Context, q tenancy.Queries, id uuid.UUID, steps []Step) error {
	encoded, err := encode(steps)
	if err != nil {
		return err
	}
	done, total := sum(steps)
	n, err := operationsdb.New(q).OperationProgress(ctx, operationsdb.OperationProgressParams{ID: id, Steps: encoded, Done: done, Total: total})
	return found(n, err, "note progress of operation")
}

// End says how an operation ended. The first end stays: a repeated call changes
// nothing.
func End(ctx context.Context, q tenancy.Queries, id uuid.UUID, state State, steps []Step, result any, trouble *Failure) error {
	p := operationsdb.OperationEndParams{ID: id, State: string(state)}
	var err error
	if p.Steps, err = encode(steps); err != nil {
		return err
	}
	if p.Result, err = encode(result); err != nil {
		return err
	}
	if p.Error, err = encode(trouble); err != nil {
		return err
	}
	if len(steps) > 0 {
		done, total := sum(steps)
		p.Done, p.Total = &done, &total
	}
	switch state {
	case Cancelled:
		p.ReasonClass = string(Stopped)
	case Failed:
		p.ReasonClass = string(Ours)
	default: // it went well
	}
	if trouble != nil {
		p.ReasonCode = trouble.Code
	}
	n, err := operationsdb.New(q).OperationEnd(ctx, p)
	return found(n, err, "end operation")
}

// encode gives the JSON of a column. What is nil, also behind an interface, is
// SQL's null and not JSON's.
func encode(what any) (json.RawMessage, error) {
	b, err := json.Marshal(what)
	if err != nil {
		return nil, fmt.Errorf("encode operation: %w", err)
	}
	if string(b) == "null" {
		return nil, nil
	}
	return b, nil
}

// Reopen lets an operation that failed, or was called off while its work was
// not, report again: its work is started again. What succeeded stays.
func Reopen(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	if _, err := operationsdb.New(q).OperationReopen(ctx, id); err != nil {
		return fmt.Errorf("reopen operation: %w", err)
	}
	return nil
}

func found(n int64, err error, doing string) error {
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", doing, err)
	case n == 0:
		return ErrNotFound
	}
	return nil
}

// Get reads an operation.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Operation, error) {
	o, err := operationsdb.New(q).OperationGet(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Operation{}, ErrNotFound
	case err != nil:
		return Operation{}, fmt.Errorf("read operation: %w", err)
	}
	return fromRow(o), nil
}

func fromRow(o operationsdb.OperationGetRow) Operation {
	return Operation{ID: o.ID, Kind: o.Kind, WorkflowID: o.WorkflowID, State: State(o.State), Steps: o.Steps, Result: o.Result, Error: o.Error,
		CreatedBy: o.CreatedBy, CreatedAt: o.CreatedAt, EndedAt: o.EndedAt, Queue: queue.Name(o.Queue), Priority: Priority(o.Priority),
		Target: Target{o.TargetType, o.TargetID}, Attempts: int(o.Attempts), Rounds: int(o.Rounds), NextTryAt: o.NextTryAt, StartedAt: o.StartedAt,
		Done: o.Done, Total: o.Total, ReasonClass: Class(o.ReasonClass), ReasonCode: o.ReasonCode, CostMicro: o.CostMicro}
}
