package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/delivery/signed"
	"satchel/api/links"
	"satchel/files"
	"satchel/policies/transforms"
	"satchel/tenancy"
)

// link asks for an address and gives it without its host.
func (p *person) link(file uuid.UUID, ask map[string]any) string {
	p.b.t.Helper()
	given := read[links.LinkView](p.call(post, at(file, "/link"), ask).is(http.StatusOK))
	path, ok := strings.CutPrefix(given.URL, contentURL)
	require.True(p.b.t, ok, "an address is on the content host")
	return path
}

// TestSignedAddress: everything that a client may ask of a download it may ask of an
// address, and it needs no credentials.
func TestSignedAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("essay.txt", lorem)
	n, tag := len(lorem), `"`+sum(lorem)+`"`
	path := owner.link(f.ID, nil)
	for name, c := range map[string]struct {
		header []string
		status int
		body   string
	}{
		"whole":               {nil, 200, lorem},
		"first bytes":         {[]string{"Range", "bytes=0-9"}, 206, lorem[:10]},
		"open end":            {[]string{"Range", "bytes=100-"}, 206, lorem[100:]},
		"last bytes":          {[]string{"Range", "bytes=-7"}, 206, lorem[n-7:]},
		"past the end":        {[]string{"Range", fmt.Sprintf("bytes=10-%d", n+50)}, 206, lorem[10:]},
		"outside":             {[]string{"Range", fmt.Sprintf("bytes=%d-", n)}, 416, ""},
		"nonsense":            {[]string{"Range", "bytes=z"}, 200, lorem},
		"other unit":          {[]string{"Range", "lines=1-2"}, 200, lorem},
		"too many":            {[]string{"Range", "bytes=" + strings.TrimSuffix(strings.Repeat("1-1,", 50), ",")}, 200, lorem},
		"overlapping":         {[]string{"Range", "bytes=0-9,5-14"}, 200, lorem},
		"same as mine":        {[]string{"If-None-Match", tag}, 304, ""},
		"another than mine":   {[]string{"If-None-Match", `"x"`}, 200, lorem},
		"range if unchanged":  {[]string{"Range", "bytes=0-4", "If-Range", tag}, 206, lorem[:5]},
		"whole since changed": {[]string{"Range", "bytes=0-4", "If-Range", `"x"`}, 200, lorem},
		"weak if-range":       {[]string{"Range", "bytes=0-4", "If-Range", "W/" + tag}, 200, lorem},
		"only if another":     {[]string{"If-Match", `"x"`}, 412, ""},
	} {
		a := b.call("", get, path, nil, c.header...)
		require.Equal(t, c.status, a.status, "%s: %s", name, a.body)
		h := b.call("", head, path, nil, c.header...)
		require.Empty(t, h.body)
		if c.status == 206 || c.status == 416 { // a range is of GET alone (RFC 9110, section 14.2)
			require.Equal(t, 200, h.status, name)
		} else {
			require.Equal(t, c.status, h.status, name)
		}
		if c.status < 400 {
			require.Equal(t, c.body, string(a.body), name)
			require.Equal(t, tag, a.header.Get("ETag"), name)
		}
	}
	several := b.call("", get, path, nil, "Range", "bytes=0-4,10-14").is(206)
	require.Contains(t, several.header.Get("Content-Type"), "multipart/byteranges")
	require.Contains(t, string(several.body), lorem[10:15])
}

func TestSignedAddressHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", "<script>alert(1)</script>")
	name := "пример \"quoted\"; x=1 ✓.txt"
	owner.call(patch, at(f.ID, ""), map[string]string{"name": name}).is(200)
	h := b.call("", get, owner.link(f.ID, nil), nil).is(200).header
	for header, want := range map[string]string{
		"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
		"Cross-Origin-Resource-Policy": "cross-origin", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer",
	} {
		require.Equal(t, []string{want}, h.Values(header), header)
	}
	require.True(t, strings.HasPrefix(h.Get("Content-Disposition"), "attachment;"), "an original is saved")
	require.Contains(t, h.Get("Content-Disposition"), "filename*=UTF-8''%D0%BF")
	require.Empty(t, h.Get("Set-Cookie"))
}

func TestAddressesAreOnTheContentHostAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	path := owner.link(owner.published("a.txt", lorem).ID, nil)
	b.call("", get, path, nil).is(200)
	b.server.Config.Handler = b.api.Handler()
	b.call("", get, path, nil).refused(404, "no_such_route")
}

