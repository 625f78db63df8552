package auth

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/tenancy"
	"satchel/tenancy/apikeys"
)

const (
	usedWaiting = 256
	usedTimeout = 5 * time.Second
)

// usedKeys are keys whose last use is to be written down. The request that used
// one does not wait for it; when more are used than can be written, some are
// written at their next use.
type usedKeys chan usedKey

type usedKey struct {
	org tenancy.OrgID
	key uuid.UUID
}

func newUsedKeys() usedKeys { return make(usedKeys, usedWaiting) }

// note records a use, unless the row holds a recent one.
func (u usedKeys) note(h tenancy.KeyHolder) {
	if h.LastUsed != nil && time.Since(*h.LastUsed) < apikeys.UseInterval {
		return
	}
	select {
	case u <- usedKey{h.Org, h.Key}:
	default:
	}
}

// WriteUsedKeys writes down when keys were used, until ctx ends.
func (d *Auth) WriteUsedKeys(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case u := <-d.usedKeys:
			d.writeUsedKey(ctx, u)
		}
	}
}

func (d *Auth) writeUsedKey(ctx context.Context, u usedKey) {
	ctx, cancel := context.WithTimeout(ctx, usedTimeout)
	defer cancel()
	if err := apikeys.RecordUse(ctx, d.DB.Single(u.org), u.key); err != nil && ctx.Err() == nil {
		d.Log.WarnContext(ctx, "record api key use failed; next use will be recorded", "org", u.org, "key", u.key, "error", err)
	}
}
