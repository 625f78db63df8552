package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	apiapikeys "satchel/api/apikeys"
	"satchel/api/auth"
	"satchel/api/consentpage"
	"satchel/api/privacypage"
	"satchel/api/public"
	"satchel/api/request"
	"satchel/api/sharepage"
	"satchel/tenancy"
	"satchel/tenancy/apikeys"
)

func (b *testBundle) allow(org tenancy.OrgID, origins ...string) {
	b.t.Helper()
	_, err := b.db.Single(org).Exec(context.Background(), "update organizations set allowed_origins = $1", origins)
	require.NoError(b.t, err)
}

const theirPage, ourPage = "https://app.one.test", "https://app.two.test"

// Every route × a page of the caller's organization, of another's, of no one's.
func TestEveryRouteAsksTheOrigin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, other := b.person(b.professional(), tenancy.Owner), b.organization()
	b.allow(owner.org, ourPage)
	b.allow(other, theirPage)
	machine, _ := owner.key(tenancy.Admin, allScopes...)
	for _, r := range b.api.Routes() {
		path := r.fill(uuid.NewString())
		for _, token := range []string{owner.token, machine.token} {
			for origin, want := range map[string]string{
				ourPage: ourPage, "https://school.test": "https://school.test", b.server.URL: "",
				theirPage: "", "https://other.test": "", "null": "", "https://app.two.test.evil.test": "", "https://xapp.two.test": "", "http://app.two.test": "",
				ourPage + "/": "", strings.ToUpper(ourPage): "", ourPage + " " + theirPage: "",
			} {
				if (r.Action == anyone || r.Action == signedIn) && origin == theirPage {
					want = theirPage // what everyone may read, or is about no organization
				}
				a := b.call(token, r.Method, path, nil, "Origin", origin)
				require.Equal(t, want, a.header.Get("Access-Control-Allow-Origin"), "%s %s from %s: %d %s", r.Method, path, origin, a.status, a.body)
				require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
				require.Contains(t, a.header.Values("Vary"), "Origin")
				if want == "" && origin != b.server.URL && r.Method != head {
					a.refused(http.StatusForbidden, "origin_not_allowed")
				}
			}
		}
	}
	require.Contains(t, b.call("", get, "/healthz", nil).header.Values("Vary"), "Origin", "a cache must not give this answer to a page")
}

// A refused page changes nothing, and a page that is let in can read refusals.
func TestRefusedPageDoesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, other := b.person(b.professional(), tenancy.Owner), b.organization()
	b.allow(owner.org, ourPage)
	b.allow(other, theirPage)
	create := map[string]any{"name": "sync", "role": "teacher", "scopes": []string{"files:read"}}
	for _, origin := range []string{theirPage, "https://other.test", "null"} {
		owner.call(post, keysOf(owner.org), create, "Origin", origin).refused(http.StatusForbidden, "origin_not_allowed")
		body, contentType := form("a.txt", []byte(lorem), nil, nil)
		owner.call(post, storagePath+"/upload", body, "Content-Type", contentType, "Origin", origin).refused(http.StatusForbidden, "origin_not_allowed")
		owner.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ=", "Origin", origin).refused(http.StatusForbidden, "origin_not_allowed")
	}
	require.Empty(t, read[request.Page[apiapikeys.KeyView]](owner.call(get, keysOf(owner.org), nil)).Items)
	require.Contains(t, string(owner.call(get, storagePath+"/files", nil).body), `"items":[]`)

	a := owner.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ=", "Origin", ourPage).is(http.StatusCreated)
	require.Equal(t, []string{ourPage}, a.header.Values("Access-Control-Allow-Origin"))
	require.Contains(t, a.header.Get("Access-Control-Expose-Headers"), "Upload-Offset")
	require.Equal(t, ourPage, owner.call(head, tusPath+"/"+uuid.NewString(), nil, "Tus-Resumable", "1.0.0", "Origin", ourPage).is(http.StatusNotFound).header.Get("Access-Control-Allow-Origin"))
	_, err := b.db.Single(owner.org).Exec(t.Context(), "update organizations set status = 'suspended'")
	require.NoError(t, err)
	suspended := owner.call(get, storagePath+"/quota", nil, "Origin", ourPage)
	require.Equal(t, ourPage, suspended.header.Get("Access-Control-Allow-Origin"))
}

