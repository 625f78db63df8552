package tenancy

import (
	"context"

	"github.com/google/uuid"
)

// ShareVisit names the share by whose token a visitor comes.
type ShareVisit struct {
	Org       OrgID      `db:"organization_id"`
	Share     uuid.UUID  `db:"share_id"`
	Recipient *uuid.UUID `db:"recipient_id"` // the person outside to whom the token was sent; nil: anyone who holds the link
	Kept      bool       `db:"kept"`         // the recipient is still one
}

// ShareByToken finds the share, open or ended, of which a token has this SHA-256; false
// when there is none.
func (d *DB) ShareByToken(ctx context.Context, hash []byte) (ShareVisit, bool, error) {
	found, err := anywhere[ShareVisit](ctx, d, "select organization_id, share_id, recipient_id, kept from app.share_by_token($1)", hash)
	if err != nil || len(found) == 0 {
		return ShareVisit{}, false, err
	}
	return found[0], true, nil
}
