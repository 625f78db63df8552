package reconcile

import (
	"context"
	"fmt"
	"time"

	"satchel/internal/queue"
	"satchel/tenancy"
)

// Activities are the activities of this package.
type Activities struct{ checker Checker }

// New makes the activities.
func New(c Checker) *Activities { return &Activities{checker: c} }

// ReconcileOrganizationsInput names where in the list of organizations to go on.
// It belongs to the platform; each organization found is looked at in its own
// transactions.
type ReconcileOrganizationsInput struct {
	Org          tenancy.OrgID
	Only         tenancy.OrgID // zero: all of them
	After        tenancy.OrgID
	Repair, Deep bool
	Grace        time.Duration
}

// PlatformWork marks work across organizations.
func (ReconcileOrganizationsInput) PlatformWork() {}

// ReconcileOrganizationsResult is what one stretch found. The list of findings
// is cut off where it would grow beyond what a history takes; the counts are
// complete.
type ReconcileOrganizationsResult struct {
	Last          tenancy.OrgID // zero: the end is reached
	Organizations int64
	Failed        int64 // logged and passed over
	Counts        map[Kind]int64
	Findings      []Finding
}

const (
	stretch      = 50               // organizations in one activity
	longest      = 10 * time.Minute // after which an activity begins no other organization
	mostFindings = 100              // of a stretch that are listed one by one
)

// ReconcileOrganizations checks the next organizations. One that fails is logged,
// counted and passed over; what was found in it until then is kept. It ends
// early when it has run for a while, so that a worker that dies loses little.
func (a *Activities) ReconcileOrganizations(ctx context.Context, in ReconcileOrganizationsInput) (ReconcileOrganizationsResult, error) {
	result := ReconcileOrganizationsResult{Counts: map[Kind]int64{}}
	defer queue.Heartbeat(ctx)()
	orgs, err := a.next(ctx, in)
	if err != nil {
		return result, fmt.Errorf("list organizations: %w", err)
	}
	options := Options{Repair: in.Repair, Deep: in.Deep, Grace: in.Grace}
	begun := time.Now()
	for _, org := range orgs {
		found, err := a.checker.Check(ctx, org, options)
		if ctx.Err() != nil {
			return result, fmt.Errorf("check organizations: %w", ctx.Err())
		}
		if err != nil {
			queue.SweepFailed(ctx, "reconcile", org, err)
			result.Failed++
		}
		result.add(org, found)
		if in.Only.IsZero() && time.Since(begun) > longest {
			return result, nil
		}
	}
	if len(orgs) < stretch {
		result.Last = tenancy.OrgID{}
	}
	return result, nil
}

func (a *Activities) next(ctx context.Context, in ReconcileOrganizationsInput) ([]tenancy.OrgID, error) {
	if !in.Only.IsZero() {
		return []tenancy.OrgID{in.Only}, nil
	}
	return a.checker.DB.Organizations(ctx, in.After, stretch)
}

func (r *ReconcileOrganizationsResult) add(org tenancy.OrgID, found []Finding) {
	r.Last = org
	r.Organizations++
	for _, f := range found {
		r.Counts[f.Kind]++
		if len(r.Findings) < mostFindings {
			r.Findings = append(r.Findings, f)
		}
	}
}
