package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// OrganizationMembership is one organization to which a person belongs.
type OrganizationMembership struct {
	User   uuid.UUID `db:"user_id"`
	Own    bool      `db:"own"`             // the user was made for the login
	Org    *OrgID    `db:"organization_id"` // nil in the only row of a person who belongs nowhere
	Name   *string   `db:"name"`
	Role   *Role     `db:"role"`
	Status *string   `db:"status"`
}

// OrganizationMemberships finds the organizations of the person that an issuer knows as
// subject. It gives no row at all for a person without a user. A login's own user comes
// first.
func (d *DB) OrganizationMemberships(ctx context.Context, issuer, subject string) ([]OrganizationMembership, error) {
	const places = "select user_id, own, organization_id, name, role, status from app.person_places($1, $2)"
	if d.pools.clusters != nil {
		return d.pools.clusters.personPlaces(ctx, places, issuer, subject)
	}
	return systemQuery[OrganizationMembership](ctx, d, places, issuer, subject)
}

// InvitationRef names an open invitation.
type InvitationRef struct {
	Org        OrgID     `db:"organization_id"`
	Invitation uuid.UUID `db:"invitation_id"`
	ExpiresAt  time.Time `db:"expires_at"` // only InvitationsWaiting fills it
}

// InvitationByToken finds the invitation, open or ended, whose token has this SHA-256;
// false when there is none.
func (d *DB) InvitationByToken(ctx context.Context, hash []byte) (InvitationRef, bool, error) {
	found, err := anywhere[InvitationRef](ctx, d, "select organization_id, invitation_id from app.invitation_by_token($1)", hash)
	if err != nil || len(found) == 0 {
		return InvitationRef{}, false, err
	}
	return found[0], true, nil
}

// InvitationsWaiting finds open invitations whose workflow never began or has
// been silent for long.
func (d *DB) InvitationsWaiting(ctx context.Context, unstarted, silent time.Duration, after uuid.UUID, n int) ([]InvitationRef, error) {
	return pageOf[InvitationRef](ctx, d, "invitation_id", "select organization_id, invitation_id, expires_at from app.invitations_waiting($1, $2, $3, $4)", unstarted, silent, after, n)
}
