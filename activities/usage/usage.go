// Package usage rolls up the usage of organizations by day and raises warnings
// near the limits of their tiers.
package usage

import (
	"context"
	"fmt"
	"time"

	"satchel/internal/fault"
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

// stretch is how many organizations one activity rolls up.
const stretch = 200

// ErrNotPlatform refuses a roll-up of others that an organization asks for.
var ErrNotPlatform = fault.New(fault.Denied, "not_platform", "Only the platform rolls up the usage of all. Start it with the platform's organization, or for one organization alone.")

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
// still change. Running it again changes nothing that it need not. An
// organization that fails is logged, counted and passed over; the next run
// tries it again.
func (a *Activities) RollUpOrganizations(ctx context.Context, in RollUpOrganizationsInput) (RollUpOrganizationsResult, error) {
	defer queue.Heartbeat(ctx)()
	var result RollUpOrganizationsResult
	if in.Org != tenancy.Platform {
		if !in.After.IsZero() {
			return result, ErrNotPlatform
		}
		result.Organizations = 1
		return result, a.rollUp(ctx, in.Org)
	}
	orgs, err := a.db.Organizations(ctx, in.After, stretch)
	if err != nil {
		return result, fmt.Errorf("list organizations: %w", err)
	}
	for _, org := range orgs {
		err := a.rollUp(ctx, org)
		if ctx.Err() != nil {
			return result, fmt.Errorf("roll up usage: %w", ctx.Err())
		}
		result.Last = org
		if err != nil {
			queue.SweepFailed(ctx, "roll up usage", org, err)
			result.Failed++
			continue
		}
		result.Organizations++
	}
	if len(orgs) < stretch {
		result.Last = tenancy.OrgID{}
	}
	return result, nil
}

func (a *Activities) rollUp(ctx context.Context, org tenancy.OrgID) error {
	return a.db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := usage.RollUp(ctx, tx, time.Now()); err != nil {
			return err
		}
		return warn(ctx, tx)
	})
}
