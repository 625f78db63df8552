package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/erasure"
	"satchel/activities/reconcile"
	"satchel/cmd/worker/wiring"
	"satchel/files"
	"satchel/internal/s3"
	"satchel/policies/audit"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
	"satchel/tenancy/holds"
)

// rememberRows keeps copies of rows as a backup of the database does, and gives what brings them back.
func (a *activities) rememberRows(t *testing.T, tables ...string) (restore func()) {
	t.Helper()
	admin, ctx := a.Admin(t), context.Background()
	do := func(sql string) {
		t.Helper()
		_, err := admin.Exec(ctx, sql)
		require.NoError(t, err, sql)
	}
	for _, table := range append(tables, "storage_quotas") {
		do("create table app.kept_" + table + " as table " + table)
	}
	return func() {
		t.Helper()
		do("set session_replication_role = replica")
		for _, table := range tables {
			var columns string
			require.NoError(t, admin.QueryRow(ctx, "select string_agg(quote_ident(column_name), ', ') from information_schema.columns where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER'", table).Scan(&columns))
			do("insert into " + table + " (" + columns + ") select " + columns + " from app.kept_" + table + " on conflict do nothing")
		}
		do("update storage_quotas q set used_bytes = k.used_bytes, reserved_bytes = k.reserved_bytes from app.kept_storage_quotas k where k.organization_id = q.organization_id")
		do("set session_replication_role = default")
	}
}

// TestARestoreDoesNotBringBackWhatWasErased: the database comes from before an erasure, the object
// and the data key come back from copies, and the check after a restore erases them again before
// anything else. The certificate that the restore lost comes back too.
func TestARestoreDoesNotBringBackWhatWasErased(t *testing.T) {
	t.Parallel()
	for _, onHold := range []bool{false, true} {
		t.Run(fmt.Sprint("on hold then: ", onHold), func(t *testing.T) {
			t.Parallel()
			a, ctx := setupActivities(t), t.Context()
			parts := wiring.NewErasureParts(a.DB, a.Store, a.Cleaner, signer(t))
			a.Checker.Erasures = erasure.NewLedger(parts, nil)
			erased, other := a.publishNamed(t, "erased.txt", []byte("to be forgotten")), a.publishNamed(t, "other.txt", []byte("stays"))
			record := a.Org.String() + "/" + erased.Version.String()
			copied := read(t, a.Store.Keys, record)
			restore := a.rememberRows(t, "files", "file_versions")

			id := askErasure(t, &a.Bench, erasures.File, erased.File, erasures.ParentRequest)
			require.Equal(t, erasures.Certified, a.steps(t, &dyingErasure{}, id))
			certificate, err := erasures.GetCertificate(ctx, a.Single(a.Org), id)
			require.NoError(t, err)
			nothingOf(t, &a.Bench, erased)

			restore()
			_, err = a.Admin(t).Exec(ctx, "delete from erasures where id = $1", id)
			require.NoError(t, err)
			put(t, a.Store.Keys, record, copied)
			key := files.ContentKey(a.Org, erased.Version)
			put(t, a.Store.Clean, key, []byte("to be forgotten"))
			require.Equal(t, []byte("to be forgotten"), read(t, a.Store.Clean, key), "as it was before the erasure")
			require.Equal(t, files.Published, a.version(t, erased).Status)
			hold, first, second := tenancy.NewID(), a.Member(t, a.Org, tenancy.Admin), a.Member(t, a.Org, tenancy.Owner)
			if onHold {
				require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error {
					return holds.Place(ctx, tx, holds.New{ID: hold, By: first, Kind: holds.Legal, Scope: holds.File, Target: erased.File, Reason: "r"})
				}))
			}

			want := map[reconcile.Kind]int{reconcile.ErasedAgain: 1}
			if onHold { // its key is destroyed; the row is what a person sees until the hold is released
				want = map[reconcile.Kind]int{reconcile.ErasedHeld: 1, reconcile.KeyMissing: 1, reconcile.ContentDiffers: 1}
			}
			found := a.restored(t, false)
			delete(found, reconcile.UncleanedVersion)
			require.Equal(t, want, found)
			require.NotContains(t, keys(t, a.Store.Keys), record)
			if onHold {
				_, err := a.Store.Clean.Open(ctx, key, "", 0, -1)
				require.ErrorIs(t, err, s3.ErrErased)
			} else {
				nothingOf(t, &a.Bench, erased)
				require.Empty(t, a.restored(t, false), "the second time nothing is to be done")
				a.RequireSettled(t)
			}
			require.Equal(t, []byte("stays"), read(t, a.Store.Clean, files.ContentKey(a.Org, other.Version)))
			again, err := erasures.GetCertificate(ctx, a.Single(a.Org), id)
			if !onHold {
				require.NoError(t, err)
				require.Equal(t, certificate, again)
				return
			}
			require.ErrorIs(t, err, erasures.ErrNotCertified, "what a hold keeps is not certified")
			f, err := files.Get(ctx, a.Single(a.Org), erased.File)
			require.NoError(t, err)
			require.NotNil(t, f.TrashedAt)
			require.Equal(t, erasures.Blocked, a.steps(t, &dyingErasure{}, id))
			require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error { return holds.AskRelease(ctx, tx, hold, first, "settled") }))
			require.NoError(t, a.InTx(ctx, a.Org, func(tx *tenancy.Tx) error { return holds.ApproveRelease(ctx, tx, hold, second) }))
			require.Equal(t, erasures.Certified, a.steps(t, &dyingErasure{}, id))
			nothingOf(t, &a.Bench, erased)
			again, err = erasures.GetCertificate(ctx, a.Single(a.Org), id)
			require.NoError(t, err)
			require.Equal(t, certificate.Items, again.Items, "it was encrypted, though its key was gone")
		})
	}
}

