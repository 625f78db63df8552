package sweep_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/sweep"
	"satchel/files"
	"satchel/tenancy"
)

// shared makes a file that its owner shares by a link.
func (b *bench) shared(t *testing.T, org tenancy.OrgID) (user, share, file uuid.UUID) {
	t.Helper()
	user, share, file = b.Member(t, org, tenancy.Teacher), tenancy.NewID(), tenancy.NewID()
	for _, row := range []string{
		"insert into files (organization_id, id, name, uploaded_by, space_id) select app.org(), $1, 'a.txt', $2, s.id from spaces s where s.owner_id = $2 and $3::uuid is not null",
		"insert into shares (organization_id, id, kind, permission, file_id, token_hash, created_by) values (app.org(), $3, 'link', 'download', $1, decode(repeat('00', 32), 'hex'), $2)",
	} {
		_, err := b.Single(org).Exec(t.Context(), row, file, user, share)
		require.NoError(t, err)
	}
	return user, share, file
}

// TestExpiredZipsAreDeleted: of members and of shares, in every organization, also where
// no one asks for another. What still has time stays, with its entries.
func TestExpiredZipsAreDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	entries := []files.ZipEntry{{FileID: tenancy.NewID(), VersionID: tenancy.NewID(), Name: "a.txt", Size: 1, ModifiedAt: time.Now(), ObjectEtag: "e"}}
	for _, org := range []tenancy.OrgID{b.failing, b.good} {
		user, share, _ := b.shared(t, org)
		require.NoError(t, b.InTx(t.Context(), org, func(tx *tenancy.Tx) error {
			for _, name := range []string{"old", "young"} {
				_, err := files.InsertZip(t.Context(), tx, tenancy.NewID(), user, name, entries)
				require.NoError(t, err)
				_, err = files.InsertShareZip(t.Context(), tx, tenancy.NewID(), share, name, entries)
				require.NoError(t, err)
			}
			_, err := tx.Exec(t.Context(), "update zips set expires_at = now() - interval '1 second' where name = 'old'")
			return err
		}))
	}
	encoded, err := b.env.ExecuteActivity(b.sweeper.DeleteExpiredIdempotencyKeys, sweep.DeleteExpiredIdempotencyKeysInput{Org: tenancy.Platform})
	require.NoError(t, err)
	var result sweep.SweepResult
	require.NoError(t, encoded.Get(&result))
	require.Equal(t, 2, result.Done)
	for _, org := range []tenancy.OrgID{b.failing, b.good} {
		var names []string
		require.NoError(t, b.Single(org).QueryRow(t.Context(), "select array_agg(distinct z.name) from zips z join zip_entries e on e.zip_id = z.id having count(*) = 2").Scan(&names))
		require.Equal(t, []string{"young"}, names)
		var left int
		require.NoError(t, b.Single(org).QueryRow(t.Context(), "select count(*) from zip_entries").Scan(&left))
		require.Equal(t, 2, left)
	}
}

// TestZipOfAShareIsOne: who asks for the same in it, at the same time too, gets the same.
func TestZipOfAShareIsOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, share, file := b.shared(t, b.good)
	one := []files.ZipEntry{{FileID: file, VersionID: tenancy.NewID(), Name: "a.txt", Size: 1, ModifiedAt: time.Now(), ObjectEtag: "e"}}
	made := func(name string, entries []files.ZipEntry) (z files.Zip) {
		require.NoError(t, b.InTx(t.Context(), b.good, func(tx *tenancy.Tx) (err error) {
			z, err = files.InsertShareZip(t.Context(), tx, tenancy.NewID(), share, name, entries)
			return err
		}))
		return z
	}
	first := made("z", one)
	require.Equal(t, first.ID, made("z", one).ID)
	require.NotEqual(t, first.ID, made("y", one).ID)
	other := []files.ZipEntry{one[0]}
	other[0].VersionID = tenancy.NewID()
	require.NotEqual(t, first.ID, made("z", other).ID)
	_, entries, err := files.GetZip(t.Context(), b.Single(b.good), first.ID)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
