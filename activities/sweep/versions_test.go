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

// published makes a file of an organization with so many published versions.
func (b *bench) published(t *testing.T, org tenancy.OrgID, versions int) (file uuid.UUID) {
	t.Helper()
	user := b.Member(t, org, tenancy.Teacher)
	for range versions {
		var created files.Created
		require.NoError(t, b.InTx(t.Context(), org, func(tx *tenancy.Tx) (err error) {
			created, err = files.Create(t.Context(), tx, files.New{File: file, Name: "notes.txt", Size: 10, UploadedBy: user, TTL: time.Hour})
			return err
		}))
		file = created.File
		_, err := b.Single(org).Exec(t.Context(), `update file_versions set status = 'published', used_bytes = size, reserved_bytes = 0, received_at = now(), sha256 = repeat('0', 64),
			scan_verdict = 'clean', scan_sha256 = repeat('0', 64), scanned_at = now(), published_at = now(), object_etag = 'e' where id = $1`, created.Version)
		require.NoError(t, err)
	}
	return file
}

func (b *bench) keep(t *testing.T, org tenancy.OrgID, versions int) {
	t.Helper()
	p := tenancy.DefaultPolicies()
	p.VersionKeep = &versions
	require.NoError(t, tenancy.SetPolicies(t.Context(), b.Single(org), p))
}

func (b *bench) count(t *testing.T, org tenancy.OrgID, status string) (n int) {
	t.Helper()
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select count(*) from file_versions where organization_id = $1 and status = $2::file_status", org, status).Scan(&n))
	return n
}

// TestOldVersionsAreDeletedOrganizationByOrganization: one without a limit keeps all, and a
// second run finds nothing.
func TestOldVersionsAreDeletedOrganizationByOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	unlimited := b.Organization(t, 1<<30)
	for org, versions := range map[tenancy.OrgID]int{b.failing: 9, b.good: 4, unlimited: 5} {
		b.published(t, org, versions)
	}
	b.keep(t, b.failing, 2)
	b.keep(t, b.good, 3)
	in := sweep.PruneVersionsInput{Org: tenancy.Platform}
	require.Equal(t, sweep.SweepResult{Found: 8, Done: 8}, b.run(t, b.sweeper.PruneVersions, in))
	require.Equal(t, []int{2, 3, 5}, []int{b.count(t, b.failing, "published"), b.count(t, b.good, "published"), b.count(t, unlimited, "published")})
	require.Equal(t, sweep.SweepResult{}, b.run(t, b.sweeper.PruneVersions, in))
	q, err := files.GetQuota(t.Context(), b.Single(b.good))
	require.NoError(t, err)
	require.EqualValues(t, 30, q.UsedBytes)
}

// trashed makes a file that has been in the trash of a space for so many days. Without
// days of its own the space follows its organization.
func (b *bench) trashed(t *testing.T, org tenancy.OrgID, age int, spaceDays *int) (file uuid.UUID) {
	t.Helper()
	file = b.published(t, org, 1)
	admin := b.Admin(t)
	_, err := admin.Exec(t.Context(), "update files set trashed_at = now() - make_interval(days => $2), status = 'deleted' where id = $1", file, age)
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), "update spaces set trash_days = $2 where id = (select space_id from files where id = $1)", file, spaceDays)
	require.NoError(t, err)
	return file
}

func (b *bench) exists(t *testing.T, file uuid.UUID) (is bool) {
	t.Helper()
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select exists (select from files where id = $1)", file).Scan(&is))
	return is
}

// TestTrashIsKeptForTheDaysOfItsSpace, else of its organization, else of the platform.
func TestTrashIsKeptForTheDaysOfItsSpace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.Organization(t, 1<<30)
	ten, five, twenty := 10, 5, 20
	p := tenancy.DefaultPolicies()
	p.TrashDays = &ten
	require.NoError(t, tenancy.SetPolicies(t.Context(), b.Single(b.good), p))
	kept := []uuid.UUID{
		b.trashed(t, b.good, 9, nil), b.trashed(t, b.good, 4, &five), b.trashed(t, b.good, 19, &twenty),
		b.trashed(t, other, 29, nil), b.trashed(t, other, 19, &twenty),
	}
	due := []uuid.UUID{
		b.trashed(t, b.good, 11, nil), b.trashed(t, b.good, 6, &five), b.trashed(t, b.good, 21, &twenty),
		b.trashed(t, other, 31, nil), b.trashed(t, other, 21, &twenty),
	}
	s := sweep.Paged(sweep.New(b.DB, b.platform, b.platform, sweep.Config{Trash: 30 * 24 * time.Hour}), page)
	b.env.RegisterActivity(s)
	require.Equal(t, sweep.SweepResult{Found: len(due), Done: len(due)}, b.run(t, s.PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform}))
	for _, f := range kept {
		require.True(t, b.exists(t, f))
	}
	for _, f := range due {
		require.False(t, b.exists(t, f))
	}
}

// TestMuchTrashDoesNotHoldUpOthers: an organization with more than a page of trash is
// purged a page at a time, and one that comes after it has its turn in between.
func TestMuchTrashDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.platform.refused = tenancy.OrgID{}
	const many = 3 * 50 // pages of an organization
	user := b.Member(t, b.failing, tenancy.Teacher)
	admin := b.Admin(t)
	_, err := admin.Exec(t.Context(), `insert into files (organization_id, id, name, uploaded_by, trashed_at, status)
		select $1, gen_random_uuid(), 'old.txt', $2, now() - interval '2 days', 'deleted' from generate_series(1, $3)`, b.failing, user, many)
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), `insert into file_versions (organization_id, id, file_id, number, size, uploaded_by)
		select organization_id, gen_random_uuid(), id, 1, 1, uploaded_by from files where organization_id = $1`, b.failing)
	require.NoError(t, err)
	last := b.trashed(t, b.good, 2, nil)
	s := sweep.Paged(sweep.New(b.DB, b.platform, b.platform, sweep.Config{Trash: 24 * time.Hour}), page)
	b.env.RegisterActivity(s)
	require.Equal(t, sweep.SweepResult{Found: many + 1, Done: many + 1}, b.run(t, s.PurgeTrash, sweep.PurgeTrashInput{Org: tenancy.Platform}))
	require.False(t, b.exists(t, last))
	turn := 0
	for i, org := range b.platform.done {
		if org == b.good {
			turn = i
		}
	}
	require.Equal(t, 50, turn, "behind one page of the organization before it")
}
