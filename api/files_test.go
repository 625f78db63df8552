package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/api/request"
	"satchel/api/storage"
	"satchel/files"
	"satchel/tenancy"
)

func TestFileFromUploadToTrashAndBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	body, contentType := form("essay.txt", []byte(lorem), map[string]string{"category": "essays", "sha256": sum(lorem)}, map[string]string{"description": "after the file"})
	a := owner.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(202)
	f := read[storage.FileView](a)
	require.Equal(t, at(f.ID, ""), a.header.Get("Location"))
	require.Equal(t, files.Processing, f.Status)
	require.Equal(t, sum(lorem), f.SHA256)

	owner.call(get, at(f.ID, "/content"), nil).refused(409, "not_published")
	b.publish(owner.org, f.ID)
	f = read[storage.FileView](owner.call(get, at(f.ID, ""), nil).is(200))
	require.Equal(t, files.Published, f.Status)
	require.Equal(t, "essays", f.Category)
	require.Equal(t, "after the file", f.Description)
	require.True(t, f.VirusScanned)
	require.NotEmpty(t, f.Steps)
	require.Equal(t, lorem, string(owner.call(get, at(f.ID, "/content"), nil).is(200).body))

	owner.call(patch, at(f.ID, ""), map[string]string{"name": "Ünïcode ✓.txt", "category": "x"}).is(200)
	owner.call(patch, at(f.ID, ""), map[string]string{"name": "a\x00b"}).refused(400, "invalid_text")
	owner.call(patch, at(f.ID, ""), map[string]string{"nom": "x"}).refused(400, "invalid_body")
	owner.call(patch, at(f.ID, ""), strings.NewReader("{}"), "Content-Type", "text/plain").refused(415, "unsupported_media_type")
	owner.call(patch, at(f.ID, ""), map[string]string{"description": strings.Repeat("x", 1<<20+1)}).refused(413, "body_too_large")

	owner.call(remove, at(f.ID, ""), nil).is(204)
	owner.call(remove, at(f.ID, ""), nil).is(204)
	owner.call(get, at(f.ID, "/content"), nil).refused(409, "in_trash")
	require.Equal(t, files.Deleted, read[storage.FileView](owner.call(get, at(f.ID, ""), nil).is(200)).Status)
	require.Empty(t, read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files", nil).is(200)).Items)
	require.Len(t, read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files?status=deleted", nil).is(200)).Items, 1)
	require.Equal(t, files.Published, read[storage.FileView](owner.call(post, at(f.ID, "/restore"), nil).is(200)).Status)
	owner.call(post, at(f.ID, "/restore"), nil).refused(409, "not_in_trash")
}

func TestUploadRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.db.Organization(t, 100_000)
	owner := b.person(org, tenancy.Owner)
	send := func(name, content string, before, after map[string]string) answer {
		body, contentType := form(name, []byte(content), before, after)
		return owner.call(post, storagePath+"/upload", body, "Content-Type", contentType)
	}
	send("a.exe", "x", nil, nil).refused(415, "type_not_allowed")
	send("a.txt", "x", map[string]string{"sha256": sum("y")}, nil).refused(422, "checksum_mismatch")
	send("a.txt", strings.Repeat("x", 100_001), nil, nil).refused(413, "too_large")
	require.Equal(t, int64(0), read[storage.FileView](send("nothing.txt", "", nil, nil).is(202)).Size)
	owner.call(patch, "/api/v1/organizations/"+org.String()+"/policies", map[string]any{"empty_files": false}).is(200)
	send("a.txt", "", nil, nil).refused(422, "empty_file")
	send("a.txt", "x", map[string]string{"file_id": uuid.NewString()}, nil).refused(404, "file_not_found")
	send("a.txt", "x", map[string]string{"file_id": "nonsense"}, nil).refused(404, "file_not_found")
	send("a.txt", "x", map[string]string{"description": strings.Repeat("x", 20_000)}, nil).refused(413, "body_too_large")
	send("a.txt", "x", nil, map[string]string{"sha256": sum("x")}).refused(400, "field_after_file")
	kept := owner.published("kept.txt", "kept")
	send("a.txt", "x", map[string]string{"file_id": kept.ID.String()}, map[string]string{"sha256": sum("x")}).refused(400, "field_after_file")
	require.Equal(t, "kept", string(owner.call(get, at(kept.ID, "/content"), nil).is(200).body))
	owner.call(post, storagePath+"/upload", map[string]string{}).refused(415, "unsupported_media_type")
	owner.call(post, storagePath+"/upload", strings.NewReader("--x--\r\n"), "Content-Type", "multipart/form-data; boundary=x").refused(400, "file_missing")
	for _, wait := range []string{"long", "30s", "-1", "1.5"} {
		owner.call(post, storagePath+"/upload?wait="+wait, nil).refused(400, "invalid_wait")
	}

	owner.upload("fits.txt", []byte(strings.Repeat("x", 60_000)))
	send("b.txt", strings.Repeat("x", 60_000), nil, nil).refused(507, "over_quota")
}

