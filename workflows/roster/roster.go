// Package roster is the process that imports a roster: the package is read, compared
// with what is there, shown to a person where that is needed, and applied.
package roster

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/roster"
	"satchel/internal/queue"
	"satchel/rosters"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// By name; their receivers are never called here.
var (
	importer *roster.Activities
	inbox    *roster.Inbox
)

// What operations of these processes are called.
const (
	Kind     = "import_roster"
	UndoKind = "undo_roster"
)

// DecisionSignal tells a waiting import that something was decided, or that its
// source is paused no more. The rows say what.
const DecisionSignal = "decision"

// Decided names what was decided about which changes. It is empty for a change of the
// pause.
type Decided struct {
	Decision rosters.Decision `json:",omitempty"`
	Hash     string           `json:",omitempty"`
}

// ImportRosterInput names the organization and the import, whose operation has the
// same id.
type ImportRosterInput struct {
	Org    tenancy.OrgID
	Import uuid.UUID

	// How far it is, carried on when a long run continues as new.
	Total   int64
	Changes int64
}

// ImportRosterResult says how the import ended.
type ImportRosterResult struct {
	State  rosters.State   `json:"state"`
	Code   string          `json:"code,omitempty"` // why nothing was imported
	Report *rosters.Report `json:"report,omitempty"`
}

// WorkflowID names the workflow of an import.
func WorkflowID(org tenancy.OrgID, id uuid.UUID) string {
	return "roster/" + org.String() + "/" + id.String()
}

// Begin makes the rows of an import whose package is in the store, and starts its
// workflow. One that cannot be started is started by the sweep.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, org tenancy.OrgID, p rosters.Package) error {
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: p.Import, Kind: Kind, WorkflowID: WorkflowID(org, p.Import), CreatedBy: p.By},
		Org:       org, Action: "roster.import", Swept: true,
		Change: func(tx *tenancy.Tx) error { return rosters.Begin(ctx, tx, p) },
		Start:  func(ctx context.Context, id uuid.UUID) error { return Start(ctx, c, org, id) },
	})
	return err
}

// Start starts the workflow of an import, or finds it started.
func Start(ctx context.Context, c client.Client, org tenancy.OrgID, id uuid.UUID) error {
	in := ImportRosterInput{Org: org, Import: id}
	_, err := c.ExecuteWorkflow(ctx, queue.Start(WorkflowID(org, id), queue.Batch, org.String(), queue.For(org.String(), queue.Default), "roster"), ImportRoster, in)
	if err != nil {
		return fmt.Errorf("start ImportRoster: %w", err)
	}
	return nil
}

// Look tells the workflow of an import to look at its rows. That of an import that has
// ended is not there any more, which the sweep finds out.
func Look(ctx context.Context, c client.Client, org tenancy.OrgID, id uuid.UUID, d Decided) error {
	if err := c.SignalWorkflow(ctx, WorkflowID(org, id), "", DecisionSignal, d); err != nil {
		return fmt.Errorf("signal ImportRoster: %w", err)
	}
	return nil
}

// ImportRoster carries an import to its end. What an import may change is decided by
// its rows; a signal only has it look at them.
func ImportRoster(ctx workflow.Context, in ImportRosterInput) (ImportRosterResult, error) {
	r := &run{in: in, report: operation.Report{Org: in.Org, ID: in.Import, Priority: queue.Default}}
	result, err := r.all(options(ctx, in.Org))
	if workflow.IsContinueAsNewError(err) {
		return result, err
	}
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	code := operation.Code(err, "import_failed")
	if err != nil {
		fail := roster.FailRosterInput{Org: in.Org, Import: in.Import, Code: code}
		if failErr := workflow.ExecuteActivity(options(own, in.Org), importer.FailRoster, fail).Get(own, nil); failErr != nil {
			err = fmt.Errorf("%w; end the import: %w", err, failErr)
		}
	} else if result.State != rosters.Applied {
		return result, r.report.Unsuccessful(ctx, cmp.Or(result.Code, string(result.State)), r.steps, result)
	}
	if endErr := r.report.End(ctx, err, code, r.steps, result); endErr != nil {
		return result, endErr
	}
	return result, r.clean(ctx)
}

// run is one run of ImportRoster.
type run struct {
	in     ImportRosterInput
	step   string
	report operation.Report
}

// The steps as the operation shows them.
const (
	stepRead    = "read"
	stepCompare = "compare"
	stepDecide  = "decide"
	stepApply   = "apply"
	stepFinish  = "finish"
)

func (r *run) all(ctx workflow.Context) (ImportRosterResult, error) {
	if err := r.begin(ctx, stepRead); err != nil {
		return ImportRosterResult{}, err
	}
	var read roster.ReadRosterResult
	err := workflow.ExecuteActivity(ctx, importer.ReadRoster, roster.ReadRosterInput{Org: r.in.Org, Import: r.in.Import}).Get(ctx, &read)
	if err != nil {
		return ImportRosterResult{}, fmt.Errorf("read roster: %w", err)
	}
	if read.Stopped {
		return ImportRosterResult{State: rosters.Stopped, Code: read.Code}, nil
	}
	ended, err := r.decide(ctx)
	if err != nil || ended != nil {
		return *orNone(ended), err
	}
	if err := r.apply(ctx); err != nil {
		return ImportRosterResult{}, err
	}
	r.step = stepFinish
	var finished roster.FinishRosterResult
	err = workflow.ExecuteActivity(ctx, importer.FinishRoster, roster.FinishRosterInput{Org: r.in.Org, Import: r.in.Import}).Get(ctx, &finished)
	return ImportRosterResult{State: rosters.Applied, Report: &finished.Report}, err
}

