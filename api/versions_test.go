package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/request"
	"satchel/api/storage"
	"satchel/files"
	"satchel/tenancy"
)

// newVersion publishes another version of a file.
func (p *person) newVersion(file uuid.UUID, content string) {
	p.b.t.Helper()
	body, contentType := form("notes.txt", []byte(content), map[string]string{"file_id": file.String(), "change_description": "second draft"}, nil)
	p.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(http.StatusAccepted)
	p.b.publish(p.org, file)
}

type comparison struct {
	From, To    storage.VersionFactsView
	Differences []storage.DifferenceView
}

// TestVersionsAreListedComparedAndRead: who made each, why, in what they differ, and the
// bytes of each.
func TestVersionsAreListedComparedAndRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("notes.txt", "one")
	owner.newVersion(f.ID, "and two")
	owner.call(patch, at(f.ID, ""), map[string]any{"name": "final notes.txt"}).is(http.StatusOK)
	owner.newVersion(f.ID, "and three")

	list := read[request.Page[storage.FileView]](owner.call(get, at(f.ID, "/versions"), nil).is(http.StatusOK)).Items
	require.Len(t, list, 3)
	require.Equal(t, "second draft", list[1].ChangeDescription)
	require.Equal(t, owner.id, list[1].UploadedBy)
	for n, content := range map[string]string{"1": "one", "2": "and two", "3": "and three"} {
		require.Equal(t, content, string(owner.call(get, at(f.ID, "/versions/"+n+"/content"), nil).is(http.StatusOK).body))
	}
	c := read[comparison](owner.call(get, at(f.ID, "/versions/1/diff/3"), nil).is(http.StatusOK))
	require.Equal(t, []string{"notes.txt", "final notes.txt"}, []string{c.From.Name, c.To.Name})
	shown := map[string]string{}
	for _, d := range c.Differences {
		shown[d.Field] = string(d.From) + " " + string(d.To)
	}
	require.Equal(t, map[string]string{"name": `"notes.txt" "final notes.txt"`, "size": "3 9", "sha256": `"` + sum("one") + `" "` + sum("and three") + `"`}, shown)
	owner.call(get, at(f.ID, "/versions/1/diff/4"), nil).refused(http.StatusNotFound, "file_not_found")
	owner.call(get, at(f.ID, "/versions/x/diff/1"), nil).refused(http.StatusNotFound, "file_not_found")
	stranger := b.person(b.organization(), tenancy.Owner)
	stranger.call(get, at(f.ID, "/versions/1/diff/2"), nil).refused(http.StatusNotFound, "file_not_found")
}

func TestVersionIsDeletedByWhoMayChangeTheFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, pupil := b.person(org, tenancy.Owner), b.person(org, tenancy.Student)
	f := pupil.published("notes.txt", "one")
	pupil.call(remove, at(f.ID, "/versions/1"), nil).refused(http.StatusConflict, "only_version")
	pupil.newVersion(f.ID, "and two")
	b.person(org, tenancy.Teacher).call(remove, at(f.ID, "/versions/1"), nil).refused(http.StatusNotFound, "file_not_found")
	space := owner.group()
	pupil.call(put, at(f.ID, "/links/"+space.String()), nil)
	pupil.call(remove, at(f.ID, "/versions/2"), nil).is(http.StatusNoContent)
	shown := read[storage.FileView](pupil.call(get, at(f.ID, ""), nil).is(http.StatusOK))
	require.EqualValues(t, 1, shown.Version)
	require.Equal(t, files.Published, shown.Status)
	require.Equal(t, &storage.LatestView{Version: 2, Status: files.Deleted, StatusReason: string(files.ByPerson), StatusText: shown.Latest.StatusText}, shown.Latest)
	require.NotEmpty(t, shown.Latest.StatusText)
	pupil.call(get, at(f.ID, "/versions/2/content"), nil).refused(http.StatusConflict, "not_available")
	pupil.call(remove, at(f.ID, "/versions/2"), nil).is(http.StatusNoContent)
	pupil.call(remove, at(f.ID, "/versions/9"), nil).refused(http.StatusNotFound, "file_not_found")
}

func TestRetentionIsTheOrganizationsToSet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	path := owner.orgPath("/policies")
	p := read[tenancy.Policies](owner.call(patch, path, map[string]any{"version_keep": 5, "version_days": 90}).is(http.StatusOK))
	require.Equal(t, []int{5, 90}, []int{*p.VersionKeep, *p.VersionDays})
	p = read[tenancy.Policies](owner.call(patch, path, map[string]any{"version_keep": 0}).is(http.StatusOK))
	require.Nil(t, p.VersionKeep)
	require.Equal(t, 90, *p.VersionDays)
	owner.call(patch, path, map[string]any{"version_keep": -1}).refused(http.StatusBadRequest, "invalid_version_keep")
	owner.call(patch, path, map[string]any{"version_days": 3651}).refused(http.StatusBadRequest, "invalid_version_days")
}
