package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"satchel/activities/finalize"
	"satchel/activities/reconcile"
	"satchel/activities/sweep"
	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/internal/s3test"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// errCrash is a process that dies at that point.
var errCrash = errors.New("the process dies here")

// fragile is a bucket that fails at the named call, once.
type fragile struct {
	bucket
	failing *string
}

func (f fragile) crash(at string) error {
	if *f.failing == at {
		*f.failing = ""
		return errCrash
	}
	return nil
}

func (f fragile) CopyFrom(ctx context.Context, from, srcKey, etag, key string) (string, error) {
	copied, err := f.bucket.CopyFrom(ctx, from, srcKey, etag, key)
	if crash := f.crash("after copy"); crash != nil {
		return "", crash
	}
	return copied, err
}

func (f fragile) Remove(ctx context.Context, key string) error {
	if err := f.crash("before remove"); err != nil {
		return err
	}
	return f.bucket.Remove(ctx, key)
}

func (f fragile) RemovePrefix(ctx context.Context, prefix string) error {
	if err := f.crash("before remove prefix"); err != nil {
		return err
	}
	return f.bucket.RemovePrefix(ctx, prefix)
}

// nowhere is a Temporal in which nothing runs.
type nowhere struct {
	started  []uuid.UUID
	advanced int
	exports  []uuid.UUID
}

func (n *nowhere) MaxRunning() int { return 3 }

func (n *nowhere) StartAdmitted(context.Context, tenancy.OrgID) error {
	n.advanced++
	return nil
}

func (n *nowhere) Running(context.Context, tenancy.OrgID, uuid.UUID) (bool, error) { return false, nil }

func (n *nowhere) StartUpload(_ context.Context, _ tenancy.OrgID, _, version uuid.UUID) error {
	n.started = append(n.started, version)
	return nil
}

// activities is the finalizing activities on a real database and store, without
// Temporal, so that each window between two side effects can be hit.
type activities struct {
	bundle
	env       *testsuite.TestActivityEnvironment
	failing   string
	finalizer *finalize.Activities
	cleaner   finalize.Cleaner
	nowhere   *nowhere
}

func setupActivities(t *testing.T) *activities {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	a := &activities{bundle: bundle{Database: pgtest.New(t), options: options{store: s3test.New(t)}}, env: suite.NewTestActivityEnvironment(), nowhere: &nowhere{}}
	a.org = a.Organization(t, room)
	a.user = a.Member(t, a.org, tenancy.Student)
	wrap := func(b bucket) fragile { return fragile{b, &a.failing} }
	a.cleaner = finalize.NewCleaner(a.DB, finalize.Objects{
		Staging: wrap(bucket{a.store.Staging}), Clean: wrap(bucket{a.store.Clean}), Quarantine: wrap(bucket{a.store.Quarantine}),
	})
	a.finalizer = finalize.New(a.cleaner, a.nowhere)
	a.env.RegisterActivity(a.finalizer)
	a.checker = reconcile.Checker{DB: a.DB, Staging: listed{bucket{a.store.Staging}}, Clean: listed{bucket{a.store.Clean}},
		Quarantine: listed{bucket{a.store.Quarantine}}, Exports: listed{bucket{a.store.Exports}}, Workflows: a.nowhere, Clearer: a.cleaner}
	return a
}

// scanned is a version that only waits for its publication.
func (a *activities) scanned(t *testing.T) files.Created {
	t.Helper()
	ticket := a.receive(t, "notes.txt", []byte("the bytes"))
	v, err := files.GetVersion(context.Background(), a.Single(a.org), ticket.Version)
	require.NoError(t, err)
	require.NoError(t, files.Scanned(context.Background(), a.Single(a.org), ticket.Version, files.Verdict{Verdict: verdict.Clean, Engine: "fake", SHA256: v.Sha256}))
	return ticket
}

func (a *activities) trash(t *testing.T, file uuid.UUID) {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, a.InTx(ctx, a.org, func(tx *tenancy.Tx) error {
		_, err := files.Trash(ctx, tx, file)
		return err
	}))
}

func (a *activities) publish(version uuid.UUID) (files.Status, error) {
	var result finalize.PublishVersionResult
	value, err := a.env.ExecuteActivity(a.finalizer.PublishVersion, finalize.PublishVersionInput{Org: a.org, Version: version})
	if err == nil {
		err = value.Get(&result)
	}
	return result.Status, err
}

