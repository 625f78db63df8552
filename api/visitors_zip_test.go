package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/shares"
	"satchel/tenancy"
)

// room is a class with folders, and a teacher who fills it.
type room struct {
	*person

	space uuid.UUID
}

func (b *testBundle) room() room {
	b.t.Helper()
	teacher := b.person(b.organization(), tenancy.Teacher)
	return room{teacher, b.class(teacher)}
}

func (r room) folder(name string, parent uuid.UUID) uuid.UUID {
	r.b.t.Helper()
	in := map[string]any{"name": name}
	if parent != uuid.Nil {
		in["parent_id"] = parent
	}
	return id(r.call(post, spacesPath+"/"+r.space.String()+"/folders", in).is(http.StatusCreated))
}

// waiting puts a file that is still being checked, and put one that was found clean.
func (r room) waiting(folder uuid.UUID, name, content string) uuid.UUID {
	r.b.t.Helper()
	body, contentType := form(name, []byte(content), map[string]string{"folder_id": folder.String()}, nil)
	return id(r.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(http.StatusAccepted))
}

func (r room) put(folder uuid.UUID, name, content string) uuid.UUID {
	r.b.t.Helper()
	f := r.waiting(folder, name, content)
	r.b.publish(r.org, f)
	return f
}

// zipped is the answer to all that a share shows.
type zipped struct {
	URL     string
	Name    string
	Size    int64
	Files   int
	Refused []struct {
		File uuid.UUID `json:"file_id"`
		Code string
	}
}

func (g given) all(in map[string]any) (z zipped, at string) {
	g.b.t.Helper()
	in["all"] = true
	z = read[zipped](g.b.call("", post, g.api("/download"), in).is(http.StatusCreated))
	return z, local(z.URL)
}

// accesses counts what is in the record of the share.
func (g given) accesses(what, outcome string) (n int) {
	g.b.t.Helper()
	require.NoError(g.b.t, g.b.db.Single(g.org).QueryRow(context.Background(), "select count(*) from share_accesses where share_id = $1 and what = $2 and outcome = $3", g.id, what, outcome).Scan(&n))
	return n
}

// TestVisitorDownloadsAll: what the share shows below its folder, as one download of the
// share, in pieces and to the end.
func TestVisitorDownloadsAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.room()
	top, outside := r.folder("Unit 1", uuid.Nil), r.folder("Unit 2", uuid.Nil)
	below := r.folder("Readings", top)
	r.put(top, "plan.txt", "the plan")
	r.put(below, "text.txt", "the text")
	r.put(outside, "hidden.txt", "hidden")
	checked := r.waiting(top, "late.txt", "late")
	g := r.give(gift{folder: top, max: 1})
	require.Contains(t, string(g.open("").is(http.StatusOK).body), `formaction="`+g.page("/all")+`"`)

	z, at := g.all(map[string]any{})
	require.Equal(t, "Unit 1.zip", z.Name)
	require.Equal(t, 2, z.Files)
	require.Equal(t, checked, z.Refused[0].File)
	require.Equal(t, "share_checking", z.Refused[0].Code)
	again := g.send("/all", url.Values{"folder": {""}}).is(http.StatusSeeOther).header.Get("Location")
	require.Contains(t, again, strings.Split(z.URL, "?")[0], "the same in it is the same zip")
	require.NotEqual(t, z.URL, again, "and each click a download of its own")

	h := b.call("", head, at, nil).is(http.StatusOK)
	require.Zero(t, g.downloads(), "headers count nothing")
	require.Equal(t, "application/zip", h.header.Get("Content-Type"))
	require.Contains(t, h.header.Get("Content-Disposition"), "attachment")
	var whole []byte
	for from := int64(0); from < z.Size; from += 41 {
		part := b.call("", get, at, nil, "Range", fmt.Sprintf("bytes=%d-%d", from, from+40), "If-Range", h.header.Get("ETag")).is(http.StatusPartialContent)
		whole = append(whole, part.body...)
	}
	require.Equal(t, map[string]string{"plan.txt": "the plan", "Readings/text.txt": "the text"}, unzipped(t, whole))
	require.Equal(t, 1, g.downloads(), "all ranges are one download")
	require.Equal(t, 3, g.accesses("zip", "ok"), "the download, and each file of it once")
	b.call("", get, at, nil).refused(http.StatusGone, "download_complete")
	b.call("", get, local(again), nil).refused(http.StatusGone, "share_used_up")
	b.call("", get, local(again), nil, "Range", "bytes=60-").refused(http.StatusGone, "share_used_up")
	b.call("", post, g.api("/download"), map[string]any{"all": true}).refused(http.StatusGone, "share_used_up")
	require.Equal(t, 3, g.accesses("zip", "ok"), "who was refused took nothing")
}

