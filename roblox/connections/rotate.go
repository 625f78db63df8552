package connections

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/roblox/connections/connectionsdb"
	"satchel/tenancy"
)

// Rotate encrypts the secrets of a connection again which are under another key of the
// service than the current one. What was changed in the meantime is left as it is: who
// changed it encrypted it under the key that was current then, and the next run looks again.
func (v Vault) Rotate(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, id uuid.UUID) error {
	if v.Box == nil {
		return ErrNoKeys
	}
	q := connectionsdb.New(db.Single(org))
	was, err := q.ConnectionSealed(ctx, id)
	if err != nil {
		return notFound(err, ErrNotFound, "read secrets of connection")
	}
	p := connectionsdb.ConnectionRotateParams{ID: id, KeyWas: was.KeySealed, SecretWas: was.SecretSealed}
	if p.KeySealed, err = v.Box.Rotate(ctx, was.KeySealed, place(apiKey, org, id)); err != nil {
		return ErrSealed.Because(fmt.Errorf("encrypt API key again: %w", err))
	}
	if p.SecretSealed, err = v.Box.Rotate(ctx, was.SecretSealed, place(secret, org, id)); err != nil {
		return ErrSealed.Because(fmt.Errorf("encrypt secret again: %w", err))
	}
	if bytes.Equal(p.KeySealed, p.KeyWas) && bytes.Equal(p.SecretSealed, p.SecretWas) {
		return nil
	}
	return wrap(q.ConnectionRotate(ctx, p), "keep secrets of connection")
}
