package api

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
)

// playedInvitations notes what the workflows were told.
type playedInvitations struct {
	mu                   sync.Mutex
	started, sent, ended []uuid.UUID
	err                  error
}

func (p *playedInvitations) note(list *[]uuid.UUID, id uuid.UUID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	*list = append(*list, id)
	return p.err
}

func (p *playedInvitations) Start(_ context.Context, _ tenancy.OrgID, id uuid.UUID, _ time.Time) error {
	return p.note(&p.started, id)
}

func (p *playedInvitations) Resend(_ context.Context, _ tenancy.OrgID, id uuid.UUID, _ time.Time) error {
	return p.note(&p.sent, id)
}

func (p *playedInvitations) End(_ context.Context, _ tenancy.OrgID, id uuid.UUID) error {
	return p.note(&p.ended, id)
}
