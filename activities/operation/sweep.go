package operation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// page bounds one statement, so that no one waits long for its locks.
const page = 1000

// SweepsOf is the sweep of the rows that sweeps leave.
func SweepsOf(a *Activities) []queue.Sweep {
	return []queue.Sweep{{Name: "delete-old-sweeps", Every: 2 * time.Minute, Run: a.deleteOldSweeps}}
}

// deleteOldSweeps deletes the rows of runs that found something, days ago. Those of
// organizations' jobs stay. It says that it found nothing, since a row of its own for each
// run would be a row more to delete.
func (a *Activities) deleteOldSweeps(ctx context.Context, _ uuid.UUID) (queue.Swept, error) {
	for {
		n, err := operations.DeleteSwept(ctx, a.db.Single(tenancy.Platform), time.Now(), page)
		if err != nil || n < page {
			return queue.Swept{}, err
		}
	}
}