// TestAnErasedOrganizationIsDeletedAgain when a restore brings it back: its keys go at once, and the
// process that deletes organizations removes the rest, without a time in which it could be kept.
func TestAnErasedOrganizationIsDeletedAgain(t *testing.T) {
	t.Parallel()
	b, _ := encryptedBench(t)
	b.published(t, "the grades of class 7b")
	parts := wiring.NewErasureParts(b.DB, b.Store, b.Cleaner, signer(t))
	require.NoError(t, erasure.NewOrganizations(parts).Tell(t.Context(), b.Org))
	b.Checker.Erasures = wiring.NewLedger(parts, b.Store, b.Client)
	found, err := b.Checker.Check(t.Context(), b.Org, reconcile.Options{Repair: true, Restore: reconcile.Restore{To: time.Now().Add(-time.Hour), Found: time.Now().Add(time.Hour)}})
	require.NoError(t, err)
	require.Equal(t, []reconcile.Finding{{Kind: reconcile.ErasedAgain, Org: b.Org, Repaired: true}}, found)
	require.Empty(t, keys(t, b.Store.Keys))
	require.Eventually(t, func() bool {
		_, err := tenancy.GetOrganization(context.Background(), b.Single(b.Org))
		return errors.Is(err, tenancy.ErrNoOrganization)
	}, patience, pause)
	b.requireNothingLeft(t)
}

// TestALedgerThatSomebodyWroteDestroysNothing: the check of the organization fails.
func TestALedgerThatSomebodyWroteDestroysNothing(t *testing.T) {
	t.Parallel()
	a, ctx := setupActivities(t), t.Context()
	parts := wiring.NewErasureParts(a.DB, a.Store, a.Cleaner, signer(t))
	a.Checker.Erasures = erasure.NewLedger(parts, nil)
	ticket := a.publishNamed(t, "notes.txt", []byte("stays"))
	_, another, err := audit.NewKey()
	require.NoError(t, err)
	entry := erasures.Entry{Erasure: tenancy.NewID(), Organization: a.Org.String(), Scope: erasures.File, Files: []erasures.EntryFile{{File: ticket.File, Versions: []uuid.UUID{ticket.Version}}}}
	require.NoError(t, erasure.WriteLedger(ctx, parts.Archive, another, a.Org, entry))
	_, err = a.Checker.Check(ctx, a.Org, reconcile.Options{Repair: true, Restore: reconcile.Restore{To: time.Now().Add(-time.Hour), Found: time.Now().Add(time.Hour)}})
	require.ErrorIs(t, err, erasures.ErrForged)
	require.Equal(t, []byte("stays"), read(t, a.Store.Clean, files.ContentKey(a.Org, ticket.Version)))
}
