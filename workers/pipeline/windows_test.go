package pipeline_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/finalize"
	"satchel/activities/sweep"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/queue"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// TestEveryWindowHeals kills each settling step at each of its calls, repeats
// it, and demands the end it would have had, and nothing left over.
func TestEveryWindowHeals(t *testing.T) {
	t.Parallel()
	for _, window := range []string{"", "after copy", "before remove", "before remove prefix"} {
		for name, c := range map[string]struct {
			step func(*activities, uuid.UUID) (files.Status, error)
			end  files.Status
		}{
			"publish":    {(*activities).Publish, files.Published},
			"quarantine": {(*activities).Quarantine, files.Quarantined},
			"withdraw": {func(a *activities, v uuid.UUID) (files.Status, error) {
				return a.Withdraw(v, files.Rejected)
			}, files.Rejected},
		} {
			t.Run(name+" "+window, func(t *testing.T) {
				t.Parallel()
				a := setupActivities(t)
				ticket := a.Scanned(t)
				a.Failing = window
				status, err := c.step(a, ticket.Version)
				if window != "" && a.Failing == "" {
					require.Error(t, err)
					status, err = c.step(a, ticket.Version)
				}
				require.NoError(t, err)
				require.Equal(t, c.end, status)
				status, err = c.step(a, ticket.Version) // once more changes nothing
				require.NoError(t, err)
				require.Equal(t, c.end, status)
				a.RequireSettled(t)
			})
		}
	}
}

func TestWithdrawalComesTooLateForAPublishedVersion(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.Scanned(t)
	_, err := a.Publish(ticket.Version)
	require.NoError(t, err)
	status, err := a.Withdraw(ticket.Version, files.Deleted)
	require.NoError(t, err)
	require.Equal(t, files.Published, status)
	require.Equal(t, []byte("the bytes"), read(t, a.Store.Clean, files.ContentKey(a.Org, ticket.Version)))
	a.RequireSettled(t)
}

func TestDeletedBeforePublicationLeavesNothing(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.Scanned(t)
	a.Failing = "after copy"
	_, err := a.Publish(ticket.Version)
	require.Error(t, err)
	a.Trash(t, ticket.File)
	status, err := a.Publish(ticket.Version)
	require.NoError(t, err)
	require.Equal(t, files.Processing, status, "the workflow withdraws it now")
	_, err = a.Withdraw(ticket.Version, files.Deleted)
	require.NoError(t, err)
	require.Empty(t, keys(t, a.Store.Clean))
	a.RequireSettled(t)
}

// TestUnscannedIsNeverPublished: the database itself refuses.
func TestUnscannedIsNeverPublished(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.Receive(t, "notes.txt", []byte("not scanned"))
	status, err := a.Publish(ticket.Version)
	require.NoError(t, err)
	require.NotEqual(t, files.Published, status)
}

func TestExchangedObjectIsNeverPublished(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.Scanned(t)
	_, err := a.Store.Staging.Put(context.Background(), files.StagingKey(a.Org, ticket.Version), bytes.NewReader([]byte("exchanged")), 9, "")
	require.NoError(t, err)
	_, err = a.Publish(ticket.Version)
	require.Error(t, err)
	require.Empty(t, keys(t, a.Store.Clean))
}

func (a *activities) sweeper(t *testing.T) *sweep.Activities {
	t.Helper()
	s := sweep.New(a.DB, a.Workflows, a.Cleaner, sweep.Config{})
	a.Env.RegisterActivity(s)
	return s
}

// sweep does one run of a sweep of uploads.
func (a *activities) sweep(t *testing.T, name string) queue.Swept {
	t.Helper()
	swept, err := activitytest.Sweep(t, sweep.SweepsOf(a.sweeper(t)), name)
	require.NoError(t, err)
	return swept
}

