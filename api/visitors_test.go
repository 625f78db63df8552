package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/public"
	"satchel/files"
	"satchel/shares"
	"satchel/shares/visitors"
	"satchel/tenancy"
)

// given is a share of a person, as its visitor holds it.
type given struct {
	b         *testBundle
	org       tenancy.OrgID
	id        uuid.UUID
	token     string
	recipient uuid.UUID
}

// gift is what give shares. Zero is a link to download.
type gift struct {
	kind                shares.Kind
	permission          shares.Permission
	file, folder, space uuid.UUID
	password            string
	max, maxFiles       int
	accepted            []string
}

func (p *person) give(n gift) given {
	p.b.t.Helper()
	token, hash := shares.NewToken()
	g := given{b: p.b, org: p.org, id: tenancy.NewID(), token: token}
	kind, permission := shares.Link, shares.Download
	if n.kind != "" {
		kind = n.kind
	}
	if n.permission != "" {
		permission = n.permission
	}
	own, password := any(hash), any(nil)
	if kind == shares.People {
		own = nil
	}
	if n.password != "" {
		password = shares.HashPassword(n.password)
	}
	if n.accepted == nil {
		n.accepted = []string{}
	}
	g.sql(`insert into shares (organization_id, id, kind, permission, file_id, folder_id, space_id, token_hash, password_hash, max_downloads, max_files, accepted, created_by)
		values (app.org(), $1, $2, $3, $4, $5, $6, $7, $8, nullif($9, 0), nullif($10, 0), $11, $12)`,
		g.id, string(kind), string(permission), idOrNil(n.file), idOrNil(n.folder), idOrNil(n.space), own, password, n.max, n.maxFiles, n.accepted, p.id)
	if kind == shares.People {
		g.recipient = tenancy.NewID()
		g.sql("insert into share_recipients (organization_id, share_id, id, email, outside, token_hash) values (app.org(), $1, $2, 'guest@else.example', true, $3)", g.id, g.recipient, hash)
	}
	return g
}

func idOrNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func (g given) sql(text string, args ...any) {
	g.b.t.Helper()
	_, err := g.b.db.Single(g.org).Exec(context.Background(), text, args...)
	require.NoError(g.b.t, err)
}

// revoke ends the share.
func (g given) revoke() {
	g.b.t.Helper()
	g.sql("update shares set ended_at = now(), ended_reason = 'revoked' where id = $1", g.id)
}

func (g given) page(below string) string { return "/s/" + g.token + below }
func (g given) api(below string) string  { return "/api/v1/public/shares/" + g.token + below }

// open gets the page.
func (g given) open(query string, header ...string) answer {
	g.b.t.Helper()
	return g.b.call("", get, g.page(query), nil, header...)
}