// TestAddressGivesWhatItsMemberHasNow: an address that was good is refused at its next
// use once its member lost what it gives.
func TestAddressGivesWhatItsMemberHasNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := context.Background()
	owner := b.person(b.professional(), tenancy.Owner)
	teacher := b.person(owner.org, tenancy.Teacher)
	q := b.db.Single(owner.org)
	shared := owner.group(teacher.id)
	begin := func() (f uuid.UUID, path string) {
		f = owner.publishedIn(shared, "a.txt", lorem).ID
		path = teacher.link(f, nil)
		b.call("", get, path, nil).is(200)
		return f, path
	}
	f, path := begin()
	owner.call(remove, at(f, ""), nil).is(204)
	b.call("", get, path, nil).refused(409, "in_trash")
	owner.call(post, at(f, "/restore"), nil).is(200)
	b.call("", get, path, nil).is(200)

	f, path = begin()
	require.NoError(t, b.db.InTx(ctx, owner.org, func(tx *tenancy.Tx) error {
		_, err := files.Revoke(ctx, tx, b.head(owner.org, f).VersionID, "infected:Eicar", files.Verdict{Verdict: "infected", Signature: "Eicar", Engine: "test", Database: "2"})
		return err
	}))
	b.call("", get, path, nil).refused(403, "quarantined")

	_, path = begin()
	_, err := q.Exec(ctx, "update organizations set status = 'suspended', reads_while_suspended = false")
	require.NoError(t, err)
	b.call("", get, path, nil).refused(404, "file_not_found")
	_, err = q.Exec(ctx, "update organizations set status = 'active'")
	require.NoError(t, err)
	b.call("", get, path, nil).is(200)

	_, path = begin()
	machine, key := owner.key(tenancy.Admin, allScopes...)
	mine := machine.published("of a machine.txt", lorem)
	byKey := machine.link(mine.ID, nil)
	b.call("", get, byKey, nil).is(200)
	owner.call(remove, keysOf(owner.org)+"/"+key.ID.String(), nil).is(204)
	b.call("", get, byKey, nil).refused(404, "organization_not_found")

	_, err = q.Exec(ctx, "delete from space_grants where user_id = $1", teacher.id)
	require.NoError(t, err)
	b.call("", get, path, nil).refused(404, "file_not_found")
	owner.call(remove, owner.orgPath("/members/"+teacher.id.String()), nil).is(204)
	b.call("", get, path, nil).refused(404, "organization_not_found")
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, stranger := b.person(b.organization(), tenancy.Owner), b.person(b.organization(), tenancy.Owner)
	f, other := owner.published("a.txt", lorem), owner.published("b.txt", "other")
	keys := b.api.Parts.Links
	link := signed.Link{Organization: owner.org, File: f.ID, Version: b.head(owner.org, f.ID).VersionID, Actor: owner.id, Expires: time.Now().Add(time.Minute)}
	address := func(change func(*signed.Link)) string {
		l := link
		change(&l)
		return strings.TrimPrefix(keys.URL(contentURL, l), contentURL)
	}
	good := address(func(*signed.Link) {})
	b.call("", get, good, nil).is(200)
	for name, c := range map[string]struct {
		path   string
		status int
		code   string
	}{
		"tampered":               {good[:len(good)-2] + "AA", 403, "link_invalid"},
		"unsigned":               {good[:strings.Index(good, "?")], 403, "link_invalid"},
		"other file's signature": {strings.Replace(good, link.Version.String(), b.head(owner.org, other.ID).VersionID.String(), 1), 403, "link_invalid"},
		"expired":                {address(func(l *signed.Link) { l.Expires = time.Now().Add(-time.Second) }), 403, "link_expired"},
		"expires at 2^53":        {address(func(l *signed.Link) { l.Expires = time.Unix(1<<53, 0) }), 403, "link_invalid"},
		"of no one":              {address(func(l *signed.Link) { l.Actor = uuid.Nil }), 403, "link_invalid"},
		"of a share":             {address(func(l *signed.Link) { l.Actor, l.Share = uuid.Nil, uuid.New() }), 403, "no_such_download"},
		"of both":                {address(func(l *signed.Link) { l.Share = uuid.New() }), 403, "link_invalid"},
		"of a stranger":          {address(func(l *signed.Link) { l.Actor = stranger.id }), 404, "organization_not_found"},
		"other organization":     {address(func(l *signed.Link) { l.Organization, l.Actor = stranger.org, stranger.id }), 404, "file_not_found"},
		"file and version apart": {address(func(l *signed.Link) { l.File = other.ID }), 404, "file_not_found"},
		"unknown word":           {address(func(l *signed.Link) { l.Transformation = "z/unknown" }), 403, "link_invalid"},
		"no such rendition":      {address(func(l *signed.Link) { l.Transformation = "r/none.webp" }), 404, "file_not_found"},
	} {
		b.call("", get, c.path, nil).refused(c.status, c.code)
		require.Equal(t, c.status, b.call("", head, c.path, nil).status, name)
	}
}

