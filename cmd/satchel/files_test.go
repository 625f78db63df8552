package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const refusedFile = `{"id": "7", "name": "a.pdf", "size": 5, "mime_type": "application/pdf", "status": "rejected", "status_reason": "content_mismatch",
	"status_text": "What the file holds is not what its name says. Rename it."}`

// run executes the command against an API that has one file, which was refused.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/storage/files", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items": [` + refusedFile + `]}`))
	})
	mux.HandleFunc("GET /api/v1/storage/files/7", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(refusedFile)) })
	mux.HandleFunc("GET /api/v1/storage/files/7/events", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("id: 1.final\nevent: final\ndata: {}\n\n"))
	})
	mux.HandleFunc("POST /api/v1/storage/tus", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/api/v1/storage/tus/u")
		w.Header().Set("X-File-ID", "7")
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("HEAD /api/v1/storage/tus/u", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Upload-Offset", "0")
		w.Header().Set("Upload-Length", "5")
		w.Header().Set("X-File-ID", "7")
	})
	mux.HandleFunc("PATCH /api/v1/storage/tus/u", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Upload-Offset", "5")
		w.Header().Set("X-File-ID", "7")
		w.WriteHeader(http.StatusNoContent)
	})
	return command(t, mux, args...)
}

// TestPeopleReadTheSentence: ls, status and upload say why in words, and --json
// keeps the code.
func TestPeopleReadTheSentence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pdf")
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o600))
	for _, args := range [][]string{{"ls"}, {"status", "7"}, {"upload", path}} {
		printed, err := run(t, args...)
		require.Contains(t, printed, "What the file holds is not what its name says. Rename it.", args)
		require.NotContains(t, printed, "content_mismatch", args)
		require.Equal(t, args[0] == "upload", err != nil, "%v: %v", args, err)
	}
	for _, args := range [][]string{{"ls", "--json"}, {"upload", "--json", path}} {
		printed, _ := run(t, args...)
		var all []struct {
			Reason string `json:"status_reason"`
		}
		require.NoError(t, json.Unmarshal([]byte(printed), &all), printed)
		require.Equal(t, "content_mismatch", all[0].Reason)
	}
}
