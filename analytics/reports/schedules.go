package reports

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/analytics"
	"satchel/analytics/reports/reportsdb"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// The refusals of schedules.
var (
	ErrNoSchedule = fault.New(fault.NotFound, "report_schedule_not_found", "There is no such schedule of a report.")
	errMany       = fault.New(fault.Conflict, "too_many_report_schedules", "You have 20 schedules of reports, which is the most. Delete one first.")
)

const mostSchedules = 20

// Schedule is a report that comes by itself.
type Schedule struct {
	ID uuid.UUID
	analytics.Definition
	analytics.Timing
	Class      *uuid.UUID
	Active     bool
	NextAt     *time.Time
	LastReport *uuid.UUID
	CreatedBy  uuid.UUID
	CreatedAt  time.Time
}

func fromSchedule(r reportsdb.ScheduleGetRow) Schedule {
	return Schedule{ID: r.ID, Definition: analytics.Definition{Kind: analytics.Kind(r.Kind), Format: analytics.Format(r.Format), Place: analytics.Place(r.Place)},
		Timing: analytics.Timing{Every: analytics.Every(r.Every), Weekday: int(r.Weekday), Minute: int(r.Minute)},
		Class:  r.ClassID, Active: r.Active, NextAt: r.NextAt, LastReport: r.LastReportID, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt}
}

// AddSchedule makes a schedule of a person. One that an earlier try made is found.
func AddSchedule(ctx context.Context, tx *tenancy.Tx, s Schedule) error {
	if err := s.Check(); err != nil {
		return err
	}
	q := reportsdb.New(tx)
	n, err := q.ScheduleCount(ctx)
	switch {
	case err != nil:
		return wrap(err, "count schedules")
	case n >= mostSchedules:
		return errMany
	}
	added, err := q.ScheduleInsert(ctx, reportsdb.ScheduleInsertParams{ID: s.ID, Kind: string(s.Kind), Format: string(s.Format), ClassID: s.Class, Place: string(s.Place), Every: string(s.Every),
		Weekday: int16(s.Weekday), Minute: int16(s.Minute), NextAt: s.NextAt, CreatedBy: s.CreatedBy})
	if err != nil || added == 0 {
		return wrap(err, "add schedule")
	}
	return audit.Record(ctx, tx, audit.Event{Action: "report.schedule", ObjectID: s.ID.String(), Code: string(s.Kind)})
}

// Check refuses what is no schedule.
func (s Schedule) Check() error {
	if err := s.Definition.Check(); err != nil {
		return err
	}
	return s.Timing.Check()
}

// GetSchedule reads a schedule.
func GetSchedule(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Schedule, error) {
	r, err := reportsdb.New(q).ScheduleGet(ctx, id)
	return fromSchedule(r), orNotFound(err, ErrNoSchedule, "read schedule")
}

// Schedules lists those of the actor of q, the newest first.
func Schedules(ctx context.Context, q tenancy.Queries) ([]Schedule, error) {
	rows, err := reportsdb.New(q).ScheduleList(ctx)
	all := make([]Schedule, len(rows))
	for i, r := range rows {
		all[i] = fromSchedule(reportsdb.ScheduleGetRow(r))
	}
	return all, wrap(err, "list schedules")
}

// ChangeSchedule writes what may be changed of a schedule: how, where and when.
func ChangeSchedule(ctx context.Context, tx *tenancy.Tx, s Schedule) error {
	if err := s.Check(); err != nil {
		return err
	}
	n, err := reportsdb.New(tx).ScheduleChange(ctx, reportsdb.ScheduleChangeParams{ID: s.ID, Format: string(s.Format), Place: string(s.Place), Every: string(s.Every),
		Weekday: int16(s.Weekday), Minute: int16(s.Minute), Active: s.Active, NextAt: s.NextAt})
	switch {
	case err != nil:
		return wrap(err, "change schedule")
	case n == 0:
		return ErrNoSchedule
	}
	return audit.Record(ctx, tx, audit.Event{Action: "report.schedule_change", ObjectID: s.ID.String()})
}

// DeleteSchedule removes a schedule. The reports that came by it stay.
func DeleteSchedule(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	n, err := reportsdb.New(tx).ScheduleDelete(ctx, id)
	switch {
	case err != nil:
		return wrap(err, "delete schedule")
	case n == 0:
		return ErrNoSchedule
	}
	return audit.Record(ctx, tx, audit.Event{Action: "report.schedule_delete", ObjectID: id.String()})
}

// Due takes the turn of a schedule whose time has come: what it gives, under the id of the
// report, is to be made, and the
// schedule waits for its next time. One of which only the time was not known is given that
// time. Of two that take one turn, the second finds nothing to do. What was missed, as while
// no worker ran, is made up for once, not once for each.
func Due(ctx context.Context, tx *tenancy.Tx, id, report uuid.UUID, now time.Time) (*New, error) {
	q := reportsdb.New(tx)
	row, err := q.ScheduleLock(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // it is gone: nothing is to be made
	}
	if err != nil {
		return nil, wrap(err, "lock schedule")
	}
	s := fromSchedule(reportsdb.ScheduleGetRow(row))
	if !s.Active || s.NextAt != nil && s.NextAt.After(now) {
		return nil, nil //nolint:nilnil // nothing is to be made
	}
	about, err := ReadAbout(ctx, tx, s.CreatedBy)
	if err != nil {
		return nil, err
	}
	if s.NextAt == nil {
		return nil, wrap(q.ScheduleDue(ctx, reportsdb.ScheduleDueParams{ID: id, NextAt: s.Next(now, about.Zone)}), "find time of schedule")
	}
	n := &New{ID: report, By: s.CreatedBy, Definition: s.Definition, Period: s.Last(now, about.Zone), Class: s.Class, Schedule: &s.ID}
	err = q.ScheduleDue(ctx, reportsdb.ScheduleDueParams{ID: id, NextAt: s.Next(now, about.Zone), LastReportID: &n.ID})
	return n, wrap(err, "take turn of schedule")
}

// StopSchedule ends a schedule whose person may not have its reports any more.
func StopSchedule(ctx context.Context, tx *tenancy.Tx, id uuid.UUID) error {
	if err := reportsdb.New(tx).ScheduleStop(ctx, id); err != nil {
		return wrap(err, "stop schedule")
	}
	return audit.Record(ctx, tx, audit.Event{Action: "report.schedule_change", ObjectID: id.String(), Code: "stopped"})
}
