// Package share is the process of a share's mail to somebody outside, and the sweep over
// shares. What a share gives, and its end, are rows: no process keeps them.
package share

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/email"
	activities "satchel/activities/share"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

// The activities by name; their receivers are never called here.
var (
	mails   *email.Activities
	sweeper *activities.Activities
)

// MailShareInput names the recipient. Ids only: the address is in the row, the token in
// the mail.
type MailShareInput struct {
	Org              tenancy.OrgID
	Share, Recipient uuid.UUID
}

// WorkflowID is the only way to name the workflow of a mail.
func WorkflowID(org tenancy.OrgID, share, recipient uuid.UUID) string {
	return "share/" + org.String() + "/" + share.String() + "/" + recipient.String()
}

// patience is for how long a mail server that is down is tried.
const patience = 3 * 24 * time.Hour

// Start starts the mail's workflow, or finds it started. One that ended is started again:
// it is asked for while the row waits for a mail alone.
func Start(ctx context.Context, c client.Client, org tenancy.OrgID, share, recipient uuid.UUID) error {
	o := queue.Start(WorkflowID(org, share, recipient), queue.Interactive, org.String(), queue.For(org.String(), queue.High), "share")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	if err := queue.StartOrFind(ctx, c, o, MailShare, MailShareInput{Org: org, Share: share, Recipient: recipient}); err != nil {
		return fault.New(fault.Unavailable, "workflows_unavailable", "The workflow engine does not answer right now.").Because(err)
	}
	return nil
}

// MailShare sends one mail. Each attempt looks whether the share is alive, so that the end
// of a share is the end of its mails.
func MailShare(ctx workflow.Context, in MailShareInput) (email.SendShareResult, error) {
	const most = int32(2 * patience / queue.MailPause)
	mail := queue.Mail.Within(2*time.Minute, patience).Attempts(most)
	ctx = mail.On(ctx, queue.Interactive, in.Org.String(), queue.High)
	var result email.SendShareResult
	err := workflow.ExecuteActivity(ctx, mails.SendShare, email.SendShareInput(in)).Get(ctx, &result)
	return result, err
}

// SweepSharesInput names the platform.
type SweepSharesInput struct{ Org tenancy.OrgID }

// SweepSharesResult counts what was swept.
type SweepSharesResult struct{ Expired, Mailed activities.SweepSharesResult }

// SweepShares ends shares whose time is over and starts mails that were lost. One that
// fails does not keep the other from its work.
func SweepShares(ctx workflow.Context, in SweepSharesInput) (SweepSharesResult, error) {
	ctx = queue.ForSweep().On(ctx, queue.Batch, in.Org.String(), queue.Default)
	last := queue.LastResult[SweepSharesResult](ctx)
	expiring := workflow.ExecuteActivity(ctx, sweeper.ExpireShares, activities.ExpireSharesInput{Org: in.Org, After: last.Expired.Next})
	mailing := workflow.ExecuteActivity(ctx, sweeper.StartWaitingShareMails, activities.StartWaitingShareMailsInput{Org: in.Org, After: last.Mailed.Next})
	var result SweepSharesResult
	expired, mailed := expiring.Get(ctx, &result.Expired), mailing.Get(ctx, &result.Mailed)
	unfinished := result.Expired.Next != uuid.Nil || result.Mailed.Next != uuid.Nil
	switch {
	case expired != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("expire shares: %w", expired))
	case mailed != nil:
		return result, queue.Unless(unfinished, fmt.Errorf("start mails of shares: %w", mailed))
	}
	return result, nil
}

// Schedules is how soon a share that ended by itself forgets its addresses.
func Schedules() []queue.Schedule {
	return []queue.Schedule{{ID: "sweep-shares", Every: 30 * time.Second, Workflow: SweepShares, Input: SweepSharesInput{Org: tenancy.Platform}}}
}