func TestWaitAnswersWhenTheFileIsFinal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	failed := make(chan error, 2)
	signature := ""
	b.workflows.onStart = func(in started) {
		go func() { failed <- b.publishVersion(in.Org, in.Version, signature) }()
	}
	send := func() storage.FileView {
		body, contentType := form("a.txt", []byte(lorem), nil, nil)
		return read[storage.FileView](owner.call(post, storagePath+"/upload?wait=55", body, "Content-Type", contentType).is(200))
	}
	require.Equal(t, files.Published, send().Status)
	require.NoError(t, <-failed)
	signature = "Test"
	f := send()
	require.NoError(t, <-failed)
	require.Equal(t, files.Quarantined, f.Status)
	require.Equal(t, "infected:Test", f.StatusReason)
	owner.call(get, at(f.ID, "/content"), nil).refused(403, "quarantined")
}

func TestDrainEndsThoseWhoWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	b.workflows.onStart = func(started) { b.api.Drain() }
	body, contentType := form("a.txt", []byte(lorem), nil, nil)
	owner.call(post, storagePath+"/upload?wait=55", body, "Content-Type", contentType).is(202)
}

func TestPupilsSeeTheirOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	pupil, other, teacher, admin := b.person(org, tenancy.Student), b.person(org, tenancy.Student), b.person(org, tenancy.Teacher), b.person(org, tenancy.Admin)
	classmate, outside := b.person(org, tenancy.Student), b.person(org, tenancy.Teacher)
	class := b.class(teacher, pupil, classmate)
	f, mine := pupil.publishedIn(class, "ours.txt", lorem), pupil.published("mine.txt", lorem)
	sees := func(p *person, want ...uuid.UUID) {
		var listed []uuid.UUID
		for _, i := range read[request.Page[storage.FileView]](p.call(get, storagePath+"/files", nil)).Items {
			listed = append(listed, i.ID)
		}
		require.ElementsMatch(t, want, listed)
		for _, id := range want {
			p.call(get, at(id, ""), nil).is(200)
			p.call(get, at(id, "/content"), nil).is(200)
		}
		for _, id := range []uuid.UUID{f.ID, mine.ID} {
			if slices.Contains(want, id) {
				continue
			}
			for _, rest := range []string{"", "/content", "/events", "/versions", "/versions/1/content", "/renditions/x"} {
				p.call(get, at(id, rest), nil).refused(404, "file_not_found")
			}
			p.call(patch, at(id, ""), map[string]string{"name": "x.txt"}).refused(404, "file_not_found")
			p.call(remove, at(id, ""), nil).refused(404, "file_not_found")
		}
	}
	sees(pupil, f.ID, mine.ID)
	for _, p := range []*person{teacher, admin, classmate} {
		sees(p, f.ID)
	}
	sees(other)
	sees(outside)
	classmate.call(remove, at(f.ID, ""), nil).refused(403, "not_yours")
	classmate.call(patch, at(f.ID, ""), map[string]string{"name": "x.txt"}).refused(403, "not_yours")
	teacher.call(patch, at(f.ID, ""), map[string]string{"name": "x.txt"}).is(200)
	admin.call(remove, at(f.ID, ""), nil).is(204)
}

func TestDeleteCancelsWhatRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.upload("a.txt", []byte(lorem))
	version := b.head(owner.org, f.ID).VersionID
	owner.call(remove, at(f.ID, ""), nil).is(204)
	require.Equal(t, []uuid.UUID{version}, b.workflows.cancelled)
}

func TestVersions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", "the first text")
	body, contentType := form("a.txt", []byte("the second text"), map[string]string{"file_id": f.ID.String()}, nil)
	second := read[storage.FileView](owner.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(202))
	require.Equal(t, f.ID, second.ID)
	require.EqualValues(t, 2, second.Version)

	shown := read[storage.FileView](owner.call(get, at(f.ID, ""), nil).is(200))
	require.EqualValues(t, 1, shown.Version)
	require.Equal(t, &storage.LatestView{Version: 2, Status: files.Processing}, shown.Latest)
	listed := read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files", nil).is(200)).Items
	require.Equal(t, shown.Latest, listed[0].Latest, "a list says it too")
	owner.call(get, at(f.ID, "/versions/2/content"), nil).refused(409, "not_published")
	b.publish(owner.org, f.ID)
	require.Equal(t, "the second text", string(owner.call(get, at(f.ID, "/content"), nil).is(200).body))
	require.Equal(t, "the first text", string(owner.call(get, at(f.ID, "/versions/1/content"), nil).is(200).body))

	third := read[storage.FileView](owner.call(post, at(f.ID, "/versions/1/restore"), nil).is(202))
	require.EqualValues(t, 3, third.Version)
	b.publish(owner.org, f.ID)
	require.Equal(t, "the first text", string(owner.call(get, at(f.ID, "/content"), nil).is(200).body))
	require.Len(t, read[request.Page[storage.FileView]](owner.call(get, at(f.ID, "/versions"), nil).is(200)).Items, 3)
	for _, n := range []string{"0", "9", "x", "-1", "99999999999"} {
		owner.call(get, at(f.ID, "/versions/"+n+"/content"), nil).refused(404, "file_not_found")
	}
}

func TestListRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	for query, code := range map[string]string{
		"limit=0": "invalid_limit", "limit=201": "invalid_limit", "limit=x": "invalid_limit", "status=gone": "invalid_status",
		"sort=width": "unknown_sort", "kind=spoon": "invalid_kind", "size_from=x": "invalid_size_from", "changed_to=today": "invalid_changed_to", "cursor=x": "invalid_cursor", "cursor=e30": "invalid_cursor", "q=%00": "invalid_query", "category=%ff": "invalid_query", "type=%00": "invalid_query", "type=%ff": "invalid_query", "%00=a": "invalid_query",
		"changed_from=0000-01-01T00:00:00Z": "invalid_changed_from", "changed_to=9999-12-31T23:00:00-23:00": "invalid_changed_to",
	} {
		owner.call(get, storagePath+"/files?"+query, nil).refused(400, code)
	}
	owner.upload("x.txt", []byte(lorem))
	owner.upload("y.txt", []byte(lorem))
	stolen := read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files?limit=1&sort="+string(files.ByName), nil).is(200)).NextCursor
	require.NotEmpty(t, stolen)
	for _, sort := range []string{"", "-name", "size", "kind"} {
		owner.call(get, storagePath+"/files?sort="+sort+"&cursor="+stolen, nil).refused(400, "invalid_cursor")
	}
	for _, path := range []string{"/files?include=bytes", "/files?include=steps,", "/recent?include=Steps", "/search?q=x&include=steps%20"} {
		owner.call(get, storagePath+path, nil).refused(422, "unknown_include")
	}
}

