package notification

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"satchel/internal/bounce"
	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// ReportsConfig is where the mail server puts the reports about mails.
type ReportsConfig struct {
	Folder string `env:"SATCHEL_MAIL_REPORTS_DIR"` // Maildir to which mail for SATCHEL_MAIL_BOUNCES is delivered; what is in its new/ is read and deleted; empty: none are read
}

// mostReports is how many one run reads.
const mostReports = 1000

// readMailReports reads what mail servers sent back. A report is deleted once it is noted,
// so one that is read twice is noted once: the row says what is known.
func (s *Sweeps) readMailReports(ctx context.Context, _ uuid.UUID) (queue.Swept, error) {
	var swept queue.Swept
	if s.Folder == "" {
		return swept, nil
	}
	folder := filepath.Join(s.Folder, "new")
	found, err := os.ReadDir(folder)
	if err != nil {
		return swept, fmt.Errorf("read folder of mail reports: %w", err)
	}
	var failures []error
	for _, f := range found[:min(len(found), mostReports)] {
		if err := ctx.Err(); err != nil {
			return swept, err
		}
		if !f.Type().IsRegular() {
			continue
		}
		err := s.readReport(ctx, filepath.Join(folder, f.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // another worker was first
		}
		swept.Found++
		if err != nil {
			swept.Failed++
			failures = append(failures, err)
			continue
		}
		swept.Done++
	}
	return swept, errors.Join(failures...)
}

func (s *Sweeps) readReport(ctx context.Context, path string) error {
	f, err := os.Open(path) //nolint:gosec // of the operator's folder
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(f, bounce.MaxBytes))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read mail report: %w", err)
	}
	if _, err := s.take(ctx, raw); err != nil {
		return err
	}
	return os.Remove(path)
}

// take notes what one mail from a mail server says. Any other mail says nothing.
func (s *Sweeps) take(ctx context.Context, raw []byte) (bool, error) {
	r, err := bounce.Parse(raw)
	if err != nil || r.Kind == bounce.Delayed {
		return false, nil //nolint:nilerr // no report, or none that changes anything
	}
	what := notifications.Complaint
	if r.Kind == bounce.Failed {
		what = notifications.BounceOf(r.Status)
	}
	for _, tag := range bounce.Tags(raw, notifications.ReportTagLength) {
		mail, err := s.Tokens.ReadReportTag(tag)
		if err != nil {
			continue
		}
		return s.note(ctx, mail, what, r.Status)
	}
	return false, nil
}

func (s *Sweeps) note(ctx context.Context, mail uuid.UUID, what notifications.Bounce, status string) (noted bool, err error) {
	org, found, err := s.DB.MailOrganization(ctx, mail)
	if err != nil {
		return false, err
	}
	if !found {
		return s.noteConsent(ctx, mail, what, status)
	}
	err = s.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		noted, err = notifications.Report(ctx, tx, mail, what, status, s.Now())
		return err
	})
	return noted, err
}

// noteConsent notes that a mail to a parent came back. One that was called unwanted was read.
func (s *Sweeps) noteConsent(ctx context.Context, mail uuid.UUID, what notifications.Bounce, status string) (noted bool, err error) {
	ref, found, err := s.DB.ConsentByMail(ctx, mail)
	if err != nil || !found || what == notifications.Complaint {
		return false, err
	}
	err = s.DB.InTx(ctx, ref.Org, func(tx *tenancy.Tx) (err error) {
		if noted, err = requests.Bounce(ctx, tx, mail, status, s.Now()); err != nil || !noted {
			return err
		}
		if err := notifications.PutManagers(ctx, tx, "parent.unreachable", map[string]any{"request_id": ref.Request}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Event{Action: "consent.request_bounce", ObjectID: ref.Request.String(), Code: status, Result: audit.Failed})
	})
	return noted, err
}
