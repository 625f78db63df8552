// Package share is the process of a share's mail to somebody outside. What a share gives,
// and its end, are rows: no process keeps them.
package share

import (
	"context"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"satchel/activities/email"
	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
)

var mails *email.Activities // by name; its receiver is never called here

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
