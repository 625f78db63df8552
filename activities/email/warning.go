package email

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/usage"
)

// SendUsageWarningInput names the warning by its event.
type SendUsageWarningInput struct {
	Org     tenancy.OrgID
	Warning uuid.UUID
}

// SendUsageWarningResult says what became of the mail. None is a result too: use
// has fallen, or there is no one to write to.
type SendUsageWarningResult struct{ Mail usage.Mail }

// SendUsageWarning mails an open warning to the organization's contact if its
// mail is queued. A worker that is killed between the mail and its record sends
// it again, with the same Message-ID.
func (a *Activities) SendUsageWarning(ctx context.Context, in SendUsageWarningInput) (SendUsageWarningResult, error) {
	defer queue.Heartbeat(ctx)()
	q := a.db.Single(in.Org)
	level, mail, err := usage.WarningToMail(ctx, q, in.Warning)
	switch {
	case errors.Is(err, usage.ErrNoWarning):
		return SendUsageWarningResult{Mail: usage.NoMail}, nil
	case err != nil:
		return SendUsageWarningResult{}, err
	case mail != usage.Queued:
		return SendUsageWarningResult{Mail: mail}, nil
	}
	o, err := tenancy.GetOrganization(ctx, q)
	if err != nil {
		return SendUsageWarningResult{}, err
	}
	if o.ContactEmail == "" {
		_, err := usage.RecordMail(ctx, q, in.Warning, usage.NoMail, "")
		return SendUsageWarningResult{Mail: usage.NoMail}, err
	}
	m, err := warning(o, level)
	if err != nil {
		return SendUsageWarningResult{}, err
	}
	m.ID = in.Warning.String()
	return a.note(ctx, in, a.mailer.Send(ctx, m))
}

// note writes down what became of the attempt, and says by its error whether
// there should be another.
func (a *Activities) note(ctx context.Context, in SendUsageWarningInput, sent error) (SendUsageWarningResult, error) {
	mail, code := usage.Sent, ""
	switch {
	case fault.KindOf(sent) == fault.Invalid:
		mail, code = usage.Failed, fault.Of(sent).Code
	case sent != nil:
		mail, code = usage.Queued, fault.Of(sent).Code
	}
	// The mail is on its way, or is not, whatever becomes of this attempt's time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, err := usage.RecordMail(ctx, a.db.Single(in.Org), in.Warning, mail, code); err != nil {
		return SendUsageWarningResult{}, err
	}
	if mail == usage.Queued {
		return SendUsageWarningResult{}, sent
	}
	return SendUsageWarningResult{Mail: mail}, nil
}

// warning composes the mail. Its subject holds no text that a user chose,
// because the contact may be any address.
func warning(o tenancy.Organization, l usage.Level) (Message, error) {
	data := struct {
		Organization, What, Used, Limit, Then, Way string
		Percent                                    int
	}{
		Organization: tenancy.PlainName(o.Name), Percent: l.Percent, What: "storage", Used: bytesOf(l.Used), Limit: bytesOf(l.Limit),
		Then: "When it is full, new files are refused.", Way: "Delete files and empty the trash, or ask for a larger tier.",
	}
	if l.Metric == "members" {
		data.What, data.Used, data.Limit = "seats", fmt.Sprint(l.Used), fmt.Sprint(l.Limit)
		data.Then, data.Way = "When none is left, no one new can join.", "Remove members who have left the school, or ask for a larger tier."
	}
	subject := fmt.Sprintf("Your organization has used %d %% of its %s", l.Percent, data.What)
	return fill("warning", Message{To: o.ContactEmail, Subject: subject}, data)
}

// bytesOf writes bytes as people read them.
func bytesOf(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1024, 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}
