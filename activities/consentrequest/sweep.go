package consentrequest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/policies/consent/requests"
	"satchel/tenancy"
)

// Starter starts the workflow of a request, or has the one that runs look at its row: it may wait
// for a time that counts no more.
type Starter interface {
	WakeConsentRequest(ctx context.Context, org tenancy.OrgID, request uuid.UUID) error
}

// Sweeps finds requests whose workflow was lost, or has not begun: after a consent was ended by
// a new notice, or another guardian answered.
type Sweeps struct {
	DB      *tenancy.DB
	Starter Starter
	Now     func() time.Time
}

const (
	page = 500
	// quiet is how long something may be due before the sweep looks, and silent how long a
	// workflow that it started is left alone.
	quiet  = 20 * time.Second
	silent = 15 * time.Minute
)

// SweepsOf is the sweep of requests.
func SweepsOf(s *Sweeps) []queue.Sweep {
	return []queue.Sweep{{Name: "start-consent-requests", Every: 30 * time.Second, Run: s.startRequests}}
}

func (s *Sweeps) startRequests(ctx context.Context, after uuid.UUID) (queue.Swept, error) {
	return queue.SweepByID(ctx, "start requests for consent", after, func(r tenancy.ConsentRef) uuid.UUID { return r.Request },
		func(ctx context.Context, after uuid.UUID) ([]tenancy.ConsentRef, error) {
			return s.DB.ConsentRequestsDue(ctx, s.Now(), quiet, silent, after, page)
		}, func(ctx context.Context, r tenancy.ConsentRef) error {
			if err := s.Starter.WakeConsentRequest(ctx, r.Org, r.Request); err != nil {
				return err
			}
			return requests.Woken(ctx, s.DB.Single(r.Org), r.Request)
		})
}
