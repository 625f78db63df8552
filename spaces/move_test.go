package spaces_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/spaces"
	"satchel/tenancy"
)

// filled makes a folder of a teacher's class with a subfolder and so many files in the two,
// as an upload leaves them.
func (s *school) filled(count int) (folder uuid.UUID) {
	s.t.Helper()
	folder = s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Unit 1"})
	below := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Sheets", Parent: &folder})
	ctx, admin := s.t.Context(), s.Admin(s.t)
	_, err := admin.Exec(ctx, `insert into files (organization_id, id, name, uploaded_by, folder_id)
		select $1, gen_random_uuid(), 'sheet ' || n || '.pdf', $2, case when n % 2 = 0 then $3::uuid else $4::uuid end from generate_series(1, $5) n`, s.org, s.teacher, folder, below, count)
	require.NoError(s.t, err)
	_, err = admin.Exec(ctx, `insert into file_versions (organization_id, id, file_id, number, size, uploaded_by, status, scan_verdict, sha256, scan_sha256, scanned_at, published_at, object_etag)
		select organization_id, gen_random_uuid(), id, 1, 10, uploaded_by, 'published', 'clean', repeat('0', 64), repeat('0', 64), now(), now(), 'e' from files where folder_id in ($1, $2)`, folder, below)
	require.NoError(s.t, err)
	_, err = admin.Exec(ctx, "analyze files, file_versions, folders, folder_paths, space_members")
	require.NoError(s.t, err)
	return folder
}

// reach is how many files a person reads in all their spaces.
func (s *school) reach(person uuid.UUID) (n int) {
	s.t.Helper()
	s.as(person, func(ctx context.Context, tx *tenancy.Tx) {
		require.NoError(s.t, tx.QueryRow(ctx, "select count(*) from files").Scan(&n))
	})
	return n
}

// TestFolderMovesWithAllItsFilesAtOnce: with the commit no one of the old space reads one
// of them, and all who are in the new one read all.
func TestFolderMovesWithAllItsFilesAtOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	const many = 1000
	folder := s.filled(many)
	group := tenancy.NewID()
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		_, err := spaces.Create(ctx, tx, spaces.New{ID: group, Kind: spaces.Group, Name: "Colleagues"})
		require.NoError(t, err)
		_, err = spaces.Give(ctx, tx, spaces.NewGrant{ID: tenancy.NewID(), Space: group, User: s.colleague, Level: 1, Via: spaces.ByGrant})
		require.NoError(t, err)
	})
	require.Equal(t, []int{many, 0}, []int{s.reach(s.ada), s.reach(s.colleague)})
	began := time.Now()
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		require.NoError(t, spaces.UpdateFolder(ctx, tx, folder, spaces.FolderChange{Moves: true, Space: &group}))
	})
	t.Logf("%d files moved in %s", many, time.Since(began))
	require.Equal(t, []int{0, many}, []int{s.reach(s.ada), s.reach(s.colleague)})
	s.requirePaths()
}

// TestFolderWithTooManyFilesStays in its space, and moves within it.
func TestFolderWithTooManyFilesStays(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	folder := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Scans"})
	other := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Archive"})
	_, err := s.Admin(t).Exec(t.Context(), `insert into files (organization_id, id, name, uploaded_by, folder_id)
		select $1, gen_random_uuid(), n || '.pdf', $2, $3 from generate_series(1, $4) n`, s.org, s.teacher, folder, spaces.MaxMoved+1)
	require.NoError(t, err)
	group := tenancy.NewID()
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		_, err := spaces.Create(ctx, tx, spaces.New{ID: group, Kind: spaces.Group, Name: "Colleagues"})
		require.NoError(t, err)
	})
	move := func(c spaces.FolderChange) error {
		c.Moves = true
		return s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error { return spaces.UpdateFolder(ctx, tx, folder, c) })
	}
	require.ErrorIs(t, move(spaces.FolderChange{Space: &group}), spaces.ErrManyFiles)
	require.NoError(t, move(spaces.FolderChange{Space: &s.room, Parent: &other}))
}