func (a *activities) withdraw(version uuid.UUID, to files.Status) (files.Status, error) {
	var result finalize.WithdrawVersionResult
	value, err := a.env.ExecuteActivity(a.finalizer.WithdrawVersion, finalize.WithdrawVersionInput{Org: a.org, Version: version, Status: to, Reason: "some_rule"})
	if err == nil {
		err = value.Get(&result)
	}
	return result.Status, err
}

func (a *activities) quarantine(version uuid.UUID) (files.Status, error) {
	var result finalize.QuarantineVersionResult
	value, err := a.env.ExecuteActivity(a.finalizer.QuarantineVersion, finalize.QuarantineVersionInput{Org: a.org, Version: version, Reason: "infected:X"})
	if err == nil {
		err = value.Get(&result)
	}
	return result.Status, err
}

// TestEveryWindowHeals kills each settling step at each of its calls, repeats
// it, and demands the end it would have had, and nothing left over.
func TestEveryWindowHeals(t *testing.T) {
	t.Parallel()
	for _, window := range []string{"", "after copy", "before remove", "before remove prefix"} {
		for name, c := range map[string]struct {
			step func(*activities, uuid.UUID) (files.Status, error)
			end  files.Status
		}{
			"publish":    {(*activities).publish, files.Published},
			"quarantine": {(*activities).quarantine, files.Quarantined},
			"withdraw": {func(a *activities, v uuid.UUID) (files.Status, error) {
				return a.withdraw(v, files.Rejected)
			}, files.Rejected},
		} {
			t.Run(name+" "+window, func(t *testing.T) {
				t.Parallel()
				a := setupActivities(t)
				ticket := a.scanned(t)
				a.failing = window
				status, err := c.step(a, ticket.Version)
				if window != "" && a.failing == "" {
					require.Error(t, err)
					status, err = c.step(a, ticket.Version)
				}
				require.NoError(t, err)
				require.Equal(t, c.end, status)
				status, err = c.step(a, ticket.Version) // once more changes nothing
				require.NoError(t, err)
				require.Equal(t, c.end, status)
				a.requireSettled(t)
			})
		}
	}
}

func TestWithdrawalComesTooLateForAPublishedVersion(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.scanned(t)
	_, err := a.publish(ticket.Version)
	require.NoError(t, err)
	status, err := a.withdraw(ticket.Version, files.Deleted)
	require.NoError(t, err)
	require.Equal(t, files.Published, status)
	require.Equal(t, []byte("the bytes"), read(t, a.store.Clean, files.ContentKey(a.org, ticket.Version)))
	a.requireSettled(t)
}

func TestDeletedBeforePublicationLeavesNothing(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.scanned(t)
	a.failing = "after copy"
	_, err := a.publish(ticket.Version)
	require.Error(t, err)
	a.trash(t, ticket.File)
	status, err := a.publish(ticket.Version)
	require.NoError(t, err)
	require.Equal(t, files.Processing, status, "the workflow withdraws it now")
	_, err = a.withdraw(ticket.Version, files.Deleted)
	require.NoError(t, err)
	require.Empty(t, keys(t, a.store.Clean))
	a.requireSettled(t)
}

// TestUnscannedIsNeverPublished: the database itself refuses.
func TestUnscannedIsNeverPublished(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.receive(t, "notes.txt", []byte("not scanned"))
	status, err := a.publish(ticket.Version)
	require.NoError(t, err)
	require.NotEqual(t, files.Published, status)
}

func TestExchangedObjectIsNeverPublished(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.scanned(t)
	_, err := a.store.Staging.Put(context.Background(), files.StagingKey(a.org, ticket.Version), bytes.NewReader([]byte("exchanged")), 9, "")
	require.NoError(t, err)
	_, err = a.publish(ticket.Version)
	require.Error(t, err)
	require.Empty(t, keys(t, a.store.Clean))
}

func (a *activities) sweeper(t *testing.T) *sweep.Activities {
	t.Helper()
	s := sweep.New(a.DB, a.nowhere, a.cleaner, sweep.Config{})
	a.env.RegisterActivity(s)
	return s
}

