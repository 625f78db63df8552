package idempotency_test

import (
	"context"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/tenancy/idempotency"
)

func key(who, text, request string) idempotency.Key {
	return idempotency.Key{Principal: sha256.Sum256([]byte(who)), Hash: sha256.Sum256([]byte(text)), Fingerprint: sha256.Sum256([]byte(request))}
}

func take(d *pgtest.Database, org tenancy.OrgID, k idempotency.Key) (c idempotency.Claim, err error) {
	err = d.InTx(context.Background(), org, func(tx *tenancy.Tx) error {
		c, err = idempotency.Take(context.Background(), tx, k)
		return err
	})
	return c, err
}

func TestARequestAndItsRepetition(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	ctx, org := context.Background(), d.Organization(t, 1<<20)
	q, k := d.Single(org), key("a", "k", "r")
	first, err := take(d, org, k)
	require.NoError(t, err)
	require.True(t, first.New)
	require.Nil(t, first.Status)

	_, err = take(d, org, k)
	require.ErrorIs(t, err, idempotency.ErrBusy)
	require.Positive(t, fault.Of(err).RetryAfter)
	_, err = take(d, org, key("a", "k", "another"))
	require.ErrorIs(t, err, idempotency.ErrReused)
	for _, other := range []idempotency.Key{key("b", "k", "r"), key("a", "l", "r")} {
		c, err := take(d, org, other)
		require.NoError(t, err)
		require.True(t, c.New)
	}
	c, err := take(d, d.Organization(t, 1<<20), k)
	require.NoError(t, err)
	require.True(t, c.New, "another organization's keys are its own")

	require.NoError(t, idempotency.Finish(ctx, q, k, first.Holder, 201))
	again, err := take(d, org, k)
	require.NoError(t, err)
	require.False(t, again.New)
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, 201, *again.Status)
	require.Equal(t, first.Since, again.Since)
	_, err = take(d, org, key("a", "k", "another"))
	require.ErrorIs(t, err, idempotency.ErrReused)
}

func TestATryThatDied(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	ctx, org := context.Background(), d.Organization(t, 1<<20)
	q, k := d.Single(org), key("a", "k", "r")
	dead, err := take(d, org, k)
	require.NoError(t, err)
	_, err = q.Exec(ctx, "update idempotency_keys set busy_until = now()") // its lease runs out
	require.NoError(t, err)
	next, err := take(d, org, k)
	require.NoError(t, err)
	require.False(t, next.New)
	require.Equal(t, dead.ID, next.ID, "what it made is found by its id")
	require.Nil(t, next.Status)

	// It was only slow: what it says now is no one's.
	require.NoError(t, idempotency.Finish(ctx, q, k, dead.Holder, 200))
	require.NoError(t, idempotency.SetID(ctx, q, k, dead.Holder, uuid.New()))
	require.NoError(t, idempotency.Release(ctx, q, k, dead.Holder))
	_, err = take(d, org, k)
	require.ErrorIs(t, err, idempotency.ErrBusy)

	require.NoError(t, idempotency.Abandon(ctx, q, k, next.Holder))
	third, err := take(d, org, k)
	require.NoError(t, err)
	require.Equal(t, dead.ID, third.ID)
	fresh := uuid.New()
	require.NoError(t, idempotency.SetID(ctx, q, k, third.Holder, fresh))
	require.NoError(t, idempotency.Abandon(ctx, q, k, third.Holder))
	fourth, err := take(d, org, k)
	require.NoError(t, err)
	require.Equal(t, fresh, fourth.ID)
	require.NoError(t, idempotency.Release(ctx, q, k, fourth.Holder))
	c, err := take(d, org, key("a", "k", "repaired"))
	require.NoError(t, err)
	require.True(t, c.New)
}

func TestExpiredKeysAreDeleted(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	ctx, org := context.Background(), d.Organization(t, 1<<20)
	q := d.Single(org)
	old, err := take(d, org, key("a", "old", "r"))
	require.NoError(t, err)
	require.NoError(t, idempotency.Finish(ctx, q, key("a", "old", "r"), old.Holder, 201))
	_, err = q.Exec(ctx, "update idempotency_keys set expires_at = now() - interval '1 second'")
	require.NoError(t, err)
	_, err = take(d, org, key("a", "young", "r"))
	require.NoError(t, err)
	renewed, err := take(d, org, key("a", "old", "another"))
	require.NoError(t, err)
	require.True(t, renewed.New, "a key past its time is free, even before the sweep removes it")
	require.NotEqual(t, old.ID, renewed.ID)
	require.Nil(t, renewed.Status)

	_, err = q.Exec(ctx, "update idempotency_keys set expires_at = now() - interval '1 second' where new_id = $1", renewed.ID)
	require.NoError(t, err)
	found, err := d.OrganizationsWithOldRequests(ctx, uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, org, found[0].Org)
	require.NoError(t, idempotency.DeleteExpired(ctx, q))
	var left int
	require.NoError(t, q.QueryRow(ctx, "select count(*) from idempotency_keys").Scan(&left))
	require.Equal(t, 1, left)
	require.Equal(t, 24*time.Hour, idempotency.Retention)
}

// Of many at once one gets the request, and what they write holds no text of it.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	org := d.Organization(t, 1<<20)
	errs := make([]error, 20)
	var all sync.WaitGroup
	for n := range errs {
		all.Go(func() { _, errs[n] = take(d, org, key("a", "k", "r")) })
	}
	all.Wait()
	got := 0
	for _, err := range errs {
		if err == nil {
			got++
		} else {
			require.ErrorIs(t, err, idempotency.ErrBusy)
		}
	}
	require.Equal(t, 1, got)
}
