package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/api/console"
	"satchel/api/request"
	"satchel/api/usage"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

func TestOperatorMakesAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	slug := "s-" + uuid.NewString()
	o := read[tenancy.Organization](operator.call(post, "/api/v1/organizations?wait=10", map[string]any{"slug": slug, "name": "School"}).is(201))
	operator.call(post, "/api/v1/organizations", map[string]any{"slug": slug, "name": "School"}).refused(409, "slug_taken")
	for field, in := range map[string]map[string]any{
		"slug": {"slug": "No", "name": "x"}, "name": {"slug": "x", "name": ""}, "max": {"slug": "x", "name": "x", "max": -1},
	} {
		operator.call(post, "/api/v1/organizations", in).refused(400, "invalid_"+field)
	}

	members := "/api/v1/organizations/" + o.ID.String() + "/members"
	subject := uuid.NewString()
	operator.call(post, members, map[string]string{"issuer": b.issuer.URL, "subject": subject, "role": "owner"}).is(200)
	owner := &person{b: b, org: o.ID, token: b.issuer.Token(subject)}
	q := read[usage.QuotaView](owner.call(get, storagePath+"/quota", nil).is(200))
	require.Equal(t, usage.QuotaView{Max: 10 << 30, MaxFileSize: 5 << 30, Counts: q.Counts, Tier: "free", MaxOfTier: true, FileSizeOfTier: true}, q)

	pupil := map[string]string{"issuer": b.issuer.URL, "subject": uuid.NewString(), "role": "student"}
	owner.call(post, members, pupil).is(200)
	pupil["role"] = "teacher"
	owner.call(post, members, pupil).is(200)
	pupil["role"] = "operator"
	owner.call(post, members, pupil).refused(400, "invalid_role")
	operator.call(post, members, pupil).refused(400, "invalid_role")
	owner.call(post, "/api/v1/organizations/"+tenancy.Platform.String()+"/members", pupil).is(404)
	operator.call(post, "/api/v1/organizations/"+uuid.NewString()+"/members", pupil).refused(404, "organization_not_found")

	operator.call(put, "/api/v1/admin/storage/quotas", map[string]any{"organization_id": o.ID, "max": 5}).is(200)
	require.EqualValues(t, 5, read[usage.QuotaView](owner.call(get, storagePath+"/quota", nil)).Max)
	operator.call(put, "/api/v1/admin/storage/quotas", map[string]any{"max": 5}).refused(400, "organization_required")
	operator.call(put, "/api/v1/admin/storage/quotas", map[string]any{"organization_id": uuid.New(), "max": 5}).refused(404, "organization_not_found")
	operator.call(put, "/api/v1/admin/storage/quotas", map[string]any{"organization_id": o.ID, "max_file_size": 0}).refused(400, "invalid_max_file_size")
}

func TestStats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.person(b.organization(), tenancy.Admin), b.person(b.organization(), tenancy.Owner)
	one.published("a.txt", lorem)
	two.published("b.txt", lorem)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	s := read[usage.StatsView](one.call(get, adminPath+"/storage/stats", nil).is(200))
	require.Equal(t, 1, s.Organizations)
	require.EqualValues(t, len(lorem), s.Used)
	one.call(get, adminPath+"/storage/stats?organization_id="+two.org.String(), nil).refused(404, "organization_not_found")
	require.EqualValues(t, len(lorem), read[usage.StatsView](operator.call(get, adminPath+"/storage/stats?organization_id="+two.org.String(), nil).is(200)).Used)
	all := read[usage.StatsView](operator.call(get, adminPath+"/storage/stats", nil).is(200))
	require.Equal(t, 2, all.Organizations)
	require.EqualValues(t, 2*len(lorem), all.Used)
	require.EqualValues(t, 2, all.Counts["published"])
}

func TestOperations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, other := b.person(b.organization(), tenancy.Owner), b.person(b.organization(), tenancy.Owner)
	operator := b.person(tenancy.Platform, tenancy.Operator)
	id := tenancy.NewID()
	require.NoError(t, operations.Insert(context.Background(), b.db.Single(owner.org), operations.Operation{ID: id, Kind: "rescan", WorkflowID: "w", CreatedBy: &owner.id}))
	owner.call(get, "/api/v1/operations/"+id.String(), nil).is(200)
	other.call(get, "/api/v1/operations/"+id.String(), nil).refused(404, "operation_not_found")
	owner.call(get, "/api/v1/operations/nonsense", nil).refused(404, "operation_not_found")

	owner.call(post, adminPath+"/storage/scan", nil).is(202)
	owner.call(post, adminPath+"/storage/scan", map[string]any{"organization_id": other.org}).refused(404, "organization_not_found")
	operator.call(post, adminPath+"/storage/scan", nil).refused(400, "organization_required")
	operator.call(post, adminPath+"/storage/scan", map[string]any{"organization_id": other.org}).is(202)
	require.NotEmpty(t, operator.call(post, adminPath+"/reconcile", map[string]any{"repair": true}).is(202).header.Get("Location"))
	owner.call(post, adminPath+"/reconcile", nil).refused(403, "not_granted")
}

func TestTheEdgeItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.call("", get, "/api/v1/nothing", nil).refused(404, "no_such_route")
	a := b.call("", put, storagePath+"/files", nil).refused(405, "method_not_allowed")
	require.Equal(t, get, a.header.Get("Allow"))
	require.Contains(t, string(b.call("", get, "/api/v1/openapi.yaml", nil).is(200).body), "openapi: 3.1")
	require.Contains(t, string(b.call("", get, "/.well-known/oauth-protected-resource", nil).is(200).body), b.issuer.URL)
	require.Contains(t, string(b.call("", get, "/.well-known/security.txt", nil).is(200).body), "Contact: mailto:security@school.test\nExpires: ")
	told := b.api.Security
	b.api.Security = nil
	b.call("", get, "/.well-known/security.txt", nil).refused(404, "no_such_route")
	b.api.Security = told
	require.Equal(t, "kept-id-1", b.call("", get, "/healthz", nil, "X-Request-ID", "kept-id-1").header.Get("X-Request-ID"))
	require.NotEqual(t, "a b c d e f", b.call("", get, "/healthz", nil, "X-Request-ID", "a b c d e f").header.Get("X-Request-ID"))

	ask := func(origin string) http.Header {
		return b.call("", http.MethodOptions, storagePath+"/tus/", nil, "Origin", origin, "Access-Control-Request-Method", "POST").header
	}
	allowed := ask("https://school.test")
	require.Equal(t, "https://school.test", allowed.Get("Access-Control-Allow-Origin"))
	require.Contains(t, allowed.Get("Access-Control-Allow-Headers"), "Upload-Offset")
	require.Contains(t, allowed.Get("Access-Control-Expose-Headers"), "X-File-ID")
	for _, origin := range []string{"https://school.test.evil.test", "http://school.test", "null", "https://xschool.test"} {
		require.Empty(t, ask(origin).Get("Access-Control-Allow-Origin"), origin)
	}
}

// An OPTIONS without a question of CORS asks what tus can do.
func TestTusThroughTheRouter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	require.Equal(t, "1.0.0", b.call("", http.MethodOptions, tusPath, nil).header.Get("Tus-Version"))
	created := owner.call(post, tusPath, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "5", "Upload-Metadata", "filename YS50eHQ=").is(201)
	require.NotEmpty(t, created.header.Get("X-File-ID"))
	location := created.header.Get("Location")
	location = location[len(location)-len(tusPath)-37:]
	require.Equal(t, "0", owner.call(head, location, nil, "Tus-Resumable", "1.0.0").is(200).header.Get("Upload-Offset"))
	require.Equal(t, http.StatusNotFound, b.person(b.organization(), tenancy.Owner).call(head, location, nil, "Tus-Resumable", "1.0.0").status)
}

// A panic is a problem with an id, and the next request finds the server well.
func TestPanicIsAProblem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	b.api.Ready = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a bug") })
	a := b.call("", get, "/readyz", nil).refused(500, "internal")
	require.NotContains(t, string(a.body), "a bug")
	owner.upload("a.txt", []byte(lorem))
}

// A route that names no action must not come up at all.
func TestHandlerWithoutCallerIsAMistake(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { request.Caller(&gin.Context{Request: httptest.NewRequest(get, "/", nil)}) })
}

// TestBrowsersAreLedToTheConsole: people come to the console, which no rate limit
// counts, and programs get JSON. The host of users' bytes has no console.
func TestBrowsersAreLedToTheConsole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.api.Console = console.New(console.Config{}, "http://api.test", "", fstest.MapFS{"index.html": {Data: []byte("the console")}}, nil, slog.New(slog.DiscardHandler))
	ask := func(h http.Handler, path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), get, path, nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := ask(b.api.Handler(), "/", "text/html,*/*;q=0.8")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/console/", w.Header().Get("Location"))
	require.Equal(t, "application/json; charset=utf-8", ask(b.api.Handler(), "/", "application/json").Header().Get("Content-Type"))
	for range 100 {
		w = ask(b.api.Handler(), "/console/o/1/recent", "text/html")
	}
	require.Equal(t, "the console", w.Body.String())
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "require-trusted-types-for 'script'")
	require.Equal(t, []string{"no-cache"}, w.Header().Values("Cache-Control"))
	require.Equal(t, "same-origin", w.Header().Get("Cross-Origin-Opener-Policy"))
	require.Equal(t, http.StatusNotFound, ask(b.api.ContentHandler(), "/console/", "text/html").Code)
}

// TestFrontPageSaysWhatThisIs: a page for people, JSON for programs, both with the
// way to the contract.
func TestFrontPageSaysWhatThisIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/", "/api/v1"} {
		page := b.call("", get, path, nil, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8").is(200)
		require.Equal(t, "text/html; charset=utf-8", page.header.Get("Content-Type"))
		require.Equal(t, "default-src 'none'; frame-ancestors 'none'", page.header.Get("Content-Security-Policy"))
		require.Contains(t, string(page.body), `href="/api/v1/openapi.yaml"`)
		for _, accept := range []string{"", "*/*", "application/json", "image/png"} {
			a := b.call("", get, path, nil, "Accept", accept).is(200)
			require.Contains(t, a.header.Values("Vary"), "Accept")
			require.Equal(t, "/api/v1/openapi.yaml", read[struct{ Contract string }](a).Contract)
		}
	}
	b.call("", get, "/api/v1/openapi.yaml", nil).is(200)
}
