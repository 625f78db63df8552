package wiring

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/fx"

	"satchel/activities/email"
	"satchel/activities/notification"
	"satchel/internal/queue"
	"satchel/internal/sealed"
	"satchel/tenancy"
	"satchel/tenancy/notifications"
	"satchel/tenancy/people"
	"satchel/workers/outbox"
	telling "satchel/workflows/notification"
)

var notificationProcess = fx.Module("notification",
	fx.Provide(newNotification, newNotices),
	// A turn hands mails over; the sweeps do not. Operators can hold the queue.
	component(func(a *notification.Activities) queue.Component {
		return queue.Component{Queue: queue.Mails, Activities: []any{a}}
	}),
	component(func() queue.Component {
		return queue.Component{Queue: queue.Interactive, Workflows: []any{telling.DispatchOutbox}}
	}),
	component(func(s *notification.Sweeps) queue.Component {
		return queue.Component{Queue: queue.Batch, Workflows: []any{telling.CleanNotifications}, Activities: []any{s}, Schedules: telling.Schedules(), Sweeps: notification.SweepsOf(s)}
	}),
)

// noticeStarter is Temporal as the notifications know it.
type noticeStarter struct{ client client.Client }

// WakeNotifications starts the workflow of an organization's notifications, or wakes it.
func (s noticeStarter) WakeNotifications(ctx context.Context, org tenancy.OrgID) error {
	return telling.Wake(ctx, s.client, org)
}

func newNotices(c client.Client, log *slog.Logger) *outbox.Notices {
	return outbox.NewNotices(noticeStarter{c}, log)
}

// newNotification keeps the locks of turns for longer than the workers run, which stop first.
func newNotification(lc fx.Lifecycle, db *tenancy.DB, c client.Client, m email.Mailer, mails email.Config, hashes people.HashConfig, secrets sealed.Config, reports notification.ReportsConfig) (*notification.Activities, *notification.Sweeps, error) {
	hasher, err := people.NewHasher(hashes)
	if err != nil {
		return nil, nil, err
	}
	box, err := sealed.New(secrets)
	if err != nil {
		return nil, nil, err
	}
	tokens, err := notifications.NewTokens(box)
	if err != nil {
		return nil, nil, err
	}
	locks := tenancy.NewLocks(db)
	listening(lc, func(ctx context.Context) error { locks.Keep(ctx); return ctx.Err() })
	return notification.New(notification.Ports{DB: db, Locks: locks, Mailer: m, Hasher: hasher, Tokens: tokens, URL: mails.APIURL, Now: time.Now}),
		&notification.Sweeps{DB: db, Starter: noticeStarter{c}, Tokens: tokens, Folder: reports.Folder, Now: time.Now}, nil
}

// listening runs what hears for as long as the program runs. It ends only with its
// context, and says so.
func listening(lc fx.Lifecycle, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	lc.Append(fx.StartStopHook(
		func() {
			go func() {
				defer close(ended)
				_ = run(ctx)
			}()
		},
		func() {
			cancel()
			<-ended
		}))
}