// TestListsCarryWhatTheyShow: the rest comes where it is named, and a page of 50 files
// with ordinary names stays below 20 KB.
func TestListsCarryWhatTheyShow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := b.organization()
	owner := b.person(org, tenancy.Owner)
	f := owner.upload("first.txt", []byte(lorem))
	fields := func(query string) []string {
		p := read[request.Page[map[string]json.RawMessage]](owner.call(get, storagePath+query, nil).is(200))
		require.Len(t, p.Items, 1)
		return slices.Sorted(maps.Keys(p.Items[0]))
	}
	shown := []string{"created_at", "id", "mime_type", "name", "size", "space_id", "status", "updated_at", "version"}
	lean := fields("/files")
	require.Subset(t, lean, []string{"created_at", "id", "name", "size", "space_id", "status", "updated_at", "version"})
	for _, heavy := range []string{"steps", "scan", "renditions", "description", "sha256", "uploaded_by", "tags", "latest"} {
		require.NotContains(t, lean, heavy)
	}
	require.Equal(t, lean, fields("/recent"))
	require.Equal(t, slices.Sorted(slices.Values(append(slices.Clone(lean), "scan", "steps"))), fields("/files?include=steps,scan"))
	require.Equal(t, slices.Sorted(slices.Values(append(slices.Clone(lean), "renditions"))), fields("/recent?include=renditions"))
	require.Subset(t, fields("/files?include=details"), []string{"category", "description", "sha256", "uploaded_by", "published_at", "virus_scanned", "contains_pii"})
	require.Subset(t, slices.Sorted(maps.Keys(read[map[string]json.RawMessage](owner.call(get, storagePath+"/files/"+f.ID.String(), nil).is(200)))),
		append(shown, "steps", "scan", "renditions", "description", "sha256", "uploaded_by"), "one file has all of it")

	kinds := []string{"application/pdf", "image/jpeg", "text/plain", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}
	for i := range 50 {
		id := b.row(org, owner.id, fmt.Sprintf("Essay on rivers, group %d.docx", i))
		_, err := b.db.Single(org).Exec(t.Context(), "update file_versions set mime_type = $2, size = 123456 where file_id = $1", id, kinds[i%len(kinds)])
		require.NoError(t, err)
	}
	page := owner.call(get, storagePath+"/files?limit=50", nil).is(200)
	require.LessOrEqual(t, len(page.body), 20_000)
	t.Logf("a page of 50 files has %d bytes", len(page.body))
}

// Whatever is inserted while someone pages, each file that was there at the
// start comes exactly once, in every order.
func TestPagesGiveEachFileOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		org := b.organization()
		owner := b.person(org, tenancy.Owner)
		name := rapid.SampledFrom([]string{"a", "b", "B", "ß", "%", "_", "z z"})
		want := map[uuid.UUID]bool{}
		for range rapid.IntRange(0, 12).Draw(rt, "files") {
			want[b.row(org, owner.id, name.Draw(rt, "name"))] = true
		}
		sort := rapid.SampledFrom([]string{"", "-created_at", "created_at", "name", "-name", "size", "-size", "kind", "-kind"}).Draw(rt, "sort")
		limit := rapid.IntRange(1, 5).Draw(rt, "limit")
		seen := map[uuid.UUID]int{}
		for cursor, more := "", true; more; more = cursor != "" {
			q := url.Values{"limit": {fmt.Sprint(limit)}, "sort": {sort}, "cursor": {cursor}}
			p := read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files?"+q.Encode(), nil).is(200))
			for _, f := range p.Items {
				seen[f.ID]++
			}
			cursor = p.NextCursor
			if rapid.Bool().Draw(rt, "insert") && len(seen) < 40 {
				b.row(org, owner.id, name.Draw(rt, "name of inserted"))
			}
		}
		for id, n := range seen {
			if n != 1 {
				rt.Fatalf("%s came %d times", id, n)
			}
		}
		for id := range want {
			if seen[id] != 1 {
				rt.Fatalf("%s came %d times", id, seen[id])
			}
		}
	})
}

// row makes a file's rows without bytes.
func (b *testBundle) row(org tenancy.OrgID, by uuid.UUID, name string) uuid.UUID {
	b.t.Helper()
	var t files.Created
	ctx := context.Background()
	require.NoError(b.t, b.db.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		t, err = files.Create(ctx, tx, files.New{Name: name, Size: 1, UploadedBy: by, TTL: formHour})
		return err
	}))
	return t.File
}