func TestExpiredUploadLeavesNothing(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := context.Background()
	var ticket files.Created
	require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) (err error) {
		ticket, err = files.Create(ctx, tx, files.New{Name: "half.bin", Size: 10 << 20, UploadedBy: a.User, TTL: -time.Second})
		return err
	}))
	require.NoError(t, a.Store.Staging.Prepare(ctx, files.StagingKey(a.Org, ticket.Version)))
	_, err := a.Store.Staging.CreateMultipart(ctx, files.StagingKey(a.Org, ticket.Version))
	require.NoError(t, err)
	_, err = a.Store.Staging.Put(ctx, files.TailKey(a.Org, ticket.Upload), bytes.NewReader([]byte("tail")), 4, "")
	require.NoError(t, err)
	alive := a.Receive(t, "notes.txt", []byte("complete and not to be expired"))

	a.sweep(t, "expire-uploads")
	v, err := files.GetVersion(ctx, a.Single(a.Org), ticket.Version)
	require.NoError(t, err)
	require.Equal(t, files.Expired, v.Status)
	require.Zero(t, v.ReservedBytes)
	require.Equal(t, 1, countEvents(t, &a.Bench, ticket.Version, "file.expire"), "the audit log says it")
	pending, err := a.Store.Staging.ListPending(ctx, "")
	require.NoError(t, err)
	require.Empty(t, pending)
	require.Equal(t, []string{files.StagingKey(a.Org, alive.Version)}, keys(t, a.Store.Staging))
}

func TestPurgedTrashIsGone(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	published, infected, open := a.Scanned(t), a.Scanned(t), a.Scanned(t)
	_, err := a.Publish(published.Version)
	require.NoError(t, err)
	_, err = a.Quarantine(infected.Version)
	require.NoError(t, err)
	for _, ticket := range []files.Created{published, infected, open} {
		a.Trash(t, ticket.File)
	}
	_, err = a.Env.ExecuteActivity(a.sweeper(t).PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform})
	require.NoError(t, err)
	ctx := context.Background()
	for _, ticket := range []files.Created{published, infected, open} {
		_, err := files.GetVersion(ctx, a.Single(a.Org), ticket.Version)
		require.ErrorIs(t, err, files.ErrNotFound)
	}
	require.Empty(t, append(append(keys(t, a.Store.Staging), keys(t, a.Store.Clean)...), keys(t, a.Store.Quarantine)...))
	quota, err := files.GetQuota(ctx, a.Single(a.Org))
	require.NoError(t, err)
	require.Zero(t, quota.UsedBytes+quota.ReservedBytes)
	a.RequireSettled(t)
}

// blocked is a store that cannot remove what belongs to some organization.
type blocked struct {
	finalize.Cleaner
	org   tenancy.OrgID
	order []tenancy.OrgID
}

func (b *blocked) RemoveDeleted(ctx context.Context, org tenancy.OrgID, version uuid.UUID) (bool, error) {
	b.order = append(b.order, org)
	if org == b.org {
		return false, errCrash
	}
	return b.Cleaner.RemoveDeleted(ctx, org, version)
}

// TestPurgePassesOverWhatFails: files that cannot be purged, more than fit a page
// and older than all others, do not keep another organization's from it; the
// other organizations are served in between.
func TestPurgePassesOverWhatFails(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := context.Background()
	const failing = 120
	_, err := a.Single(a.Org).Exec(ctx, `insert into files (organization_id, id, name, uploaded_by, trashed_at)
		select app.org(), gen_random_uuid(), 'old' || n, $1, now() - interval '90 days' from generate_series(1, $2) n`, a.User, failing)
	require.NoError(t, err)
	_, err = a.Single(a.Org).Exec(ctx, `insert into file_versions (organization_id, id, file_id, number, size, status, uploaded_by)
		select app.org(), gen_random_uuid(), id, 1, 0, 'failed', $1 from files`, a.User)
	require.NoError(t, err)
	stuck := a.Org
	a.Org = a.Organization(t, room)
	a.User = a.Member(t, a.Org, tenancy.Student)
	good := a.Scanned(t)
	a.Trash(t, good.File)

	remover := &blocked{Cleaner: a.Cleaner, org: stuck}
	s := sweep.New(a.DB, a.Workflows, remover, sweep.Config{})
	a.Env.RegisterActivity(s)
	encoded, err := a.Env.ExecuteActivity(s.PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform})
	require.NoError(t, err)
	var result sweep.SweepResult
	require.NoError(t, encoded.Get(&result))
	require.Equal(t, sweep.SweepResult{Found: failing + 1, Done: 1, Failed: failing}, result)
	require.NotEqual(t, a.Org, remover.order[len(remover.order)-1], "the other organization did not wait for all that fail")
	_, err = files.Get(ctx, a.Single(a.Org), good.File)
	require.ErrorIs(t, err, files.ErrNotFound)
}

