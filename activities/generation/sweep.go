package generation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/generation/drafts"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// Starter starts the workflow of a generation, or has it look at its row.
type Starter interface {
	WakeGeneration(ctx context.Context, org tenancy.OrgID, id uuid.UUID) error
}

// Sweeps finds what is left.
type Sweeps struct {
	DB      *tenancy.DB
	Starter Starter
}

// unfinishedFor is how long a generation may be quiet before the sweep looks at it.
const unfinishedFor = 30 * time.Second

const page = 100

// SweepsOf are the sweeps of generations.
func SweepsOf(s *Sweeps) []queue.Sweep {
	return []queue.Sweep{
		{Name: "wake-generations", Every: time.Minute, Run: s.WakeGenerations},
		{Name: "delete-old-generations", Every: 2 * time.Minute, Run: s.DeleteOldGenerations},
	}
}

// DeleteOldGenerations deletes generations that ended long ago.
func (s *Sweeps) DeleteOldGenerations(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "delete old generations", after, func(r tenancy.GenerationRef) uuid.UUID { return r.Generation },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.GenerationRef, error) {
			return s.DB.GenerationsOld(ctx, time.Now().Add(-drafts.Kept), after, page)
		},
		func(ctx context.Context, r tenancy.GenerationRef) error {
			return drafts.Delete(ctx, s.DB.Single(r.Org), r.Generation)
		})
}

// WakeGenerations starts or wakes every generation that has something to do and was quiet
// for a while.
func (s *Sweeps) WakeGenerations(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "wake generations", after, func(r tenancy.GenerationRef) uuid.UUID { return r.Generation },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.GenerationRef, error) {
			return s.DB.GenerationsUnfinished(ctx, unfinishedFor, after, page)
		},
		func(ctx context.Context, r tenancy.GenerationRef) error {
			// The job of a workflow that was lost may have been ended.
			if err := operations.Reopen(ctx, s.DB.Single(r.Org), r.Generation); err != nil {
				return err
			}
			return s.Starter.WakeGeneration(ctx, r.Org, r.Generation)
		})
}
