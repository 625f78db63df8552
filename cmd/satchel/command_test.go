package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// command runs the command line against an API.
func command(t *testing.T, api http.Handler, args ...string) (string, error) {
	t.Helper()
	return commandReading(t, api, "", args...)
}

// commandReading is command with a standard input.
func commandReading(t *testing.T, api http.Handler, stdin string, args ...string) (string, error) {
	t.Helper()
	server := httptest.NewServer(api)
	defer server.Close()
	t.Setenv("SATCHEL_API", server.URL)
	t.Setenv("SATCHEL_TOKEN", "token")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var out bytes.Buffer
	cmd := root()
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}
