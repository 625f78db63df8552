// Package provisioning is the process that sets an organization up, step by
// step, and leaves nothing of it when a step fails.
package provisioning

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/operation"
	"satchel/activities/organization"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

var organizer *organization.Activities // by name; its receiver is never called here

// Kind is what operations of this process are called.
const Kind = "provision_organization"

// ProvisionOrganizationInput names the platform, whose process it is, and the
// organization that is set up. Its rows hold the settings to apply.
type ProvisionOrganizationInput struct{ Org, Target tenancy.OrgID }

// ProvisionOrganizationResult is empty: the rows hold the result.
type ProvisionOrganizationResult struct{}

// WorkflowID names the workflow of an organization.
func WorkflowID(target tenancy.OrgID) string { return "provision/" + target.String() }

// Begin makes the organization's rows and the operation's in one transaction of
// the platform, and starts the workflow. The operation has the organization's
// id, so that a repeated request finds the first one's. A workflow that cannot
// be started is no failure of the request: the rows are there, and
// SweepOrganizations starts it.
func Begin(ctx context.Context, db *tenancy.DB, c client.Client, by uuid.UUID, n tenancy.NewOrganization) (uuid.UUID, error) {
	steps, err := json.Marshal(organization.Steps(organization.StepRows))
	if err != nil {
		return uuid.Nil, err
	}
	return operation.Begin(ctx, db, operation.Request{
		Operation: operations.Operation{ID: n.ID.UUID(), Kind: Kind, WorkflowID: WorkflowID(n.ID), Steps: steps, CreatedBy: &by},
		Org:       tenancy.Platform, Action: "organization.create", Swept: true,
		Change: func(tx *tenancy.Tx) error { return tenancy.BeginOrganization(ctx, tx, n) },
		Start: func(ctx context.Context, _ uuid.UUID) error {
			if err := db.SettleOrganization(ctx, n.ID); err != nil {
				return err
			}
			return Start(ctx, c, n.ID)
		},
	})
}

// Start starts the workflow of an organization, or finds it started.
func Start(ctx context.Context, c client.Client, target tenancy.OrgID) error {
	_, err := c.ExecuteWorkflow(ctx, queue.Start(WorkflowID(target), queue.Interactive, tenancy.Platform.String(), queue.For(target.String(), queue.Default), "provision"), ProvisionOrganization, ProvisionOrganizationInput{Org: tenancy.Platform, Target: target})
	if err != nil {
		return fmt.Errorf("start ProvisionOrganization: %w", err)
	}
	return nil
}

// ProvisionOrganization sets the organization up, or leaves nothing of it.
func ProvisionOrganization(ctx workflow.Context, in ProvisionOrganizationInput) (ProvisionOrganizationResult, error) {
	r := &run{in: in}
	err := r.setUp(r.options(ctx))
	if err == nil {
		return ProvisionOrganizationResult{}, nil // the last step ended the operation
	}
	own, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	undoErr := r.runCompensations(own)
	report := operation.Report{Org: in.Org, ID: in.Target.UUID(), Priority: queue.Default, Timeout: setUpBudget}
	err = report.End(ctx, err, operation.Code(err, "provisioning_failed"), r.steps, nil)
	if undoErr != nil {
		err = fmt.Errorf("%w; undo: %w", err, undoErr)
	}
	return ProvisionOrganizationResult{}, err
}

// run is one run of ProvisionOrganization.
type run struct {
	in            ProvisionOrganizationInput
	compensations []func(workflow.Context) error
	step          string // the one that was begun last
}

// setUp registers what undoes a step before the step. Limits and policies are
// rows, and go with the organization's.
func (r *run) setUp(ctx workflow.Context) error {
	org, target := r.in.Org, r.in.Target
	r.compensate(organizer.DiscardOrganization, organization.DiscardOrganizationInput{Org: org, Target: target})
	if err := r.do(ctx, organization.StepLimits, organizer.SetOrganizationLimits, organization.SetOrganizationLimitsInput{Org: org, Target: target}); err != nil {
		return err
	}
	if err := r.do(ctx, organization.StepPolicies, organizer.SetDefaultPolicies, organization.SetDefaultPoliciesInput{Org: org, Target: target}); err != nil {
		return err
	}
	if err := r.do(ctx, organization.StepOwner, organizer.SetOwner, organization.SetOwnerInput{Org: org, Target: target}); err != nil {
		return err
	}
	r.compensate(organizer.RemoveProbes, organization.RemoveProbesInput{Org: org, Target: target})
	if err := r.do(ctx, organization.StepStorage, organizer.CheckStorage, organization.CheckStorageInput{Org: org, Target: target}); err != nil {
		return err
	}
	return r.do(ctx, organization.StepActivate, organizer.ActivateOrganization, organization.ActivateOrganizationInput{Org: org, Target: target})
}

func (r *run) do(ctx workflow.Context, step string, activity, in any) error {
	r.step = step
	if err := workflow.ExecuteActivity(ctx, activity, in).Get(ctx, nil); err != nil {
		return fmt.Errorf("step %s: %w", step, err)
	}
	return nil
}

func (r *run) compensate(activity, in any) {
	r.compensations = append(r.compensations, func(ctx workflow.Context) error { return workflow.ExecuteActivity(ctx, activity, in).Get(ctx, nil) })
}

// runCompensations goes backwards. A store that refuses writes may refuse to remove as
// well: the rows go all the same, and the prefix of an organization that is not
// there is what the reconciler looks at.
func (r *run) runCompensations(ctx workflow.Context) error {
	var failed error
	for i := len(r.compensations) - 1; i >= 0; i-- {
		ctx := undoOptions(ctx, r.in.Target)
		if err := r.compensations[i](ctx); err != nil {
			failed = err
		}
	}
	return failed
}

// steps shows which step it was: those before it are undone.
func (r *run) steps(state operations.State) []operations.Step {
	return []operations.Step{{Name: r.step, State: state}}
}

// setUpBudget is how long a step may be tried: someone waits, and gets a clear
// failure rather than an organization that is never ready.
const setUpBudget = time.Minute

var setUpSteps = queue.Store.Within(30*time.Second, setUpBudget)

func (r *run) options(ctx workflow.Context) workflow.Context {
	return setUpSteps.Pauses(200*time.Millisecond, 5*time.Second).On(ctx, queue.Interactive, r.in.Target.String(), queue.Default)
}

func undoOptions(ctx workflow.Context, target tenancy.OrgID) workflow.Context {
	return setUpSteps.Pauses(time.Second, 5*time.Second).On(ctx, queue.Interactive, target.String(), queue.Default)
}
