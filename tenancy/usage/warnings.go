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
	Metric  string `db:"metric" json:"metric"` // bytes or members
	Used    int64  `db:"used" json:"used"`
	Limit   int64  `db:"most" json:"limit"`
	Percent int    `db:"percent" json:"percent"`
}

// Raised is a warning that has just been raised: the level that crossed, and the
// highest threshold that it crossed.
type Raised struct {
	ID        uuid.UUID `json:"-"`
	Threshold int       `json:"threshold"`
	Level
}

type crossing struct {
	Threshold int  `db:"threshold"`
	Rising    bool `db:"rising"`
	Level
}

// Cross brings the organization's open warnings in line with its use. It closes
// those that use has fallen far enough below (75 and 90 %), and returns the new
// ones: one for each metric, by the highest threshold that was crossed. A second
// call returns none. An organization that is not active is
// left as it is.
func Cross(ctx context.Context, tx *tenancy.Tx) ([]Raised, error) {
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('warnings/' || app.org()::text, 0))"); err != nil {
		return nil, fmt.Errorf("lock warnings: %w", err)
	}
	rows, err := tx.Query(ctx, "select metric, threshold, used, most, percent, rising from usage_crossings order by metric, threshold desc")
	if err != nil {
		return nil, fmt.Errorf("read crossings: %w", err)
	}
	crossings, err := pgx.CollectRows(rows, pgx.RowToStructByName[crossing])
	if err != nil {
		return nil, fmt.Errorf("read crossings: %w", err)
	}
	var raised []Raised
	for _, c := range crossings {
		if !c.Rising {
			if _, err := tx.Exec(ctx, "delete from usage_warnings where metric = $1 and threshold = $2", c.Metric, c.Threshold); err != nil {
				return nil, fmt.Errorf("take warning down: %w", err)
			}
			continue
		}
		r := Raised{Threshold: c.Threshold, Level: c.Level}
		// The highest of a metric comes first and warns for those below it.
		if len(raised) == 0 || raised[len(raised)-1].Metric != c.Metric {
			r.ID = tenancy.NewID()
			raised = append(raised, r)
		}
	}
	return raised, currentLevel(ctx, tx, crossings)
}

// currentLevel records each crossing as an open warning, so that it is not raised again.
func currentLevel(ctx context.Context, tx *tenancy.Tx, crossings []crossing) error {
	for _, c := range crossings {
		if !c.Rising {
			continue
		}
		_, err := tx.Exec(ctx, "insert into usage_warnings (organization_id, metric, threshold) values (app.org(), $1, $2)", c.Metric, c.Threshold)
		if err != nil {
			return fmt.Errorf("raise warning: %w", err)
		}
	}
	return nil
}

// RecordWarning links a raised warning to its event, which exists by now, and queues
// its mail if the organization has a contact.
func RecordWarning(ctx context.Context, tx *tenancy.Tx, r Raised) error {
	_, err := tx.Exec(ctx, `update usage_warnings set event_id = $3,
		mail = case when (select contact_email from organizations) = '' then 'none' else 'queued' end
		where metric = $1 and threshold = $2`, r.Metric, r.Threshold, r.ID)
	if err != nil {
		return fmt.Errorf("announce warning: %w", err)
	}
	return nil
}

// Warning is an open warning.
type Warning struct {
	Metric    string     `db:"metric" json:"metric"`
	Threshold int        `db:"threshold" json:"threshold"`
	Percent   int        `db:"percent" json:"percent"` // now
	RaisedAt  time.Time  `db:"raised_at" json:"raised_at"`
	Event     *uuid.UUID `db:"event_id" json:"event_id"`
	Mail      Mail       `db:"mail" json:"mail"`
	MailCode  string     `db:"mail_code" json:"mail_code"`
	MailedAt  *time.Time `db:"mailed_at" json:"mailed_at"`
}

// Warnings reads the open ones, the highest of each metric first.
func Warnings(ctx context.Context, q tenancy.Queries) ([]Warning, error) {
	rows, err := q.Query(ctx, `select w.metric, w.threshold, coalesce(l.percent, 0) as percent, w.raised_at, w.event_id, w.mail, w.mail_code, w.mailed_at
		from usage_warnings w left join usage_levels l on l.metric = w.metric order by w.metric, w.threshold desc`)
	if err != nil {
		return nil, fmt.Errorf("read warnings: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Warning])
}

// WarningToMail reads how full the organization is of what a warning is about,
// and whether its mail still is to go out. Its id is its event's.
func WarningToMail(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Level, Mail, error) {
	rows, err := q.Query(ctx, `select w.metric, coalesce(l.used, 0) as used, coalesce(l.most, 0) as most, coalesce(l.percent, 0) as percent, w.mail
		from usage_warnings w left join usage_levels l on l.metric = w.metric where w.event_id = $1`, id)
	if err != nil {
		return Level{}, NoMail, fmt.Errorf("read warning: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct {
		Mail Mail `db:"mail"`
		Level
	}])
	if errors.Is(err, pgx.ErrNoRows) {
		return Level{}, NoMail, ErrNoWarning
	}
	return found.Level, found.Mail, err
}

// RecordMail notes what became of an attempt to mail a queued warning, and says
// whether it was still queued.
func RecordMail(ctx context.Context, q tenancy.Queries, id uuid.UUID, m Mail, code string) (bool, error) {
	tag, err := q.Exec(ctx, `update usage_warnings set mail = $2, mail_code = $3, mailed_at = case when $2 = 'sent' then now() end
		where event_id = $1 and mail = 'queued'`, id, string(m), code)
	if err != nil {
		return false, fmt.Errorf("note mail: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// MarkSending notes that the workflow of a warning's mail was started.
func MarkSending(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	_, err := q.Exec(ctx, "update usage_warnings set started_at = now() where event_id = $1 and mail = 'queued'", id)
	return err
}