// send posts a form of the page and does not follow where it leads.
func (g given) send(below string, values url.Values, header ...string) answer {
	g.b.t.Helper()
	before := g.b.server.Client().CheckRedirect
	g.b.server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer func() { g.b.server.Client().CheckRedirect = before }()
	return g.b.call("", post, g.page(below), strings.NewReader(values.Encode()), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

// click begins a download on the page and gives the address of its bytes.
func (g given) click(below string, file uuid.UUID) string {
	g.b.t.Helper()
	a := g.send(below, url.Values{"file": {file.String()}}).is(http.StatusSeeOther)
	at, ok := strings.CutPrefix(a.header.Get("Location"), contentURL)
	require.True(g.b.t, ok, "the bytes are on the content host: %s", a.header.Get("Location"))
	return at
}

func (g given) downloads() (n int) {
	g.b.t.Helper()
	require.NoError(g.b.t, g.b.db.Single(g.org).QueryRow(context.Background(), "select downloads from shares where id = $1", g.id).Scan(&n))
	return n
}

// TestVisitorDownloads: the page shows what is shared, a click leads to the bytes on the
// content host, and only the first byte counts.
func TestVisitorDownloads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	f := teacher.published("ess<b>ay.txt", lorem)
	g := teacher.give(gift{file: f.ID, max: 2})
	page := g.open("").is(http.StatusOK)
	require.Contains(t, string(page.body), "ess&lt;b&gt;ay.txt")
	require.Contains(t, page.header.Get("X-Robots-Tag"), "noindex")
	require.Empty(t, page.header.Get("Set-Cookie"))
	b.call("", head, g.page(""), nil).is(http.StatusOK)
	shown := read[map[string]any](b.call("", get, g.api(""), nil).is(http.StatusOK))
	require.Equal(t, []any{"file", "ess<b>ay.txt", "download", float64(2)}, []any{shown["kind"], shown["name"], shown["permission"], shown["downloads_left"]})

	at := g.click("/download", uuid.Nil)
	for range 3 { // a scanner of mail looks, and asks for headers
		g.open("").is(http.StatusOK)
		b.call("", head, at, nil).is(http.StatusOK)
	}
	require.Zero(t, g.downloads())
	require.Equal(t, lorem[:10], string(b.call("", get, at, nil, "Range", "bytes=0-9").is(http.StatusPartialContent).body))
	require.Equal(t, lorem[10:], string(b.call("", get, at, nil, "Range", "bytes=10-").is(http.StatusPartialContent).body))
	require.Equal(t, 1, g.downloads(), "two ranges of one download")
	b.call("", get, at, nil).refused(http.StatusGone, "download_complete")

	d := read[struct{ URL string }](b.call("", post, g.api("/download"), nil).is(http.StatusCreated))
	second := strings.TrimPrefix(d.URL, contentURL)
	third := g.click("/download", uuid.Nil)
	whole := b.call("", get, second, nil).is(http.StatusOK)
	require.Equal(t, lorem, string(whole.body))
	require.Contains(t, whole.header.Get("Content-Disposition"), "attachment")
	b.call("", get, third, nil).refused(http.StatusGone, "share_used_up")
	require.Contains(t, string(g.open("?lang=de").is(http.StatusGone).body), "verbraucht")
	b.call("", get, g.api(""), nil).refused(http.StatusGone, "share_used_up")
	require.Equal(t, 2, g.downloads())
}

// TestVisitorIsRefused: each end has its own page and code for who holds the link, and is
// in force from the next statement on, for the bytes too.
func TestVisitorIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	f := teacher.published("essay.txt", lorem)
	for name, row := range map[string]struct {
		sql, code string
		page, api int
		text      string
	}{
		"revoked":  {"update shares set ended_at = now(), ended_reason = 'revoked' where id = $1", "share_revoked", 410, 410, "withdrawn"},
		"expired":  {"alter table shares disable trigger a_checked; update shares set starts_at = now() - interval '1 hour', expires_at = now() where id = $1; alter table shares enable trigger a_checked", "share_expired", 410, 410, "expired"},
		"not yet":  {"update shares set starts_at = now() + interval '1 hour' where id = $1", "share_not_open", 200, 403, "Not open yet"},
		"ended":    {"update shares set ended_at = now(), ended_reason = 'sharer_left' where id = $1", "share_ended", 410, 410, "has ended"},
		"trashed":  {"update files set trashed_at = now() where id = (select file_id from shares where id = $1)", "share_in_trash", 200, 409, "trash"},
		"withheld": {"update file_versions set status = 'quarantined', status_reason = 'infected:x', object_etag = '' where file_id = (select file_id from shares where id = $1)", "share_withheld", 200, 403, "withheld"},
		"record":   {"update files set subject_id = (select created_by from shares where id = $1) where id = (select file_id from shares where id = $1)", "share_ended", 410, 410, "has ended"},
		"closed":   {"insert into disclosure_rules (organization_id, way, class, allowed, rule) select organization_id, 'link', 'general', false, 'closed' from shares where id = $1", "share_not_disclosed", 403, 403, "outside of the organization"},
	} {
		own := teacher
		if name == "closed" {
			own = b.person(b.organization(), tenancy.Teacher)
		}
		file := own.published(name+".txt", lorem)
		g := own.give(gift{file: file.ID})
		at := g.click("/download", uuid.Nil)
		b.call("", get, at, nil, "Range", "bytes=0-4").is(http.StatusPartialContent)
		_, err := b.db.Admin(t).Exec(t.Context(), strings.ReplaceAll(row.sql, "$1", "'"+g.id.String()+"'"))
		require.NoError(t, err, name)
		page := g.open("")
		require.Equal(t, row.page, page.status, "%s: %s", name, page.body)
		require.Contains(t, string(page.body), row.text, name)
		require.NotContains(t, string(page.body), ".txt", "%s: the name is for who is inside", name)
		b.call("", get, g.api(""), nil).refused(row.api, row.code)
		b.call("", post, g.api("/download"), nil).refused(row.api, row.code)
		b.call("", get, at, nil, "Range", "bytes=5-").refused(row.api, row.code)
	}
	for _, token := range []string{"nothing", strings.Repeat("a", 43), strings.Repeat("a", 200), "%2e", f.ID.String()} {
		a := b.call("", get, "/s/"+token, nil).is(http.StatusNotFound)
		require.NotContains(t, string(a.body), "essay")
		b.call("", get, "/api/v1/public/shares/"+token, nil).refused(http.StatusNotFound, "no_such_share")
	}
}

