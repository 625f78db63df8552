package sweep_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/activities/finalize"
	"satchel/activities/sweep"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/tenancy"
)

func newSweep(t *testing.T) (*activitytest.Fixture, *sweep.Activities) {
	t.Helper()
	f := activitytest.New(t)
	c := finalize.NewCleaner(f.DB, finalize.Objects{Staging: f.Staging, Clean: f.Clean, Quarantine: f.Quarantine})
	return f, sweep.New(f.DB, nil, c, sweep.Config{})
}

// TestExpiredUploadIsCleaned: the store fails behind the commit that expired the
// upload, and the sweep of ended versions removes what is left.
func TestExpiredUploadIsCleaned(t *testing.T) {
	t.Parallel()
	f, a := newSweep(t)
	var created files.Created
	require.NoError(t, f.InTx(t.Context(), f.Org, func(tx *tenancy.Tx) (err error) {
		created, err = files.Create(t.Context(), tx, files.New{Name: "half.txt", Size: 10, UploadedBy: f.User, TTL: time.Hour})
		return err
	}))
	require.NoError(t, f.Staging.Prepare(t.Context(), files.StagingKey(f.Org, created.Version)))
	_, err := f.Staging.CreateMultipart(t.Context(), files.StagingKey(f.Org, created.Version))
	require.NoError(t, err)
	expire := func() (sweep.SweepResult, error) {
		return activitytest.Sweep(t, sweep.SweepsOf(a), "expire-uploads")
	}
	swept, err := expire()
	require.NoError(t, err)
	require.Zero(t, swept.Found, "it has time left")
	require.Equal(t, files.Uploading, f.Version(t, created.Version).Status)

	_, err = f.Admin(t).Exec(t.Context(), "update uploads set expires_at = now() - interval '1 second', lease_until = now() - interval '1 second'")
	require.NoError(t, err)
	f.Staging.Fail("remove")
	_, err = expire()
	require.ErrorIs(t, err, activitytest.ErrDown)
	require.Equal(t, files.Expired, f.Version(t, created.Version).Status, "the row decides before an object goes")
	swept, err = expire()
	require.NoError(t, err)
	require.Zero(t, swept.Found)
	for _, want := range []sweep.SweepResult{{Found: 1, Done: 1}, {}} {
		swept, err = activitytest.Sweep(t, sweep.SweepsOf(a), "clean-ended-uploads")
		require.NoError(t, err)
		require.Equal(t, want, swept)
	}
	pending, err := f.Staging.ListPending(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, pending)
	quota, err := files.GetQuota(t.Context(), f.Single(f.Org))
	require.NoError(t, err)
	require.Zero(t, quota.ReservedBytes)
}

// TestTrashIsPurgedWhenItIsDue: rows stay until the objects are gone.
func TestTrashIsPurgedWhenItIsDue(t *testing.T) {
	t.Parallel()
	f, a := newSweep(t)
	created := f.Scanned(t, "notes.txt", []byte("the bytes"))
	require.NoError(t, f.InTx(t.Context(), f.Org, func(tx *tenancy.Tx) error {
		_, err := files.Trash(t.Context(), tx, created.File)
		return err
	}))
	purge := func() (sweep.SweepResult, error) {
		return activitytest.Run[sweep.SweepResult](t, a, a.PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform})
	}
	f.Staging.Fail("remove")
	_, err := purge()
	activitytest.RequireRefused(t, err, "internal", true)
	require.Equal(t, created.File, f.Version(t, created.Version).FileID, "the rows are the list of what is to be erased")
	for _, want := range []sweep.SweepResult{{Found: 1, Done: 1}, {}} {
		swept, err := purge()
		require.NoError(t, err)
		require.Equal(t, want, swept)
	}
	require.Empty(t, f.Staging.Keys(t))
	_, err = files.GetVersion(t.Context(), f.Single(f.Org), created.Version)
	require.ErrorIs(t, err, files.ErrNotFound)
}

func TestSweepsAreThePlatforms(t *testing.T) {
	t.Parallel()
	f, a := newSweep(t)
	for org, code := range map[tenancy.OrgID]string{{}: "no_organization", f.Org: "not_platform"} {
		_, err := activitytest.Run[sweep.SweepResult](t, a, a.PurgeTrash, sweep.PurgeTrashInput{Org: org})
		activitytest.RequireRefused(t, err, code, false)
	}
}
