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
	ID     uuid.UUID `db:"new_id"` // of what the request makes
	Holder uuid.UUID `db:"holder"`
	Status *int      `db:"status"` // of the answer; nil when no try came to an answer
	Since  time.Time `db:"created_at"`
	New    bool      `db:"first"` // no try came before this one
}

// Take claims the request, or refuses it: of several at once one gets it. A
// finished one is given to everyone.
func Take(ctx context.Context, tx *tenancy.Tx, k Key) (Claim, error) {
	holder := tenancy.NewID()
	c, err := claim(ctx, tx, `insert into idempotency_keys
			(organization_id, principal, key_hash, fingerprint, new_id, holder, busy_until, expires_at)
		values (app.org(), $1, $2, $3, $4, $5, now() + $6::interval, now() + $7::interval)
		on conflict (organization_id, principal, key_hash) do update set fingerprint = excluded.fingerprint, new_id = excluded.new_id,
			holder = excluded.holder, busy_until = excluded.busy_until, status = null, created_at = now(), expires_at = excluded.expires_at
			where idempotency_keys.expires_at < now()
		returning new_id, holder, status, created_at, true as first`,
		k.Principal[:], k.Hash[:], k.Fingerprint[:], tenancy.NewID(), holder, Lease, Retention)
	if !errors.Is(err, pgx.ErrNoRows) {
		return c, err
	}
	var same, busy bool
	err = tx.QueryRow(ctx, `select fingerprint = $3, status is null and busy_until > now() from idempotency_keys
		where principal = $1 and key_hash = $2 for update`, k.Principal[:], k.Hash[:], k.Fingerprint[:]).Scan(&same, &busy)
	switch {
	case errors.Is(err, pgx.ErrNoRows): // its holder gave it up in this moment
		return Claim{}, ErrBusy.After(time.Second)
	case err != nil:
		return Claim{}, fmt.Errorf("read idempotency key: %w", err)
	case !same:
		return Claim{}, ErrReused
	case busy:
		return Claim{}, ErrBusy.After(2 * time.Second)
	}
	return claim(ctx, tx, `update idempotency_keys set holder = $3, busy_until = now() + $4::interval
		where principal = $1 and key_hash = $2 returning new_id, holder, status, created_at, false as first`, k.Principal[:], k.Hash[:], holder, Lease)
}

func claim(ctx context.Context, tx *tenancy.Tx, sql string, args ...any) (Claim, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return Claim{}, fmt.Errorf("claim idempotency key: %w", err)
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Claim])
}

// Renew keeps the claim of a try that takes its time.
func Renew(ctx context.Context, q tenancy.Queries, k Key, holder uuid.UUID) error {
	return checkHolder(ctx, q, "busy_until = now() + $4::interval", k, holder, Lease)
}

// SetID says under which id the thing will be, from now on.
func SetID(ctx context.Context, q tenancy.Queries, k Key, holder, id uuid.UUID) error {
	return checkHolder(ctx, q, "new_id = $4", k, holder, id)
}

// Finish says that the request was answered with this status.
func Finish(ctx context.Context, q tenancy.Queries, k Key, holder uuid.UUID, status int) error {
	return checkHolder(ctx, q, "status = $4::smallint", k, holder, status)
}

// Abandon ends a try of which no one knows how far it came. The next one looks.
func Abandon(ctx context.Context, q tenancy.Queries, k Key, holder uuid.UUID) error {
	return checkHolder(ctx, q, "busy_until = now() - $4::interval", k, holder, time.Second)
}

// checkHolder changes the row while this try holds it. Another that took its place is
// left alone.
func checkHolder(ctx context.Context, q tenancy.Queries, change string, k Key, holder uuid.UUID, arg any) error {
	_, err := q.Exec(ctx, "update idempotency_keys set "+change+" where principal = $1 and key_hash = $2 and holder = $3", k.Principal[:], k.Hash[:], holder, arg)
	if err != nil {
		return fmt.Errorf("change idempotency key: %w", err)
	}
	return nil
}

// Release forgets a request that was refused: nothing was made, and its sender
// may fix it and send it with the same key.
func Release(ctx context.Context, q tenancy.Queries, k Key, holder uuid.UUID) error {
	_, err := q.Exec(ctx, "delete from idempotency_keys where principal = $1 and key_hash = $2 and holder = $3", k.Principal[:], k.Hash[:], holder)
	if err != nil {
		return fmt.Errorf("release idempotency key: %w", err)
	}
	return nil
}

// DeleteExpired deletes expired keys.
func DeleteExpired(ctx context.Context, q tenancy.Queries) error {
	if _, err := q.Exec(ctx, "delete from idempotency_keys where expires_at < now()"); err != nil {
		return fmt.Errorf("forget idempotency keys: %w", err)
	}
	return nil
}
