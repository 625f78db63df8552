package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/storage"
	"satchel/tenancy"
)

// folder makes a folder in a space.
func (p *person) folder(space uuid.UUID, in map[string]any) uuid.UUID {
	p.b.t.Helper()
	return read[struct{ ID uuid.UUID }](p.call(post, spacesPath+"/"+space.String()+"/folders", in).is(http.StatusCreated)).ID
}

// into uploads a text into a folder, and gives the answer.
func (p *person) into(folder uuid.UUID, name string, more map[string]string, after map[string]string) answer {
	p.b.t.Helper()
	fields := map[string]string{"folder_id": folder.String()}
	for k, v := range more {
		fields[k] = v
	}
	body, contentType := form(name, []byte(lorem), fields, after)
	return p.call(post, storagePath+"/upload", body, "Content-Type", contentType)
}

var keepBoth = map[string]string{"on_conflict": "rename"}

// TestTheLongestNamesAreKeptBoth: the number has room, whatever the name leaves of 255 letters. One that has
// a number already may be the candidate of that number itself.
func TestTheLongestNamesAreKeptBoth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	folder := teacher.folder(teacher.group(), map[string]any{"name": "Essays"})
	for name, want := range map[string]string{
		strings.Repeat("z", 251) + ".txt":     strings.Repeat("z", 246) + " (12).txt",
		strings.Repeat("y", 249) + ".txt":     strings.Repeat("y", 246) + " (12).txt",
		strings.Repeat("1", 247) + " (2).txt": strings.Repeat("1", 246) + " (13).txt",
		strings.Repeat("ß", 251) + ".csv":     strings.Repeat("ß", 246) + " (12).csv",
		"essay.txt":                           "essay (12).txt",
	} {
		var last storage.FileView
		for range 12 {
			last = read[storage.FileView](teacher.into(folder, name, keepBoth, nil).is(http.StatusAccepted))
		}
		require.Equal(t, want, last.Name)
	}
}

// TestAHandInTakesItsKinds by every way a name is given there.
func TestAHandInTakesItsKinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	teacher, pupil := b.person(org, tenancy.Teacher), b.person(org, tenancy.Student)
	folder := teacher.folder(b.class(teacher, pupil), map[string]any{"name": "Essay 1", "mode": "handin", "accepted": []string{"pdf", "txt"}})

	pupil.into(folder, "notes.md", nil, nil).refused(http.StatusUnsupportedMediaType, "type_not_allowed")
	pupil.into(folder, "notes", nil, nil).refused(http.StatusUnsupportedMediaType, "type_not_allowed")
	work := read[storage.FileView](pupil.into(folder, "Work.TXT", nil, nil).is(http.StatusAccepted))
	b.publish(org, work.ID)
	pupil.call(patch, at(work.ID, ""), map[string]any{"name": "work.py"}).refused(http.StatusUnsupportedMediaType, "type_not_allowed")
	pupil.call(patch, at(work.ID, ""), map[string]any{"name": "work 1.txt"}).is(http.StatusOK)

	notes := pupil.published("notes.md", "a")
	pupil.call(patch, at(notes.ID, ""), map[string]any{"folder_id": folder}).refused(http.StatusUnsupportedMediaType, "type_not_allowed")
	v := read[storage.BulkView](pupil.change("move", []uuid.UUID{notes.ID}, map[string]any{"folder_id": folder}).is(http.StatusOK))
	require.Equal(t, []string{"type_not_allowed"}, results(v))
	require.Contains(t, v.Items[0].Detail, "pdf, txt")
	pupil.call(patch, at(notes.ID, ""), map[string]any{"folder_id": folder, "name": "notes.txt"}).is(http.StatusOK)

	again := read[storage.FileView](pupil.into(folder, "notes.txt", keepBoth, nil).is(http.StatusAccepted))
	require.Equal(t, "notes (2).txt", again.Name, "a student's own names count in a hand-in")
}

