package e2e

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// TestVersionsAreComparedFetchedAndDeleted: the bytes of a deleted version leave the quota
// at once, and the store and the rows agree afterwards.
func TestVersionsAreComparedFetchedAndDeleted(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	ctx := testContext(t)
	first, second := text(1000), text(2000)
	id := settled(t, s.Teacher, mustUpload(t, s.Teacher, "plan.txt", first)).ID
	f, err := form(t, s.Teacher, "plan.txt", second, false, map[string]string{"file_id": id, "change_description": "longer"}, "?wait=30")
	require.NoError(t, err)
	require.Equal(t, "published", f.Status)

	versions, err := s.Teacher.Versions(ctx, id)
	require.NoError(t, err)
	require.Len(t, versions, 2)
	require.Equal(t, "longer", versions[0].ChangeDescription)
	d, err := s.Teacher.CompareVersions(ctx, id, 1, 2)
	require.NoError(t, err)
	var fields []string
	for _, one := range d.Differences {
		fields = append(fields, one.Field)
	}
	require.Equal(t, []string{"size", "sha256"}, fields)
	var old bytes.Buffer
	_, err = s.Teacher.DownloadRendition(ctx, client.VersionPath(id, 1), 0, &old)
	require.NoError(t, err)
	require.Equal(t, first, old.Bytes())

	require.EqualValues(t, 3000, quotaOf(t, s.Owner).Used)
	require.NoError(t, s.Teacher.DeleteVersion(ctx, id, 1))
	require.EqualValues(t, 2000, quotaOf(t, s.Owner).Used)
	_, err = s.Teacher.DownloadRendition(ctx, client.VersionPath(id, 1), 0, &old)
	refused(t, err, 409, "not_available")
	refused(t, s.Teacher.DeleteVersion(ctx, id, 2), 409, "only_version")
	found := s.findings(t) // its objects are removed by the sweep of ended versions, a minute later
	for end := time.Now().Add(patience); len(found) > 0 && time.Now().Before(end); {
		found = s.findings(t)
	}
	require.Empty(t, found, "the reconciler found: %s", found)
}

// TestManyFilesAreChangedThoughTheWorkerDies: more files than one request changes, and a
// worker that is killed meanwhile.
func TestManyFilesAreChangedThoughTheWorkerDies(t *testing.T) {
	s := newSchool(t)
	ctx := testContext(t)
	var ids []string
	for i := range 25 {
		ids = append(ids, mustUpload(t, s.Teacher, fmt.Sprintf("sheet %d.txt", i), text(100)))
	}
	for _, id := range ids {
		require.Equal(t, "published", settled(t, s.Teacher, id).Status)
	}
	changed := make(chan client.Bulk, 1)
	failed := make(chan error, 1)
	go func() {
		b, err := s.Teacher.Change(ctx, client.NewBulk{Action: "trash", IDs: append(ids, "00000000-0000-7000-8000-000000000001")})
		changed <- b
		failed <- err
	}()
	kill(t, "worker")
	b := <-changed
	require.NoError(t, <-failed)
	require.Equal(t, []any{"succeeded", 25, 1}, []any{b.State, b.OK, b.Refused})
	require.Equal(t, "file_not_found", b.Items[25].Code)
	for _, id := range ids {
		f, err := s.Teacher.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, "deleted", f.Status)
	}
	s.sound(t)
}
