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
	"satchel/tenancy/operations"
)

func (p *person) change(action string, ids []uuid.UUID, rest map[string]any) answer {
	p.b.t.Helper()
	in := map[string]any{"action": action, "ids": ids}
	for k, v := range rest {
		in[k] = v
	}
	return p.call(post, storagePath+"/files/bulk", in)
}

// results are what became of the files of a change, in their order.
func results(v storage.BulkView) (found []string) {
	for _, i := range v.Items {
		found = append(found, either(i.Code, i.Result))
	}
	return found
}

// TestFewFilesAreChangedBeforeTheAnswer, each by itself: what may not be changed is refused
// with its reason and does not keep the others.
func TestFewFilesAreChangedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	teacher, pupil := b.person(org, tenancy.Teacher), b.person(org, tenancy.Student)
	group := teacher.group()
	mine, other := teacher.published("a.txt", "a"), teacher.published("b.txt", "b")
	theirs := pupil.published("c.txt", "c")
	foreign := b.person(b.organization(), tenancy.Owner).published("d.txt", "d")
	ids := []uuid.UUID{mine.ID, theirs.ID, foreign.ID, other.ID, mine.ID}

	v := read[storage.BulkView](teacher.change("move", ids, map[string]any{"space_id": group}).is(http.StatusOK))
	require.Equal(t, []string{"ok", "file_not_found", "file_not_found", "ok"}, results(v))
	require.Equal(t, []any{operations.Succeeded, 4, 2, 2}, []any{v.State, v.Total, v.OK, v.Refused})
	require.NotEmpty(t, v.Items[1].Detail)
	require.Equal(t, group, read[storage.FileView](teacher.call(get, at(mine.ID, ""), nil).is(http.StatusOK)).Space)

	v = read[storage.BulkView](teacher.change("tag", ids[:1], map[string]any{"add_tags": []string{" Term  1 ", "Algebra", "ALGEBRA"}}).is(http.StatusOK))
	require.Equal(t, []string{"ok"}, results(v))
	require.Equal(t, []string{"Algebra", "Term 1"}, read[storage.FileView](teacher.call(get, at(mine.ID, ""), nil).is(http.StatusOK)).Tags)
	found := read[request.Page[storage.FileView]](teacher.call(get, storagePath+"/files?tag=TERM%201", nil).is(http.StatusOK)).Items
	require.Len(t, found, 1)
	require.Equal(t, mine.ID, found[0].ID)
	require.Empty(t, read[request.Page[storage.FileView]](pupil.call(get, storagePath+"/files?tag=algebra", nil).is(http.StatusOK)).Items)
	teacher.change("tag", ids[:1], map[string]any{"remove_tags": []string{"algebra"}}).is(http.StatusOK)
	require.Equal(t, []string{"Term 1"}, read[storage.FileView](teacher.call(get, at(mine.ID, ""), nil).is(http.StatusOK)).Tags)

	require.Equal(t, []string{"not_in_trash", "not_in_trash"}, results(read[storage.BulkView](teacher.change("restore", []uuid.UUID{mine.ID, other.ID}, nil).is(http.StatusOK))))
	require.Equal(t, []string{"ok", "ok"}, results(read[storage.BulkView](teacher.change("trash", []uuid.UUID{mine.ID, other.ID}, nil).is(http.StatusOK))))
	require.Equal(t, []string{"in_trash"}, results(read[storage.BulkView](teacher.change("tag", ids[:1], map[string]any{"add_tags": []string{"x"}}).is(http.StatusOK))))
	v = read[storage.BulkView](teacher.change("restore", []uuid.UUID{mine.ID, other.ID}, nil).is(http.StatusOK))
	require.Equal(t, []string{"ok", "ok"}, results(v))
	require.Equal(t, v, read[storage.BulkView](teacher.call(get, storagePath+"/bulk/"+v.ID.String(), nil).is(http.StatusOK)))
	b.person(org, tenancy.Owner).call(get, storagePath+"/bulk/"+v.ID.String(), nil).refused(http.StatusNotFound, "bulk_change_not_found")
}

