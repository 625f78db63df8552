package email

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/shares/visitors"
	"satchel/tenancy"
)

// SendShareCodeInput names a recipient outside who asked for a code.
type SendShareCodeInput struct {
	Org              tenancy.OrgID
	Share, Recipient uuid.UUID
}

// SendShareCodeResult says whether there was somebody to send it to.
type SendShareCodeResult struct{ Sent bool }

// SendShareCode makes a code, keeps its hash and mails it. Each attempt has a code of its
// own, which replaces the one before: the newest mail holds the one that is good.
func (a *Activities) SendShareCode(ctx context.Context, in SendShareCodeInput) (SendShareCodeResult, error) {
	stop := queue.Heartbeat(ctx)
	defer stop()
	code, err := newCode()
	if err != nil {
		return SendShareCodeResult{}, err
	}
	var to visitors.CodeMail
	var alive bool
	var policies tenancy.Policies
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) (err error) {
		if policies, err = tenancy.GetPolicies(ctx, tx); err != nil {
			return err
		}
		to, alive, err = visitors.IssueCode(ctx, tx, in.Share, in.Recipient, code)
		return err
	})
	if err != nil || !alive {
		return SendShareCodeResult{}, err
	}
	m, err := writeCode(to, policies.MailLanguage, code)
	if err != nil {
		return SendShareCodeResult{}, err
	}
	return SendShareCodeResult{Sent: true}, a.mailer.Send(ctx, m)
}

// writeCode puts the mail together. Its subject does not hold the code: a locked screen shows
// subjects.
func writeCode(to visitors.CodeMail, language, code string) (Message, error) {
	data := outside{Language: language, Organization: tenancy.PlainName(to.Organization), Code: code[:4] + " " + code[4:]}
	return fill("code", Message{To: to.Email, Subject: data.T("code.subject"), Language: language}, data)
}

// newCode draws a code, each as likely as the others.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	return fmt.Sprintf("%0*d", visitors.CodeDigits, n.Int64()), nil
}
