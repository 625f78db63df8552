package roblox

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/roblox/connections"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

// Starter starts what waits.
type Starter interface {
	// WakeSync starts the sync of an operation, or finds it.
	WakeSync(ctx context.Context, org tenancy.OrgID, connection, operation uuid.UUID) error
	// BeginSync begins a sync that is due by itself.
	BeginSync(ctx context.Context, org tenancy.OrgID, connection uuid.UUID) error
	WakePlace(ctx context.Context, org tenancy.OrgID, publication uuid.UUID) error
	WakeErasure(ctx context.Context, org tenancy.OrgID, erasure uuid.UUID) error
}

// Sweeps find what is due and what was lost.
type Sweeps struct {
	DB      *tenancy.DB
	Vault   connections.Vault
	Starter Starter
	Now     func() time.Time
}

const (
	page = 100
	// quietFor is how long something may wait before someone looks.
	quietFor = 30 * time.Second
)

// SweepsOf are the sweeps of this package.
func SweepsOf(s *Sweeps) []queue.Sweep {
	return []queue.Sweep{
		{Name: "start-roblox-syncs", Every: time.Minute, Run: s.startSyncs},
		{Name: "start-roblox-requests", Every: time.Minute, Run: s.startRequests},
		{Name: "rotate-roblox-keys", Every: time.Minute, Run: s.rotateKeys},
	}
}

func (s *Sweeps) startSyncs(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start syncs with Roblox", after, func(r tenancy.RobloxRef) uuid.UUID { return r.Connection },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.RobloxRef, error) {
			return s.DB.RobloxWaiting(ctx, s.Now(), quietFor, after, page)
		},
		func(ctx context.Context, r tenancy.RobloxRef) error {
			if r.Sync != nil {
				return s.Starter.WakeSync(ctx, r.Org, r.Connection, *r.Sync)
			}
			err := s.Starter.BeginSync(ctx, r.Org, r.Connection)
			var running operations.AlreadyRunning
			if errors.As(err, &running) {
				return nil
			}
			return err
		})
}

func (s *Sweeps) startRequests(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start requests to Roblox", after, func(r tenancy.RobloxRequestRef) uuid.UUID { return r.ID },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.RobloxRequestRef, error) {
			return s.DB.RobloxUnfinished(ctx, s.Now(), quietFor, after, page)
		},
		func(ctx context.Context, r tenancy.RobloxRequestRef) error {
			if r.Erasure {
				return s.Starter.WakeErasure(ctx, r.Org, r.ID)
			}
			return s.Starter.WakePlace(ctx, r.Org, r.ID)
		})
}

// rotateKeys encrypts again what is under another key of the service than the current one.
func (s *Sweeps) rotateKeys(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	if s.Vault.Box == nil {
		return queue.Swept{}, nil
	}
	current, err := s.Vault.Box.Current(ctx)
	if err != nil {
		return queue.Swept{}, err
	}
	return queue.SweepByID(ctx, "encrypt keys for Roblox again", after, func(r tenancy.RobloxRef) uuid.UUID { return r.Connection },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.RobloxRef, error) {
			return s.DB.RobloxSealedOtherwise(ctx, current, after, page)
		},
		func(ctx context.Context, r tenancy.RobloxRef) error {
			return s.Vault.Rotate(ctx, s.DB, r.Org, r.Connection)
		})
}