// A page that some organization knows can read why its user is not let in, as
// long as the refusal is about no organization; once it is, only its own can.
func TestPagesReadRefusalsAboutNoOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, both := b.person(b.organization(), tenancy.Owner), b.issuer.Token("two-places")
	b.allow(owner.org, ourPage)
	other := b.organization()
	b.allow(other, theirPage)
	user, err := b.db.EnsureUser(t.Context(), b.issuer.URL, "two-places")
	require.NoError(t, err)
	for _, org := range []tenancy.OrgID{owner.org, other} {
		require.NoError(t, tenancy.SetMember(t.Context(), b.db.Single(org), user, tenancy.Teacher))
	}
	for _, origin := range []string{ourPage, theirPage} {
		for _, a := range []answer{
			b.call("", get, storagePath+"/files", nil, "Origin", origin).refused(401, "unauthenticated"),
			b.call("garbage", get, storagePath+"/files", nil, "Origin", origin).refused(401, "invalid_token"),
			b.call(apikeys.Generate().Reveal(), get, storagePath+"/files", nil, "Origin", origin).refused(401, "invalid_token"),
			b.call(b.issuer.Token("unknown"), get, storagePath+"/files", nil, "Origin", origin).refused(403, "no_membership"),
			b.call(both, get, storagePath+"/files", nil, "Origin", origin).refused(400, "organization_required"),
			b.call(owner.token, get, storagePath+"/files", nil, "Origin", origin, "X-Organization-ID", uuid.NewString()).refused(404, "organization_not_found"),
			b.call("", get, "/nowhere", nil, "Origin", origin).refused(404, "no_such_route"),
			b.call("", get, storagePath+"/files?q="+strings.Repeat("q", auth.LongestQuery), nil, "Origin", origin).refused(414, "query_too_long"),
		} {
			require.Equal(t, []string{origin}, a.header.Values("Access-Control-Allow-Origin"), "%s", a.body)
			require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
		}
	}
	for _, token := range []string{"", "garbage", owner.token} {
		a := b.call(token, get, storagePath+"/files", nil, "Origin", "https://other.test").refused(403, "origin_not_allowed")
		require.Empty(t, a.header.Values("Access-Control-Allow-Origin"))
	}
	require.Empty(t, owner.call(get, storagePath+"/files", nil, "Origin", theirPage).refused(403, "origin_not_allowed").header.Values("Access-Control-Allow-Origin"))
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.allow(b.organization(), "https://first.test", ourPage)
	ask := func(origin, path string) answer {
		return b.call("", http.MethodOptions, path, nil, "Origin", origin, "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization")
	}
	for _, path := range []string{tusPath, storagePath + "/files", at(uuid.New(), "/content"), "/nowhere"} {
		for _, origin := range []string{ourPage, "https://school.test"} {
			h := ask(origin, path).is(http.StatusNoContent).header
			require.Equal(t, origin, h.Get("Access-Control-Allow-Origin"))
			require.Contains(t, h.Get("Access-Control-Allow-Headers"), "Authorization")
			require.Contains(t, h.Get("Access-Control-Allow-Headers"), "X-HTTP-Method-Override") // tus 1.0
			require.Contains(t, h.Get("Access-Control-Allow-Methods"), "PATCH")
			require.Empty(t, h.Get("Access-Control-Allow-Credentials"))
			require.Equal(t, []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}, h.Values("Vary"))
		}
		h := ask("https://other.test", path).refused(http.StatusForbidden, "origin_not_allowed").header
		require.Empty(t, h.Get("Access-Control-Allow-Origin"))
		require.Empty(t, h.Get("Access-Control-Allow-Methods"))
	}
}

// What every answer carries, whatever it is. Delivery's own are stricter.
func TestEveryAnswerIsSecure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.professional(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	b.api.middleware.HTTPS = true
	check := func(name string, h http.Header, delivered bool) {
		t.Helper()
		policy, cache := "default-src 'none'; frame-ancestors 'none'", "no-store"
		if delivered {
			policy, cache = "default-src 'none'; sandbox", "private, no-cache"
		}
		for header, want := range map[string]string{
			"Strict-Transport-Security": "max-age=31536000", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Content-Security-Policy": policy, "Cache-Control": cache,
		} {
			require.Equal(t, []string{want}, h.Values(header), "%s: %s", name, header)
		}
		require.Contains(t, h.Get("Permissions-Policy"), "geolocation=()", name)
		require.Empty(t, h.Get("Server"), name)
		require.Empty(t, h.Get("X-Powered-By"), name)
	}
	for _, r := range b.api.Routes() {
		for _, token := range []string{"", "garbage", apikeys.Generate().Reveal(), owner.token} {
			for _, id := range []string{f.ID.String(), uuid.NewString(), owner.org.String(), "nonsense"} {
				if strings.HasSuffix(r.Path, "openapi.yaml") || r.Path == "/invitations" || r.Path == unsubscribePath || strings.HasPrefix(r.Path, consentpage.Path) || r.Path == privacypage.Path || strings.HasPrefix(r.Path, public.PagePath) || r.Path == sharepage.ScriptPath || r.Method == remove && id == f.ID.String() {
					continue // the document is checked below, the pages by their own tests; the file is needed to the end
				}
				a := b.call(token, r.Method, r.fill(id), nil)
				check(fmt.Sprint(r.Method, " ", r.Path, " ", a.status), a.header, r.Class == outgoing && a.status == http.StatusOK)
			}
		}
	}
	check("no route", b.call("", get, "/nowhere", nil).header, false)
	check("no method", b.call("", put, storagePath+"/files", nil).header, false)
	check("preflight", b.call("", http.MethodOptions, tusPath, nil, "Origin", "https://school.test", "Access-Control-Request-Method", "POST").header, false)
	check("refused page", b.call("", get, "/healthz", nil, "Origin", "https://other.test").header, false)

	content := httptest.NewServer(b.api.ContentHandler())
	t.Cleanup(content.Close)
	req, err := http.NewRequestWithContext(t.Context(), get, content.URL+at(f.ID, "/content"), nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+owner.token)
	resp, err := content.Client().Do(req)
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, lorem, string(got))
	check("content host", resp.Header, true)

	b.api.middleware.HTTPS = false
	require.Empty(t, b.call("", get, "/healthz", nil).header.Get("Strict-Transport-Security"), "a browser would lock a developer out of plain http")
}
