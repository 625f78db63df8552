package tenancy

import (
	"context"

	"github.com/google/uuid"
)

// AgreementRef names an agreement of an organization.
type AgreementRef struct {
	Org       OrgID     `db:"organization_id"`
	Agreement uuid.UUID `db:"agreement_id"`
}

// AgreementsExpired pages through authorizations of schools whose time is over and that were
// not ended.
func (d *DB) AgreementsExpired(ctx context.Context, after uuid.UUID, n int) ([]AgreementRef, error) {
	return pageOf[AgreementRef](ctx, d, "agreement_id", "select organization_id, agreement_id from app.agreements_expired($1, $2)", after, n)
}

// FilesHeldTooLong pages through files that waited for a basis for longer than they may, and
// that no other reason keeps.
func (d *DB) FilesHeldTooLong(ctx context.Context, after uuid.UUID, n int) ([]Ref, error) {
	return pageOf[Ref](ctx, d, "file_id", "select organization_id, file_id from app.files_held_too_long($1, $2)", after, n)
}

// PeopleAgedOut finds students who turned 13 and were not noted as such.
func (d *DB) PeopleAgedOut(ctx context.Context, after uuid.UUID, n int) ([]PersonRef, error) {
	return pageOf[PersonRef](ctx, d, "user_id", "select organization_id, user_id from app.people_aged_out($1, $2)", after, n)
}
