// Package generation is the process that makes a document from a text: a draft is made,
// waits for a person, and becomes a file when they approve it.
package generation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/generation"
	"satchel/activities/operation"
	"satchel/generation/drafts"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// By name; their receivers are never called here.
var (
	maker  *generation.Maker
	keeper *generation.Drafts
)

// Kind is what operations of this process are called.
const Kind = "generate_content"

// LookSignal has a workflow look at its row, which says what was decided.
const LookSignal = "look"

// GenerateContentInput names the organization and the generation, whose operation has the
// same id.
type GenerateContentInput struct {
	Org        tenancy.OrgID
	Generation uuid.UUID
}

// GenerateContentResult says how it ended.
type GenerateContentResult struct {
	State         drafts.State `json:"state"`
	File, Version *uuid.UUID   `json:",omitempty"`
}

// WorkflowID names the workflow of a generation.
func WorkflowID(org tenancy.OrgID, id uuid.UUID) string {
	return "generation/" + org.String() + "/" + id.String()
}

// Begin makes the rows of a generation and starts its workflow. One that cannot be started
// is started by the sweep. db is the database as the person who asks sees it.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, org tenancy.OrgID, priority operations.Priority, n drafts.New) error {
	_, err := operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: n.ID, Kind: Kind, WorkflowID: WorkflowID(org, n.ID), CreatedBy: &n.By, Priority: priority},
		Org:       org, Action: "generation.request", Swept: true,
		Change: func(tx *tenancy.Tx) error { return drafts.Insert(ctx, tx, n) },
		Start:  func(ctx context.Context, id uuid.UUID) error { return start(ctx, c, org, id, priority.Key()) },
	})
	return err
}

func options(org tenancy.OrgID, id uuid.UUID, key int) client.StartWorkflowOptions {
	return queue.Start(WorkflowID(org, id), queue.Interactive, org.String(), queue.For(org.String(), key), "generation")
}

func start(ctx context.Context, c client.Client, org tenancy.OrgID, id uuid.UUID, key int) error {
	if err := queue.StartOrFind(ctx, c, options(org, id, key), GenerateContent, GenerateContentInput{Org: org, Generation: id}); err != nil {
		return fmt.Errorf("start GenerateContent: %w", err)
	}
	return nil
}

// Look has the workflow of a generation look at its row. That of one that has ended is not
// there any more; one that was lost is started by the sweep.
func Look(ctx context.Context, c client.Client, org tenancy.OrgID, id uuid.UUID) error {
	err := c.SignalWorkflow(ctx, WorkflowID(org, id), "", LookSignal, nil)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return nil
	}
	return err
}

// Wake starts the workflow of a generation, or has it look at its row.
func Wake(ctx context.Context, c client.Client, org tenancy.OrgID, id uuid.UUID) error {
	_, err := c.SignalWithStartWorkflow(ctx, WorkflowID(org, id), LookSignal, nil, options(org, id, queue.Default), GenerateContent, GenerateContentInput{Org: org, Generation: id})
	if err != nil {
		return fmt.Errorf("wake GenerateContent: %w", err)
	}
	return nil
}

// GenerateContent carries a generation to its end. What becomes of it is decided by its row;
// a signal only has it look.
func GenerateContent(ctx workflow.Context, in GenerateContentInput) (GenerateContentResult, error) {
	r := &run{in: in, report: operation.Report{Org: in.Org, ID: in.Generation, Priority: queue.Default}}
	result, err := r.all(ctx)
	code := operation.Code(err, "generation_failed")
	if r.code != "" {
		code = r.code
	}
	// What ends it, or publishes what was approved, is done also when the job is called off.
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	switch {
	case err == nil && result.State == drafts.Published:
		return result, r.report.End(own, nil, "", r.steps, result)
	case err == nil && result.State == drafts.Cancelled:
		return result, r.report.Cancelled(ctx, r.steps(operations.Cancelled))
	case err == nil && result.State != drafts.Failed:
		return result, r.report.Unsuccessful(ctx, string(result.State), r.steps, result)
	}
	end := generation.EndGenerationInput{Org: in.Org, Generation: in.Generation, State: drafts.Failed, Code: code}
	if ctx.Err() != nil {
		end.State, end.Code = drafts.Cancelled, ""
	}
	if endErr := workflow.ExecuteActivity(short(own, in.Org), keeper.EndGeneration, end).Get(own, nil); endErr != nil {
		err = errors.Join(err, fmt.Errorf("end the generation: %w", endErr))
	}
	if err == nil {
		return GenerateContentResult{State: drafts.Failed}, r.report.Unsuccessful(ctx, code, r.steps, nil)
	}
	return result, r.report.End(ctx, err, code, r.steps, nil)
}

// run is one run of GenerateContent.
type run struct {
	in     GenerateContentInput
	step   string
	code   string // why there is no draft, where no step failed
	report operation.Report
}