// TestANameIsFreeInTheNewFolder: a file that is renamed and moved is compared with what is there.
func TestANameIsFreeInTheNewFolder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	teacher := b.person(org, tenancy.Teacher)
	space := teacher.group()
	from, to := teacher.folder(space, map[string]any{"name": "From"}), teacher.folder(space, map[string]any{"name": "To"})
	sent := func(folder uuid.UUID, name string) uuid.UUID {
		f := read[storage.FileView](teacher.into(folder, name, nil, nil).is(http.StatusAccepted))
		b.publish(org, f.ID)
		return f.ID
	}
	first, second := sent(from, "essay.txt"), sent(from, "essay (2).txt")
	sent(to, "essay.txt")
	v := read[storage.BulkView](teacher.change("move", []uuid.UUID{first, second}, map[string]any{"folder_id": to, "space_id": space, "on_conflict": "rename"}).is(http.StatusOK))
	require.Equal(t, []string{"ok", "ok"}, results(v))
	third := sent(from, "x.txt")
	sent(from, "y.txt")
	moved := read[storage.FileView](teacher.call(patch, at(third, ""), map[string]any{"folder_id": to, "name": "y.txt"}).is(http.StatusOK))
	require.Equal(t, []any{"y.txt", to}, []any{moved.Name, *moved.Folder})
}

// TestAFileWhoseNameWasTakenComesBack from the trash beside the other one.
func TestAFileWhoseNameWasTakenComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	teacher := b.person(org, tenancy.Teacher)
	folder := teacher.folder(teacher.group(), map[string]any{"name": "Essays"})
	var trashed []uuid.UUID
	for range 3 {
		f := read[storage.FileView](teacher.into(folder, "t.txt", nil, nil).is(http.StatusAccepted))
		b.publish(org, f.ID)
		teacher.call(remove, at(f.ID, ""), nil).is(http.StatusNoContent)
		trashed = append(trashed, f.ID)
	}
	teacher.into(folder, "t.txt", nil, nil).is(http.StatusAccepted)
	teacher.call(post, at(trashed[0], "/restore"), nil).refused(http.StatusConflict, "name_taken")
	teacher.call(post, at(trashed[0], "/restore?on_conflict=skip"), nil).refused(http.StatusBadRequest, "invalid_on_conflict")
	back := read[storage.FileView](teacher.call(post, at(trashed[0], "/restore?on_conflict=rename"), nil).is(http.StatusOK))
	require.Equal(t, "t (2).txt", back.Name)
	require.Equal(t, []string{"skipped"}, func() []string {
		v := read[storage.BulkView](teacher.change("restore", trashed[1:2], map[string]any{"on_conflict": "skip"}).is(http.StatusOK))
		return []string{v.Items[0].Result}
	}())
	require.Equal(t, []string{"ok", "ok"}, results(read[storage.BulkView](teacher.change("restore", trashed[1:], map[string]any{"on_conflict": "rename"}).is(http.StatusOK))))
	require.Equal(t, "t (4).txt", read[storage.FileView](teacher.call(get, at(trashed[2], ""), nil).is(http.StatusOK)).Name)
}

// TestWhatChangedMayFollowTheFile in a form, small or large.
func TestWhatChangedMayFollowTheFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	for _, content := range []string{"small", strings.Repeat(lorem, 200)} {
		body, contentType := form("a.txt", []byte(content), nil, map[string]string{"change_description": "hello"})
		f := read[storage.FileView](teacher.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(http.StatusAccepted))
		require.Equal(t, "hello", read[storage.FileView](teacher.call(get, at(f.ID, ""), nil).is(http.StatusOK)).ChangeDescription)
	}
	body, contentType := form("a.txt", []byte("a"), nil, map[string]string{"change_description": strings.Repeat("x", 2001)})
	teacher.call(post, storagePath+"/upload", body, "Content-Type", contentType).refused(http.StatusBadRequest, "invalid_change_description")
}
