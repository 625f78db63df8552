package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type webTokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

const testConsole = testOrigin + "/console/"

// consoleSignIn signs a person in to the console.
func consoleSignIn(t *testing.T, address string) webTokens {
	t.Helper()
	change := []string{"client_id", "satchel-console", "redirect_uri", testConsole, "scope", "openid offline_access"}
	r := ask(t, address+"/authorize", address, asked(append(change, "subject", "teacher-a")...))
	require.Equal(t, http.StatusSeeOther, r.status, r.body)
	back, err := url.Parse(r.header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, testConsole, back.Scheme+"://"+back.Host+back.Path)
	r = ask(t, address+"/token", testOrigin, redemption(back.Query().Get("code"), change[:4]...))
	require.Equal(t, 200, r.status, r.body)
	var tokens webTokens
	require.NoError(t, json.Unmarshal([]byte(r.body), &tokens))
	return tokens
}

func refreshed(t *testing.T, address, token, client string) (int, webTokens) {
	t.Helper()
	r := ask(t, address+"/token", testOrigin, url.Values{"grant_type": {refreshGrant}, "client_id": {client}, "refresh_token": {token}})
	var tokens webTokens
	require.NoError(t, json.Unmarshal([]byte(r.body), &tokens))
	require.Equal(t, testOrigin, r.header.Get("Access-Control-Allow-Origin"))
	return r.status, tokens
}

// TestRefreshTokensRotate: each works once; a second use ends the login for both
// who hold a token of it.
func TestRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	_, server := setup(t)
	first := consoleSignIn(t, server.URL)
	require.NotEmpty(t, first.Refresh)
	status, second := refreshed(t, server.URL, first.Refresh, "satchel-console")
	require.Equal(t, 200, status)
	require.NotEmpty(t, second.Access)
	require.NotEqual(t, first.Refresh, second.Refresh)
	status, third := refreshed(t, server.URL, second.Refresh, "satchel-console")
	require.Equal(t, 200, status)
	status, _ = refreshed(t, server.URL, first.Refresh, "satchel-console")
	require.Equal(t, 400, status, "used before")
	status, _ = refreshed(t, server.URL, third.Refresh, "satchel-console")
	require.Equal(t, 400, status, "the login is over")

	other := consoleSignIn(t, server.URL)
	status, _ = refreshed(t, server.URL, other.Refresh, testClient)
	require.Equal(t, 400, status, "another client's")
	status, _ = refreshed(t, server.URL, "invented", "satchel-console")
	require.Equal(t, 400, status)
}

// TestEndSession: the login is over, and the person is sent to the console and to no
// other address.
func TestEndSession(t *testing.T) {
	t.Parallel()
	_, server := setup(t)
	tokens := consoleSignIn(t, server.URL)
	r := ask(t, server.URL+"/end_session?"+url.Values{"id_token_hint": {tokens.ID}, "post_logout_redirect_uri": {testConsole}}.Encode(), "", nil)
	require.Equal(t, http.StatusSeeOther, r.status)
	require.Equal(t, testConsole+"?state=", r.header.Get("Location"))
	status, _ := refreshed(t, server.URL, tokens.Refresh, "satchel-console")
	require.Equal(t, 400, status)

	kept := consoleSignIn(t, server.URL)
	r = ask(t, server.URL+"/end_session?"+url.Values{"id_token_hint": {kept.ID[:len(kept.ID)-4] + "AAAA"}, "post_logout_redirect_uri": {"https://other.example/"}}.Encode(), "", nil)
	require.Equal(t, 200, r.status)
	status, _ = refreshed(t, server.URL, kept.Refresh, "satchel-console")
	require.Equal(t, 200, status, "a token that the issuer did not sign ends nothing")
}

func TestLoginsEnd(t *testing.T) {
	t.Parallel()
	l, now := newLogins(), time.Now()
	_, token, ok := l.begin("teacher-a", "c", now)
	require.True(t, ok)
	_, _, ok = l.rotate(token, "c", now.Add(loginLife+time.Second))
	require.False(t, ok)
}