// TestLinksOfAPage: 50 thumbnails are one request and its answers.
func TestLinksOfAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	stranger := b.person(b.organization(), tenancy.Owner).published("theirs.txt", lorem)
	f, image := owner.published("a.txt", lorem), []byte("RIFF not really an image")
	ctx, v := context.Background(), b.head(owner.org, f.ID)
	etag, err := b.store.Clean.Put(ctx, files.RenditionKey(owner.org, v.VersionID, "fit320.webp"), bytes.NewReader(image), int64(len(image)), "image/webp")
	require.NoError(t, err)
	_, err = b.db.Single(owner.org).Exec(ctx, `insert into renditions (organization_id, version_id, name, mime_type, width, height, size, etag)
		values (app.org(), $1, 'fit320.webp', 'image/webp', 320, 240, $2, $3)`, v.VersionID, len(image), etag)
	require.NoError(t, err)
	waiting := owner.upload("waiting.txt", []byte("w"))
	before := b.auditHead(owner.org)
	given := read[struct{ Items []links.LinkView }](owner.call(post, storagePath+"/links", map[string]any{"items": []map[string]any{
		{"file_id": f.ID, "rendition": "fit320.webp"}, {"file_id": f.ID, "rendition": "fit320.webp", "attachment": true},
		{"file_id": stranger.ID}, {"file_id": waiting.ID}, {"file_id": f.ID, "rendition": "../x"},
	}}).is(200)).Items
	require.Len(t, given, 5)
	shown := b.call("", get, strings.TrimPrefix(given[0].URL, contentURL), nil).is(200)
	require.Equal(t, image, shown.body)
	require.True(t, strings.HasPrefix(shown.header.Get("Content-Disposition"), "inline;"))
	saved := b.call("", get, strings.TrimPrefix(given[1].URL, contentURL), nil).is(200)
	require.True(t, strings.HasPrefix(saved.header.Get("Content-Disposition"), "attachment;"))
	for i, code := range map[int]string{2: "file_not_found", 3: "not_published", 4: "invalid_rendition"} {
		require.Equal(t, code, given[i].Code)
		require.NotEmpty(t, given[i].Detail)
		require.Empty(t, given[i].URL)
	}
	require.Equal(t, before, b.auditHead(owner.org), "thumbnails leave no row")
	for _, bad := range []map[string]any{
		{"items": []any{}}, {"items": []any{map[string]any{}}}, {"items": []any{map[string]any{"file_id": f.ID, "version": 1}}}, {"items": make([]any, 101)},
	} {
		require.Equal(t, 400, owner.call(post, storagePath+"/links", bad).status)
	}
	owner.call(post, at(f.ID, "/link"), map[string]any{"expires_in": 61}).refused(400, "invalid_expires_in")
	owner.call(post, at(f.ID, "/link"), map[string]any{"expires_in": 0}).refused(400, "invalid_expires_in")
}

// draws plays the worker: it makes pictures and counts how often.
func (b *testBundle) draws() *atomic.Int64 {
	calls := &atomic.Int64{}
	b.workflows.makePicture = func(ctx context.Context, org tenancy.OrgID, version uuid.UUID, key string) (string, error) {
		mine, err := files.BeginTransformation(ctx, b.db.Single(org), version, key, time.Minute, false)
		if err != nil || !mine {
			return "", err
		}
		calls.Add(1)
		spec, _ := transforms.Parse(key)
		etag, err := b.store.Clean.Put(ctx, files.TransformationKey(org, version, key), strings.NewReader(key), int64(len(key)), spec.Format.MediaType())
		if err != nil {
			return "", err
		}
		return "", b.db.InTx(ctx, org, func(tx *tenancy.Tx) error {
			return files.AddTransformation(ctx, tx, version, key, files.Rendition{MimeType: spec.Format.MediaType(), Width: 1, Height: 1, Size: int64(len(key)), Etag: etag}, false)
		})
	}
	return calls
}

