package invitepage_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/api/invitepage"
	"satchel/internal/oidc"
)

const api = "https://satchel.school.example"

// issuer is where people sign in, or an error.
type issuer struct {
	in  oidc.SignIn
	err error
}

func (i issuer) SignIn(context.Context) (oidc.SignIn, error) { return i.in, i.err }

var good = issuer{in: oidc.SignIn{
	Issuer: "https://id.example/school", Authorization: "https://id.example/school/authorize?tenant=a&b", Token: "https://tokens.example/school/token?x=1",
}}

func fetch(c invitepage.Config, i issuer) (http.Header, string) {
	w := httptest.NewRecorder()
	invitepage.New(c, api+"/", i, slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, invitepage.Path, nil))
	return w.Header(), w.Body.String()
}

// between returns the text between two marks of the page, which are there once.
func between(t *testing.T, page, from, to string) string {
	t.Helper()
	require.Equal(t, 1, strings.Count(page, from), from)
	_, rest, _ := strings.Cut(page, from)
	inner, _, found := strings.Cut(rest, to)
	require.True(t, found)
	return inner
}

// TestPolicyIsOfThisPage: what a browser hashes is what the header allows, and
// nothing that needs more than that is in the page.
func TestPolicyIsOfThisPage(t *testing.T) {
	t.Parallel()
	h, page := fetch(invitepage.Config{ClientID: "satchel-web", Scopes: "openid"}, good)
	policy := h.Get("Content-Security-Policy")
	for directive, inner := range map[string]string{"script-src": between(t, page, "<script>", "</script>"), "style-src": between(t, page, "<style>", "</style>")} {
		sum := sha256.Sum256([]byte(inner))
		require.Contains(t, policy, directive+" 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';")
	}
	require.Contains(t, policy, "connect-src 'self' https://tokens.example/school/token", "this API and the token endpoint")
	for _, must := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
		require.Contains(t, policy, must)
	}
	require.NotContains(t, policy, "unsafe")
	require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	require.Equal(t, "no-store", h.Get("Cache-Control"))
	require.NotRegexp(t, `(?i)\son[a-z]+\s*=\s*"|style\s*=\s*"|javascript:|<(iframe|img|link|object)\b`, page)
	require.Contains(t, page, `<html lang="en">`)
	require.NotContains(t, page, "{{")
}

// TestWhatThePageKnows: where to sign in, for which client, and where to come
// back; nothing an issuer says ends an attribute or a directive.
func TestWhatThePageKnows(t *testing.T) {
	t.Parallel()
	_, page := fetch(invitepage.Config{ClientID: "satchel-web", Scopes: "openid files"}, good)
	for _, must := range []string{
		`data-authorize="https://id.example/school/authorize?tenant=a&amp;b"`, `data-client="satchel-web"`, `data-scopes="openid files"`,
		`data-redirect="` + api + `/invitations"`, `data-issuer="https://id.example/school"`,
	} {
		require.Contains(t, page, must)
	}
	_, page = fetch(invitepage.Config{}, good)
	require.NotContains(t, page, "data-", "no client, no sign-in")
	require.Contains(t, page, "satchel login --api "+api)
	h, page := fetch(invitepage.Config{ClientID: "satchel-web"}, issuer{err: errors.New("down")})
	require.Contains(t, page, `data-down="yes"`)
	require.NotContains(t, page, "data-authorize")
	require.True(t, strings.HasSuffix(h.Get("Content-Security-Policy"), "connect-src 'self'"))

	h, page = fetch(invitepage.Config{ClientID: `"><script>alert(1)</script>`}, issuer{in: oidc.SignIn{Authorization: `https://id.example/"><script>`, Token: "https://id.example/a;script-src *"}})
	require.Equal(t, 1, strings.Count(page, "<script"))
	require.True(t, strings.HasSuffix(h.Get("Content-Security-Policy"), "connect-src 'self'"), h.Get("Content-Security-Policy"))
}
