// Package idempotency remembers requests by the key that their sender gave
// them, so that one that is sent again makes nothing again.
package idempotency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/idempotency/idempotencydb"
)

const (
	// Retention is for how long a key names its request.
	Retention = 24 * time.Hour
	// Lease is how long a try may be silent before another takes its place. Its
	// holder renews it; one that died does not.
	Lease = 45 * time.Second
)

// What a sender can meet.
var (
	ErrReused = fault.New(fault.Invalid, "idempotency_key_reused", "This Idempotency-Key came with another request before. Send a new key with a new request.")
	ErrBusy   = fault.New(fault.Conflict, "idempotency_key_in_use", "The first request with this Idempotency-Key is still on its way. Send it again after a moment.")
	ErrGone   = fault.New(fault.Conflict, "idempotency_key_spent", "What this request made is gone since. Send a new Idempotency-Key to make another.")
)

// Key identifies a request by its caller, its key and its content. All fields
// are hashes, so that the table reveals nothing about requests.
type Key struct{ Principal, Hash, Fingerprint [32]byte }

// Claim is the right to answer a request.
type Claim struct {
	ID     uuid.UUID // of what the request makes
	Holder uuid.UUID
	Status *int // of the answer; nil when no try came to an answer
	Since  time.Time
	New    bool // no try came before this one
}

// Take claims the request, or refuses it: of several at once one gets it. A
// finished one is given to everyone.
func Take(ctx context.Context, tx *tenancy.Tx, k Key) (Claim, error) {
	q, holder := idempotencydb.New(tx), tenancy.NewID()
	made, err := q.KeyInsert(ctx, idempotencydb.KeyInsertParams{
		Principal: k.Principal[:], KeyHash: k.Hash[:], Fingerprint: k.Fingerprint[:], NewID: tenancy.NewID(), Holder: holder,
		Lease: Lease, Retention: Retention,
	})
	if !errors.Is(err, pgx.ErrNoRows) {
		return claim(made, true, err)
	}
	before, err := q.KeyLock(ctx, idempotencydb.KeyLockParams{Principal: k.Principal[:], KeyHash: k.Hash[:], Fingerprint: k.Fingerprint[:]})
	switch {
	case errors.Is(err, pgx.ErrNoRows): // its holder gave it up in this moment
		return Claim{}, ErrBusy.After(time.Second)
	case err != nil:
		return Claim{}, fmt.Errorf("read idempotency key: %w", err)
	case !before.Same:
		return Claim{}, ErrReused
	case before.Busy:
		return Claim{}, ErrBusy.After(2 * time.Second)
	}
	taken, err := q.KeyTake(ctx, idempotencydb.KeyTakeParams{Principal: k.Principal[:], KeyHash: k.Hash[:], Holder: holder, Lease: Lease})
	return claim(idempotencydb.KeyInsertRow(taken), false, err)
}

func claim(r idempotencydb.KeyInsertRow, first bool, err error) (Claim, error) {
	if err != nil {
		return Claim{}, fmt.Errorf("claim idempotency key: %w", err)
	}
	return Claim{ID: r.NewID, Holder: r.Holder, Status: r.Status, Since: r.CreatedAt, New: first}, nil
}

// Renew keeps the claim of a try that takes its time.
func Renew(ctx context.Context, q tenancy.Queries, k Key, holder uuid.UUID) error {
	return changed(idempotencydb.New(q).KeyRenew(ctx, idempotencydb.KeyRenewParams{Principal: k.Principal[:], KeyHash: k.Hash[:], Holder: holder, Lease: Lease}))
}

// SetID says under which id the thing will be, from now on.
func SetID(ctx context.Context, q tenancy.Queries, k Key, holder, id uuid.UUID) error {
	return changed(idempotencydb.New(q).KeyID(ctx, idempotencydb.KeyIDParams{Principal: k.Principal[:], KeyHash: k.Hash[:], Holder: holder, NewID: id}))
}

// Finish says that the request was answered with this status.
func Finish(ctx context.Context, q tenancy.Queries, k Key, holder uuid.UUID, status int) error {
	return changed(idempotencydb.New(q).KeyFinish(ctx, idempotencydb.KeyFinishParams{Principal: k.Principal[:], KeyHash: k.Hash[:], Holder: holder, Status: int16(status)}))
}

// Abandon ends a try of which no one knows how far it came. The next one looks.
func Abandon(ctx context.Context, q tenancy.Queries, k Key, holder uuid.UUID) error {
	return changed(idempotencydb.New(q).KeyAbandon(ctx, idempotencydb.KeyAbandonParams{Principal: k.Principal[:], KeyHash: k.Hash[:], Holder: holder}))
}

func changed(err error) error {
	if err != nil {
		return fmt.Errorf("change idempotency key: %w", err)
	}
	return nil
}

// Release deletes the key of a request that was refused: nothing was made, and its sender
// may fix it and send it with the same key.
func Release(ctx context.Context, q tenancy.Queries, k Key, holder uuid.UUID) error {
	err := idempotencydb.New(q).KeyRelease(ctx, idempotencydb.KeyReleaseParams{Principal: k.Principal[:], KeyHash: k.Hash[:], Holder: holder})
	if err != nil {
		return fmt.Errorf("release idempotency key: %w", err)
	}
	return nil
}

// Forget deletes the keys of requests that came before a moment: what they say was done may
// not be there any more.
func Forget(ctx context.Context, q tenancy.Queries, before time.Time) error {
	if _, err := idempotencydb.New(q).KeysForget(ctx, before); err != nil {
		return fmt.Errorf("forget idempotency keys: %w", err)
	}
	return nil
}

// DeleteExpired deletes expired keys.
func DeleteExpired(ctx context.Context, q tenancy.Queries) error {
	if err := idempotencydb.New(q).KeysDeleteExpired(ctx); err != nil {
		return fmt.Errorf("delete expired idempotency keys: %w", err)
	}
	return nil
}
