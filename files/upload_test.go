package files_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/tenancy"
)

// lapse ends a lease's term without waiting for it.
func (s *school) lapse(t *testing.T, upload uuid.UUID) {
	t.Helper()
	_, err := s.Admin(t).Exec(t.Context(), "update uploads set lease_until = now() - interval '1 second' where id = $1", upload)
	require.NoError(t, err)
}

func (s *school) advance(t *testing.T, p files.Progress) error {
	t.Helper()
	p.TTL = time.Hour
	return s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error { return files.Advance(t.Context(), tx, p) })
}

func TestLeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	up := s.announce(t, files.New{Size: 100}).Upload
	once, ctx := s.Single(s.org), t.Context()

	require.ErrorIs(t, s.advance(t, files.Progress{Upload: up, Holder: "a", From: 0, To: 10}), files.ErrLeaseLost, "no lease, no bytes")
	require.NoError(t, files.Lease(ctx, once, up, "a"))
	require.NoError(t, files.Lease(ctx, once, up, "a"), "the holder may take it again")
	require.ErrorIs(t, files.Lease(ctx, once, up, "b"), files.ErrLeased)
	require.NoError(t, s.advance(t, files.Progress{Upload: up, Holder: "a", From: 0, To: 10}))
	require.ErrorIs(t, s.advance(t, files.Progress{Upload: up, Holder: "b", From: 10, To: 20}), files.ErrLeaseLost)

	wanted, err := files.RenewLease(ctx, once, up, "a")
	require.NoError(t, err)
	require.False(t, wanted)
	require.NoError(t, files.RequestLease(ctx, once, up))
	wanted, err = files.RenewLease(ctx, once, up, "a")
	require.NoError(t, err)
	require.True(t, wanted, "the holder learns that somebody waits")
	_, err = files.RenewLease(ctx, once, up, "b")
	require.ErrorIs(t, err, files.ErrLeaseLost)

	require.NoError(t, files.ReleaseLease(ctx, once, up, "b"), "not the holder: nothing happens")
	require.ErrorIs(t, files.Lease(ctx, once, up, "b"), files.ErrLeased)
	require.NoError(t, files.ReleaseLease(ctx, once, up, "a"))
	require.NoError(t, files.Lease(ctx, once, up, "b"))
}

func TestLeaseIsTakenOverAfterItsTerm(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	up := s.announce(t, files.New{Size: 100}).Upload
	once, ctx := s.Single(s.org), t.Context()
	require.NoError(t, files.Lease(ctx, once, up, "a"))
	s.lapse(t, up)
	require.NoError(t, files.Lease(ctx, once, up, "b"))
	require.ErrorIs(t, s.advance(t, files.Progress{Upload: up, Holder: "a", From: 0, To: 10}), files.ErrLeaseLost, "the former holder counts no bytes")
	_, err := files.RenewLease(ctx, once, up, "a")
	require.ErrorIs(t, err, files.ErrLeaseLost)
	require.NoError(t, s.advance(t, files.Progress{Upload: up, Holder: "b", From: 0, To: 7}))
	u, err := files.GetUpload(ctx, once, up)
	require.NoError(t, err)
	require.EqualValues(t, 7, u.OffsetBytes)
}

func TestAdvanceCountsEachByteOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	up := s.announce(t, files.New{Size: 100}).Upload
	once, ctx := s.Single(s.org), t.Context()
	require.NoError(t, files.Lease(ctx, once, up, "a"))
	part := files.Part{Number: 1, Size: 40, Etag: "one"}
	require.NoError(t, s.advance(t, files.Progress{Upload: up, Holder: "a", From: 0, To: 50, Part: &part, Tail: 10, SHAState: []byte{1}, S3UploadID: "m"}))
	require.ErrorIs(t, s.advance(t, files.Progress{Upload: up, Holder: "a", From: 0, To: 50}), files.ErrLeaseLost, "the same again")
	require.ErrorIs(t, s.advance(t, files.Progress{Upload: up, Holder: "a", From: 60, To: 70}), files.ErrLeaseLost, "a gap")
	require.Error(t, s.advance(t, files.Progress{Upload: up, Holder: "a", From: 50, To: 101}), "more than was announced")
	part = files.Part{Number: 1, Size: 50, Etag: "again"}
	require.NoError(t, s.advance(t, files.Progress{Upload: up, Holder: "a", From: 50, To: 60, Part: &part, S3UploadID: "m"}))
	u, err := files.GetUpload(ctx, once, up)
	require.NoError(t, err)
	require.EqualValues(t, 60, u.OffsetBytes)
	require.Zero(t, u.TailBytes)
	parts, err := files.Parts(ctx, once, up)
	require.NoError(t, err)
	require.Equal(t, []files.Part{part}, parts, "a part sent again replaces itself")
	s.in(t, func(tx *tenancy.Tx) error {
		return files.Receive(ctx, tx, files.Received{Upload: up, Size: 100, SHA256: oneSum, ETag: "e"})
	})
	require.ErrorIs(t, s.advance(t, files.Progress{Upload: up, Holder: "a", From: 60, To: 70}), files.ErrLeaseLost, "a finished upload takes no more")
}

func TestExpiredUploadIsNotReceived(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	up := s.announce(t, files.New{Size: 100}).Upload
	s.withdraw(t, up)
	err := s.InTx(t.Context(), s.org, func(tx *tenancy.Tx) error {
		return files.Receive(t.Context(), tx, files.Received{Upload: up, Size: 100, SHA256: oneSum, ETag: "e"})
	})
	require.ErrorIs(t, err, files.ErrNotUploading, "bytes that will not be checked must not look accepted")
}

func TestExpireSparesTheLiving(t *testing.T) {
	t.Parallel()
	s := newSchool(t, 1000)
	up := s.announce(t, files.New{Size: 100}).Upload
	admin, ctx := s.Admin(t), t.Context()
	expire := func() (done bool) {
		s.in(t, func(tx *tenancy.Tx) (err error) { done, err = files.Expire(ctx, tx, up); return err })
		return done
	}
	require.False(t, expire(), "its time is not over")
	do := func(sql string) {
		_, err := admin.Exec(ctx, sql)
		require.NoError(t, err)
	}
	do("update uploads set expires_at = now() - interval '1 second', lease_holder = 'a', lease_until = now() + interval '1 hour'")
	require.False(t, expire(), "somebody is writing")
	refs, err := s.UploadsExpired(ctx, uuid.Nil, 10)
	require.NoError(t, err)
	require.Empty(t, refs)
	do("update uploads set lease_until = '-infinity'")
	refs, err = s.UploadsExpired(ctx, uuid.Nil, 10)
	require.NoError(t, err)
	require.Equal(t, []tenancy.Ref{{Org: s.org, Upload: up, Version: up}}, refs)
	require.True(t, expire())
	require.False(t, expire(), "once")
	v, err := files.GetVersion(ctx, s.Single(s.org), up)
	require.NoError(t, err)
	require.Equal(t, files.Expired, v.Status)
	require.Zero(t, v.ReservedBytes)
}

// No one wants the rest of an upload whose file was thrown away: the sweep may
// take it at once, and its reservation with it.
func TestTrashAbandonsOpenUploads(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := pgtest.New(t)
	org := d.Organization(t, 1000)
	by := d.Member(t, org, tenancy.Teacher)
	var ticket files.Created
	require.NoError(t, d.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		ticket, err = files.Create(ctx, tx, files.New{Name: "half.txt", Size: 600, UploadedBy: by, TTL: time.Hour})
		return err
	}))
	due, err := d.UploadsExpired(ctx, uuid.Nil, 10)
	require.NoError(t, err)
	require.Empty(t, due)
	require.NoError(t, d.InTx(ctx, org, func(tx *tenancy.Tx) error {
		_, err := files.Trash(ctx, tx, ticket.File)
		return err
	}))
	due, err = d.UploadsExpired(ctx, uuid.Nil, 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Equal(t, ticket.Upload, due[0].Upload)
}