// TestVisitorDownloadsAllBelow: a folder of the share, a whole space, and nothing beside.
func TestVisitorDownloadsAllBelow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	r := room{owner, owner.group()} // whose space is theirs to share
	top, outside := r.folder("Top", uuid.Nil), r.folder("Outside", uuid.Nil)
	below := r.folder("Below", top)
	deep := r.folder("Deep", below)
	empty := r.folder("Empty", top)
	r.put(top, "1.txt", "1")
	r.put(deep, "2.txt", "2")
	r.put(outside, "3.txt", "3")
	g := r.give(gift{folder: top})
	z, at := g.all(map[string]any{"folder_id": below})
	require.Equal(t, "Below.zip", z.Name)
	require.Equal(t, map[string]string{"Deep/2.txt": "2"}, unzipped(t, b.call("", get, at, nil).is(http.StatusOK).body))
	_, at = r.give(gift{space: r.space}).all(map[string]any{})
	require.Equal(t, map[string]string{"Top/1.txt": "1", "Top/Below/Deep/2.txt": "2", "Outside/3.txt": "3"}, unzipped(t, b.call("", get, at, nil).is(http.StatusOK).body))

	b.call("", post, g.api("/download"), map[string]any{"all": true, "folder_id": outside}).refused(http.StatusNotFound, "no_such_file_here")
	b.call("", post, g.api("/download"), map[string]any{"all": true, "folder_id": empty}).refused(http.StatusConflict, "share_nothing_to_download")
	require.Contains(t, string(g.send("/all", url.Values{"folder": {empty.String()}}).is(http.StatusOK).body), "cannot be put into one archive")
	require.Contains(t, string(g.send("/all", url.Values{"folder": {outside.String()}}).is(http.StatusOK).body), "not available any more")
	require.Contains(t, string(g.send("/all", url.Values{"folder": {"x"}}).is(http.StatusOK).body), "not available any more")
	for _, bad := range []map[string]any{{"all": true, "file_id": top}, {"folder_id": top}} {
		require.Equal(t, http.StatusBadRequest, b.call("", post, g.api("/download"), bad).status)
	}
}

// TestStatementsTravelWithFolders: what the side of a student says about a record is with it in the list of a
// share, on its page, with its download and beside it in a zip. One that was made before a statement ends at the record.
func TestStatementsTravelWithFolders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	r, pupil := room{owner, owner.group()}, b.person(owner.org, tenancy.Student)
	top := r.folder("Top", uuid.Nil)
	r.put(top, "1.txt", "1")
	record := r.put(top, "2.txt", "2")
	g := r.give(gift{folder: top})
	z, before := g.all(map[string]any{})
	require.Equal(t, 2, z.Files)
	amendment := tenancy.NewID()
	for _, sql := range []string{
		"insert into amendments (organization_id, id, file_id, student_id, requester_id, what) values (app.org(), $1, $2, $3, $3, 'w')",
		"insert into record_statements (organization_id, amendment_id, file_id, student_id, statement) values (app.org(), $1, $2, $3, 'it is not so')",
	} {
		_, err := b.db.Single(owner.org).Exec(t.Context(), sql, amendment, record, pupil.id)
		require.NoError(t, err)
	}
	require.Equal(t, 1, strings.Count(string(g.open("").is(http.StatusOK).body), "it is not so"))
	require.Equal(t, 1, strings.Count(b.call("", get, g.api("/entries"), nil).is(http.StatusOK).text(), "it is not so"))
	require.Contains(t, b.call("", post, g.api("/download"), map[string]any{"file_id": record}).is(http.StatusCreated).text(), "it is not so")
	z, at := g.all(map[string]any{})
	require.Empty(t, z.Refused)
	require.Equal(t, 3, z.Files, "a reader compares it with what is in the zip")
	whole := b.call("", get, at, nil).is(http.StatusOK).body
	requireStated := func(zipped []byte) {
		t.Helper()
		found := unzipped(t, zipped)
		require.Len(t, found, 3)
		require.Equal(t, "1", found["1.txt"])
		require.Equal(t, "2", found["2.txt"])
		require.Contains(t, found["2.txt.statement.txt"], "it is not so")
	}
	requireStated(whole)
	require.Len(t, whole, int(z.Size))
	require.Less(t, bytes.Index(whole, []byte("it is not so")), bytes.Index(whole, []byte("2.txt2")), "no record comes before what is said about it")
	cut := b.call("", get, at, nil, "Range", "bytes=40-").is(http.StatusPartialContent).body
	require.Equal(t, whole[40:], cut)
	inside := owner.zip(map[string]any{"folder_id": top})
	require.Empty(t, inside.Refused)
	require.Equal(t, 3, inside.Files)
	requireStated(b.call("", get, local(inside.URL), nil).is(http.StatusOK).body)
	// Behind the header of its entry, which is the second one, the zip of before ends.
	behind := fmt.Sprintf("bytes=%d-", 2*(30+len("1.txt"))+1)
	b.call("", get, before, nil, "Range", behind).refused(http.StatusConflict, "zip_cut")
	// So does one with a statement to which another one was added.
	other := tenancy.NewID()
	_, err := b.db.Single(owner.org).Exec(t.Context(), "insert into amendments (organization_id, id, file_id, student_id, requester_id, what) values (app.org(), $1, $2, $3, $3, 'w')", other, record, b.person(owner.org, tenancy.Student).id)
	require.NoError(t, err)
	_, err = b.db.Single(owner.org).Exec(t.Context(), "insert into record_statements (organization_id, amendment_id, file_id, student_id, statement) values (app.org(), $1, $2, $3, 'nor that')", other, record, pupil.id)
	require.NoError(t, err)
	behind = fmt.Sprintf("bytes=%d-", 30+len("1.txt")+1+30+len("2.txt.statement.txt"))
	b.call("", get, at, nil, "Range", behind).refused(http.StatusConflict, "zip_cut")
	b.call("", get, local(inside.URL), nil, "Range", behind).refused(http.StatusConflict, "zip_cut")
	again := owner.call(get, storagePath+"/zip/"+inside.ID.String(), nil).is(http.StatusOK)
	require.Contains(t, again.text(), "record_has_statement")
	_, at = g.all(map[string]any{})
	require.Contains(t, unzipped(t, b.call("", get, at, nil).is(http.StatusOK).body)["2.txt.statement.txt"], "nor that")
}

