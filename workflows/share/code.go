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

// MailShareCodeInput names the recipient. Ids only: the code is made where the mail is.
type MailShareCodeInput struct {
	Org              tenancy.OrgID
	Share, Recipient uuid.UUID
}

// CodeWorkflowID is the only way to name the workflow of a code. One recipient has one code
// at a time.
func CodeWorkflowID(org tenancy.OrgID, share, recipient uuid.UUID) string {
	return "share-code/" + org.String() + "/" + share.String() + "/" + recipient.String()
}

// codePatience is for how long a code is tried to be sent: somebody waits for it in front of
// a page, and asks again.
const codePatience = 5 * time.Minute

// StartCode has a code mailed, or finds one on its way. No sweep repeats it: who waits for
// it asks again.
func StartCode(ctx context.Context, c client.Client, org tenancy.OrgID, share, recipient uuid.UUID) error {
	o := queue.Start(CodeWorkflowID(org, share, recipient), queue.Interactive, org.String(), queue.For(org.String(), queue.High), "share")
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	if err := queue.StartOrFind(ctx, c, o, MailShareCode, MailShareCodeInput{Org: org, Share: share, Recipient: recipient}); err != nil {
		return fault.New(fault.Unavailable, "workflows_unavailable", "The workflow engine does not answer right now.").Because(err)
	}
	return nil
}

// MailShareCode sends one code.
func MailShareCode(ctx workflow.Context, in MailShareCodeInput) (email.SendShareCodeResult, error) {
	mail := queue.Mail.Within(time.Minute, codePatience).Attempts(5).Pauses(time.Second, 30*time.Second)
	ctx = mail.On(ctx, queue.Interactive, in.Org.String(), queue.High)
	var result email.SendShareCodeResult
	err := workflow.ExecuteActivity(ctx, mails.SendShareCode, email.SendShareCodeInput(in)).Get(ctx, &result)
	return result, err
}
