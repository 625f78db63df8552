package email

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/webhooks"
)

// SendWebhookNoticeInput names the webhook.
type SendWebhookNoticeInput struct {
	Org     tenancy.OrgID
	Webhook uuid.UUID
}

// SendWebhookNoticeResult says what became of the mail: sent, failed or none.
type SendWebhookNoticeResult struct{ Mail string }

// SendWebhookNotice mails the organization's contact that a webhook was disabled, if
// that mail is queued. A worker that is killed between the mail and its record sends it
// again, with the same Message-ID.
func (a *Activities) SendWebhookNotice(ctx context.Context, in SendWebhookNoticeInput) (SendWebhookNoticeResult, error) {
	defer queue.Heartbeat(ctx)()
	q := a.db.Single(in.Org)
	w, err := webhooks.Get(ctx, q, in.Webhook)
	if err != nil {
		return SendWebhookNoticeResult{}, err
	}
	if w.Mail != "queued" {
		return SendWebhookNoticeResult{Mail: w.Mail}, nil
	}
	o, err := tenancy.GetOrganization(ctx, q)
	if err != nil {
		return SendWebhookNoticeResult{}, err
	}
	result := "none"
	if o.ContactEmail != "" && w.DisabledAt != nil {
		m, err := webhookNotice(o, w)
		if err != nil {
			return SendWebhookNoticeResult{}, err
		}
		sent := a.mailer.Send(ctx, m)
		switch {
		case sent == nil:
			result = "sent"
		case fault.KindOf(sent) == fault.Invalid:
			result = "failed"
		default:
			return SendWebhookNoticeResult{}, sent
		}
	}
	// The mail is on its way, or is not, whatever becomes of this attempt's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return SendWebhookNoticeResult{Mail: result}, webhooks.RecordMail(ctx, q, in.Webhook, result)
}

// webhookNotice composes the mail. The address of the receiver is not in it: anybody
// may have chosen it, and mail programs make links of addresses.
func webhookNotice(o tenancy.Organization, w webhooks.Webhook) (Message, error) {
	data := struct {
		Organization, Webhook, Since string
		Gone                         bool
	}{tenancy.PlainName(o.Name), w.ID.String(), w.DisabledAt.UTC().Format("2 January 2006, 15:04 UTC"), w.DisabledCode == webhooks.Gone}
	return fill("webhook", Message{ID: w.ID.String() + "." + w.DisabledAt.UTC().Format("20060102150405"), To: o.ContactEmail, Subject: "A webhook of your organization was disabled"}, data)
}
