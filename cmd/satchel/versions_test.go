package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// withVersions executes the command against an API with one file of two versions.
func withVersions(t *testing.T, args ...string) (said string, deleted []string, err error) {
	t.Helper()
	sum := sha256.Sum256([]byte("one"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/storage/files/7/versions", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items": [{"id": "7", "version": 2, "size": 7, "status": "published", "change_description": "second draft"}, {"id": "7", "version": 1, "size": 3, "status": "published"}]}`))
	})
	mux.HandleFunc("GET /api/v1/storage/files/7/versions/1/diff/2", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"from": {"version": 1}, "to": {"version": 2}, "differences": [{"field": "name", "from": "a.txt", "to": "b.txt"}]}`))
	})
	mux.HandleFunc("GET /api/v1/storage/files/7/versions/1/diff/1", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"from": {"version": 1, "size": 3, "sha256": "%s"}, "to": {"version": 1}, "differences": []}`, hex.EncodeToString(sum[:]))
	})
	mux.HandleFunc("GET /api/v1/storage/files/7/versions/1/content", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("one")) })
	mux.HandleFunc("DELETE /api/v1/storage/files/7/versions/{n}", func(w http.ResponseWriter, r *http.Request) {
		deleted = append(deleted, r.PathValue("n"))
		w.WriteHeader(http.StatusNoContent)
	})
	said, err = command(t, mux, append([]string{"versions"}, args...)...)
	return said, deleted, err
}

func TestVersionsOnTheCommandLine(t *testing.T) {
	said, _, err := withVersions(t, "list", "7")
	require.NoError(t, err)
	require.Contains(t, said, "second draft")
	said, _, err = withVersions(t, "diff", "7", "1", "2")
	require.NoError(t, err)
	require.Regexp(t, `name +"a.txt" +"b.txt"`, said)
	said, _, err = withVersions(t, "diff", "7", "1", "1")
	require.NoError(t, err)
	require.Contains(t, said, "do not differ")
	path := filepath.Join(t.TempDir(), "old.txt")
	_, _, err = withVersions(t, "download", "7", "1", "-o", path)
	require.NoError(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "one", string(got))
	_, deleted, err := withVersions(t, "delete", "7", "1")
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, deleted)
	_, _, err = withVersions(t, "delete", "7", "first")
	require.ErrorContains(t, err, "is no version")
}
