package api

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/storage"
	"satchel/tenancy"
)

// TestPlacesThatAreNotThere: whether a space or folder is not there or is not the
// caller's to see, every way into it answers the same, so that no answer tells the two
// apart. One that is seen and takes no files is another answer.
func TestPlacesThatAreNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner, pupil := b.person(org, tenancy.Teacher), b.person(org, tenancy.Student)
	hidden := owner.group()
	folder := read[struct{ ID uuid.UUID }](owner.call(post, spacesPath+"/"+hidden.String()+"/folders", map[string]any{"name": "Essays"}).is(http.StatusCreated)).ID
	foreign := b.person(b.organization(), tenancy.Teacher).group()
	mine := pupil.published("mine.txt", "a")
	for name, place := range map[string]map[string]string{
		"a hidden space":               {"space_id": hidden.String()},
		"no space":                     {"space_id": uuid.NewString()},
		"another organization's space": {"space_id": foreign.String()},
		"a hidden folder":              {"folder_id": folder.String()},
		"no folder":                    {"folder_id": uuid.NewString()},
		"no id":                        {"space_id": "none"},
		"a hidden folder of its space": {"space_id": hidden.String(), "folder_id": folder.String()},
		"a hidden folder elsewhere":    {"space_id": mine.Space.String(), "folder_id": folder.String()},
	} {
		body, contentType := form("new.txt", []byte("a"), place, nil)
		told := map[string]answer{
			"upload": pupil.call(post, storagePath+"/upload", body, "Content-Type", contentType),
		}
		if name != "no id" {
			told["move"] = pupil.call(patch, at(mine.ID, ""), place)
			bulk := map[string]any{}
			for k, v := range place {
				bulk[k] = v
			}
			v := read[storage.BulkView](pupil.change("move", []uuid.UUID{mine.ID}, bulk).is(http.StatusOK))
			require.Equal(t, "folder_not_found", v.Items[0].Code, name)
		}
		for way, a := range told {
			got := a.refusal()
			require.Equal(t, refusal{http.StatusNotFound, "folder_not_found", "There is no such space or folder for you."}, got, "%s: %s", name, way)
		}
	}
	seen := owner.group()
	owner.call(post, spacesPath+"/"+seen.String()+"/grants", map[string]any{"user_id": pupil.id, "level": 1}).is(http.StatusCreated)
	require.Equal(t, http.StatusForbidden, pupil.call(patch, at(mine.ID, ""), map[string]any{"space_id": seen}).status)
}
