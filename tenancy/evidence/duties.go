package evidence

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/evidence/evidencedb"
)

// Kind is what a duty is.
type Kind struct {
	Name string
	Rule string
	Asks string
	Days int // after which it is due again, at the latest
}

// Kinds is the table of duties. The rules that say each year are those of a year; a coordinator is
// named until another one is, and is confirmed each year.
var Kinds = []Kind{
	{"coordinator", "16 CFR 312.8(b)(1)", "Somebody is named who coordinates the security program.", 365},
	{"risk_assessment", "16 CFR 312.8(b)(2)", "Risks to children's data are looked for.", 365},
	{"safeguards_test", "16 CFR 312.8(b)(4)", "It is tested whether safeguards work.", 365},
	{"program_evaluation", "16 CFR 312.8(b)(5)", "The program is evaluated and changed.", 365},
	{"annual_notice", "34 CFR 99.7", "Parents and eligible students are told of their rights.", 365},
	{"directory_notice", "34 CFR 99.37(a)", "Directory information, and the right to refuse it, are made public.", 365},
}

// Duty is that one was done.
type Duty = evidencedb.DutyGetRow

// NewDuty is one that is to be recorded.
type NewDuty struct {
	ID, Responsible, By uuid.UUID
	Kind, Note          string
	File                *uuid.UUID // that shows it
	DoneAt              time.Time
	DueAt               *time.Time // nil: as late as the kind allows
}

// ErrNoDuty says that there is none.
var ErrNoDuty = fault.New(fault.NotFound, "compliance_duty_not_found", "There is no such record of a duty.")

// RecordDuty records that a duty was done, and when it is due again.
func RecordDuty(ctx context.Context, tx *tenancy.Tx, n NewDuty, now time.Time) error {
	at := slices.IndexFunc(Kinds, func(k Kind) bool { return k.Name == n.Kind })
	if at < 0 {
		return fault.New(fault.Invalid, "invalid_kind", "kind is coordinator, risk_assessment, safeguards_test, program_evaluation, annual_notice or directory_notice.")
	}
	if err := checkText("note", n.Note, 2000); err != nil {
		return err
	}
	if n.DoneAt.IsZero() || n.DoneAt.After(now) {
		return fault.New(fault.Invalid, "invalid_done_at", "done_at is a time that is over.")
	}
	latest := n.DoneAt.AddDate(0, 0, Kinds[at].Days)
	if n.DueAt == nil {
		n.DueAt = &latest
	}
	if !n.DueAt.After(n.DoneAt) || n.DueAt.After(latest) {
		return fault.New(fault.Invalid, "invalid_due_at", "due_at is after done_at, and at most %d days later.", Kinds[at].Days).Under(Kinds[at].Rule)
	}
	q := evidencedb.New(tx)
	known, err := q.MemberKnown(ctx, n.Responsible)
	if err != nil {
		return fmt.Errorf("look for who answers for a duty: %w", err)
	}
	if !known.Staff {
		return fault.New(fault.Invalid, "invalid_responsible_id", "responsible_id is an owner, admin or teacher of your organization.")
	}
	err = q.DutyInsert(ctx, evidencedb.DutyInsertParams{ID: n.ID, Kind: n.Kind, ResponsibleID: n.Responsible, Note: n.Note, EvidenceFileID: n.File, DoneAt: n.DoneAt, DueAt: *n.DueAt, RecordedBy: n.By})
	if err != nil {
		return fmt.Errorf("record duty: %w", err)
	}
	return record(ctx, tx, "compliance.duty", n.ID, n.Kind)
}

// GetDuty reads one.
func GetDuty(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Duty, error) {
	d, err := evidencedb.New(q).DutyGet(ctx, id)
	if err != nil {
		return d, or(ErrNoDuty, "read duty", err)
	}
	return d, nil
}

// Duties lists them in the order of their ids.
func Duties(ctx context.Context, q tenancy.Queries, after uuid.UUID, n int) ([]Duty, error) {
	rows, err := evidencedb.New(q).DutyList(ctx, evidencedb.DutyListParams{After: after, Most: int64(n)})
	if err != nil {
		return nil, fmt.Errorf("list duties: %w", err)
	}
	all := make([]Duty, len(rows))
	for i, r := range rows {
		all[i] = Duty(r)
	}
	return all, nil
}