// The steps as the operation shows them.
const (
	stepDraft   = "draft"
	stepReview  = "review"
	stepPublish = "publish"
)

func (r *run) all(ctx workflow.Context) (GenerateContentResult, error) {
	if err := r.begin(ctx, stepDraft); err != nil {
		return GenerateContentResult{}, err
	}
	state, err := r.draft(ctx)
	if err != nil || state == drafts.Failed {
		return GenerateContentResult{State: state}, err
	}
	signals := workflow.GetSignalChannel(ctx, LookSignal)
	for {
		var turn generation.TakeDraftTurnResult
		err := workflow.ExecuteActivity(short(ctx, r.in.Org), keeper.TakeDraftTurn, generation.TakeDraftTurnInput{Org: r.in.Org, Generation: r.in.Generation}).Get(ctx, &turn)
		if err != nil {
			return GenerateContentResult{}, fmt.Errorf("take turn: %w", err)
		}
		switch turn.State {
		case drafts.Draft:
			if err := r.wait(ctx, signals, turn.Until); err != nil {
				return GenerateContentResult{}, err
			}
		case drafts.Approved, drafts.Published:
			return r.publish(ctx)
		default:
			return GenerateContentResult{State: turn.State}, nil
		}
	}
}

// draft asks at most twice.
func (r *run) draft(ctx workflow.Context) (drafts.State, error) {
	for round := 1; ; round++ {
		var made generation.MakeDraftResult
		err := workflow.ExecuteActivity(asking(ctx, r.in.Org), maker.MakeDraft, generation.MakeDraftInput{Org: r.in.Org, Generation: r.in.Generation, Round: round}).Get(ctx, &made)
		switch {
		case err != nil:
			return drafts.Failed, fmt.Errorf("make draft: %w", err)
		case made.State == generation.Again:
			continue
		case made.State == generation.Refused:
			r.code = "model_refused"
			return drafts.Failed, nil
		case made.State == generation.Unusable:
			r.code = "answer_unusable"
			return drafts.Failed, nil
		}
		return drafts.Draft, nil
	}
}

// wait ends with a signal, or when the time of the draft is over.
func (r *run) wait(ctx workflow.Context, signals workflow.ReceiveChannel, until time.Time) error {
	if err := r.begin(ctx, stepReview); err != nil {
		return err
	}
	timed, cancel := workflow.WithCancel(ctx)
	defer cancel()
	s := workflow.NewSelector(ctx)
	s.AddReceive(signals, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	// A second more than is left: a turn that comes too early would only wait again.
	s.AddFuture(workflow.NewTimer(timed, max(until.Sub(workflow.Now(ctx)), 0)+time.Second), func(workflow.Future) {})
	s.Select(ctx)
	return ctx.Err()
}

func (r *run) publish(ctx workflow.Context) (GenerateContentResult, error) {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if err := r.begin(ctx, stepPublish); err != nil {
		return GenerateContentResult{}, err
	}
	var made generation.PublishDraftResult
	store := queue.Store.On(ctx, queue.Interactive, r.in.Org.String(), queue.Default)
	err := workflow.ExecuteActivity(store, keeper.PublishDraft, generation.PublishDraftInput{Org: r.in.Org, Generation: r.in.Generation}).Get(ctx, &made)
	if err != nil {
		return GenerateContentResult{}, fmt.Errorf("publish draft: %w", err)
	}
	return GenerateContentResult{State: drafts.Published, File: &made.File, Version: &made.Version}, nil
}

// begin notes the step that begins.
func (r *run) begin(ctx workflow.Context, step string) error {
	if r.step == step {
		return nil
	}
	r.step = step
	return r.report.Progress(ctx, r.steps(operations.Running), nil)
}

// steps shows those that ended, and the one that was begun last as state.
func (r *run) steps(state operations.State) []operations.Step {
	shown := []operations.Step{}
	for _, name := range []string{stepDraft, stepReview, stepPublish} {
		s := operations.Step{Name: name, State: operations.Succeeded, Done: 1, Total: 1}
		if name == r.step {
			if s.State = state; state != operations.Succeeded {
				s.Done = 0
			}
			return append(shown, s)
		}
		shown = append(shown, s)
	}
	return shown
}

func short(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	return queue.Short.On(ctx, queue.Interactive, org.String(), queue.Default)
}

// asking gives a model ten minutes of being overloaded, and bounds what tries can cost. What
// a provider says about the next try comes first. The priority is the workflow's, so that a
// change of it reaches a step that waits.
func asking(ctx workflow.Context, _ tenancy.OrgID) workflow.Context {
	return queue.Long.Within(10*time.Minute, 3*time.Hour).Attempts(6).Pauses(20*time.Second, 5*time.Minute).Inherits(ctx, queue.AI)
}
