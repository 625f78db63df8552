// Package webhook is the process that sends an organization's events to one webhook:
// turn after turn for as long as something waits, and then nothing until the next
// event. The rows say what waits; a run that is lost is started again by a sweep.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/email"
	"satchel/activities/webhook"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// The activities by name; their receivers are never called here.
var (
	deliverer *webhook.Activities
	sweeper   *webhook.Sweeps
	mails     *email.Activities
)

// EventsWait is the signal that there are new events, or that a person wants a delivery
// again. The rows say which.
const EventsWait = "EventsWait"

// DeliverToWebhookInput names the webhook.
type DeliverToWebhookInput struct {
	Org     tenancy.OrgID
	Webhook uuid.UUID

	// What is known so far, carried on when a long run continues as new.
	Delivered, Failed int64
}

// DeliverToWebhookResult counts the attempts of all runs that followed each other.
type DeliverToWebhookResult struct{ Delivered, Failed int64 }

// WorkflowID is the only way to name the workflow of a webhook. One webhook has one, so
// that its events keep their order.
func WorkflowID(org tenancy.OrgID, id uuid.UUID) string {
	return "webhook/" + org.String() + "/" + id.String()
}

// Wake starts the workflow of a webhook, or tells the one that runs.
func Wake(ctx context.Context, c client.Client, org tenancy.OrgID, id uuid.UUID) error {
	o := queue.Start(WorkflowID(org, id), queue.Interactive, org.String(), queue.For(org.String(), queue.Default), "webhook")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	_, err := c.SignalWithStartWorkflow(ctx, o.ID, EventsWait, nil, o, DeliverToWebhook, DeliverToWebhookInput{Org: org, Webhook: id})
	if err != nil {
		return fault.New(fault.Unavailable, "workflows_unavailable", "The workflow engine does not answer right now.").Because(fmt.Errorf("signal DeliverToWebhook: %w", err))
	}
	return nil
}

// DeliverToWebhook takes turns until nothing waits.
func DeliverToWebhook(ctx workflow.Context, in DeliverToWebhookInput) (DeliverToWebhookResult, error) {
	events := workflow.GetSignalChannel(ctx, EventsWait)
	for {
		for events.ReceiveAsync(nil) { // the turn sees everything that they tell
		}
		var turn webhook.DeliverEventsResult
		act := delivering(ctx, in.Org)
		if err := workflow.ExecuteActivity(act, deliverer.DeliverEvents, webhook.DeliverEventsInput{Org: in.Org, Webhook: in.Webhook}).Get(ctx, &turn); err != nil {
			return DeliverToWebhookResult{in.Delivered, in.Failed}, fmt.Errorf("deliver events: %w", err)
		}
		in.Delivered, in.Failed = in.Delivered+int64(turn.Delivered), in.Failed+int64(turn.Failed)
		switch {
		case turn.Over:
			return DeliverToWebhookResult{in.Delivered, in.Failed}, notify(ctx, in, turn.Mail)
		case workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return DeliverToWebhookResult{}, workflow.NewContinueAsNewError(ctx, DeliverToWebhook, in)
		case turn.More, events.Len() > 0:
		case turn.Wait == 0:
			return DeliverToWebhookResult{in.Delivered, in.Failed}, nil
		default:
			if err := wait(ctx, events, turn.Wait); err != nil {
				return DeliverToWebhookResult{in.Delivered, in.Failed}, err
			}
		}
	}
}

// wait ends with the next signal, or when the next delivery is due.
func wait(ctx workflow.Context, events workflow.ReceiveChannel, d time.Duration) error {
	timed, cancel := workflow.WithCancel(ctx)
	defer cancel()
	s := workflow.NewSelector(ctx)
	s.AddFuture(workflow.NewTimer(timed, d), func(workflow.Future) {})
	s.AddReceive(events, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	s.Select(ctx)
	return ctx.Err()
}

// notify mails the organization's contact that its webhook was disabled.
func notify(ctx workflow.Context, in DeliverToWebhookInput, wanted bool) error {
	if !wanted {
		return nil
	}
	ctx = queue.Mail.Attempts(mostMails).On(ctx, queue.Interactive, in.Org.String(), queue.Default)
	err := workflow.ExecuteActivity(ctx, mails.SendWebhookNotice, email.SendWebhookNoticeInput{Org: in.Org, Webhook: in.Webhook}).Get(ctx, nil)
	if err != nil {
		return errors.Join(errors.New("mail that a webhook was disabled"), err)
	}
	return nil
}

// mostMails is above all attempts that fit into the day for which a mail is tried.
const mostMails = int32(2 * 24 * time.Hour / queue.MailPause)

// delivering is a turn: 5 s of attempts, of which the last may take 10 s more.
func delivering(ctx workflow.Context, org tenancy.OrgID) workflow.Context {
	return queue.Long.Within(time.Minute, 24*time.Hour).On(ctx, queue.External, org.String(), queue.Default)
}

// CleanEventsInput names the platform.
type CleanEventsInput struct{ Org tenancy.OrgID }

// CleanEvents deletes events and deliveries after their time.
func CleanEvents(ctx workflow.Context, in CleanEventsInput) (webhook.DeleteOldEventsResult, error) {
	ctx = queue.ForSweep().Within(10*time.Minute, 30*time.Minute).On(ctx, queue.Batch, in.Org.String(), queue.Low)
	var result webhook.DeleteOldEventsResult
	input := webhook.DeleteOldEventsInput{Org: in.Org, After: queue.LastResult[webhook.DeleteOldEventsResult](ctx).Next}
	err := workflow.ExecuteActivity(ctx, sweeper.DeleteOldEvents, input).Get(ctx, &result)
	return result, err
}

// Schedules are when old rows go.
func Schedules() []queue.Schedule {
	return []queue.Schedule{
		{ID: "clean-events", Every: time.Hour, Workflow: CleanEvents, Input: CleanEventsInput{Org: tenancy.Platform}},
	}
}
