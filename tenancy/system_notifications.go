package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_notifications.sql.

type organizationRef struct {
	ID OrgID `db:"organization_id"`
}

func (d *DB) organizations(ctx context.Context, sql string, args ...any) ([]OrgID, error) {
	rows, err := pageOf[organizationRef](ctx, d, "organization_id", sql, args...)
	orgs := make([]OrgID, len(rows))
	for i, r := range rows {
		orgs[i] = r.ID
	}
	return orgs, err
}

// NotificationsWaiting finds organizations with notifications that wait or mails that are
// due.
func (d *DB) NotificationsWaiting(ctx context.Context, now time.Time, after uuid.UUID, n int) ([]OrgID, error) {
	return d.organizations(ctx, "select organization_id from app.notifications_waiting($1, $2, $3)", now, after, n)
}

// NotificationsOld finds organizations with mails, notifications or unconfirmed addresses from before those
// times.
func (d *DB) NotificationsOld(ctx context.Context, mails, notifications, addresses time.Time, after uuid.UUID, n int) ([]OrgID, error) {
	return d.organizations(ctx, "select organization_id from app.notifications_old($1, $2, $3, $4, $5)", mails, notifications, addresses, after, n)
}

// MailOrganization finds whose a mail is.
func (d *DB) MailOrganization(ctx context.Context, mail uuid.UUID) (OrgID, bool, error) {
	found, err := anywhere[organizationRef](ctx, d, "select organization_id from app.mail_organization($1)", mail)
	if err != nil || len(found) == 0 {
		return OrgID{}, false, err
	}
	return found[0].ID, true, nil
}
