package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/storage"
	"satchel/files"
	"satchel/tenancy"
)

func TestRangesAndConditions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("essay.txt", lorem)
	n, tag := len(lorem), `"`+sum(lorem)+`"`
	for name, c := range map[string]struct {
		header []string
		status int
		body   string
	}{
		"whole":                 {nil, 200, lorem},
		"first bytes":           {[]string{"Range", "bytes=0-9"}, 206, lorem[:10]},
		"middle":                {[]string{"Range", "bytes=100-199"}, 206, lorem[100:200]},
		"open end":              {[]string{"Range", "bytes=100-"}, 206, lorem[100:]},
		"last bytes":            {[]string{"Range", "bytes=-7"}, 206, lorem[n-7:]},
		"past the end":          {[]string{"Range", fmt.Sprintf("bytes=10-%d", n+50)}, 206, lorem[10:]},
		"last byte":             {[]string{"Range", fmt.Sprintf("bytes=%d-%d", n-1, n-1)}, 206, lorem[n-1:]},
		"outside":               {[]string{"Range", fmt.Sprintf("bytes=%d-", n)}, 416, ""},
		"nonsense":              {[]string{"Range", "bytes=z"}, 200, lorem},
		"other unit":            {[]string{"Range", "lines=1-2"}, 200, lorem},
		"too many":              {[]string{"Range", "bytes=" + strings.TrimSuffix(strings.Repeat("1-1,", 50), ",")}, 200, lorem},
		"same as mine":          {[]string{"If-None-Match", tag}, 304, ""},
		"anything is mine":      {[]string{"If-None-Match", "*"}, 304, ""},
		"another than mine":     {[]string{"If-None-Match", `"x"`}, 200, lorem},
		"range if unchanged":    {[]string{"Range", "bytes=0-4", "If-Range", tag}, 206, lorem[:5]},
		"whole since changed":   {[]string{"Range", "bytes=0-4", "If-Range", `"x"`}, 200, lorem},
		"only if another":       {[]string{"If-Match", `"x"`}, 412, ""},
		"only if this":          {[]string{"If-Match", tag}, 200, lorem},
		"not since the year 99": {[]string{"If-Modified-Since", "Fri, 31 Dec 2099 23:59:59 GMT"}, 304, ""},
	} {
		for _, path := range []string{"/content", "/versions/1/content"} {
			a := owner.call(get, at(f.ID, path), nil, c.header...)
			require.Equal(t, c.status, a.status, "%s: %s", name, a.body)
			h := owner.call(head, at(f.ID, path), nil, c.header...)
			ranged := c.status == 206 || c.status == 416
			if ranged { // a range is of GET alone (RFC 9110, section 14.2)
				require.Equal(t, []any{200, fmt.Sprint(n), ""}, []any{h.status, h.header.Get("Content-Length"), h.header.Get("Content-Range")}, "HEAD, %s", name)
			} else {
				require.Equal(t, c.status, h.status, "HEAD, %s", name)
			}
			require.Empty(t, h.body)
			if c.status >= 400 {
				require.Equal(t, "application/problem+json", a.header.Get("Content-Type"), name)
				continue
			}
			require.Equal(t, c.body, string(a.body), name)
			require.Equal(t, tag, a.header.Get("ETag"), name)
			if c.status != 304 && !ranged {
				require.Equal(t, a.header.Get("Content-Length"), h.header.Get("Content-Length"), name)
			}
		}
	}
	require.Equal(t, fmt.Sprintf("bytes */%d", n), owner.call(get, at(f.ID, "/content"), nil, "Range", "bytes=99999999-").header.Get("Content-Range"))
	several := owner.call(get, at(f.ID, "/content"), nil, "Range", "bytes=0-4,10-14").is(206)
	require.Contains(t, several.header.Get("Content-Type"), "multipart/byteranges")
	require.Contains(t, string(several.body), lorem[10:15])
}

func TestBytesLeaveAsAttachments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", "<script>alert(1)</script>")
	name := "пример \"quoted\"; x=1 ✓.txt"
	owner.call(patch, at(f.ID, ""), map[string]string{"name": name}).is(200)
	h := owner.call(get, at(f.ID, "/content"), nil).is(200).header
	require.True(t, strings.HasPrefix(h.Get("Content-Disposition"), "attachment;"), h.Get("Content-Disposition"))
	require.Contains(t, h.Get("Content-Disposition"), "filename*=UTF-8''%D0%BF")
	require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	require.Contains(t, h.Get("Content-Security-Policy"), "sandbox")
	require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"))
	require.Equal(t, "private, no-cache", h.Get("Cache-Control"))
}

