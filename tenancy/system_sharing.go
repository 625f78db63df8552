package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// ShareRef names a share.
type ShareRef struct {
	Org   OrgID     `db:"organization_id"`
	Share uuid.UUID `db:"share_id"`
}

// ShareMailRef names a recipient of a share who waits for a mail.
type ShareMailRef struct {
	Org       OrgID     `db:"organization_id"`
	Share     uuid.UUID `db:"share_id"`
	Recipient uuid.UUID `db:"recipient_id"`
}

// SharesExpired finds shares whose time is over and that do not say so yet.
func (d *DB) SharesExpired(ctx context.Context, after uuid.UUID, n int) ([]ShareRef, error) {
	return pageOf[ShareRef](ctx, d, "share_id", "select organization_id, share_id from app.shares_expired($1, $2)", after, n)
}

// ShareMailsWaiting finds mails whose workflow never began or has been silent for long.
func (d *DB) ShareMailsWaiting(ctx context.Context, unstarted, silent time.Duration, after uuid.UUID, n int) ([]ShareMailRef, error) {
	return pageOf[ShareMailRef](ctx, d, "recipient_id", "select organization_id, share_id, recipient_id from app.share_mails_waiting($1, $2, $3, $4)", unstarted, silent, after, n)
}

// ShareAccessesOld finds organizations with accesses by shares that are older than they
// keep them.
func (d *DB) ShareAccessesOld(ctx context.Context, after uuid.UUID, n int) ([]OrgID, error) {
	return d.organizations(ctx, "select organization_id from app.share_accesses_old($1, $2)", after, n)
}
