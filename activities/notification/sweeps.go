package notification

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
)

// Starter starts the workflow of an organization's notifications, or wakes it.
type Starter interface {
	WakeNotifications(ctx context.Context, org tenancy.OrgID) error
}

// Sweeps find what is left, and read what comes back.
type Sweeps struct {
	DB      *tenancy.DB
	Starter Starter
	Tokens  *notifications.Tokens
	Folder  string // of the reports; empty: none are read
	Now     func() time.Time
}

// SweepsOf are the sweeps of notifications.
func SweepsOf(s *Sweeps) []queue.Sweep {
	return []queue.Sweep{
		{Name: "start-waiting-notifications", Every: time.Minute, Run: s.startWaitingNotifications},
		{Name: "read-mail-reports", Every: time.Minute, Run: s.readMailReports},
	}
}

// startWaitingNotifications wakes every organization in which a notification waits or a
// mail is due.
func (s *Sweeps) startWaitingNotifications(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start notifications", after, tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return s.DB.NotificationsWaiting(ctx, s.Now(), after, page)
	}, s.Starter.WakeNotifications)
}

// DeleteOldNotificationsInput names the platform, and where to go on.
type DeleteOldNotificationsInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the run before ended
}

// PlatformWork marks work across organizations.
func (DeleteOldNotificationsInput) PlatformWork() {}

// DeleteOldNotificationsResult counts the organizations.
type DeleteOldNotificationsResult = queue.Swept

// DeleteOldNotifications deletes the log of mails after 90 days, notifications after a
// year and addresses that their person did not confirm after a week.
func (s *Sweeps) DeleteOldNotifications(ctx context.Context, in DeleteOldNotificationsInput) (DeleteOldNotificationsResult, error) {
	const most = 1000 // of one statement
	return queue.SweepByID(ctx, "delete old notifications", in.After, tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return s.DB.NotificationsOld(ctx, s.Now().Add(-notifications.MailsKept), s.Now().Add(-notifications.NotificationsKept), s.Now().Add(-notifications.UnconfirmedKept), after, page)
	}, func(ctx context.Context, org tenancy.OrgID) error {
		for {
			var n int64
			err := s.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
				n, err = notifications.DeleteOld(ctx, tx, s.Now(), most)
				return err
			})
			if err != nil || n < most {
				return err
			}
		}
	})
}