// TestVisitorIsRefusedAll of shares to view, of drop boxes and of files.
func TestVisitorIsRefusedAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.room()
	top := r.folder("Top", uuid.Nil)
	f := r.put(top, "1.txt", "1")
	all := map[string]any{"all": true}
	view := r.give(gift{folder: top, permission: shares.View})
	b.call("", post, view.api("/download"), all).refused(http.StatusForbidden, "share_view_only")
	require.NotContains(t, string(view.open("").is(http.StatusOK).body), "formaction")
	b.call("", post, r.give(gift{folder: top, permission: shares.Upload}).api("/download"), all).refused(http.StatusForbidden, "share_drop_box")
	require.Equal(t, http.StatusBadRequest, b.call("", post, r.give(gift{file: f}).api("/download"), all).status)
	locked := r.give(gift{folder: top, password: "correct horse"})
	b.call("", post, locked.api("/download"), all).refused(http.StatusForbidden, "share_password_required")
	require.Contains(t, string(locked.send("/all", nil).is(http.StatusOK).body), "A password is needed")

	// A zip of a share that became one to view, and one under the name of another share.
	free, other := r.give(gift{folder: top}), r.give(gift{folder: top})
	_, at := free.all(map[string]any{})
	free.sql("update shares set permission = 'view' where id = $1", free.id)
	b.call("", get, at, nil).refused(http.StatusForbidden, "share_view_only")
	_, at = other.all(map[string]any{})
	other.sql("update zips set expires_at = now() where share_id = $1", other.id)
	b.call("", get, at, nil).refused(http.StatusNotFound, "zip_not_found")
}

// TestZipOfAShareIsCut where the share does not show a file any more, in each way, and
// refused as a whole when the share ends between two ranges.
func TestZipOfAShareIsCut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, row := range map[string]struct{ sql, code string }{
		"trashed":     {"update files set trashed_at = now() where id = '%[1]s'", "share_in_trash"},
		"moved":       {"update files set folder_id = '%[2]s' where id = '%[1]s'", "no_such_file_here"},
		"quarantined": {"update file_versions set status = 'quarantined', status_reason = 'infected:x', object_etag = '' where file_id = '%[1]s'", "share_withheld"},
		"inside":      {"update files set subject_id = uploaded_by where id = '%[1]s'", "no_such_file_here"},
	} {
		r := b.room()
		top, outside := r.folder("Top", uuid.Nil), r.folder("Outside", uuid.Nil)
		r.put(top, "1.txt", lorem)
		lost := r.put(top, "2.txt", lorem)
		g := r.give(gift{folder: top})
		z, at := g.all(map[string]any{})
		_, err := b.db.Admin(t).Exec(t.Context(), fmt.Sprintf(row.sql, lost, outside))
		require.NoError(t, err, name)
		resp, err := b.server.Client().Get(b.server.URL + at)
		require.NoError(t, err, name)
		sent, err := io.ReadAll(resp.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
		require.NoError(t, resp.Body.Close())
		require.Less(t, int64(len(sent)), z.Size, name)
		require.Contains(t, string(sent), lorem, name)
		var code string
		require.NoError(t, b.db.Single(r.org).QueryRow(t.Context(), "select code from share_accesses where share_id = $1 and outcome = 'refused' and file_id = $2", g.id, lost).Scan(&code), name)
		require.Equal(t, row.code, code, name)
		require.Equal(t, 2, g.accesses("zip", "ok"), "%s: the download and one file", name)
		after, _ := g.all(map[string]any{})
		require.Equal(t, 1, after.Files, name)
	}
	r := b.room()
	top := r.folder("Top", uuid.Nil)
	r.put(top, "1.txt", lorem)
	g := r.give(gift{folder: top})
	_, at := g.all(map[string]any{})
	b.call("", get, at, nil, "Range", "bytes=0-50").is(http.StatusPartialContent)
	g.revoke()
	b.call("", get, at, nil, "Range", "bytes=51-").refused(http.StatusGone, "share_revoked")
	b.call("", head, at, nil).is(http.StatusGone)
}
