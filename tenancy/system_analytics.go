package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_analytics.sql.

// ReportRef names a report of an organization.
type ReportRef struct {
	Org    OrgID     `db:"organization_id"`
	Report uuid.UUID `db:"report_id"`
}

// ReportScheduleRef names a schedule of reports.
type ReportScheduleRef struct {
	Org      OrgID     `db:"organization_id"`
	Schedule uuid.UUID `db:"schedule_id"`
}

// ActivityBehind finds organizations whose logs have more than was counted, and that were
// not counted for that long.
func (d *DB) ActivityBehind(ctx context.Context, quiet time.Duration, after uuid.UUID, n int) ([]OrgID, error) {
	rows, err := pageOf[struct {
		ID OrgID `db:"organization_id"`
	}](ctx, d, "organization_id", "select organization_id from app.activity_behind($1, $2, $3)", quiet, after, n)
	orgs := make([]OrgID, len(rows))
	for i, r := range rows {
		orgs[i] = r.ID
	}
	return orgs, err
}

// ReportsUnfinished finds reports that have not ended and were quiet for longer than that.
func (d *DB) ReportsUnfinished(ctx context.Context, quiet time.Duration, after uuid.UUID, n int) ([]ReportRef, error) {
	return pageOf[ReportRef](ctx, d, "report_id", "select organization_id, report_id from app.reports_unfinished($1, $2, $3)", quiet, after, n)
}

// ReportSchedulesDue finds schedules whose time has come, or is not known.
func (d *DB) ReportSchedulesDue(ctx context.Context, after uuid.UUID, n int) ([]ReportScheduleRef, error) {
	return pageOf[ReportScheduleRef](ctx, d, "schedule_id", "select organization_id, schedule_id from app.report_schedules_due($1, $2)", after, n)
}
