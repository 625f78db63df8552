package sweep

import (
	"context"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/tenancy"
	"satchel/tenancy/logins"
)

// EndPeopleInput names the platform, and where the sweep goes on.
type EndPeopleInput struct {
	Org   tenancy.OrgID
	After uuid.UUID
}

// PlatformWork marks work across organizations.
func (EndPeopleInput) PlatformWork() {}

// DeleteOldLoginRequestsInput names the platform, and where the sweep goes on.
type DeleteOldLoginRequestsInput struct {
	Org   tenancy.OrgID
	After uuid.UUID
}

// PlatformWork marks work across organizations.
func (DeleteOldLoginRequestsInput) PlatformWork() {}

// EndPeople ends the memberships of people who are leaving, once their time is over,
// and their open uploads. Who was brought back meanwhile is a member as before.
func (a *Activities) EndPeople(ctx context.Context, in EndPeopleInput) (SweepResult, error) {
	return queue.SweepByID(ctx, "end people", in.After, func(r tenancy.PersonRef) uuid.UUID { return r.User }, func(ctx context.Context, after uuid.UUID) ([]tenancy.PersonRef, error) {
		return a.db.PeopleLeaving(ctx, after, a.page)
	}, func(ctx context.Context, r tenancy.PersonRef) error {
		return a.db.InTx(ctx, r.Org, func(tx *tenancy.Tx) error {
			left, err := logins.Leave(ctx, tx, r.User)
			if err != nil || !left {
				return err
			}
			_, err = files.Abandon(ctx, tx, r.User)
			return err
		})
	})
}

// DeleteOldLoginRequests deletes logins that have waited for an admin for long, with
// the names that their issuers showed.
func (a *Activities) DeleteOldLoginRequests(ctx context.Context, in DeleteOldLoginRequestsInput) (SweepResult, error) {
	return queue.SweepByID(ctx, "delete old login requests", in.After, orgOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.Ref, error) {
		return a.db.OrganizationsWithOldLoginRequests(ctx, logins.RequestTerm, after, a.page)
	}, func(ctx context.Context, r tenancy.Ref) error {
		return logins.DeleteOld(ctx, a.db.Single(r.Org))
	})
}
