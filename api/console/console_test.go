package console_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"satchel/api/console"
	"satchel/internal/oidc"
)

type issuer struct {
	in  oidc.SignIn
	err error
}

func (i issuer) SignIn(context.Context) (oidc.SignIn, error) { return i.in, i.err }

var built = fstest.MapFS{
	"index.html":          {Data: []byte(`<html><head><meta name="satchel-settings"></head><body>page</body></html>`)},
	"favicon.svg":         {Data: []byte("<svg/>")},
	"assets/main-1.js":    {Data: []byte("plain")},
	"assets/main-1.js.gz": {Data: []byte("as gzip")},
	"assets/main-1.js.br": {Data: []byte("as brotli")},
	"assets/other-2.css":  {Data: []byte("css")},
}

var good = issuer{in: oidc.SignIn{Issuer: "https://id.example", Authorization: "https://id.example/a?b&c", Token: "https://id.example/token", EndSession: "https://id.example/out"}}

func get(t *testing.T, c *console.Console, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func serve(i console.Issuer, client string) *console.Console {
	return console.New(console.Config{ClientID: client, Scopes: "openid"}, "http://api.example", "https://content.example", built, i, slog.New(slog.DiscardHandler))
}

// TestThePageAnswersEveryAddress: the console reads the address, so a reload of any
// of its pages gives the page again, and it is asked for again each time.
func TestThePageAnswersEveryAddress(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/console/", "/console/files", "/console/spaces/0198/folders/9", "/console/../console/x"} {
		w := get(t, serve(good, "satchel-console"), path)
		require.Equal(t, 200, w.Code, path)
		require.Contains(t, w.Body.String(), "page")
		require.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
		require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	}
	w := get(t, serve(good, "satchel-console"), "/console?code=1")
	require.Equal(t, http.StatusPermanentRedirect, w.Code)
	require.Equal(t, "/console/?code=1", w.Header().Get("Location"))
}

// TestAssets: each in the smallest form that the browser takes, kept for ever, and
// 404 when it is not of this version.
func TestAssets(t *testing.T) {
	t.Parallel()
	c := serve(good, "satchel-console")
	for accept, want := range map[string][2]string{
		"": {"plain", ""}, "gzip": {"as gzip", "gzip"}, "gzip, deflate, br": {"as brotli", "br"}, "br;q=0, gzip": {"as gzip", "gzip"}, "BR;q=0.5": {"as brotli", "br"},
	} {
		w := get(t, c, "/console/assets/main-1.js", "Accept-Encoding", accept)
		require.Equal(t, want, [2]string{w.Body.String(), w.Header().Get("Content-Encoding")}, accept)
		require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
		require.Contains(t, w.Header().Get("Content-Type"), "javascript")
		require.Equal(t, "Accept-Encoding", w.Header().Get("Vary"))
	}
	require.Contains(t, get(t, c, "/console/assets/other-2.css", "Accept-Encoding", "br").Header().Get("Content-Type"), "text/css")
	require.Equal(t, "image/svg+xml", get(t, c, "/console/favicon.svg").Header().Get("Content-Type"))
	for _, path := range []string{"/console/assets/main-0.js", "/console/assets/", "/console/assets/main-1.js.gz", "/console/assets/../assets/none"} {
		w := get(t, c, path)
		require.Equal(t, 404, w.Code, path)
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.NotContains(t, w.Body.String(), "page</body>")
	}
}

// TestLinksForOperators: the page names what the operator has set, and nothing that
// a browser would run.
func TestLinksForOperators(t *testing.T) {
	t.Parallel()
	page := func(temporal, metrics string) string {
		c := console.New(console.Config{Temporal: temporal, Metrics: metrics}, "http://api.example", "http://content.example", built, good, slog.New(slog.DiscardHandler))
		return get(t, c, "/console/").Body.String()
	}
	both := page("https://temporal.example/?a&b", "http://10.0.0.1:9000/metrics")
	require.Contains(t, both, `<meta name="satchel-temporal" content="https://temporal.example/?a&amp;b">`)
	require.Contains(t, both, `<meta name="satchel-metrics" content="http://10.0.0.1:9000/metrics">`)
	for _, none := range []string{"", "javascript:alert(1)", "data:text/html,x", "//host", "temporal"} {
		require.NotContains(t, page(none, none), "satchel-temporal", none)
		require.NotContains(t, page(none, none), "satchel-metrics", none)
	}
}

// TestWhatThePageMayDo: nothing that is not its own, and nothing an issuer says ends
// an attribute or a directive.
func TestWhatThePageMayDo(t *testing.T) {
	t.Parallel()
	w := get(t, serve(good, "satchel-console"), "/console/")
	p := w.Header().Get("Content-Security-Policy")
	for _, must := range []string{
		"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "script-src 'self';", "require-trusted-types-for 'script'", "trusted-types 'none'",
		"connect-src 'self' https://id.example/token", "img-src 'self' blob: https://content.example;",
	} {
		require.Contains(t, p, must)
	}
	require.NotContains(t, p, "unsafe")
	for _, must := range []string{
		`<meta name="satchel-home" content="http://api.example/console/">`, `<meta name="satchel-authorize" content="https://id.example/a?b&amp;c">`,
		`<meta name="satchel-client" content="satchel-console">`, `<meta name="satchel-end-session" content="https://id.example/out">`,
	} {
		require.Contains(t, w.Body.String(), must)
	}

	w = get(t, serve(issuer{err: errors.New("down")}, "satchel-console"), "/console/")
	require.Contains(t, w.Body.String(), `<meta name="satchel-down" content="yes">`)
	require.NotContains(t, w.Body.String(), "satchel-authorize")
	w = get(t, serve(good, ""), "/console/")
	require.NotContains(t, w.Body.String(), "satchel-authorize", "no client, no sign-in")

	hostile := issuer{in: oidc.SignIn{Authorization: `https://id.example/"><script>`, Token: "https://id.example/a;script-src *"}}
	w = get(t, serve(hostile, `"><script>`), "/console/")
	require.NotContains(t, w.Body.String(), "<script")
	require.Regexp(t, `connect-src 'self'$`, w.Header().Get("Content-Security-Policy"))
}

// TestWithoutABuild: a program that was compiled without the console says how to
// build it.
func TestWithoutABuild(t *testing.T) {
	t.Parallel()
	c := console.New(console.Config{}, "http://api.example", "", fstest.MapFS{".gitkeep": {}}, good, slog.New(slog.DiscardHandler))
	w := get(t, c, "/console/")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "make build")
}