// TestEndedVersionIsCleaned: what a crash left of an ended version goes with the
// next sweep.
func TestEndedVersionIsCleaned(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := context.Background()
	ended, alive := a.Receive(t, "ended.txt", []byte("a user's bytes")), a.Receive(t, "alive.txt", []byte("in process"))
	require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error {
		return files.Withdraw(ctx, tx, ended.Version, files.Failed, "interrupted")
	}))
	sweepOnce := func() queue.Swept { return a.sweep(t, "clean-ended-uploads") }
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, sweepOnce())
	require.Equal(t, []string{files.StagingKey(a.Org, alive.Version)}, keys(t, a.Store.Staging))
	v, err := files.GetVersion(ctx, a.Single(a.Org), ended.Version)
	require.NoError(t, err)
	require.NotNil(t, v.CleanedAt)
	require.Zero(t, sweepOnce(), "it is not found again")
}

// TestStagingOfAPublishedVersionIsCleaned: the process dies for good between the
// publication and the removal of what arrived. The next sweep removes it, and no repair
// of a day later.
func TestStagingOfAPublishedVersionIsCleaned(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := context.Background()
	ticket := a.Scanned(t)
	a.Failing = "before remove"
	_, err := a.Publish(ticket.Version)
	require.ErrorContains(t, err, errCrash.Error())
	require.Equal(t, []string{files.StagingKey(a.Org, ticket.Version)}, keys(t, a.Store.Staging))
	clean := func() queue.Swept { return a.sweep(t, "clean-ended-uploads") }
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, clean())
	require.Empty(t, keys(t, a.Store.Staging))
	require.Len(t, keys(t, a.Store.Clean), 1)
	require.Zero(t, clean(), "it is not found again")

	// A version that leaves its publication has objects to be removed again.
	require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error {
		_, err := files.Revoke(ctx, tx, ticket.Version, "infected:X", files.Verdict{Verdict: verdict.Infected, Signature: "X"})
		return err
	}))
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, clean())
	require.Empty(t, keys(t, a.Store.Clean))
}

func TestExpiredIdempotencyKeysAreDeleted(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx, other := context.Background(), a.Organization(t, 1<<20)
	for _, org := range []tenancy.OrgID{a.Org, other} {
		for _, left := range []string{"-1 second", "1 hour"} {
			_, err := a.Single(org).Exec(ctx, `insert into idempotency_keys (organization_id, principal, key_hash, fingerprint, new_id, holder, busy_until, expires_at)
				values (app.org(), sha256('p'), sha256(convert_to($1, 'UTF8')), sha256('f'), $2, $2, now(), now() + $1::interval)`, left, tenancy.NewID())
			require.NoError(t, err)
		}
	}
	encoded, err := a.Env.ExecuteActivity(a.sweeper(t).DeleteExpiredIdempotencyKeys, sweep.DeleteExpiredIdempotencyKeysInput{Org: tenancy.Platform})
	require.NoError(t, err)
	var result sweep.SweepResult
	require.NoError(t, encoded.Get(&result))
	require.Equal(t, sweep.SweepResult{Found: 2, Done: 2}, result)
	for _, org := range []tenancy.OrgID{a.Org, other} {
		var left int
		require.NoError(t, a.Single(org).QueryRow(ctx, "select count(*) from idempotency_keys").Scan(&left))
		require.Equal(t, 1, left)
	}
}
