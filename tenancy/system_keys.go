package tenancy

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// KeyHolder is a key that works now, and the membership of its service account.
type KeyHolder struct {
	Membership
	Key      uuid.UUID  `db:"key_id"`
	Scopes   []string   `db:"scopes"`
	Spaces   bool       `db:"all_spaces"`   // it acts in all of them
	LastUsed *time.Time `db:"last_used_at"` // as last written; nil when never
}

// FindKey finds the key with this SHA-256 in one round trip; false when no key
// of this hash works now, for whatever reason.
func (d *DB) FindKey(ctx context.Context, hash [32]byte) (KeyHolder, bool, error) {
	found, err := anywhere[KeyHolder](ctx, d, "select key_id, scopes, all_spaces, last_used_at, "+d.membershipColumns()+" from app.api_key_find($1)", hash[:])
	if err != nil || len(found) != 1 {
		return KeyHolder{}, false, err
	}
	return found[0], true, nil
}

// OriginKnown says whether any organization lets pages of this origin in.
func (d *DB) OriginKnown(ctx context.Context, origin string) (bool, error) {
	found, err := anywhere[struct{ Known bool }](ctx, d, "select known from app.origin_known($1) known where known", origin)
	return len(found) > 0, err
}