func orNone(r *ImportRosterResult) *ImportRosterResult {
	if r == nil {
		return &ImportRosterResult{}
	}
	return r
}

// decide compares until nothing changed in between, and waits for a decision and for
// the end of a pause. It gives the result of an import that ends here.
func (r *run) decide(ctx workflow.Context) (*ImportRosterResult, error) {
	signals := workflow.GetSignalChannel(ctx, DecisionSignal)
	for {
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return nil, workflow.NewContinueAsNewError(ctx, ImportRoster, r.in)
		}
		var turn roster.TakeRosterTurnResult
		err := workflow.ExecuteActivity(ctx, importer.TakeRosterTurn, roster.TakeRosterTurnInput{Org: r.in.Org, Import: r.in.Import}).Get(ctx, &turn)
		if err != nil {
			return nil, fmt.Errorf("take turn: %w", err)
		}
		switch turn.Next {
		case rosters.NextApply:
			return nil, nil
		case rosters.NextEnd:
			return &ImportRosterResult{State: turn.State, Code: turn.Code}, nil
		case rosters.NextCompare:
			err = r.compare(ctx)
		case rosters.NextWait:
			err = r.wait(ctx, signals, turn.Until)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (r *run) compare(ctx workflow.Context) error {
	if err := r.begin(ctx, stepCompare); err != nil {
		return err
	}
	var found roster.CompareRosterResult
	err := workflow.ExecuteActivity(ctx, importer.CompareRoster, roster.CompareRosterInput{Org: r.in.Org, Import: r.in.Import}).Get(ctx, &found)
	if err != nil {
		return fmt.Errorf("compare roster: %w", err)
	}
	r.in.Total = found.Total
	return nil
}

// wait ends with a signal, or when the time is over.
func (r *run) wait(ctx workflow.Context, signals workflow.ReceiveChannel, until time.Time) error {
	if err := r.begin(ctx, stepDecide); err != nil {
		return err
	}
	timer, cancel := workflow.WithCancel(ctx)
	defer cancel()
	s := workflow.NewSelector(ctx)
	s.AddReceive(signals, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	// A second more than is left: the rows compare with the database's clock.
	s.AddFuture(workflow.NewTimer(timer, max(until.Sub(workflow.Now(ctx)), 0)+time.Second), func(workflow.Future) {})
	s.Select(ctx)
	return ctx.Err()
}

func (r *run) apply(ctx workflow.Context) error {
	if err := r.begin(ctx, stepApply); err != nil {
		return err
	}
	for more := true; more; {
		var applied roster.ApplyRosterResult
		err := workflow.ExecuteActivity(ctx, importer.ApplyRoster, roster.ApplyRosterInput{Org: r.in.Org, Import: r.in.Import}).Get(ctx, &applied)
		if err != nil {
			return fmt.Errorf("apply roster: %w", err)
		}
		r.in.Changes, more = r.in.Changes+applied.Changes, applied.More
		if err := r.report.Progress(ctx, r.steps(operations.Running), nil); err != nil {
			return err
		}
		if more && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, ImportRoster, r.in)
		}
	}
	return nil
}

// begin notes the step that begins.
func (r *run) begin(ctx workflow.Context, step string) error {
	if r.step == step {
		return nil
	}
	r.step = step
	return r.report.Progress(ctx, r.steps(operations.Running), nil)
}

// clean removes the staged rows. What fails is removed by the sweep, with the package.
func (r *run) clean(ctx workflow.Context) error {
	in := roster.CleanRosterRowsInput{Org: r.in.Org, Import: r.in.Import}
	if err := workflow.ExecuteActivity(options(ctx, r.in.Org), importer.CleanRosterRows, in).Get(ctx, nil); err != nil {
		return fmt.Errorf("clean staged rows: %w", err)
	}
	return nil
}

// steps shows those that ended, and the one that was begun last as state.
func (r *run) steps(state operations.State) []operations.Step {
	shown := []operations.Step{}
	for _, name := range []string{stepRead, stepCompare, stepDecide, stepApply, stepFinish} {
		s := operations.Step{Name: name, State: operations.Succeeded}
		if name == stepApply {
			s.Done, s.Total = r.in.Changes, r.in.Total
		}
		if name == r.step {
			s.State = state
			return append(shown, s)
		}
		shown = append(shown, s)
	}
	return shown
}

// options give an import a day for each step; a worker that dies is noticed at once.
func options(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	return queue.Long.Within(time.Hour, 24*time.Hour).On(ctx, queue.Batch, org.String(), queue.Default)
}
