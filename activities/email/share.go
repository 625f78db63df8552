package email

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/mailtext"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/shares"
	"satchel/tenancy"
)

// SendShareInput names a recipient outside, of a share.
type SendShareInput struct {
	Org              tenancy.OrgID
	Share, Recipient uuid.UUID
}

// SendShareResult says whether there was something to send, and what became of it. A
// refused address is a result and not an error, because a retry cannot help.
type SendShareResult struct {
	Alive    bool
	Delivery shares.Delivery
}

// SendShare sends the mail of a share that is alive, with a token made for it. Only the
// token's hash is kept, as of an invitation.
func (a *Activities) SendShare(ctx context.Context, in SendShareInput) (SendShareResult, error) {
	stop := queue.Heartbeat(ctx)
	defer stop()
	token, hash := shares.NewToken()
	var m shares.Mail
	var alive bool
	var organization tenancy.Organization
	var policies tenancy.Policies
	err := a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		var err error
		if organization, err = tenancy.GetOrganization(ctx, tx); err != nil {
			return err
		}
		if policies, err = tenancy.GetPolicies(ctx, tx); err != nil {
			return err
		}
		m, alive, err = shares.RecordAttempt(ctx, tx, in.Share, in.Recipient, hash)
		return err
	})
	if err != nil || !alive {
		return SendShareResult{}, err
	}
	mail, err := a.writeShare(m, organization.Name, policies.MailLanguage, token)
	if err != nil {
		return SendShareResult{}, err
	}
	sent := a.mailer.Send(ctx, mail)
	delivery, code := outcome(sent)
	// The mail is on its way, or is not, whatever becomes of this attempt's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		mine, err := shares.RecordDelivery(ctx, tx, in.Share, in.Recipient, hash, shares.Delivery(delivery), code)
		if err != nil || !mine || shares.Delivery(delivery) == shares.Queued {
			return err
		}
		e := audit.Event{Action: "share.send", ObjectID: in.Share.String(), Code: in.Recipient.String()}
		if shares.Delivery(delivery) == shares.Failed {
			e.Result = audit.Failed
		}
		return audit.Record(ctx, tx, e)
	})
	switch {
	case err != nil:
		return SendShareResult{}, err
	case shares.Delivery(delivery) == shares.Queued:
		return SendShareResult{}, sent
	}
	return SendShareResult{Alive: true, Delivery: shares.Delivery(delivery)}, nil
}

// outside is a mail to somebody outside, whose language is not known: it is in that of the
// organization, which they know by its name. Its subject holds nothing that anyone chose: a
// subject is read before its sender is.
type outside struct {
	Language, Organization   string
	Sharer, Name, Link, Code string
	Until                    string
	Upload                   bool
}

// T is a text in the language of the mail.
func (o outside) T(key string, args ...any) string {
	return mailtext.Text(o.Language, "outside."+key, args...)
}

// What says who did what, as far as it is known.
func (o outside) What() string {
	key, args := "shared", []any{o.Organization}
	if o.Upload {
		key = "asks"
	}
	if o.Sharer != "" {
		key, args = key+"_by", []any{o.Sharer, o.Organization}
	}
	return o.T(key, args...)
}

// Alone is the sentence that the link is personal, with its expiry where it has one.
func (o outside) Alone() string {
	if o.Until == "" {
		return o.T("alone")
	}
	return o.T("alone_until", o.Until)
}

// writeShare puts the mail together. It names neither the file nor the sharer's label: who
// opens the link proves the address first, and sees them then.
func (a *Activities) writeShare(m shares.Mail, organization, language, token string) (Message, error) {
	data := outside{Language: language, Organization: tenancy.PlainName(organization), Sharer: tenancy.PlainName(m.Sharer), Name: tenancy.PlainName(m.Name),
		Link: shares.URL(a.config.APIURL, token), Upload: m.Permission == shares.Upload}
	if m.ExpiresAt != nil {
		data.Until = m.ExpiresAt.UTC().Format(data.T("until")) // the catalog has the order of day and month
	}
	return fill("share", Message{To: m.To, Subject: data.T("subject"), Language: language}, data)
}
