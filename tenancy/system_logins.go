package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// LoginRule is what an organization believes of the tokens of its tenant, confirmed by
// an operator.
type LoginRule struct {
	Org            OrgID     `db:"organization_id"`
	ID             uuid.UUID `db:"id"`
	PersonClaim    string    `db:"person_claim"`        // "": none
	VerifyEmail    bool      `db:"may_verify_email"`    // a verified address finds a person
	VerifyUsername bool      `db:"may_verify_username"` // so does a user name
	JITRole        Role      `db:"jit_role"`            // of anyone who matches no person; "": they wait
}

// LoginRules finds the rules for a token of the issuer that names a domain (hd) or a
// directory (tid), at most one an organization.
func (d *DB) LoginRules(ctx context.Context, issuer, domain, directory string) ([]LoginRule, error) {
	return known[LoginRule](ctx, d, "select organization_id, id, person_claim, may_verify_email, may_verify_username, jit_role from app.login_rules_of($1, $2, $3)",
		issuer, domain, directory)
}

// PersonRef names a person of an organization.
type PersonRef struct {
	Org  OrgID     `db:"organization_id"`
	User uuid.UUID `db:"user_id"`
}

// PeopleLeaving finds people whose time is over.
func (d *DB) PeopleLeaving(ctx context.Context, after uuid.UUID, n int) ([]PersonRef, error) {
	return pageOf[PersonRef](ctx, d, "user_id", "select organization_id, user_id from app.people_leaving($1, $2)", after, n)
}

// OrganizationsWithOldLoginRequests finds organizations with logins that have waited
// for that long without another sign-in.
func (d *DB) OrganizationsWithOldLoginRequests(ctx context.Context, unseen time.Duration, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "organization_id", "select organization_id from app.login_requests_old($1, $2, $3)", unseen, after, n)
}
