package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
)

const (
	testClient   = "satchel-web"
	testOrigin   = "http://127.0.0.1:8400"
	testRedirect = testOrigin + "/invitations"
	verifier     = "a-verifier-of-more-than-forty-three-characters"
)

// asked is what a page asks for, with one thing changed.
func asked(change ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	v := url.Values{
		"client_id": {testClient}, "redirect_uri": {testRedirect}, "response_type": {"code"}, "scope": {"openid"}, "state": {"a state"}, "nonce": {"a nonce"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for n := 0; n < len(change); n += 2 {
		v.Set(change[n], change[n+1])
	}
	return v
}

type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends a form or, without one, reads a page; redirects are not followed.
func ask(t *testing.T, address, origin string, form url.Values) reply {
	t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return reply{resp.StatusCode, resp.Header, string(b)}
}

// sentBack reads what the page is told.
func sentBack(t *testing.T, r reply) url.Values {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, r.status)
	back, query, _ := strings.Cut(r.header.Get("Location"), "?")
	require.Equal(t, testRedirect, back)
	v, err := url.ParseQuery(query)
	require.NoError(t, err)
	require.Equal(t, "a state", v.Get("state"))
	return v
}

func redemption(code string, change ...string) url.Values {
	v := url.Values{"grant_type": {codeGrant}, "client_id": {testClient}, "redirect_uri": {testRedirect}, "code": {code}, "code_verifier": {verifier}}
	for n := 0; n < len(change); n += 2 {
		v.Set(change[n], change[n+1])
	}
	return v
}

func signIn(t *testing.T, server *httptest.Server, subject string) string {
	t.Helper()
	form := asked("subject", "new", "newcomer", subject)
	r := ask(t, server.URL+"/authorize", server.URL, form)
	return sentBack(t, r).Get("code")
}

func TestSignInFromAPage(t *testing.T) {
	t.Parallel()
	_, server := setup(t)
	r := ask(t, server.URL+"/authorize?"+asked().Encode(), "", nil)
	require.Equal(t, 200, r.status)
	require.Contains(t, r.body, "student-a")
	require.Contains(t, r.header.Get("Content-Security-Policy"), "form-action 'self' "+testOrigin+"")
	require.NotContains(t, r.body, "<script")

	for subject, form := range map[string]url.Values{
		"student-b": asked("subject", "student-b"), "newcomer-1": asked("subject", "new", "newcomer", "newcomer-1"),
	} {
		r = ask(t, server.URL+"/authorize", server.URL, form)
		back := sentBack(t, r)
		require.Equal(t, server.URL, back.Get("iss"))
		r = ask(t, server.URL+"/token", testOrigin, redemption(back.Get("code")))
		require.Equal(t, 200, r.status, r.body)
		require.Equal(t, testOrigin, r.header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "no-store", r.header.Get("Cache-Control"))
		var tokens struct {
			Access string `json:"access_token"`
			ID     string `json:"id_token"`
		}
		require.NoError(t, json.Unmarshal([]byte(r.body), &tokens))
		p, err := newVerifier(t, server.URL, "satchel").Verify(context.Background(), tokens.Access)
		require.NoError(t, err)
		require.Equal(t, subject, p.Subject)
		provider, err := gooidc.NewProvider(t.Context(), server.URL)
		require.NoError(t, err)
		id, err := provider.VerifierContext(t.Context(), &gooidc.Config{ClientID: testClient, SupportedSigningAlgs: []string{"ES256"}}).Verify(t.Context(), tokens.ID)
		require.NoError(t, err)
		require.Equal(t, "a nonce", id.Nonce)
		_, err = newVerifier(t, server.URL, "satchel").Verify(context.Background(), tokens.ID)
		require.Error(t, err, "an ID token is not accepted")
	}
}

// TestCodesAreGoodOnceAndForWhoAsked.
func TestCodesAreGoodOnceAndForWhoAsked(t *testing.T) {
	t.Parallel()
	_, server := setup(t)
	redeem := func(v url.Values) int {
		r := ask(t, server.URL+"/token", testOrigin, v)
		return r.status
	}
	code := signIn(t, server, "newcomer-1")
	require.Equal(t, 200, redeem(redemption(code)))
	require.Equal(t, 400, redeem(redemption(code)), "used")
	for name, value := range map[string]string{
		"code_verifier": "somebody-elses-verifier-of-forty-three-or-more", "redirect_uri": testRedirect + "/", "client_id": "another", "code": "invented",
	} {
		code := signIn(t, server, "newcomer-1")
		require.Equal(t, 400, redeem(redemption(code, name, value)), name)
		if name != "code" {
			require.Equal(t, 400, redeem(redemption(code)), "a failed attempt with %s has used it up", name)
		}
	}
	g, now := newGrants(), time.Now()
	code, ok := g.add(grant{}, now)
	require.True(t, ok)
	_, ok = g.take(code, now.Add(codeLife))
	require.False(t, ok, "its time is over")
}

// TestOnlyThePageIsServed: addresses and clients are compared whole, and other
// pages cannot read what the token endpoint says.
func TestOnlyThePageIsServed(t *testing.T) {
	t.Parallel()
	_, server := setup(t)
	for name, value := range map[string]string{"client_id": "another", "redirect_uri": testRedirect + "/x"} {
		for _, form := range []url.Values{nil, asked(name, value, "subject", "student-a")} {
			r := ask(t, server.URL+"/authorize?"+asked(name, value).Encode(), "", form)
			require.Equal(t, 400, r.status, name)
			require.Empty(t, r.header.Get("Location"), "no redirect")
		}
	}
	for _, near := range []string{"http://127.0.0.1:8400/invitations?x=1", "http://127.0.0.1:8400/invitations#x", "http://localhost:8400/invitations", "https://127.0.0.1:8400/invitations", "http://127.0.0.1:8400@evil.test/invitations", ""} {
		r := ask(t, server.URL+"/authorize?"+asked("redirect_uri", near).Encode(), "", nil)
		require.Equal(t, 400, r.status, near)
	}
	for name, value := range map[string]string{
		"response_type": "token", "scope": "profile", "code_challenge_method": "plain", "code_challenge": "short",
	} {
		r := ask(t, server.URL+"/authorize?"+asked(name, value).Encode(), "", nil)
		require.NotEmpty(t, sentBack(t, r).Get("error"), name)
	}
	r := ask(t, server.URL+"/authorize", server.URL, asked("cancel", "yes"))
	require.Equal(t, "access_denied", sentBack(t, r).Get("error"))
	r = ask(t, server.URL+"/authorize", server.URL, asked("subject", "new", "newcomer", `"><script>`))
	require.Equal(t, 400, r.status)
	require.NotContains(t, r.body, "<script")
	r = ask(t, server.URL+"/authorize", "https://evil.test", asked("subject", "student-a"))
	require.Equal(t, 403, r.status)
	r = ask(t, server.URL+"/token", "https://evil.test", redemption(signIn(t, server, "newcomer-1")))
	require.Empty(t, r.header.Get("Access-Control-Allow-Origin"))
}
