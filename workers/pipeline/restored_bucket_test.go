package pipeline_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/reconcile"
	"satchel/files"
	"satchel/internal/keyring"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// restored checks as after a restore, and counts what it found.
func (a *activities) restored(t *testing.T, fast bool) map[reconcile.Kind]int {
	t.Helper()
	// What changed behind Found is of the system that runs again: the test's rows are of just now.
	restore := reconcile.Restore{To: time.Now().Add(-time.Hour), Found: time.Now().Add(time.Hour), Fast: fast}
	found, err := a.Checker.Check(context.Background(), a.Org, reconcile.Options{Repair: true, Restore: restore})
	require.NoError(t, err)
	counts := map[reconcile.Kind]int{}
	for _, f := range found {
		require.Equal(t, f.Kind != reconcile.KeyMissing && f.Kind != reconcile.ContentDiffers && f.Kind != reconcile.ErasedHeld, f.Repaired, "%v", f)
		counts[f.Kind]++
	}
	return counts
}

func (a *activities) published(t *testing.T) files.Created {
	t.Helper()
	ticket := a.Scanned(t)
	status, err := a.Publish(ticket.Version)
	require.NoError(t, err)
	require.Equal(t, files.Published, status)
	return ticket
}

func (a *activities) version(t *testing.T, ticket files.Created) files.Version {
	t.Helper()
	v, err := files.GetVersion(context.Background(), a.Single(a.Org), ticket.Version)
	require.NoError(t, err)
	return v
}

// setBack makes a published version one that is in process, as an earlier database has it.
func (a *activities) setBack(t *testing.T, ticket files.Created) {
	t.Helper()
	_, err := a.Single(a.Org).Exec(context.Background(), `update file_versions set status = 'processing', used_bytes = 0, reserved_bytes = size, published_at = null,
		object_etag = '', preview = '', cleaned_at = null where id = $1`, ticket.Version)
	require.NoError(t, err)
}

// put stores an object as an upload that comes in one request, or a tool that copies, does: the
// store is given a SHA-256 and keeps it.
func put(t *testing.T, b *s3.Bucket, key string, content []byte) {
	t.Helper()
	sum := sha256.Sum256(content)
	require.NoError(t, b.Prepare(context.Background(), key))
	_, err := b.PutWithSHA256(context.Background(), key, bytes.NewReader(content), int64(len(content)), sum[:])
	require.NoError(t, err)
}

