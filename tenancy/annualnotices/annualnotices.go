// Package annualnotices is what a school owes each year (the notice of rights of 34 CFR 99.7, the
// assessment of risks of 16 CFR 312.8(b)(2)), when it was done last, and by when it is due again.
// The kinds are app.annual_kinds.
package annualnotices

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/annualnotices/annualnoticesdb"
)

// What callers can meet.
var (
	ErrNotFound = fault.New(fault.NotFound, "annual_notice_not_found", "There is no such record of a notice.")
	errKind     = fault.New(fault.Invalid, "invalid_kind", "kind is ferpa_rights or security_assessment.")
	errDay      = fault.New(fault.Invalid, "invalid_given_on", "given_on is a day such as 2026-08-15, not to come.")
	errHow      = fault.New(fault.Invalid, "invalid_how", "how says in 1 to 500 characters how the notice was given, or who made the assessment.")
)

// Due is what is due each year, with what was done last.
type Due struct {
	Kind, Rule string
	DueOn      time.Time
	Overdue    bool
	Last       *Notice // nil: never
}

// Notice is one that was given.
type Notice struct {
	ID         uuid.UUID
	GivenOn    time.Time
	How        string
	File       *uuid.UUID
	RecordedBy uuid.UUID
	RecordedAt time.Time
}

// List reads what is due, the next first.
func List(ctx context.Context, q tenancy.Queries) ([]Due, error) {
	rows, err := annualnoticesdb.New(q).Due(ctx)
	if err != nil {
		return nil, fmt.Errorf("list annual notices: %w", err)
	}
	list := make([]Due, len(rows))
	for i, r := range rows {
		list[i] = Due{Kind: r.Kind, Rule: r.Rule, DueOn: r.DueOn, Overdue: r.Overdue}
		if r.ID != uuid.Nil {
			list[i].Last = &Notice{ID: r.ID, GivenOn: r.GivenOn, How: r.How, File: r.FileID, RecordedBy: r.RecordedBy, RecordedAt: r.RecordedAt}
		}
	}
	return list, nil
}

// New is a record of a notice that was given.
type New struct {
	ID, By  uuid.UUID
	Kind    string
	GivenOn time.Time
	How     string
	File    *uuid.UUID
}

// Record records one, and notes it in the audit log.
func Record(ctx context.Context, tx *tenancy.Tx, n New) error {
	n.How = strings.TrimSpace(n.How)
	switch length := utf8.RuneCountInString(n.How); {
	case n.GivenOn.IsZero() || n.GivenOn.After(time.Now().Add(14*time.Hour)): // where the day begins first
		return errDay
	case length == 0 || length > 500 || !utf8.ValidString(n.How) || strings.ContainsRune(n.How, 0):
		return errHow
	}
	err := annualnoticesdb.New(tx).NoticeInsert(ctx, annualnoticesdb.NoticeInsertParams{ID: n.ID, Kind: n.Kind, GivenOn: n.GivenOn, How: n.How, FileID: n.File, RecordedBy: n.By})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23514" {
		return errKind.Because(err)
	}
	if err != nil {
		return fmt.Errorf("record annual notice: %w", err)
	}
	return audit.Record(ctx, tx, audit.Event{Action: "annual_notice.record", ObjectID: n.ID.String(), Code: n.Kind})
}

// KindOf is the kind of a record.
func KindOf(ctx context.Context, q tenancy.Queries, id uuid.UUID) (string, error) {
	kind, err := annualnoticesdb.New(q).NoticeKind(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("read annual notice: %w", err)
	}
	return kind, nil
}
