package outbox

import (
	"context"
	"log/slog"
	"sync"

	"satchel/tenancy"
)

// NoticesChannel is the notification channel on which an organization's id comes after
// each commit that wrote a notification or queued a mail.
const NoticesChannel = "notifications"

// NoticeStarter starts the workflow of an organization's notifications, or wakes it.
type NoticeStarter interface {
	WakeNotifications(ctx context.Context, org tenancy.OrgID) error
}

// Notices hears that an organization has notifications, and has them dispatched at once.
// What it misses, the sweep finds.
type Notices struct {
	DB      *tenancy.DB
	Starter NoticeStarter
	Log     *slog.Logger

	mu      sync.Mutex
	waiting map[tenancy.OrgID]struct{}
}

// Run hears until ctx ends. However many rows there were, an organization is woken once.
func (n *Notices) Run(ctx context.Context) error {
	heard := make(chan struct{}, 1)
	n.waiting = map[tenancy.OrgID]struct{}{}
	var waking sync.WaitGroup
	defer waking.Wait()
	waking.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-heard:
			}
			n.mu.Lock()
			waiting := n.waiting
			n.waiting = map[tenancy.OrgID]struct{}{}
			n.mu.Unlock()
			for org := range waiting {
				if err := n.Starter.WakeNotifications(ctx, org); err != nil && ctx.Err() == nil {
					n.Log.WarnContext(ctx, "wake notifications failed; the sweep will", "error", err)
				}
			}
		}
	})
	return n.DB.Listen(ctx, NoticesChannel, func(payload string) {
		org, err := tenancy.ParseOrgID(payload)
		if err != nil {
			return // some were missed, which the sweep finds
		}
		n.mu.Lock()
		n.waiting[org] = struct{}{}
		n.mu.Unlock()
		signal(heard)
	})
}
