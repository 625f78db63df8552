package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/email"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
	warnings "satchel/tenancy/usage"
)

var mails *email.Activities

// WarnOrganizationInput names the warning by its event. The address is in the
// organization's row.
type WarnOrganizationInput struct {
	Org     tenancy.OrgID
	Warning uuid.UUID
}

// WarnOrganizationResult holds the state of the mail.
type WarnOrganizationResult struct{ Mail warnings.Mail }

// WarnOrganization mails a warning. While the mail server is down, the mail is
// tried for a day; the sweep starts a new run for as long as the warning is open.
func WarnOrganization(ctx workflow.Context, in WarnOrganizationInput) (WarnOrganizationResult, error) {
	ctx = workflow.WithActivityOptions(ctx, mailing(in.Org))
	var sent email.SendUsageWarningResult
	err := workflow.ExecuteActivity(ctx, mails.SendUsageWarning, email.SendUsageWarningInput{Org: in.Org, Warning: in.Warning}).Get(ctx, &sent)
	return WarnOrganizationResult{Mail: sent.Mail}, err
}

// mostAttempts is above all attempts that fit into the day for which a mail is
// tried.
const mostAttempts = int32(2 * 24 * time.Hour / queue.MailPause)

func mailing(org tenancy.OrgID) workflow.ActivityOptions {
	return queue.Mail.Attempts(mostAttempts).Options(queue.Interactive, org.String(), queue.Default)
}

// WarningID is the only way to name the workflow of a warning's mail.
func WarningID(org tenancy.OrgID, warning uuid.UUID) string {
	return "usage-warning/" + org.String() + "/" + warning.String()
}

// StartWarning starts the workflow of a warning's mail, or finds it started. One
// that failed may start again; one that completed may not.
func StartWarning(ctx context.Context, c client.Client, org tenancy.OrgID, warning uuid.UUID) error {
	o := queue.Start(WarningID(org, warning), queue.Interactive, org.String(), queue.For(org.String(), queue.Default), "usage-warning")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
	if err := queue.StartOrFind(ctx, c, o, WarnOrganization, WarnOrganizationInput{Org: org, Warning: warning}); err != nil {
		return fault.New(fault.Unavailable, "workflows_unavailable", "The workflow engine does not answer right now.").
			Because(fmt.Errorf("start WarnOrganization: %w", err))
	}
	return nil
}
