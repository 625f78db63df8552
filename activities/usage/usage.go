// Package usage rolls up the usage of organizations by day and raises warnings
// near the limits of their tiers.
package usage

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/usage"
)

// Activities are the activities of this package.
type Activities struct {
	db     *tenancy.DB
	warner WarningStarter
	page   int // length of one list of a sweep
}

// New makes the activities.
func New(db *tenancy.DB, w WarningStarter) *Activities {
	return &Activities{db: db, warner: w, page: 500}
}

// stretch is how many organizations one list names.
const stretch = 200

// RollUpOrganizationsInput names where in the list of organizations to go on.
// An organization other than the platform rolls up its own days alone.
type RollUpOrganizationsInput struct{ Org, After tenancy.OrgID }

// RollUpOrganizationsResult says how far one stretch came.
type RollUpOrganizationsResult struct {
	Last          tenancy.OrgID // zero: the end is reached
	Organizations int64
	Failed        int64 // logged and passed over
}

// RollUpOrganizations writes down the days of the next organizations that may
// still change, as many as its time allows. Running it again changes nothing that
// it need not. An organization that fails, or takes too long, is logged, counted
// and passed over; the next run tries it again.
func (a *Activities) RollUpOrganizations(ctx context.Context, in RollUpOrganizationsInput) (RollUpOrganizationsResult, error) {
	if in.Org != tenancy.Platform {
		defer queue.Heartbeat(ctx)()
		return RollUpOrganizationsResult{Organizations: 1}, a.rollUp(ctx, in.Org)
	}
	swept, err := queue.PageByID(ctx, "roll up usage", in.After.UUID(), tenancy.OrgID.UUID, func(ctx context.Context, after uuid.UUID) ([]tenancy.OrgID, error) {
		return a.db.Organizations(ctx, tenancy.OrgID(after), stretch)
	}, a.rollUp)
	return RollUpOrganizationsResult{Last: tenancy.OrgID(swept.Next), Organizations: int64(swept.Done), Failed: int64(swept.Failed)}, err
}

func (a *Activities) rollUp(ctx context.Context, org tenancy.OrgID) error {
	return a.db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := usage.RollUp(ctx, tx, time.Now()); err != nil {
			return err
		}
		return warn(ctx, tx)
	})
}
