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
	starter NoticeStarter
	log     *slog.Logger
	heard   chan struct{}

	mu      sync.Mutex
	waiting map[tenancy.OrgID]struct{}
}

// NewNotices makes one that hears nothing before Listen.
func NewNotices(s NoticeStarter, log *slog.Logger) *Notices {
	return &Notices{starter: s, log: log, heard: make(chan struct{}, 1), waiting: map[tenancy.OrgID]struct{}{}}
}

// hear notes an organization, and returns at once.
func (n *Notices) hear(payload string) {
	org, err := tenancy.ParseOrgID(payload)
	if err != nil {
		return // some were missed, which the sweep finds
	}
	n.mu.Lock()
	n.waiting[org] = struct{}{}
	n.mu.Unlock()
	signal(n.heard)
}

// wakeAll wakes those that were heard. However many rows there were, an organization is woken once.
func (n *Notices) wakeAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.heard:
		}
		n.mu.Lock()
		waiting := n.waiting
		n.waiting = map[tenancy.OrgID]struct{}{}
		n.mu.Unlock()
		for org := range waiting {
			if err := n.starter.WakeNotifications(ctx, org); err != nil && ctx.Err() == nil {
				n.log.WarnContext(ctx, "wake notifications failed; the sweep will", "error", err)
			}
		}
	}
}
