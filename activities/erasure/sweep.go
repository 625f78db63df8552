package erasure

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
)

const (
	startsAfter = 20 * time.Second // the first seconds belong to the request that asked for it
	silentFor   = 10 * time.Minute // a workflow that was started so long ago is started again, or found running
)

// SweepsOf are the sweeps of erasures.
func SweepsOf(a *Activities) []queue.Sweep {
	return []queue.Sweep{{Name: "start-erasures", Every: 30 * time.Second, Run: a.startErasures}}
}

// startErasures starts the workflow of every erasure that was never started, was lost, or
// waited for a hold that is released now.
func (a *Activities) startErasures(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start erasures", after, func(r tenancy.ErasureRef) uuid.UUID { return r.Erasure },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.ErasureRef, error) {
			return a.parts.DB.ErasuresDue(ctx, startsAfter, silentFor, after, a.page)
		}, func(ctx context.Context, r tenancy.ErasureRef) error {
			if err := a.parts.Workflows.StartErasure(ctx, r.Org, r.Erasure); err != nil {
				return err
			}
			return erasures.MarkWoken(ctx, a.parts.DB.Single(r.Org), r.Erasure)
		})
}
