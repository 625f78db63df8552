// Package consentrequest is the process of a request for a parent's consent: the notice, the
// reminders, the end of the time, and the second mail after a yes. The row says what was
// answered; a signal has the process look at it. It ends while a consent stands: what ends a
// consent is a row, and the sweep starts the process again.
package consentrequest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/consentrequest"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var activities *consentrequest.Activities // by name; its receiver is never called here

// LookSignal has the workflow look at its row.
const LookSignal = "look"

// AskForConsentInput names the request. Ids only: the address is sealed in the row, the token
// is in the mail.
type AskForConsentInput struct {
	Org     tenancy.OrgID
	Request uuid.UUID
}

// AskForConsentResult counts the mails of the last run.
type AskForConsentResult struct{ Mails int }

// WorkflowID is the only way to name the workflow of a request.
func WorkflowID(org tenancy.OrgID, request uuid.UUID) string {
	return "consent/" + org.String() + "/" + request.String()
}

// options lets a workflow that ended be started again: the row says whether anything is due.
func options(org tenancy.OrgID, request uuid.UUID) client.StartWorkflowOptions {
	o := queue.Start(WorkflowID(org, request), queue.Interactive, org.String(), queue.For(org.String(), queue.Default), "consent")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	return o
}

// Wake starts the workflow of a request, or has the one that runs look at its row.
func Wake(ctx context.Context, c client.Client, org tenancy.OrgID, request uuid.UUID) error {
	_, err := c.SignalWithStartWorkflow(ctx, WorkflowID(org, request), LookSignal, nil, options(org, request), AskForConsent, AskForConsentInput{Org: org, Request: request})
	return unavailable(err)
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "workflows_unavailable", "The workflow engine does not answer right now.").Because(fmt.Errorf("start AskForConsent: %w", err))
}

// mostAttempts is above all attempts of a mail that fit into the time of a request.
const mostAttempts = int32(2 * 45 * 24 * time.Hour / queue.MailPause)

// shortest is the shortest patience with a mail.
const shortest = time.Minute

// AskForConsent does what is due, and waits, until nothing is left.
func AskForConsent(ctx workflow.Context, in AskForConsentInput) (AskForConsentResult, error) {
	looks := workflow.GetSignalChannel(ctx, LookSignal)
	var result AskForConsentResult
	for {
		for looks.ReceiveAsync(nil) { // the step sees everything that they tell
		}
		var step consentrequest.AdvanceConsentResult
		short := queue.Long.Within(10*time.Minute, 30*24*time.Hour).On(ctx, queue.Interactive, in.Org.String(), queue.Default)
		err := workflow.ExecuteActivity(short, activities.AdvanceConsent, consentrequest.AdvanceConsentInput(in)).Get(ctx, &step)
		switch {
		case err != nil:
			return result, err
		case workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return result, workflow.NewContinueAsNewError(ctx, AskForConsent, in)
		case step.Mail != "":
			if err := send(ctx, in, step, looks); err != nil {
				return result, err
			}
			result.Mails++
		case looks.Len() > 0:
		case step.Over:
			return result, nil
		default:
			if err := wait(ctx, looks, max(step.Wait, time.Second)); err != nil {
				return result, err
			}
		}
	}
}

// send tries a mail until its time is over, or something else happened to the request. A mail
// that did not go out in its time is no error: the next step says what follows.
func send(ctx workflow.Context, in AskForConsentInput, step consentrequest.AdvanceConsentResult, looks workflow.ReceiveChannel) error {
	own, stop := workflow.WithCancel(ctx)
	defer stop()
	// Awaited: a mail that is being sent is recorded before the next step.
	mail := queue.Mail.Within(2*time.Minute, max(step.Wait, shortest)).Attempts(mostAttempts).Awaited()
	own = mail.On(own, queue.Interactive, in.Org.String(), queue.Default)
	sending := workflow.ExecuteActivity(own, activities.SendConsentMail, consentrequest.SendConsentMailInput{Org: in.Org, Request: in.Request, Mail: step.Mail})
	s := workflow.NewSelector(ctx)
	s.AddFuture(sending, func(workflow.Future) {})
	s.AddReceive(looks, func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		stop()
	})
	s.Select(ctx)
	err := sending.Get(ctx, nil)
	var refused *temporal.ApplicationError
	if errors.As(err, &refused) && refused.NonRetryable() {
		return err
	}
	if err != nil && own.Err() == nil { // a minute passes, so that a request whose mail fails does not spin
		return wait(ctx, looks, shortest)
	}
	return ctx.Err()
}

// wait ends with the next signal, or when something is due.
func wait(ctx workflow.Context, looks workflow.ReceiveChannel, d time.Duration) error {
	timed, cancel := workflow.WithCancel(ctx)
	defer cancel()
	s := workflow.NewSelector(ctx)
	s.AddFuture(workflow.NewTimer(timed, d), func(workflow.Future) {})
	s.AddReceive(looks, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	s.Select(ctx)
	return ctx.Err()
}