// ticketOf reads the ticket from where an answer leads.
func ticketOf(t *testing.T, a answer) string {
	t.Helper()
	u, err := url.Parse(a.is(http.StatusSeeOther).header.Get("Location"))
	require.NoError(t, err)
	require.NotEmpty(t, u.Query().Get("ticket"), u)
	return u.Query().Get("ticket")
}

// TestVisitorEntersAPassword: without it nothing is shown, a ticket is good for its share
// alone and until the password changes.
func TestVisitorEntersAPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	f := teacher.published("essay.txt", lorem)
	g, other := teacher.give(gift{file: f.ID, password: "correct horse"}), teacher.give(gift{file: f.ID, password: "correct horse"})
	page := string(g.open("").is(http.StatusOK).body)
	require.NotContains(t, page, "essay")
	require.Contains(t, page, `type="password"`)
	b.call("", get, g.api(""), nil).refused(http.StatusForbidden, "share_password_required")
	b.call("", post, g.api("/download"), nil).refused(http.StatusForbidden, "share_password_required")
	require.Contains(t, string(g.send("/download", nil).is(http.StatusOK).body), `type="password"`)

	require.Contains(t, string(g.send("/password", url.Values{"password": {"wrong"}}).is(http.StatusForbidden).body), "That is not the password")
	in := g.send("/password?lang=de", url.Values{"password": {"correct horse"}})
	require.Contains(t, in.header.Get("Location"), "lang=de")
	ticket := ticketOf(t, in)
	require.Contains(t, string(g.open("?ticket="+ticket).is(http.StatusOK).body), "essay.txt")
	require.NotContains(t, string(other.open("?ticket="+ticket).body), "essay.txt", "a ticket of another share")
	require.NotContains(t, string(g.open("?ticket="+ticket[:len(ticket)-2]+"aa").body), "essay.txt")
	at := g.click("/download?ticket="+ticket, uuid.Nil)
	require.Equal(t, lorem, string(b.call("", get, at, nil).is(http.StatusOK).body))

	proof := read[struct{ Ticket string }](b.call("", post, g.api("/password"), map[string]any{"password": "correct horse"}).is(http.StatusOK)).Ticket
	b.call("", get, g.api(""), nil, public.TicketHeader, proof).is(http.StatusOK)
	g.sql("update shares set password_hash = $2 where id = $1", g.id, shares.HashPassword("another"))
	b.call("", get, g.api(""), nil, public.TicketHeader, proof).refused(http.StatusForbidden, "share_password_required")
}