// TestRestoredBuckets: what was copied back is found by its bytes, what is gone is said to be,
// and nothing that is open stays open.
func TestRestoredBuckets(t *testing.T) {
	t.Parallel()
	for name, fast := range map[string]bool{"by SHA-256": false, "by size": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, ctx := setupActivities(t), context.Background()
			key := func(ticket files.Created) string { return files.ContentKey(a.Org, ticket.Version) }
			same, copied, gone := a.published(t), a.published(t), a.published(t)
			moved, lost := a.published(t), a.Scanned(t)

			received := a.Scanned(t)
			body := []byte("the bytes")
			// The store keeps a SHA-256 of what is sent in one request, which is of cipher text.
			for _, o := range []struct {
				bucket *s3.Bucket
				key    string
			}{{a.Store.Clean, key(copied)}, {a.Store.Staging, files.StagingKey(a.Org, received.Version)}} {
				require.NoError(t, o.bucket.Remove(ctx, o.key))
				put(t, o.bucket, o.key, body)
			}
			_, err := a.Single(a.Org).Exec(ctx, "update file_versions set object_etag = 'of another store', staging_etag = 'of another store' where id = any($1)", []uuid.UUID{copied.Version, received.Version})
			require.NoError(t, err)
			require.NoError(t, a.Store.Clean.Remove(ctx, key(gone)))
			a.setBack(t, moved) // its bytes lie in the clean bucket alone
			require.NoError(t, a.Store.Staging.Remove(ctx, files.StagingKey(a.Org, lost.Version)))
			var open files.Created
			require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) (err error) {
				open, err = files.Create(ctx, tx, files.New{Name: "half.txt", Size: 10, UploadedBy: a.User, TTL: time.Hour})
				return err
			}))

			require.Equal(t, map[reconcile.Kind]int{
				reconcile.Adopted: 1, reconcile.AdoptedAgain: 2, reconcile.LostContent: 1, reconcile.LostArrived: 1, reconcile.LostUpload: 1,
				reconcile.Stuck: 2, reconcile.UncleanedVersion: 3,
			}, a.restored(t, fast))
			require.Equal(t, files.Published, a.version(t, same).Status)
			v := a.version(t, copied)
			require.Equal(t, files.Published, v.Status)
			content, err := a.Store.Clean.Open(ctx, key(copied), v.ObjectEtag, 0, -1)
			require.NoError(t, err, "a download asks for the ETag of the row")
			require.NoError(t, content.Close())
			for ticket, want := range map[files.Created]files.Status{gone: files.Quarantined, lost: files.Failed, open: files.Expired} {
				v := a.version(t, ticket)
				require.Equal(t, want, v.Status)
				require.Equal(t, files.LostInRestore, v.StatusReason)
			}
			require.Equal(t, []byte("the bytes"), read(t, a.Store.Staging, files.StagingKey(a.Org, moved.Version)))
			for _, ticket := range []files.Created{moved, received} {
				status, err := a.Publish(ticket.Version) // the workflow that the check started
				require.NoError(t, err)
				require.Equal(t, files.Published, status)
			}
			a.RequireSettled(t)

			said, err := audit.List(ctx, a.Single(a.Org), audit.Filter{Action: "storage.restored", Limit: 10})
			require.NoError(t, err)
			require.Len(t, said, 1)
			require.Empty(t, a.restored(t, fast), "the second time nothing is to be done")
		})
	}
}

// TestOtherBytesAreNotAdopted though they are as many.
func TestOtherBytesAreNotAdopted(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), context.Background()
	ticket := a.published(t)
	other := []byte("not these")
	_, err := a.Store.Clean.Put(ctx, files.ContentKey(a.Org, ticket.Version), bytes.NewReader(other), int64(len(other)), "")
	require.NoError(t, err)
	require.Equal(t, 1, a.restored(t, false)[reconcile.LostContent])
	require.Equal(t, files.Quarantined, a.version(t, ticket).Status)
}