func TestExpiredUploadLeavesNothing(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := context.Background()
	var ticket files.Created
	require.NoError(t, a.InTx(ctx, a.org, func(tx *tenancy.Tx) (err error) {
		ticket, err = files.Create(ctx, tx, files.New{Name: "half.bin", Size: 10 << 20, UploadedBy: a.user, TTL: -time.Second})
		return err
	}))
	_, err := a.store.Staging.CreateMultipart(ctx, files.StagingKey(a.org, ticket.Version))
	require.NoError(t, err)
	_, err = a.store.Staging.Put(ctx, files.TailKey(a.org, ticket.Upload), bytes.NewReader([]byte("tail")), 4, "")
	require.NoError(t, err)
	alive := a.receive(t, "notes.txt", []byte("complete and not to be expired"))

	_, err = a.env.ExecuteActivity(a.sweeper(t).ExpireUploads, sweep.ExpireUploadsInput{Org: tenancy.Platform})
	require.NoError(t, err)
	v, err := files.GetVersion(ctx, a.Single(a.org), ticket.Version)
	require.NoError(t, err)
	require.Equal(t, files.Expired, v.Status)
	require.Zero(t, v.ReservedBytes)
	require.Equal(t, 1, a.events(t, ticket.Version, "file.expire"), "the audit log says it")
	pending, err := a.store.Staging.ListPending(ctx, "")
	require.NoError(t, err)
	require.Empty(t, pending)
	require.Equal(t, []string{files.StagingKey(a.org, alive.Version)}, keys(t, a.store.Staging))
}

func TestPurgedTrashIsGone(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	published, infected, open := a.scanned(t), a.scanned(t), a.scanned(t)
	_, err := a.publish(published.Version)
	require.NoError(t, err)
	_, err = a.quarantine(infected.Version)
	require.NoError(t, err)
	for _, ticket := range []files.Created{published, infected, open} {
		a.trash(t, ticket.File)
	}
	_, err = a.env.ExecuteActivity(a.sweeper(t).PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform})
	require.NoError(t, err)
	ctx := context.Background()
	for _, ticket := range []files.Created{published, infected, open} {
		_, err := files.GetVersion(ctx, a.Single(a.org), ticket.Version)
		require.ErrorIs(t, err, files.ErrNotFound)
	}
	require.Empty(t, append(append(keys(t, a.store.Staging), keys(t, a.store.Clean)...), keys(t, a.store.Quarantine)...))
	quota, err := files.GetQuota(ctx, a.Single(a.org))
	require.NoError(t, err)
	require.Zero(t, quota.UsedBytes+quota.ReservedBytes)
	a.requireSettled(t)
}

// blocked is a store that cannot remove what belongs to some organization.
type blocked struct {
	finalize.Cleaner
	org   tenancy.OrgID
	order []tenancy.OrgID
}

func (b *blocked) RemoveVersion(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error {
	b.order = append(b.order, org)
	if org == b.org {
		return errCrash
	}
	return b.Cleaner.RemoveVersion(ctx, org, version)
}

// TestPurgePassesOverWhatFails: files that cannot be purged, more than fit a page
// and older than all others, do not keep another organization's from it; the
// organizations take turns.
func TestPurgePassesOverWhatFails(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := context.Background()
	const failing = 120
	_, err := a.Single(a.org).Exec(ctx, `insert into files (organization_id, id, name, uploaded_by, trashed_at)
		select app.org(), gen_random_uuid(), 'old' || n, $1, now() - interval '90 days' from generate_series(1, $2) n`, a.user, failing)
	require.NoError(t, err)
	_, err = a.Single(a.org).Exec(ctx, `insert into file_versions (organization_id, id, file_id, number, size, status, uploaded_by)
		select app.org(), gen_random_uuid(), id, 1, 0, 'failed', $1 from files`, a.user)
	require.NoError(t, err)
	stuck := a.org
	a.org = a.Organization(t, room)
	a.user = a.Member(t, a.org, tenancy.Student)
	good := a.scanned(t)
	a.trash(t, good.File)

	remover := &blocked{Cleaner: a.cleaner, org: stuck}
	s := sweep.New(a.DB, a.nowhere, remover, sweep.Config{})
	a.env.RegisterActivity(s)
	encoded, err := a.env.ExecuteActivity(s.PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform})
	require.NoError(t, err)
	var result sweep.SweepResult
	require.NoError(t, encoded.Get(&result))
	require.Equal(t, sweep.SweepResult{Found: failing + 1, Done: 1, Failed: failing}, result)
	require.NotEqual(t, a.org, remover.order[len(remover.order)-1], "the other organization did not wait for all that fail")
	_, err = files.Get(ctx, a.Single(a.org), good.File)
	require.ErrorIs(t, err, files.ErrNotFound)
}

