package sweep

import (
	"context"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/evidence"
)

// tellDeadlines tells of days by which something is due, once before and once when they are over. How far it
// was told is in the row, with the notification: a run that dies or is repeated tells no one twice.
func (a *Activities) tellDeadlines(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "tell of deadlines", after, func(r tenancy.DeadlineRef) uuid.UUID { return r.ID }, func(ctx context.Context, after uuid.UUID) ([]tenancy.DeadlineRef, error) {
		return a.db.DeadlinesDue(ctx, after, a.page)
	}, func(ctx context.Context, r tenancy.DeadlineRef) error {
		return a.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error {
			_, err := evidence.Remind(ctx, tx, r.ID)
			return err
		})
	})
}
