package analytics

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"satchel/analytics/reports"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// Starter makes the rows of a report that is due, and starts the workflow of one.
type Starter interface {
	BeginReport(ctx context.Context, org tenancy.OrgID, n reports.New, also func(*tenancy.Tx) error) error
	StartReport(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error
}

// Sweeps look for what is left.
type Sweeps struct {
	DB      *tenancy.DB
	Starter Starter
	Now     func() time.Time
}

const (
	page = 100
	// uncounted is for how long what happened may be in no sum. A report that is asked for
	// counts it at once.
	uncounted = 15 * time.Minute
	// unfinishedFor is how long a report may be quiet before someone looks.
	unfinishedFor = 30 * time.Second
)

// SweepsOf are the sweeps of reports.
func SweepsOf(s *Sweeps) []queue.Sweep {
	return []queue.Sweep{
		{Name: "roll-up-activity", Every: 2 * time.Minute, Run: s.rollUp},
		{Name: "start-due-reports", Every: 30 * time.Second, Run: s.startDue},
		{Name: "restart-reports", Every: time.Minute, Run: s.restart},
	}
}

// rollUp counts what happened in each organization that has more: a bounded stretch of each,
// so that one with a million events does not keep the others waiting.
func (s *Sweeps) rollUp(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "roll up activity", after, tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return s.DB.ActivityBehind(ctx, uncounted, after, page)
	}, func(ctx context.Context, org tenancy.OrgID) error {
		return s.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
			_, err := reports.RollUp(ctx, tx)
			return err
		})
	})
}

// startDue begins the reports whose time has come. A schedule's turn and the row of its
// report are one transaction.
func (s *Sweeps) startDue(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start due reports", after, func(r tenancy.ReportScheduleRef) uuid.UUID { return r.Schedule },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.ReportScheduleRef, error) {
			return s.DB.ReportSchedulesDue(ctx, after, page)
		}, s.turn)
}

// errNothing ends a transaction in which nothing is to be made.
var errNothing = errors.New("nothing is due")

func (s *Sweeps) turn(ctx context.Context, r tenancy.ReportScheduleRef) error {
	id := tenancy.NewID()
	schedule, err := reports.GetSchedule(ctx, s.DB.Single(r.Org), r.Schedule)
	if errors.Is(err, reports.ErrNoSchedule) {
		return nil
	}
	if err != nil {
		return err
	}
	if schedule.NextAt == nil {
		return s.DB.InTx(ctx, r.Org, func(tx *tenancy.Tx) error {
			_, err := reports.Due(ctx, tx, r.Schedule, id, s.Now())
			return err
		})
	}
	n := reports.New{ID: id, By: schedule.CreatedBy}
	err = s.Starter.BeginReport(ctx, r.Org, n, func(tx *tenancy.Tx) error {
		due, err := reports.Due(ctx, tx, r.Schedule, id, s.Now())
		if err != nil {
			return err
		}
		if due == nil {
			return errNothing
		}
		return reports.Insert(ctx, tx, *due)
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// restart starts the workflows that were lost.
func (s *Sweeps) restart(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "restart reports", after, func(r tenancy.ReportRef) uuid.UUID { return r.Report },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.ReportRef, error) {
			return s.DB.ReportsUnfinished(ctx, unfinishedFor, after, page)
		}, func(ctx context.Context, r tenancy.ReportRef) error {
			if err := operations.Reopen(ctx, s.DB.Single(r.Org), r.Report); err != nil {
				return err
			}
			return s.Starter.StartReport(ctx, r.Org, r.Report)
		})
}
