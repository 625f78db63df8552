package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/oidc"
)

const testSecret = "a secret of the local stack"

func newVerifier(t *testing.T, issuer, audience string) *oidc.Verifier {
	t.Helper()
	v, err := oidc.New(oidc.Config{Issuer: issuer, Audience: audience})
	require.NoError(t, err)
	return v
}

func setup(t *testing.T) (*issuer, *httptest.Server) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys", "issuer.pem")
	require.NoError(t, ensureKey(path))
	key, err := os.ReadFile(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, ensureKey(path), "a key that is there stays")
	i, err := newIssuer(config{Audience: "satchel", Secret: testSecret, Key: string(key), WebClient: testClient, Redirect: testRedirect, ConsoleClient: "satchel-console", ConsoleURL: testConsole, PageTTL: 10 * time.Minute})
	require.NoError(t, err)
	server := httptest.NewServer(i.handler())
	t.Cleanup(server.Close)
	i.Issuer = server.URL
	return i, server
}

func send(t *testing.T, path, secret, contentType, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	out := map[string]any{}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		require.NoError(t, json.Unmarshal(b, &out))
	}
	return resp.StatusCode, out
}

func TestMintedTokenIsBelieved(t *testing.T) {
	t.Parallel()
	_, server := setup(t)
	status, out := send(t, server.URL+"/token", testSecret, "application/json", `{"subject":"owner-a","ttl":"1h"}`)
	require.Equal(t, 200, status)
	token, ok := out["access_token"].(string)
	require.True(t, ok)
	p, err := newVerifier(t, server.URL, "satchel").Verify(context.Background(), token)
	require.NoError(t, err)
	require.Equal(t, []string{server.URL, "owner-a"}, []string{p.Issuer, p.Subject})
	_, err = newVerifier(t, server.URL, "another").Verify(context.Background(), token)
	require.Error(t, err)
}

func TestMintingNeedsTheSecret(t *testing.T) {
	t.Parallel()
	_, server := setup(t)
	for _, path := range []string{"/token", "/mint"} {
		status, _ := send(t, server.URL+path, "wrong", "application/json", `{"subject":"owner-a"}`)
		require.Equal(t, 401, status)
		status, _ = send(t, server.URL+path, testSecret, "application/json", `{"subject":"owner-a","ttl":"9999h"}`)
		require.Equal(t, 400, status)
		status, _ = send(t, server.URL+path, testSecret, "application/json", `{}`)
		require.Equal(t, 400, status)
	}
}

func TestDeviceLogin(t *testing.T) {
	t.Parallel()
	_, server := setup(t)
	form := func(path string, v url.Values) (int, map[string]any) {
		return send(t, server.URL+path, "", "application/x-www-form-urlencoded", v.Encode())
	}
	_, code := form("/device_authorization", url.Values{"client_id": {"satchel-cli"}})
	userCode, ok := code["user_code"].(string)
	require.True(t, ok)
	deviceCode, ok := code["device_code"].(string)
	require.True(t, ok)
	ask := url.Values{"grant_type": {deviceGrant}, "device_code": {deviceCode}}
	_, out := form("/token", ask)
	require.Equal(t, "authorization_pending", out["error"])
	status, _ := form("/device", url.Values{"user_code": {userCode}, "subject": {"anybody-else"}})
	require.Equal(t, 400, status)
	status, _ = form("/device", url.Values{"user_code": {userCode}, "subject": {"student-b"}})
	require.Equal(t, 200, status)
	status, out = form("/token", ask)
	require.Equal(t, 200, status)
	require.NotEmpty(t, out["access_token"])
	_, out = form("/token", ask)
	require.Equal(t, "expired_token", out["error"], "a code is good once")
	_, out = form("/token", url.Values{"grant_type": {"password"}})
	require.Equal(t, "unsupported_grant_type", out["error"])
}

func TestDeviceCodesEnd(t *testing.T) {
	t.Parallel()
	d, now := newDevices(), time.Now()
	x, ok := d.begin(now)
	require.True(t, ok)
	require.False(t, d.confirm(x.userCode, "operator", now.Add(deviceLife+time.Second)))
	_, ok = d.take(x.code, now.Add(deviceLife+time.Second))
	require.False(t, ok)
}

func TestOtherHostNamesAndOriginsAreRefused(t *testing.T) {
	t.Parallel()
	i, _ := setup(t)
	r := httptest.NewRequest(http.MethodGet, "http://rebound.test/device", nil)
	w := httptest.NewRecorder()
	i.handler().ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
	r = httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8404/device", nil)
	r.Header.Set("Origin", "https://evil.test")
	w = httptest.NewRecorder()
	i.handler().ServeHTTP(w, r)
	require.Equal(t, http.StatusForbidden, w.Code)
}

func TestIssuersOwnAddressIsTaken(t *testing.T) {
	t.Parallel()
	i, _ := setup(t)
	i.Issuer = "http://10.87.0.1:9004"
	for host, status := range map[string]int{"10.87.0.1:9004": http.StatusOK, "10.87.0.1:9005": http.StatusForbidden} {
		w := httptest.NewRecorder()
		i.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://"+host+"/.well-known/openid-configuration", nil))
		require.Equal(t, status, w.Code, host)
	}
}

func TestRefusesToBeMoreThanLocal(t *testing.T) {
	t.Parallel()
	good := config{Env: "local", Listen: "127.0.0.1:8404", Secret: testSecret}
	require.NoError(t, good.check())
	for name, change := range map[string]func(*config){
		"production":   func(c *config) { c.Env = "production" },
		"no mode":      func(c *config) { c.Env = "" },
		"everywhere":   func(c *config) { c.Listen = ":8404" },
		"any address":  func(c *config) { c.Listen = "0.0.0.0:8404" },
		"host name":    func(c *config) { c.Listen = "localhost:8404" },
		"short secret": func(c *config) { c.Secret = "short" },
	} {
		c := good
		change(&c)
		require.Error(t, c.check(), name)
	}
}
