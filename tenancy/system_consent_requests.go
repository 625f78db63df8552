package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// The questions of policies/rls/functions/system_consent_requests.sql.

// ConsentRef names a request for a parent's consent, and the link or mail by which it was found.
type ConsentRef struct {
	Org     OrgID     `db:"organization_id"`
	Request uuid.UUID `db:"request_id"`
	Token   uuid.UUID `db:"token_id"`
}

// ConsentByToken finds the request of which a link has this SHA-256; false when there is none.
func (d *DB) ConsentByToken(ctx context.Context, hash []byte) (ConsentRef, bool, error) {
	return oneConsent(anywhere[ConsentRef](ctx, d, "select organization_id, request_id, token_id from app.consent_by_token($1)", hash))
}

// ConsentByMail finds the request that a mail belonged to; false when there is none.
func (d *DB) ConsentByMail(ctx context.Context, mail uuid.UUID) (ConsentRef, bool, error) {
	return oneConsent(anywhere[ConsentRef](ctx, d, "select organization_id, request_id, token_id from app.consent_by_mail($1)", mail))
}

func oneConsent(found []ConsentRef, err error) (ConsentRef, bool, error) {
	if err != nil || len(found) == 0 {
		return ConsentRef{}, false, err
	}
	return found[0], true, nil
}

// ConsentRequestsDue finds requests of which something is due and whose workflow was not
// started for that long.
func (d *DB) ConsentRequestsDue(ctx context.Context, now time.Time, quiet, silent time.Duration, after uuid.UUID, n int) ([]ConsentRef, error) {
	return pageOf[ConsentRef](ctx, d, "request_id", "select organization_id, request_id from app.consent_requests_due($1, $2, $3, $4, $5)", now, quiet, silent, after, n)
}