// TestPicturesOnDemand: a picture is of the sizes of the organization and of the format
// that its reader takes; it is made once and has a tag of its own.
func TestPicturesOnDemand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	calls := b.draws()
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	path := owner.link(f.ID, map[string]any{"transform": map[string]any{"width": 300, "dpr": 2}})
	webp := b.call("", get, path, nil, "Accept", "image/avif,image/webp,*/*").is(200)
	require.Equal(t, "640x0-inside-none-q75-p0.webp", string(webp.body))
	require.Equal(t, "image/webp", webp.header.Get("Content-Type"))
	require.Contains(t, webp.header.Values("Vary"), "Accept")
	require.True(t, strings.HasPrefix(webp.header.Get("Content-Disposition"), "inline;"))
	jpeg := b.call("", get, path, nil).is(200)
	require.Equal(t, "640x0-inside-none-q75-p0.jpeg", string(jpeg.body))
	require.NotEqual(t, webp.header.Get("ETag"), jpeg.header.Get("ETag"))
	require.NotEqual(t, `"`+sum(lorem)+`"`, jpeg.header.Get("ETag"))
	b.call("", get, path, nil, "If-None-Match", jpeg.header.Get("ETag")).is(304)
	require.Equal(t, "640", string(b.call("", get, path, nil, "Range", "bytes=0-2").is(206).body))
	require.EqualValues(t, 2, calls.Load())

	owner.call(patch, owner.orgPath("/policies"), map[string]any{"picture_sizes": []int{500, 100, 500}}).is(200)
	own := owner.link(f.ID, map[string]any{"transform": map[string]any{"width": 300, "format": "png"}})
	require.Equal(t, "500x0-inside-none-q75-p0.png", string(b.call("", get, own, nil).is(200).body))
	owner.call(patch, owner.orgPath("/policies"), map[string]any{"picture_sizes": []int{8}}).refused(400, "invalid_picture_sizes")
	owner.call(post, at(f.ID, "/link"), map[string]any{"transform": map[string]any{"width": 10}, "rendition": "x"}).refused(400, "invalid_transform")
	owner.call(post, at(f.ID, "/link"), map[string]any{"transform": map[string]any{}}).refused(400, "invalid_width")
	owner.call(post, at(f.ID, "/link"), map[string]any{"transform": map[string]any{"width": 10, "page": 2}}).refused(404, "no_such_page")
}

// TestOnePictureForAllWhoAsk: 500 readers of a picture that is not there have it made once.
func TestOnePictureForAllWhoAsk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	drawn, asked, release := b.draws(), atomic.Int64{}, make(chan struct{})
	draw := b.workflows.makePicture
	b.workflows.makePicture = func(ctx context.Context, org tenancy.OrgID, version uuid.UUID, key string) (string, error) {
		asked.Add(1)
		<-release
		return draw(ctx, org, version, key)
	}
	owner := b.person(b.organization(), tenancy.Owner)
	path := owner.link(owner.published("a.txt", lorem).ID, map[string]any{"transform": map[string]any{"preset": "thumb", "format": "webp"}})
	var arrived, done sync.WaitGroup
	statuses := make(chan int, 500)
	for range 500 {
		arrived.Add(1)
		done.Go(func() {
			arrived.Done()
			resp, err := b.server.Client().Get(b.server.URL + path)
			if err != nil {
				statuses <- 0
				return
			}
			_ = resp.Body.Close()
			statuses <- resp.StatusCode
		})
	}
	arrived.Wait()
	require.Eventually(t, func() bool { return asked.Load() > 0 }, time.Minute, time.Millisecond)
	close(release)
	done.Wait()
	close(statuses)
	for status := range statuses {
		require.Equal(t, http.StatusOK, status)
	}
	require.EqualValues(t, 1, drawn.Load())
}

// TestPicturesThatCannotBeMade say why, and are not tried again at once.
func TestPicturesThatCannotBeMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	calls := 0
	ask := func(width int, reason string, err error) answer {
		b.workflows.makePicture = func(ctx context.Context, org tenancy.OrgID, version uuid.UUID, key string) (string, error) {
			calls++
			if reason == "corrupt" {
				_, _ = files.BeginTransformation(ctx, b.db.Single(org), version, key, time.Minute, false)
				_ = files.FailTransformation(ctx, b.db.Single(org), version, key, reason, time.Minute)
			}
			return reason, err
		}
		return b.call("", get, owner.link(f.ID, map[string]any{"transform": map[string]any{"width": width, "format": "webp"}}), nil)
	}
	ask(32, "corrupt", nil).refused(404, "picture_unavailable")
	ask(32, "corrupt", nil).refused(404, "picture_unavailable")
	require.Equal(t, 1, calls)
	ask(64, "", errors.New("no connection")).refused(503, "picture_failed")
	ask(96, "", nil).refused(503, "picture_in_work")
	ask(128, "transformations_full", nil).refused(507, "transformations_full")
	ask(160, "tier_without_previews", nil).refused(404, "picture_unavailable")
}

// TestAddressesCostLittle: 50 thumbnails of a page pass limits that 50 requests do not,
// and one address cannot be used without end.
func TestAddressesCostLittle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", "x")
	_, err := b.db.Admin(t).Exec(context.Background(), "update tiers set requests_per_minute = 60 where name = 'enterprise'")
	require.NoError(t, err)
	path := owner.link(f.ID, nil)
	for range 50 {
		b.call("", head, path, nil).is(200)
	}
	limited := false
	for range 1000 {
		if limited = b.call("", head, path, nil).status == http.StatusTooManyRequests; limited {
			break
		}
	}
	require.True(t, limited)
}