// TestEndedVersionIsCleaned: what a crash left of an ended version goes with the
// next sweep.
func TestEndedVersionIsCleaned(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx := context.Background()
	ended, alive := a.receive(t, "ended.txt", []byte("a user's bytes")), a.receive(t, "alive.txt", []byte("in process"))
	require.NoError(t, a.InTx(ctx, a.org, func(tx *tenancy.Tx) error {
		return files.Withdraw(ctx, tx, ended.Version, files.Failed, "interrupted")
	}))
	sweepOnce := func() (result sweep.SweepResult) {
		encoded, err := a.env.ExecuteActivity(a.sweeper(t).CleanUploads, sweep.CleanUploadsInput{Org: tenancy.Platform})
		require.NoError(t, err)
		require.NoError(t, encoded.Get(&result))
		return result
	}
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, sweepOnce())
	require.Equal(t, []string{files.StagingKey(a.org, alive.Version)}, keys(t, a.store.Staging))
	v, err := files.GetVersion(ctx, a.Single(a.org), ended.Version)
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
	ticket := a.scanned(t)
	a.failing = "before remove"
	_, err := a.publish(ticket.Version)
	require.ErrorContains(t, err, errCrash.Error())
	require.Equal(t, []string{files.StagingKey(a.org, ticket.Version)}, keys(t, a.store.Staging))
	clean := func() (result sweep.SweepResult) {
		encoded, err := a.env.ExecuteActivity(a.sweeper(t).CleanUploads, sweep.CleanUploadsInput{Org: tenancy.Platform})
		require.NoError(t, err)
		require.NoError(t, encoded.Get(&result))
		return result
	}
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, clean())
	require.Empty(t, keys(t, a.store.Staging))
	require.Len(t, keys(t, a.store.Clean), 1)
	require.Zero(t, clean(), "it is not found again")

	// A version that leaves its publication has objects to be removed again.
	require.NoError(t, a.InTx(ctx, a.org, func(tx *tenancy.Tx) error {
		_, err := files.Revoke(ctx, tx, ticket.Version, "infected:X", files.Verdict{Verdict: verdict.Infected, Signature: "X"})
		return err
	}))
	require.Equal(t, sweep.SweepResult{Found: 1, Done: 1}, clean())
	require.Empty(t, keys(t, a.store.Clean))
}

func TestOldRequestsAreForgotten(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ctx, other := context.Background(), a.Organization(t, 1<<20)
	for _, org := range []tenancy.OrgID{a.org, other} {
		for _, left := range []string{"-1 second", "1 hour"} {
			_, err := a.Single(org).Exec(ctx, `insert into idempotency_keys (organization_id, principal, key_hash, fingerprint, new_id, holder, busy_until, expires_at)
				values (app.org(), sha256('p'), sha256(convert_to($1, 'UTF8')), sha256('f'), $2, $2, now(), now() + $1::interval)`, left, tenancy.NewID())
			require.NoError(t, err)
		}
	}
	encoded, err := a.env.ExecuteActivity(a.sweeper(t).DeleteExpiredIdempotencyKeys, sweep.DeleteExpiredIdempotencyKeysInput{Org: tenancy.Platform})
	require.NoError(t, err)
	var result sweep.SweepResult
	require.NoError(t, encoded.Get(&result))
	require.Equal(t, sweep.SweepResult{Found: 2, Done: 2}, result)
	for _, org := range []tenancy.OrgID{a.org, other} {
		var left int
		require.NoError(t, a.Single(org).QueryRow(ctx, "select count(*) from idempotency_keys").Scan(&left))
		require.Equal(t, 1, left)
	}
}

func TestOrganizationsDoNotSweep(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	s := a.sweeper(t)
	for _, try := range []func() error{
		func() error {
			_, err := a.env.ExecuteActivity(s.ExpireUploads, sweep.ExpireUploadsInput{Org: a.org})
			return err
		},
		func() error {
			_, err := a.env.ExecuteActivity(s.PurgeTrash, sweep.PurgeTrashInput{Org: a.org})
			return err
		},
		func() error {
			_, err := a.env.ExecuteActivity(s.DeleteExpiredIdempotencyKeys, sweep.DeleteExpiredIdempotencyKeysInput{Org: a.org})
			return err
		},
		func() error {
			_, err := a.env.ExecuteActivity(s.StartWaitingUploads, sweep.StartWaitingUploadsInput{Org: a.org})
			return err
		},
	} {
		require.ErrorContains(t, try(), "not_platform")
	}
}