// TestVisitorGuessesAreBounded: parallel guesses pass the same bound as guesses one after
// another, and the right password waits with them.
func TestVisitorGuessesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	g := teacher.give(gift{file: teacher.published("essay.txt", lorem).ID, password: "correct horse"})
	var mu sync.Mutex
	looked := 0
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), post, b.server.URL+g.api("/password"), strings.NewReader(fmt.Sprintf(`{"password":"guess %d"}`, i)))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := b.server.Client().Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			if resp.StatusCode == http.StatusForbidden {
				looked++
			} else if resp.StatusCode != http.StatusTooManyRequests {
				t.Errorf("status %d", resp.StatusCode)
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, looked, 6)
	require.Positive(t, looked)
	late := b.call("", post, g.api("/password"), map[string]any{"password": "correct horse"}).refused(http.StatusTooManyRequests, "too_many_attempts")
	require.NotEmpty(t, late.header.Get("Retry-After"))
	require.Contains(t, string(g.send("/password", url.Values{"password": {"correct horse"}}).is(http.StatusTooManyRequests).body), "Too many attempts")
}

// TestVisitorProvesAnAddress by the code that was mailed, once.
func TestVisitorProvesAnAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	g := teacher.give(gift{file: teacher.published("essay.txt", lorem).ID, kind: shares.People})
	require.NotContains(t, string(g.open("").is(http.StatusOK).body), "essay")
	b.call("", get, g.api(""), nil).refused(http.StatusForbidden, "share_code_required")
	require.Contains(t, g.send("/code/send", nil).is(http.StatusSeeOther).header.Get("Location"), "code=sent")
	require.Equal(t, []uuid.UUID{g.recipient}, b.codes.sent)
	g.sql("insert into share_codes (organization_id, share_id, recipient_id, code_hash, expires_at) values (app.org(), $1, $2, $3, now() + interval '10 minutes')",
		g.id, g.recipient, visitors.HashCode(g.id, g.recipient, "12345678"))
	require.Contains(t, string(g.send("/code", url.Values{"code": {"87654321"}}).is(http.StatusForbidden).body), "That is not the code")
	ticket := ticketOf(t, g.send("/code", url.Values{"code": {" 1234 5678 "}}))
	require.Contains(t, string(g.open("?ticket="+ticket).is(http.StatusOK).body), "essay.txt")
	b.call("", post, g.api("/code"), map[string]any{"code": "12345678"}).refused(http.StatusForbidden, "wrong_code")
	g.sql("update share_recipients set ended_at = now(), email = null where share_id = $1", g.id)
	b.call("", get, g.api(""), nil, public.TicketHeader, ticket).refused(http.StatusGone, "share_ended")

	link := teacher.give(gift{file: teacher.published("b.txt", lorem).ID})
	b.call("", post, link.api("/code/send"), nil).refused(http.StatusBadRequest, "share_without_code")
}