// TestLostLosesNothingMore: what the check does not find may have been overlooked, or comes
// back with another copy. Objects and keys stay, the check that runs every day takes nothing
// away, and the next check after a restore finds the bytes.
func TestLostLosesNothingMore(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), context.Background()
	content, arrived, moved := a.published(t), a.Scanned(t), a.Scanned(t)
	body, other := []byte("the bytes"), []byte("not these")
	clean, staged := files.ContentKey(a.Org, content.Version), files.StagingKey(a.Org, arrived.Version)
	put(t, a.Store.Clean, clean, other)
	put(t, a.Store.Staging, staged, other)
	quarantined := files.ContentKey(a.Org, moved.Version)
	put(t, a.Store.Quarantine, quarantined, other)
	require.NoError(t, a.Store.Staging.Remove(ctx, files.StagingKey(a.Org, moved.Version)))
	found := a.restored(t, false)
	require.Equal(t, []int{1, 2}, []int{found[reconcile.LostContent], found[reconcile.LostArrived]}, "%v", found)
	for range 2 {
		for _, ticket := range []files.Created{content, arrived, moved} {
			_, err := a.Cleaner.Clear(ctx, a.Org, ticket.Version)
			require.NoError(t, err)
			require.Equal(t, files.LostInRestore, a.version(t, ticket).StatusReason)
		}
		left, err := a.Checker.Check(ctx, a.Org, reconcile.Options{Repair: true})
		require.NoError(t, err)
		require.Empty(t, left)
		require.Empty(t, a.restored(t, false), "they are other bytes still")
		for bucket, want := range map[*s3.Bucket]int{a.Store.Staging: 1, a.Store.Clean: 1, a.Store.Quarantine: 1, a.Store.Keys: 4} {
			require.Len(t, keys(t, bucket), want, bucket.Name())
		}
	}

	put(t, a.Store.Clean, clean, body)
	put(t, a.Store.Staging, staged, body)
	put(t, a.Store.Quarantine, quarantined, body)
	require.Equal(t, map[reconcile.Kind]int{reconcile.Found: 3, reconcile.Stuck: 2}, a.restored(t, false))
	for _, ticket := range []files.Created{arrived, moved} {
		status, err := a.Publish(ticket.Version)
		require.NoError(t, err)
		require.Equal(t, files.Published, status)
	}
	for _, ticket := range []files.Created{content, arrived, moved} {
		v := a.version(t, ticket)
		require.Equal(t, files.Published, v.Status)
		require.Empty(t, v.StatusReason)
		require.Equal(t, body, read(t, a.Store.Clean, files.ContentKey(a.Org, ticket.Version)))
	}
	require.NoError(t, a.Store.Quarantine.Remove(ctx, quarantined)) // a published version may have left it there
	a.RequireSettled(t)

	// Somebody who deletes the file decides.
	put(t, a.Store.Clean, clean, other)
	require.Equal(t, 1, a.restored(t, false)[reconcile.LostContent])
	require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error {
		_, err := files.Trash(ctx, tx, content.File)
		return err
	}))
	require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error {
		_, err := files.Unpublish(ctx, tx, content.File)
		return err
	}))
	_, err := a.Cleaner.Clear(ctx, a.Org, content.Version)
	require.NoError(t, err)
	require.Len(t, keys(t, a.Store.Clean), 2)
	require.Len(t, keys(t, a.Store.Keys), 3)
}

// TestUnreadableObjectsDoNotStopTheCheck: what no one can read is said to be lost, and the
// check goes on behind it.
func TestUnreadableObjectsDoNotStopTheCheck(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), context.Background()
	of := func(ticket files.Created) string { return files.ContentKey(a.Org, ticket.Version) }
	other, altered, behind := a.published(t), a.published(t), a.published(t)
	_, err := s3test.View(a.Store).Clean.CopyFrom(ctx, a.Store.Clean.Name(), of(other), "", of(altered))
	require.NoError(t, err)
	put(t, a.Store.Clean, of(behind), []byte("the bytes"))
	_, err = a.Single(a.Org).Exec(ctx, "update file_versions set object_etag = 'of another store' where id = any($1)", []uuid.UUID{altered.Version, behind.Version})
	require.NoError(t, err)
	found := a.restored(t, false)
	require.Equal(t, []int{1, 1}, []int{found[reconcile.LostContent], found[reconcile.Adopted]}, "%v", found)
	require.Equal(t, files.Quarantined, a.version(t, altered).Status)
}

