package email

import (
	"context"
	"time"

	"github.com/google/uuid"

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
	var name string
	err := a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		o, err := tenancy.GetOrganization(ctx, tx)
		if err != nil {
			return err
		}
		name = o.Name
		m, alive, err = shares.RecordAttempt(ctx, tx, in.Share, in.Recipient, hash)
		return err
	})
	if err != nil || !alive {
		return SendShareResult{}, err
	}
	mail, err := a.writeShare(m, name, token)
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

// shareSubject holds nothing that anyone chose: a subject is read before its sender is.
const shareSubject = "Something was shared with you on Satchel"

// writeShare puts the mail together. It names neither the file nor the sharer's label: who
// opens the link proves the address first, and sees them then.
func (a *Activities) writeShare(m shares.Mail, organization, token string) (Message, error) {
	until := ""
	if m.ExpiresAt != nil {
		until = m.ExpiresAt.UTC().Format("2 January 2006, 15:04 UTC")
	}
	data := struct {
		Organization, Sharer, Name, Until, Link string
		Upload                                  bool
	}{tenancy.PlainName(organization), tenancy.PlainName(m.Sharer), tenancy.PlainName(m.Name), until, shares.URL(a.config.APIURL, token), m.Permission == shares.Upload}
	return fill("share", Message{To: m.To, Subject: shareSubject}, data)
}
