package operation

import (
	"cmp"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

var recorder *Activities // by name; its receiver is never called here

// Report is the workflow's side of an operation. One without an ID, as a
// schedule's run has it, writes nothing.
type Report struct {
	Org      tenancy.OrgID
	ID       uuid.UUID
	Priority int           // of package queue
	Timeout  time.Duration // how long a row is tried to be written; zero is a day
}

const defaultTimeout = 24 * time.Hour

// Progress says how far the work is.
func (r Report) Progress(ctx workflow.Context, steps []operations.Step, result any) error {
	return r.record(ctx, RecordOperationInput{State: operations.Running, Steps: steps, Result: result})
}

// End writes how the work ended, and gives the error with which the workflow
// ends. code names a failure. It runs on a context
// of its own, since the one that was cancelled starts nothing any more; a run
// that goes on in another has no end yet.
func (r Report) End(ctx workflow.Context, err error, code string, steps func(operations.State) []operations.Step, result any) error {
	if workflow.IsContinueAsNewError(err) {
		return err
	}
	in := RecordOperationInput{State: operations.Succeeded, Result: result}
	switch {
	case ctx.Err() != nil:
		in.State = operations.Cancelled
	case err != nil:
		in.State, in.Failure = operations.Failed, &operations.Failure{Code: code}
	}
	in.Steps = steps(in.State)
	if recordErr := r.recordOn(ctx, in); recordErr != nil {
		err = errors.Join(err, recordErr)
	}
	return err
}

// Cancelled writes that the work was called off before it began, which is no
// failure of the workflow's.
func (r Report) Cancelled(ctx workflow.Context, steps []operations.Step) error {
	return r.recordOn(ctx, RecordOperationInput{State: operations.Cancelled, Steps: steps})
}

// Unsuccessful writes that the work came to its end without what was asked for, which
// is no failure of the workflow's: a package that cannot be used, or a person's no.
func (r Report) Unsuccessful(ctx workflow.Context, code string, steps func(operations.State) []operations.Step, result any) error {
	in := RecordOperationInput{State: operations.Failed, Steps: steps(operations.Failed), Result: result, Failure: &operations.Failure{Code: code}}
	return r.recordOn(ctx, in)
}

// OneStep is the steps of work that has a single one.
func OneStep(name string) func(operations.State) []operations.Step {
	return func(state operations.State) []operations.Step {
		s := operations.Step{Name: name, State: state, Total: 1}
		if state == operations.Succeeded {
			s.Done = 1
		}
		return []operations.Step{s}
	}
}

// Code is what the worker called the failure of an activity, or otherwise.
func Code(err error, otherwise string) string {
	var known *temporal.ApplicationError
	if errors.As(err, &known) && known.Type() != "" {
		return known.Type()
	}
	return otherwise
}

// recordOn writes on a context that no one cancels.
func (r Report) recordOn(ctx workflow.Context, in RecordOperationInput) error {
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	return r.record(own, in)
}

func (r Report) record(ctx workflow.Context, in RecordOperationInput) error {
	if r.ID == uuid.Nil {
		return nil
	}
	in.Org, in.ID = r.Org, r.ID
	ctx = queue.Short.Within(time.Minute, cmp.Or(r.Timeout, defaultTimeout)).On(ctx, queue.Batch, r.Org.String(), r.Priority)
	return workflow.ExecuteActivity(ctx, recorder.RecordOperation, in).Get(ctx, nil)
}