// TestVisitorReadsAFolder: its pages, its folders, and nothing beside it.
func TestVisitorReadsAFolder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	room := b.class(teacher)
	folder := func(parent uuid.UUID, name string) uuid.UUID {
		in := map[string]any{"name": name}
		if parent != uuid.Nil {
			in["parent_id"] = parent
		}
		return read[struct{ ID uuid.UUID }](teacher.call(post, spacesPath+"/"+room.String()+"/folders", in).is(http.StatusCreated)).ID
	}
	put := func(folder uuid.UUID, name string) uuid.UUID {
		body, contentType := form(name, []byte(lorem), map[string]string{"folder_id": folder.String()}, nil)
		id := read[struct{ ID uuid.UUID }](teacher.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(http.StatusAccepted)).ID
		b.publish(teacher.org, id)
		return id
	}
	top, outside := folder(uuid.Nil, "Shared"), folder(uuid.Nil, "Not shared")
	below := folder(top, "Below")
	names := []string{}
	for i := range 5 {
		names = append(names, fmt.Sprintf("%d.txt", i))
		put(top, names[i])
	}
	deep, hidden := put(below, "deep.txt"), put(outside, "hidden.txt")
	g := teacher.give(gift{folder: top})
	page := string(g.open("").is(http.StatusOK).body)
	for _, name := range append(names, "Below") {
		require.Contains(t, page, name)
	}
	require.NotContains(t, page, "hidden.txt")
	require.Contains(t, string(g.open("?folder="+below.String()).is(http.StatusOK).body), "deep.txt")
	require.NotContains(t, string(g.open("?folder="+outside.String()).body), "hidden.txt")

	type list struct {
		Items []struct {
			ID         uuid.UUID
			Name, Kind string
		}
		NextCursor string `json:"next_cursor"`
	}
	var found []string
	for cursor := ""; ; {
		l := read[list](b.call("", get, g.api("/entries?limit=2&cursor="+cursor), nil).is(http.StatusOK))
		for _, e := range l.Items {
			found = append(found, e.Name)
		}
		if cursor = l.NextCursor; cursor == "" {
			break
		}
	}
	require.Equal(t, append([]string{"Below"}, names...), found)
	b.call("", get, g.api("/entries?folder="+outside.String()), nil).refused(http.StatusNotFound, "no_such_file_here")
	b.call("", get, g.api("/entries?cursor=x"), nil).refused(http.StatusBadRequest, "invalid_cursor")

	require.Equal(t, lorem, string(b.call("", get, g.click("/download", deep), nil).is(http.StatusOK).body))
	b.call("", post, g.api("/download"), map[string]any{"file_id": hidden}).refused(http.StatusNotFound, "no_such_file_here")
	require.Contains(t, string(g.send("/download", url.Values{"file": {hidden.String()}}).is(http.StatusOK).body), "not available any more")

	at := g.click("/download", deep)
	teacher.call(patch, at2(deep), map[string]any{"folder_id": outside}).is(http.StatusOK)
	b.call("", get, at, nil).refused(http.StatusNotFound, "no_such_file_here")
}

func at2(file uuid.UUID) string { return storagePath + "/files/" + file.String() }

// TestVisitorSeesPreviewsOnly of a share to view.
func TestVisitorSeesPreviewsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	teacher := b.person(b.organization(), tenancy.Teacher)
	f := teacher.published("photo.txt", lorem)
	version := b.head(teacher.org, f.ID).VersionID
	etag, err := b.store.Clean.Put(t.Context(), files.RenditionKey(teacher.org, version, "fit800.webp"), strings.NewReader("picture"), 7, "image/webp")
	require.NoError(t, err)
	g := teacher.give(gift{file: f.ID, permission: shares.View})
	g.sql("insert into renditions (organization_id, version_id, name, mime_type, width, height, size, etag) values (app.org(), $1, 'fit800.webp', 'image/webp', 800, 600, 7, $2)", version, etag)
	page := string(g.open("").is(http.StatusOK).body)
	require.Contains(t, page, "does not offer the original")
	shown := regexp.MustCompile(`<img src="http://content\.test(/c/` + version.String() + `/fit800\.webp\?s=[^"]+)"`).FindStringSubmatch(page)
	require.NotNil(t, shown, page)
	for range 3 {
		require.Equal(t, "picture", string(b.call("", get, shown[1], nil).is(http.StatusOK).body))
	}
	require.Equal(t, 1, g.accesses("preview", "ok"), "a look is recorded once an hour")
	b.call("", post, g.api("/download"), nil).refused(http.StatusForbidden, "share_view_only")

	// An address of a download that was given before the share became one to view.
	free := teacher.give(gift{file: f.ID})
	at := free.click("/download", uuid.Nil)
	free.sql("update shares set permission = 'view' where id = $1", free.id)
	b.call("", get, at, nil).refused(http.StatusForbidden, "share_view_only")
}