// TestMoveOntoATakenName does what it was asked to, file by file.
func TestMoveOntoATakenName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	group := teacher.group()
	folder := read[struct{ ID uuid.UUID }](teacher.call(post, spacesPath+"/"+group.String()+"/folders", map[string]any{"name": "Essays"}).is(http.StatusCreated)).ID
	move := func(onConflict string, ids ...uuid.UUID) storage.BulkView {
		more := map[string]any{"folder_id": folder, "space_id": group}
		if onConflict != "" {
			more["on_conflict"] = onConflict
		}
		return read[storage.BulkView](teacher.change("move", ids, more).is(http.StatusOK))
	}
	name := func(id uuid.UUID) string {
		return read[storage.FileView](teacher.call(get, at(id, ""), nil).is(http.StatusOK)).Name
	}
	there, second, other := teacher.published("Essay.txt", "a"), teacher.published("ESSAY.TXT", "b"), teacher.published("other.txt", "c")
	require.Equal(t, []string{"ok"}, results(move("", there.ID)))
	require.Equal(t, []string{"name_taken"}, results(move("", second.ID)))
	require.Equal(t, []string{"name_taken"}, results(move("fail", second.ID)))
	v := move("skip", second.ID, other.ID)
	require.Equal(t, []any{"skipped", "ok", 1, 1, 0}, []any{v.Items[0].Result, v.Items[1].Result, v.Skipped, v.OK, v.Refused})
	require.NotEqual(t, group, read[storage.FileView](teacher.call(get, at(second.ID, ""), nil).is(http.StatusOK)).Space, "it stays where it is")
	require.Equal(t, []string{"ok", "ok"}, results(move("rename", second.ID, there.ID)))
	require.Equal(t, []string{"ESSAY (2).TXT", "Essay.txt"}, []string{name(second.ID), name(there.ID)}, "in its own folder a file keeps its name")
	third, fourth := teacher.published("essay.txt", "d"), teacher.published("essay.txt", "e")
	require.Equal(t, []string{"ok", "ok"}, results(move("rename", third.ID, fourth.ID)))
	require.Equal(t, []string{"essay (3).txt", "essay (4).txt"}, []string{name(third.ID), name(fourth.ID)})
}

// TestManyFilesAreChangedBehindTheAnswer: the request begins the operation alone.
func TestManyFilesAreChangedBehindTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	ids := []uuid.UUID{teacher.published("a.txt", "a").ID}
	for range 20 {
		ids = append(ids, tenancy.NewID())
	}
	a := teacher.change("trash", ids, nil).is(http.StatusAccepted)
	v := read[storage.BulkView](a)
	require.Equal(t, operations.Running, v.State)
	require.Equal(t, storagePath+"/bulk/"+v.ID.String(), a.header.Get("Location"))
	require.Equal(t, "pending", v.Items[20].Result)
	require.Equal(t, files.Published, read[storage.FileView](teacher.call(get, at(ids[0], ""), nil).is(http.StatusOK)).Status)
}

func TestChangesThatCannotBeRightAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	one := []uuid.UUID{tenancy.NewID()}
	many := make([]uuid.UUID, files.MaxBulk+1)
	for i := range many {
		many[i] = tenancy.NewID()
	}
	for _, c := range []struct {
		action string
		ids    []uuid.UUID
		rest   map[string]any
		code   string
	}{
		{"delete", one, nil, "invalid_action"},
		{"trash", nil, nil, "invalid_ids"},
		{"trash", many, nil, "invalid_ids"},
		{"move", one, nil, "invalid_action"},
		{"trash", one, map[string]any{"space_id": tenancy.NewID()}, "invalid_action"},
		{"move", one, map[string]any{"folder_id": 5}, "invalid_folder_id"},
		{"move", one, map[string]any{"space_id": tenancy.NewID(), "on_conflict": "overwrite"}, "invalid_on_conflict"},
		{"trash", one, map[string]any{"on_conflict": "skip"}, "invalid_on_conflict"},
		{"tag", one, nil, "invalid_tags"},
		{"trash", one, map[string]any{"add_tags": []string{"a"}}, "invalid_tags"},
		{"tag", one, map[string]any{"add_tags": []string{" "}}, "invalid_tag"},
	} {
		teacher.change(c.action, c.ids, c.rest).refused(http.StatusBadRequest, c.code)
	}
	b.person(teacher.org, tenancy.Parent).change("trash", one, nil).is(http.StatusForbidden)
}
