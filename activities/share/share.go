// Package share ends shares whose time is over and finds mails of shares that their
// workflow has lost.
package share

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/policies/audit"
	"satchel/shares"
	"satchel/tenancy"
)

// MailStarter starts the workflow of a mail, or finds it started.
type MailStarter interface {
	StartShareMail(ctx context.Context, org tenancy.OrgID, share, recipient uuid.UUID) error
}

// How long a mail may be without a workflow, and its workflow without an attempt: longer
// than the longest pause between two.
const (
	Unstarted = 20 * time.Second
	Silent    = 15 * time.Minute
)

// Sweeps find what is left of shares.
type Sweeps struct {
	db      *tenancy.DB
	starter MailStarter
	page    int // length of one list
}

// New makes the sweeps.
func New(db *tenancy.DB, s MailStarter) *Sweeps {
	return &Sweeps{db: db, starter: s, page: 500}
}

// SweepsOf are the sweeps of shares.
func SweepsOf(a *Sweeps) []queue.Sweep {
	return []queue.Sweep{
		{Name: "expire-shares", Every: 30 * time.Second, Run: a.expireShares},
		{Name: "forget-share-accesses", Every: 2 * time.Minute, Run: a.forgetAccesses},
		{Name: "start-waiting-share-mails", Every: 30 * time.Second, Run: a.startWaitingShareMails},
	}
}

// expireShares writes down that the time of shares is over and forgets the addresses.
// That they give nothing any more does not wait for it.
func (a *Sweeps) expireShares(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "expire shares", after, func(r tenancy.ShareRef) uuid.UUID { return r.Share },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.ShareRef, error) {
			return a.db.SharesExpired(ctx, after, a.page)
		}, func(ctx context.Context, r tenancy.ShareRef) error {
			return a.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error {
				ended, err := shares.Expire(ctx, tx, r.Share)
				if err != nil || !ended {
					return err
				}
				return audit.Record(ctx, tx, audit.Event{Action: "share.expire", ObjectID: r.Share.String()})
			})
		})
}

// forgetAccesses deletes accesses that are older than their organization keeps them.
func (a *Sweeps) forgetAccesses(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "forget accesses by shares", after, tenancy.OrgID.UUID,
		func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
			return a.db.ShareAccessesOld(ctx, after, a.page)
		}, func(ctx context.Context, org tenancy.OrgID) error {
			for {
				n, err := shares.ForgetAccesses(ctx, a.db.Single(org), mostForgotten)
				if err != nil || n < mostForgotten {
					return err
				}
			}
		})
}

// mostForgotten bounds one statement.
const mostForgotten = 1000

// startWaitingShareMails starts the workflow of every mail that has made no progress.
func (a *Sweeps) startWaitingShareMails(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start waiting mails of shares", after, func(r tenancy.ShareMailRef) uuid.UUID { return r.Recipient },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.ShareMailRef, error) {
			return a.db.ShareMailsWaiting(ctx, Unstarted, Silent, after, a.page)
		}, func(ctx context.Context, r tenancy.ShareMailRef) error {
			if err := a.starter.StartShareMail(ctx, r.Org, r.Share, r.Recipient); err != nil {
				return err
			}
			return shares.MarkMailing(ctx, a.db.Single(r.Org), r.Share, r.Recipient)
		})
}
