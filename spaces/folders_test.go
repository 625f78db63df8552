package spaces_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/spaces"
	"satchel/tenancy"
)

func TestNamesInAFolder(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	top := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Straße"})
	for _, same := range []string{"STRASSE", "straße"} {
		err := s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
			_, err := spaces.CreateFolder(ctx, tx, spaces.NewFolder{ID: tenancy.NewID(), Space: s.room, Name: same, Mode: spaces.Shared})
			return err
		})
		require.ErrorIs(t, err, spaces.ErrFolderTaken, same)
	}
	s.mustPut(s.teacher, files.New{Folder: top, Name: "Café.txt"})
	_, err := s.put(s.teacher, files.New{Folder: top, Name: "CAFÉ.TXT"})
	require.ErrorIs(t, err, files.ErrNameTaken)
	second := s.mustPut(s.teacher, files.New{Folder: top, Name: "café.txt", KeepBoth: true})
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		v, err := files.Get(ctx, tx, second)
		require.NoError(t, err)
		require.Equal(t, "café (2).txt", v.Name)
	})
}

func TestFoldersAreBounded(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	var parent *uuid.UUID
	ids := make([]uuid.UUID, 0, 8)
	for i := range 8 {
		id := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: fmt.Sprintf("level %d", i+1), Parent: parent})
		ids, parent = append(ids, id), &id
	}
	make9 := s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := spaces.CreateFolder(ctx, tx, spaces.NewFolder{ID: tenancy.NewID(), Space: s.room, Name: "level 9", Parent: parent, Mode: spaces.Shared})
		return err
	})
	require.Equal(t, "too_deep", fault.Of(make9).Code)
	move := func(id, to uuid.UUID) error {
		return s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
			return spaces.UpdateFolder(ctx, tx, id, spaces.FolderChange{Moves: true, Parent: &to})
		})
	}
	require.Equal(t, "folder_in_itself", fault.Of(move(ids[0], ids[7])).Code)
	other := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "other"})
	require.Equal(t, "too_deep", fault.Of(move(ids[0], other)).Code, "what is below counts")
	require.NoError(t, move(ids[1], other))
}

// TestMovesAgainstMoves moves folders into each other from many sides at once: no
// circle, and the paths say what the parents say.
func TestMovesAgainstMoves(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	ids := make([]uuid.UUID, 6)
	for i := range ids {
		ids[i] = s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: fmt.Sprintf("folder %d", i)})
	}
	var all sync.WaitGroup
	for i := range ids {
		for j := range ids {
			all.Go(func() {
				_ = s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
					return spaces.UpdateFolder(ctx, tx, ids[i], spaces.FolderChange{Moves: true, Parent: &ids[j]})
				})
			})
		}
	}
	all.Wait()
	s.requirePaths()
}

// requirePaths holds folder_paths against the parents, from behind the rules.
func (s *school) requirePaths() {
	s.t.Helper()
	var wrong int
	require.NoError(s.t, s.Admin(s.t).QueryRow(s.t.Context(), `
		with recursive walk as (
			select organization_id, id as folder_id, id as ancestor_id, 0 as depth from folders
			union all select w.organization_id, w.folder_id, d.parent_id, w.depth + 1 from walk w join folders d on d.id = w.ancestor_id
			 where d.parent_id is not null and w.depth < 20)
		select count(*) from ((select folder_id, ancestor_id, depth from walk except select folder_id, ancestor_id, depth from folder_paths)
			union all (select folder_id, ancestor_id, depth from folder_paths except select folder_id, ancestor_id, depth from walk)) x`).Scan(&wrong))
	require.Zero(s.t, wrong, "paths and parents disagree")
}

func TestPathsFollowAnyMoves(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	rapid.Check(t, func(r *rapid.T) {
		var ids []uuid.UUID
		for i := range rapid.IntRange(2, 7).Draw(r, "folders") {
			var parent *uuid.UUID
			if len(ids) > 0 && rapid.Bool().Draw(r, "nested") {
				parent = &ids[rapid.IntRange(0, len(ids)-1).Draw(r, "parent")]
			}
			ids = append(ids, s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: fmt.Sprintf("%d %s", i, uuid.NewString()), Parent: parent}))
		}
		for range rapid.IntRange(1, 6).Draw(r, "moves") {
			id, to := rapid.SampledFrom(ids).Draw(r, "moved"), rapid.SampledFrom(ids).Draw(r, "to")
			err := s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
				return spaces.UpdateFolder(ctx, tx, id, spaces.FolderChange{Moves: true, Parent: &to})
			})
			if id == to {
				require.Error(r, err)
			}
		}
		s.requirePaths()
	})
}

func TestDeleteFolderKeepsWhatIsInIt(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	top := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Biology"})
	s.mustPut(s.teacher, files.New{Folder: top})
	end := func(person, id uuid.UUID) error {
		return s.try(person, func(ctx context.Context, tx *tenancy.Tx) error { return spaces.DeleteFolder(ctx, tx, id) })
	}
	require.ErrorIs(t, end(s.teacher, top), spaces.ErrFilled)
	empty := s.folder(s.ada, spaces.NewFolder{Space: s.room, Name: "Ada's"})
	require.ErrorIs(t, end(s.ben, empty), tenancy.ErrNotAllowedHere)
	require.NoError(t, end(s.ada, empty))
}

func TestFilesFollowAFolderIntoAnotherSpace(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	group := tenancy.NewID()
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		_, err := spaces.Create(ctx, tx, spaces.New{ID: group, Kind: spaces.Group, Name: "Science fair"})
		require.NoError(t, err)
	})
	top := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Biology"})
	below := s.folder(s.teacher, spaces.NewFolder{Space: s.room, Name: "Frogs", Parent: &top})
	frog := s.mustPut(s.teacher, files.New{Folder: below})
	require.True(t, s.sees(s.ada, frog))
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) {
		require.NoError(t, spaces.UpdateFolder(ctx, tx, top, spaces.FolderChange{Moves: true, Space: &group}))
	})
	require.False(t, s.sees(s.ada, frog))
	require.True(t, s.sees(s.teacher, frog))
	s.requirePaths()
}
