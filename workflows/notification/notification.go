// Package notification is the process that tells an organization's members what its
// outbox holds: turn after turn for as long as something waits. The rows say what waits;
// a run that is lost is started again by a sweep.
package notification

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/notification"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// The activities by name; their receivers are never called here.
var (
	dispatcher *notification.Activities
	sweeper    *notification.Sweeps
)

// NotificationsWait is the signal that there are new rows.
const NotificationsWait = "NotificationsWait"

// DispatchOutboxInput names the organization.
type DispatchOutboxInput struct{ Org tenancy.OrgID }

// DispatchOutboxResult counts what the run did.
type DispatchOutboxResult struct{ Dispatched, Sent, Failed int }

// WorkflowID is the only way to name the workflow of an organization's notifications.
// There is one a tenant and not one a row: a row is decided about once in any case, and
// a class that is told of one share would be thousands of runs.
func WorkflowID(org tenancy.OrgID) string { return "notifications/" + org.String() }

// Wake starts the workflow of an organization, or tells the one that runs.
func Wake(ctx context.Context, c client.Client, org tenancy.OrgID) error {
	o := queue.Start(WorkflowID(org), queue.Interactive, org.String(), queue.For(org.String(), queue.Default), "notification")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	if _, err := c.SignalWithStartWorkflow(ctx, o.ID, NotificationsWait, nil, o, DispatchOutbox, DispatchOutboxInput{Org: org}); err != nil {
		return fault.New(fault.Unavailable, "workflows_unavailable", "The workflow engine does not answer right now.").Because(fmt.Errorf("signal DispatchOutbox: %w", err))
	}
	return nil
}

// patience is for how long a run waits for the next mail. What is due later is found by
// the sweep: a run that waits for a week is a run that a deploy has to carry along.
const patience = 2 * time.Minute

// lostTurn is how soon a turn whose worker died is noticed, and again is the pause behind it, each
// time: what the worker held is free at once, and the mails behind it wait for the next turn alone.
// A turn that fails says itself how long to wait.
const (
	lostTurn = 4 * time.Second
	again    = time.Second
)

// DispatchOutbox takes turns until nothing waits.
func DispatchOutbox(ctx workflow.Context, in DispatchOutboxInput) (DispatchOutboxResult, error) {
	rows := workflow.GetSignalChannel(ctx, NotificationsWait)
	var total DispatchOutboxResult
	for {
		for rows.ReceiveAsync(nil) { // the turn sees everything that they tell
		}
		var turn notification.DispatchNotificationsResult
		act := queue.Long.Within(2*time.Minute, 24*time.Hour).Heartbeat(lostTurn).Pauses(again, again).On(ctx, queue.Mails, in.Org.String(), queue.Default)
		if err := workflow.ExecuteActivity(act, dispatcher.DispatchNotifications, notification.DispatchNotificationsInput{Org: in.Org}).Get(ctx, &turn); err != nil {
			return total, fmt.Errorf("dispatch notifications: %w", err)
		}
		total.Dispatched, total.Sent, total.Failed = total.Dispatched+turn.Dispatched, total.Sent+turn.Sent, total.Failed+turn.Failed
		switch {
		case workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return total, workflow.NewContinueAsNewError(ctx, DispatchOutbox, in)
		case turn.More, rows.Len() > 0:
		case turn.Wait == 0, turn.Wait > patience:
			return total, nil
		default:
			if err := wait(ctx, rows, turn.Wait); err != nil {
				return total, err
			}
		}
	}
}

// wait ends with the next signal, or when the next mail is due.
func wait(ctx workflow.Context, rows workflow.ReceiveChannel, d time.Duration) error {
	timed, cancel := workflow.WithCancel(ctx)
	defer cancel()
	s := workflow.NewSelector(ctx)
	s.AddFuture(workflow.NewTimer(timed, d), func(workflow.Future) {})
	s.AddReceive(rows, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	s.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	s.Select(ctx)
	return ctx.Err()
}

// CleanNotificationsInput names the platform.
type CleanNotificationsInput struct{ Org tenancy.OrgID }

// CleanNotifications deletes mails and notifications after their time.
func CleanNotifications(ctx workflow.Context, in CleanNotificationsInput) (notification.DeleteOldNotificationsResult, error) {
	ctx = queue.ForSweep().Within(10*time.Minute, 30*time.Minute).On(ctx, queue.Batch, in.Org.String(), queue.Low)
	var result notification.DeleteOldNotificationsResult
	input := notification.DeleteOldNotificationsInput{Org: in.Org, After: queue.LastResult[notification.DeleteOldNotificationsResult](ctx).Next}
	err := workflow.ExecuteActivity(ctx, sweeper.DeleteOldNotifications, input).Get(ctx, &result)
	return result, err
}

// Schedules are when old rows go.
func Schedules() []queue.Schedule {
	return []queue.Schedule{
		{ID: "clean-notifications", Every: 24 * time.Hour, Workflow: CleanNotifications, Input: CleanNotificationsInput{Org: tenancy.Platform}},
	}
}
