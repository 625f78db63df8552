// Package reports keeps what was counted and the reports that are made of it: the roll-ups of
// what happened, the figures of a report, its row, and the schedules by which reports come.
package reports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/analytics"
	"satchel/analytics/reports/reportsdb"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// State is where a report is.
type State string

// The states. Waiting is no end.
const (
	Waiting   State = "waiting"
	Ready     State = "ready"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// The refusals of this package.
var (
	ErrNotFound  = fault.New(fault.NotFound, "report_not_found", "There is no such report.")
	ErrClass     = fault.New(fault.NotFound, "class_not_found", "There is no such class of which you are a teacher.")
	ErrNotYours  = fault.New(fault.Denied, "report_not_allowed", "Reports about the organization are for its owners and admins. A teacher has the report of a class of theirs: kind class.")
	ErrNoStaff   = fault.New(fault.Invalid, "no_staff_room", "You are in no staff room that is open. Choose the place personal, or open a space of the kind staff.")
	errNeedClass = fault.New(fault.Invalid, "invalid_class", "class_id names a class where kind is class, and is left out otherwise.")
)

// Report is one row.
type Report struct {
	ID uuid.UUID
	analytics.Definition
	analytics.Period
	Class       *uuid.UUID
	RequestedBy uuid.UUID
	Schedule    *uuid.UUID
	State       State
	Code        string
	File        *uuid.UUID
	Version     *uuid.UUID
	RowCount    int64
	AsOf        *time.Time
	TimeZone    string
	Threshold   int
	CreatedAt   time.Time
	EndedAt     *time.Time
}

// Open says whether something can still become of it.
func (r Report) Open() bool { return r.EndedAt == nil }

func fromRow(r reportsdb.ReportGetRow) Report {
	return Report{ID: r.ID, Definition: analytics.Definition{Kind: analytics.Kind(r.Kind), Format: analytics.Format(r.Format), Place: analytics.Place(r.Place)},
		Period: analytics.Period{From: r.FromDay, To: r.ToDay}, Class: r.ClassID, RequestedBy: r.RequestedBy, Schedule: r.ScheduleID, State: State(r.State), Code: r.Code,
		File: r.FileID, Version: r.VersionID, RowCount: r.RowCount, AsOf: r.AsOf, TimeZone: r.TimeZone, Threshold: int(r.Threshold), CreatedAt: r.CreatedAt, EndedAt: r.EndedAt}
}

// New is a report that is asked for.
type New struct {
	ID, By uuid.UUID
	analytics.Definition
	analytics.Period
	Class    *uuid.UUID
	Schedule *uuid.UUID
}

// Allowed refuses who may not have such a report. q asks as the person.
func Allowed(ctx context.Context, q tenancy.Queries, actor tenancy.Actor, d analytics.Definition, class *uuid.UUID) error {
	if err := d.Check(); err != nil {
		return err
	}
	if (d.Kind == analytics.Class) != (class != nil) {
		return errNeedClass
	}
	if class == nil {
		if !actor.MayReportAll() {
			return ErrNotYours
		}
		return nil
	}
	staff, err := reportsdb.New(q).ClassStaff(ctx, *class)
	switch {
	case err != nil:
		return fmt.Errorf("look for class: %w", err)
	case !staff || !actor.Staff():
		return ErrClass
	}
	return nil
}

// Room is the staff room into which a report of the person goes. q asks as the person.
func Room(ctx context.Context, q tenancy.Queries) (uuid.UUID, error) {
	id, err := reportsdb.New(q).StaffRoom(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, ErrNoStaff
	}
	return id, wrap(err, "look for staff room")
}

// Insert makes the row. One that an earlier try made is found.
func Insert(ctx context.Context, q tenancy.Queries, n New) error {
	_, err := reportsdb.New(q).ReportInsert(ctx, reportsdb.ReportInsertParams{ID: n.ID, Kind: string(n.Kind), Format: string(n.Format), ClassID: n.Class, Place: string(n.Place),
		FromDay: n.From, ToDay: n.To, RequestedBy: n.By, ScheduleID: n.Schedule})
	return wrap(err, "insert report")
}

// Get reads a report.
func Get(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Report, error) {
	r, err := reportsdb.New(q).ReportGet(ctx, id)
	return fromRow(r), orNotFound(err, ErrNotFound, "read report")
}

// List reads a page, the newest first. An empty kind lists all.
func List(ctx context.Context, q tenancy.Queries, kind analytics.Kind, before uuid.UUID, limit int) ([]Report, error) {
	p := reportsdb.ReportListParams{Kind: string(kind), N: int64(limit)}
	if before != uuid.Nil {
		p.Before = &before
	}
	rows, err := reportsdb.New(q).ReportList(ctx, p)
	all := make([]Report, len(rows))
	for i, r := range rows {
		all[i] = fromRow(reportsdb.ReportGetRow(r))
	}
	return all, wrap(err, "list reports")
}

// Made is the file of a report.
type Made struct {
	File, Version uuid.UUID
	Rows          int
	AsOf          time.Time
	TimeZone      string
	Threshold     int
}

// Deliver notes that the report is a file, and tells who asked for it. A second try changes
// nothing.
func Deliver(ctx context.Context, tx *tenancy.Tx, r Report, m Made) error {
	n, err := reportsdb.New(tx).ReportReady(ctx, reportsdb.ReportReadyParams{ID: r.ID, FileID: &m.File, VersionID: &m.Version, RowCount: int64(m.Rows), AsOf: m.AsOf,
		TimeZone: m.TimeZone, Threshold: int32(m.Threshold)})
	if err != nil || n == 0 {
		return wrap(err, "note report")
	}
	if err := notifications.Put(ctx, tx, r.RequestedBy, "report.ready", map[string]any{"report_id": r.ID, "file_id": m.File}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Event{Action: "report.deliver", ObjectID: r.ID.String(), Code: m.Version.String()})
}

// End ends a report without a file. The first end stays.
func End(ctx context.Context, tx *tenancy.Tx, id uuid.UUID, to State, code string) error {
	n, err := reportsdb.New(tx).ReportEnd(ctx, reportsdb.ReportEndParams{ID: id, State: string(to), Code: code})
	if err != nil || n == 0 {
		return wrap(err, "end report")
	}
	action := "report.fail"
	if to == Cancelled {
		action = "report.cancel"
	}
	return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String(), Code: code})
}

func wrap(err error, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func orNotFound(err error, otherwise *fault.Fault, doing string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return otherwise
	}
	return wrap(err, doing)
}
