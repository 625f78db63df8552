package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/reconcile"
	"satchel/cmd/worker/wiring"
	"satchel/files"
	"satchel/internal/s3"
	"satchel/tenancy"
	"satchel/tenancy/exports"
)

// countedSizes counts the requests for single objects.
type countedSizes struct {
	reconcile.Bucket
	sizes *int
}

func (c countedSizes) Size(ctx context.Context, key string) (int64, string, error) {
	*c.sizes++
	return c.Bucket.Size(ctx, key)
}

// TestAgreementCostsListingsOnly: a real store's listing shows the size and the ETag
// that publication wrote into the row, so that nothing else is asked.
func TestAgreementCostsListingsOnly(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	for range 3 {
		_, err := a.Publish(a.Scanned(t).Version)
		require.NoError(t, err)
	}
	requests := 0
	a.Checker.Clean = countedSizes{a.Checker.Clean, &requests}
	found, err := a.Checker.Check(context.Background(), a.Org, reconcile.Options{})
	require.NoError(t, err)
	require.Empty(t, found)
	require.Zero(t, requests)
}

// TestReconcilerSeesEachDisagreement makes every kind of disagreement and
// demands that the check names it, and that a repair leaves only what cannot be
// repaired without loss.
func TestReconcilerSeesEachDisagreement(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	put := func(t *testing.T, b *s3.Bucket, key, content string) {
		t.Helper()
		_, err := b.Put(ctx, key, bytes.NewReader([]byte(content)), int64(len(content)), "")
		require.NoError(t, err)
	}
	publish := func(t *testing.T, a *activities) string {
		t.Helper()
		ticket := a.Scanned(t)
		_, err := a.Publish(ticket.Version)
		require.NoError(t, err)
		return files.ContentKey(a.Org, ticket.Version)
	}
	for kind, c := range map[reconcile.Kind]struct {
		spoil     func(*testing.T, *activities)
		repairing bool
	}{
		reconcile.ContentMissing: {func(t *testing.T, a *activities) { require.NoError(t, a.Store.Clean.Remove(ctx, publish(t, a))) }, false},
		reconcile.ContentSize: {func(t *testing.T, a *activities) {
			put(t, a.Store.Clean, publish(t, a), "longer than the bytes")
		}, false},
		reconcile.ContentDiffers: {func(t *testing.T, a *activities) { put(t, a.Store.Clean, publish(t, a), "THE BYTES") }, false},
		reconcile.OrphanClean: {func(t *testing.T, a *activities) {
			put(t, a.Store.Clean, files.ContentKey(a.Org, uuid.New()), "x")
		}, true},
		reconcile.OrphanQuarantine: {func(t *testing.T, a *activities) {
			put(t, a.Store.Quarantine, files.ContentKey(a.Org, uuid.New()), "x")
		}, true},
		reconcile.OrphanStaged: {func(t *testing.T, a *activities) { put(t, a.Store.Staging, a.Org.String()+"/no-version", "x") }, true},
		reconcile.OrphanParts: {func(t *testing.T, a *activities) {
			key := files.StagingKey(a.Org, uuid.New())
			require.NoError(t, a.Store.Staging.Prepare(ctx, key))
			_, err := a.Store.Staging.CreateMultipart(ctx, key)
			require.NoError(t, err)
		}, true},
		reconcile.OrphanExport: {func(t *testing.T, a *activities) {
			put(t, a.Store.Exports, exports.Prefix(a.Org, uuid.New())+"000001-x.zip", "x")
		}, true},
		reconcile.UncleanedVersion: {func(t *testing.T, a *activities) {
			v := a.Scanned(t).Version
			require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error { return files.Withdraw(ctx, tx, v, files.Rejected, "x") }))
			require.NoError(t, a.Store.Staging.Remove(ctx, files.StagingKey(a.Org, v)))
		}, true},
		reconcile.QuotaUsed: {func(t *testing.T, a *activities) {
			_, err := a.Single(a.Org).Exec(ctx, "update storage_quotas set used_bytes = used_bytes + 1")
			require.NoError(t, err)
		}, false},
		reconcile.QuotaReserved: {func(t *testing.T, a *activities) {
			_, err := a.Single(a.Org).Exec(ctx, "update storage_quotas set reserved_bytes = reserved_bytes + 1")
			require.NoError(t, err)
		}, false},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			a := setupActivities(t)
			a.RequireSettled(t)
			c.spoil(t, a)
			found, err := a.Checker.Check(ctx, a.Org, reconcile.Options{Deep: true, Repair: true})
			require.NoError(t, err)
			require.Len(t, found, 1, "%v", found)
			require.Equal(t, kind, found[0].Kind)
			require.Equal(t, c.repairing, found[0].Repaired)
			if c.repairing {
				a.RequireSettled(t)
			}
		})
	}
}

func TestReconcilerStartsWhatIsStuck(t *testing.T) {
	t.Parallel()
	a := setupActivities(t)
	ticket := a.Scanned(t)
	found, err := a.Checker.Check(context.Background(), a.Org, reconcile.Options{Repair: true})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, reconcile.Stuck, found[0].Kind)
	require.Equal(t, []uuid.UUID{ticket.Version}, a.Workflows.Started)
}