func TestRenditions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.upload("a.txt", []byte(lorem))
	ctx, image, v := context.Background(), []byte("RIFF not really an image"), b.head(owner.org, f.ID)
	etag, err := b.store.Clean.Put(ctx, files.RenditionKey(owner.org, v.VersionID, "w320.webp"), bytes.NewReader(image), int64(len(image)), "image/webp")
	require.NoError(t, err)
	require.NoError(t, b.db.InTx(ctx, owner.org, func(tx *tenancy.Tx) error {
		return files.Previewed(ctx, tx, v.VersionID, files.Preview{State: files.PreviewReady, Width: 640, Height: 480,
			Renditions: []files.Rendition{{Name: "w320.webp", MimeType: "image/webp", Width: 320, Height: 240, Size: int64(len(image)), Etag: etag}}})
	}))
	owner.call(get, at(f.ID, "/renditions/w320.webp"), nil).refused(409, "not_published")
	require.Empty(t, read[storage.FileView](owner.call(get, at(f.ID, ""), nil)).Renditions)
	b.publish(owner.org, f.ID)

	shown := read[storage.FileView](owner.call(get, at(f.ID, ""), nil).is(200))
	require.Len(t, shown.Renditions, 1)
	path, ok := strings.CutPrefix(shown.Renditions[0].URL, contentURL)
	require.True(t, ok, "renditions are read from the host of contents")
	a := owner.call(get, path, nil).is(200)
	require.Equal(t, image, a.body)
	require.Equal(t, "image/webp", a.header.Get("Content-Type"))
	require.True(t, strings.HasPrefix(a.header.Get("Content-Disposition"), "inline;"))
	owner.call(get, path, nil, "If-None-Match", a.header.Get("ETag")).is(304)
	owner.call(get, at(f.ID, "/renditions/other"), nil).is(404)
	owner.call(get, at(f.ID, "/renditions/w320.webp?version=2"), nil).is(404)
}

// TestPagesOnDemand: a page that the previews do not hold is made when it is asked for, of
// a document that has it.
func TestPagesOnDemand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.upload("book.pdf", []byte("%PDF-1.7"))
	ctx, v := context.Background(), b.head(owner.org, f.ID)
	require.NoError(t, b.db.InTx(ctx, owner.org, func(tx *tenancy.Tx) error {
		return files.Previewed(ctx, tx, v.VersionID, files.Preview{State: files.PreviewReady, Pages: 34})
	}))
	b.publish(owner.org, f.ID)
	_, err := b.db.Admin(t).Exec(ctx, "update file_versions set mime_type = 'application/pdf' where id = $1", v.VersionID)
	require.NoError(t, err)
	var asked []int
	reason, down := "", error(nil)
	b.workflows.showPages = func(ctx context.Context, org tenancy.OrgID, version uuid.UUID, first int) (string, error) {
		asked = append(asked, first)
		if reason != "" || down != nil {
			return reason, down
		}
		etag, err := b.store.Clean.Put(ctx, files.RenditionKey(org, version, "page-17.jpg"), strings.NewReader("page"), 4, "image/jpeg")
		require.NoError(t, err)
		return "", b.db.InTx(ctx, org, func(tx *tenancy.Tx) error {
			return files.AddPages(ctx, tx, version, []files.Rendition{{Name: "page-17.jpg", MimeType: "image/jpeg", Width: 1, Height: 1, Size: 4, Etag: etag}})
		})
	}
	down = errors.New("no connection")
	owner.call(get, at(f.ID, "/renditions/page-17.jpg"), nil).refused(503, "page_failed")
	reason, down = "crashed", nil
	owner.call(get, at(f.ID, "/renditions/page-17.jpg"), nil).refused(404, "page_unavailable")
	reason = ""
	for range 2 {
		require.Equal(t, "page", string(owner.call(get, at(f.ID, "/renditions/page-17.jpg"), nil).is(200).body))
	}
	owner.call(get, at(f.ID, "/renditions/page-35.jpg"), nil).refused(404, "no_such_page")
	owner.call(get, at(f.ID, "/renditions/page-0.jpg"), nil).refused(404, "file_not_found")
	require.Equal(t, []int{11, 11, 11}, asked, "a page is made once")
	require.Empty(t, read[storage.FileView](owner.call(get, at(f.ID, ""), nil)).Renditions)
}

// What was published and then changed in the store does not leave.
func TestChangedObjectDoesNotLeave(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	v := b.head(owner.org, f.ID)
	ctx, evil := context.Background(), strings.Repeat("evil", len(lorem)/4)
	_, err := b.store.Clean.Put(ctx, files.ContentKey(owner.org, v.VersionID), strings.NewReader(evil), int64(len(evil)), "text/plain")
	require.NoError(t, err)
	a := owner.call(get, at(f.ID, "/content"), nil)
	a.refused(409, "object_changed")
	require.Empty(t, a.header.Get("ETag"))
	require.NoError(t, b.store.Clean.Remove(ctx, files.ContentKey(owner.org, v.VersionID)))
	require.NotContains(t, string(owner.call(get, at(f.ID, "/content"), nil).body), "evil")
}

func TestContentHostGivesOnlyContent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	b.server.Config.Handler = b.api.ContentHandler()
	require.Equal(t, lorem, string(owner.call(get, at(f.ID, "/content"), nil).is(200).body))
	b.call("", get, at(f.ID, "/content"), nil).refused(401, "unauthenticated")
	owner.call(get, storagePath+"/files", nil).refused(404, "no_such_route")
	owner.call(remove, at(f.ID, ""), nil).refused(404, "no_such_route")
	require.Equal(t, http.StatusOK, b.call("", get, "/healthz", nil).status)
}
