package usage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/usage/usagedb"
)

// Mail is the state of a warning's mail.
type Mail string

// The states. A warning that was raised together with a higher one, or in an
// organization without a contact, has no mail; Failed was refused permanently.
const (
	NoMail Mail = "none"
	Queued Mail = "queued"
	Sent   Mail = "sent"
	Failed Mail = "failed"
)

// ErrNoWarning is returned for a warning that is not open any more.
var ErrNoWarning = fault.New(fault.NotFound, "warning_not_found", "The warning is not open any more: use has fallen since.")

// Level is how full an organization is of one thing that its tier limits.
type Level struct {
	Metric  string `json:"metric"` // bytes or members
	Used    int64  `json:"used"`
	Limit   int64  `json:"limit"`
	Percent int    `json:"percent"`
}

// Raised is a warning that has just been raised: the level that crossed, and the
// highest threshold that it crossed.
type Raised struct {
	ID        uuid.UUID `json:"-"`
	Threshold int       `json:"threshold"`
	Level
}

// Cross brings the organization's open warnings in line with its use. It closes
// those that use has fallen far enough below (75 and 90 %), and returns the new
// ones: one for each metric, by the highest threshold that was crossed. A second
// call returns none. An organization that is not active is
// left as it is.
func Cross(ctx context.Context, tx *tenancy.Tx) ([]Raised, error) {
	q := usagedb.New(tx)
	if err := q.WarningsLock(ctx); err != nil {
		return nil, fmt.Errorf("lock warnings: %w", err)
	}
	crossings, err := q.CrossingList(ctx)
	if err != nil {
		return nil, fmt.Errorf("read crossings: %w", err)
	}
	var raised []Raised
	for _, c := range crossings {
		if !c.Rising {
			if err := q.WarningDelete(ctx, usagedb.WarningDeleteParams{Metric: c.Metric, Threshold: c.Threshold}); err != nil {
				return nil, fmt.Errorf("take warning down: %w", err)
			}
			continue
		}
		r := Raised{Threshold: c.Threshold, Level: Level{Metric: c.Metric, Used: c.Used, Limit: c.Most, Percent: c.Percent}}
		// The highest of a metric comes first and warns for those below it.
		if len(raised) == 0 || raised[len(raised)-1].Metric != c.Metric {
			r.ID = tenancy.NewID()
			raised = append(raised, r)
		}
	}
	return raised, currentLevel(ctx, q, crossings)
}

// currentLevel records each crossing as an open warning, so that it is not raised again.
func currentLevel(ctx context.Context, q *usagedb.Queries, crossings []usagedb.CrossingListRow) error {
	for _, c := range crossings {
		if !c.Rising {
			continue
		}
		if err := q.WarningInsert(ctx, usagedb.WarningInsertParams{Metric: c.Metric, Threshold: c.Threshold}); err != nil {
			return fmt.Errorf("raise warning: %w", err)
		}
	}
	return nil
}

// RecordWarning links a raised warning to its event, which exists by now, and queues
// its mail if the organization has a contact.
func RecordWarning(ctx context.Context, tx *tenancy.Tx, r Raised) error {
	err := usagedb.New(tx).WarningQueue(ctx, usagedb.WarningQueueParams{EventID: r.ID, Metric: r.Metric, Threshold: r.Threshold})
	if err != nil {
		return fmt.Errorf("announce warning: %w", err)
	}
	return nil
}

// Warning is an open warning.
type Warning struct {
	Metric    string     `json:"metric"`
	Threshold int        `json:"threshold"`
	Percent   int        `json:"percent"` // now
	RaisedAt  time.Time  `json:"raised_at"`
	Event     *uuid.UUID `json:"event_id"`
	Mail      Mail       `json:"mail"`
	MailCode  string     `json:"mail_code"`
	MailedAt  *time.Time `json:"mailed_at"`
}

// Warnings reads the open ones, the highest of each metric first.
func Warnings(ctx context.Context, q tenancy.Queries) ([]Warning, error) {
	rows, err := usagedb.New(q).WarningList(ctx)
	if err != nil {
		return nil, fmt.Errorf("read warnings: %w", err)
	}
	warnings := make([]Warning, len(rows))
	for i, r := range rows {
		warnings[i] = Warning{Metric: r.Metric, Threshold: r.Threshold, Percent: int(r.Percent), RaisedAt: r.RaisedAt, Event: r.EventID,
			Mail: Mail(r.Mail), MailCode: r.MailCode, MailedAt: r.MailedAt}
	}
	return warnings, nil
}

// WarningToMail reads how full the organization is of what a warning is about,
// and whether its mail still is to go out. Its id is its event's.
func WarningToMail(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Level, Mail, error) {
	w, err := usagedb.New(q).WarningGet(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Level{}, NoMail, ErrNoWarning
	case err != nil:
		return Level{}, NoMail, fmt.Errorf("read warning: %w", err)
	}
	return Level{Metric: w.Metric, Used: w.Used, Limit: w.Most, Percent: int(w.Percent)}, Mail(w.Mail), nil
}

// RecordMail notes what became of an attempt to mail a queued warning, and says
// whether it was still queued.
func RecordMail(ctx context.Context, q tenancy.Queries, id uuid.UUID, m Mail, code string) (bool, error) {
	noted, err := usagedb.New(q).WarningMailed(ctx, usagedb.WarningMailedParams{EventID: id, Mail: string(m), MailCode: code})
	if err != nil {
		return false, fmt.Errorf("note mail: %w", err)
	}
	return noted == 1, nil
}

// MarkSending notes that the workflow of a warning's mail was started.
func MarkSending(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	return usagedb.New(q).WarningStarted(ctx, id)
}