// TestKeysOfOrphansAreDestroyed with the last object of a version that has no row, in whichever
// bucket that is, and not before. A version that has a row keeps its key.
func TestKeysOfOrphansAreDestroyed(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), context.Background()
	ticket := a.published(t)
	put(t, a.Store.Staging, files.StagingKey(a.Org, ticket.Version), []byte("left over"))
	orphan := uuid.New()
	put(t, a.Store.Clean, files.ContentKey(a.Org, orphan), []byte("of nothing"))
	put(t, a.Store.Quarantine, files.ContentKey(a.Org, orphan), []byte("of nothing"))
	put(t, a.Store.Staging, files.StagingKey(a.Org, orphan), []byte("of nothing"))
	record := files.StagingKey(a.Org, orphan)
	require.Contains(t, keys(t, a.Store.Keys), record)

	check := a.Checker
	check.Staging = kept{a.Checker.Staging}
	found, err := check.Check(ctx, a.Org, reconcile.Options{Repair: true})
	require.ErrorIs(t, err, errKept)
	require.Len(t, found, 4, "%v", found)
	require.Empty(t, keys(t, a.Store.Quarantine))
	require.Len(t, keys(t, a.Store.Clean), 1)
	require.Contains(t, keys(t, a.Store.Keys), record, "an object is left that it opens")
	found, err = a.Checker.Check(ctx, a.Org, reconcile.Options{Repair: true})
	require.NoError(t, err)
	require.Len(t, found, 2, "%v", found)
	require.NotContains(t, keys(t, a.Store.Keys), record)
	require.Len(t, keys(t, a.Store.Keys), 2, "of the version that has a row, and of the organization")
	require.Equal(t, []byte("the bytes"), read(t, a.Store.Clean, files.ContentKey(a.Org, ticket.Version)))
}

// TestYoungBytesWithoutARowStay: those of a form that waits for its commit lie there before its rows, and
// no grace that an operator asks for takes them. Their key may come after them, or never.
func TestYoungBytesWithoutARowStay(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	key := files.StagingKey(a.Org, uuid.New())
	put(t, a.Store.Staging, key, []byte("of a form"))
	alone := files.StagingKey(a.Org, uuid.New())
	put(t, a.Store.Staging, alone, []byte("of a process that died before it had stored the key"))
	require.NoError(t, a.Store.Staging.DropKey(ctx, alone))
	check := a.Checker
	check.Rowless = 0
	found, err := check.Check(ctx, a.Org, reconcile.Options{Repair: true})
	require.NoError(t, err)
	require.Len(t, found, 2)
	for _, f := range found {
		require.Equal(t, reconcile.OrphanStaged, f.Kind)
		require.False(t, f.Repaired)
	}
	require.Subset(t, keys(t, a.Store.Staging), []string{key, alone})
	require.Contains(t, keys(t, a.Store.Keys), key)
	found, err = a.Checker.Check(ctx, a.Org, reconcile.Options{Repair: true})
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.True(t, found[0].Repaired && found[1].Repaired)
	require.Empty(t, keys(t, a.Store.Staging))
}

// TestKeysThatOpenNothingAreRemoved when they are old: a process died between the key and the object.
func TestKeysThatOpenNothingAreRemoved(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	ticket := a.published(t)
	var lost []string
	for range 3 {
		lost = append(lost, files.StagingKey(a.Org, uuid.New()))
		require.NoError(t, a.Store.Staging.Prepare(ctx, lost[len(lost)-1]))
	}
	opens := files.ContentKey(a.Org, uuid.New())
	put(t, a.Store.Quarantine, opens, []byte("of no version"))
	check := a.Checker
	check.Keys = wiring.DataKeys{Store: a.Store}
	grace := reconcile.Options{Grace: time.Hour, Repair: true} // the object stays
	found, err := check.Check(ctx, a.Org, grace)
	require.NoError(t, err)
	require.Empty(t, found, "they are young")

	check.KeyAge, grace.Grace = time.Nanosecond, 0
	check.Quarantine = kept{a.Checker.Quarantine}
	var at reconcile.Position
	counts := map[reconcile.Kind]int{}
	for done := false; !done; { // a slice of one version at a time goes on where the one before ended
		s, err := check.Slice(ctx, a.Org, at, grace, reconcile.Limit{Versions: 1})
		require.NoError(t, err)
		for _, f := range s.Findings {
			counts[f.Kind]++
			require.Equal(t, f.Kind == reconcile.OrphanKey, f.Repaired, "%v", f)
		}
		at, done = s.Next, s.Done
	}
	require.Equal(t, map[reconcile.Kind]int{reconcile.OrphanKey: 3, reconcile.OrphanQuarantine: 1}, counts)
	for _, key := range lost {
		require.NotContains(t, keys(t, a.Store.Keys), key)
	}
	require.Len(t, keys(t, a.Store.Keys), 3, "of the version, of the object without one, and of the organization")
	require.Equal(t, []byte("the bytes"), read(t, a.Store.Clean, files.ContentKey(a.Org, ticket.Version)))
}

var errKept = errors.New("refused")

// kept removes nothing.
type kept struct{ reconcile.Bucket }

func (kept) Remove(context.Context, string) error  { return errKept }
func (kept) DropKey(context.Context, string) error { return errKept }