// TestMissingKeysAreReported: objects that are as they were, but whose keys are gone, are not
// healthy. Nothing is done to them, and they are read again when the keys are back.
func TestMissingKeysAreReported(t *testing.T) {
	t.Parallel()
	for name, fast := range map[string]bool{"by SHA-256": false, "by size": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, ctx := setupActivities(t), context.Background()
			content, copied, arrived, same := a.published(t), a.published(t), a.Scanned(t), a.published(t)
			_, err := a.Single(a.Org).Exec(ctx, "update file_versions set object_etag = 'of another store' where id = $1", copied.Version)
			require.NoError(t, err)
			records, kept := s3.RecordsOf(a.Store.Keys, s3.ErrMissing), map[string][]byte{}
			for _, ticket := range []files.Created{content, copied, arrived} {
				key := files.StagingKey(a.Org, ticket.Version)
				kept[key], err = records.Get(ctx, key)
				require.NoError(t, err)
				require.NoError(t, a.Store.Clean.DropKey(ctx, key))
			}
			for range 2 {
				found := a.restored(t, fast)
				require.Equal(t, 3, found[reconcile.KeyMissing], "%v", found)
				require.Zero(t, found[reconcile.LostContent])
			}
			require.Equal(t, files.Published, a.version(t, content).Status)
			require.Equal(t, "of another store", a.version(t, copied).ObjectEtag)
			require.Equal(t, files.LostInRestore, a.version(t, arrived).StatusReason, "a workflow would find that it cannot be read, and remove it")

			for key, record := range kept {
				added, err := records.Add(ctx, key, record)
				require.NoError(t, err)
				require.True(t, added)
			}
			a.forgetKeys(t)
			require.Equal(t, map[reconcile.Kind]int{reconcile.Adopted: 1, reconcile.Found: 1, reconcile.Stuck: 1}, a.restored(t, fast))
			status, err := a.Publish(arrived.Version)
			require.NoError(t, err)
			require.Equal(t, files.Published, status)
			for _, ticket := range []files.Created{content, copied, arrived, same} {
				require.Equal(t, []byte("the bytes"), read(t, a.Store.Clean, files.ContentKey(a.Org, ticket.Version)))
			}
			a.RequireSettled(t)

			master := keyring.Masters + a.Org.String() + "/key"
			require.NoError(t, records.Remove(ctx, master))
			a.forgetKeys(t)
			require.Equal(t, map[reconcile.Kind]int{reconcile.KeyMissing: 4}, a.restored(t, fast), "the key of the organization is lost")
		})
	}
}

// forgetKeys lets the store's keys be those of a process that knows none yet.
func (a *activities) forgetKeys(t *testing.T) {
	t.Helper()
	ring, err := keyring.New(keyring.Config{On: true}, s3.RecordsOf(a.Store.Keys, keyring.ErrAbsent), s3test.Box(t))
	require.NoError(t, err)
	a.Store.Encrypt(ring)
}

// TestDeletedVersionsStayForAWhile in the store, so that a copy of the buckets that is made
// after a backup of the database has them; and the check finds nothing wrong meanwhile.
func TestDeletedVersionsStayForAWhile(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), context.Background()
	a.Delay(time.Hour)
	ticket := a.published(t)
	_, err := a.Single(a.Org).Exec(ctx, "update file_versions set status = 'deleted', used_bytes = 0, cleaned_at = null, updated_at = now() where id = $1", ticket.Version)
	require.NoError(t, err)
	for range 2 {
		status, err := a.Cleaner.Clear(ctx, a.Org, ticket.Version)
		require.NoError(t, err)
		require.Equal(t, files.Deleted, status)
		removed, err := a.Cleaner.RemoveDeleted(ctx, a.Org, ticket.Version)
		require.NoError(t, err)
		require.False(t, removed)
		require.Len(t, keys(t, a.Store.Clean), 1)
		a.RequireSettled(t)
	}
	waiting, err := a.VersionsUncleaned(ctx, 0, ticket.File, 10)
	require.NoError(t, err)
	require.Empty(t, waiting, "the sweep does not look at it before its time")

	_, err = a.Single(a.Org).Exec(ctx, "update file_versions set removable_at = now() where id = $1", ticket.Version)
	require.NoError(t, err)
	_, err = a.Cleaner.Clear(ctx, a.Org, ticket.Version)
	require.NoError(t, err)
	require.Empty(t, keys(t, a.Store.Clean))
	a.RequireSettled(t)

	erased := a.published(t)
	require.NoError(t, a.Cleaner.RemoveVersion(ctx, a.Org, erased.Version), "an erasure does not wait")
	require.Empty(t, keys(t, a.Store.Clean))
}
