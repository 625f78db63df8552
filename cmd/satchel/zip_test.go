package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

const zipID, fileID, shareID = "0198c2b4-0000-7000-8000-000000000001", "0198c2b4-0000-7000-8000-000000000002", "0198c2b4-0000-7000-8000-000000000003"

func zipOf(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		require.NoError(t, err)
		_, err = f.Write([]byte(strings.Repeat(name, 100)))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// content is an API whose zip breaks off after so many bytes of each answer.
func content(t *testing.T, whole []byte, most int, refused string, answers *atomic.Int32) *http.ServeMux {
	t.Helper()
	mux := http.NewServeMux()
	view := func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"id": %q, "name": "maps.zip", "size": %d, "files": 2, "refused": [%s], "url": "http://%s/c/x"}`, zipID, len(whole), refused, r.Host)
	}
	mux.HandleFunc("POST /api/v1/storage/zip", view)
	mux.HandleFunc("GET /api/v1/storage/zip/"+zipID, view)
	mux.HandleFunc("GET /c/x", func(w http.ResponseWriter, r *http.Request) {
		answers.Add(1)
		if r.Header.Get("Authorization") != "" {
			t.Error("the token went to the content host")
		}
		from, status := 0, http.StatusOK
		if text := r.Header.Get("Range"); text != "" {
			from, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(text, "bytes="), "-"))
			status = http.StatusPartialContent
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(whole)-from))
		w.WriteHeader(status)
		_, _ = w.Write(whole[from:min(from+most, len(whole))])
	})
	return mux
}

// TestZipGoesOn: a download that breaks off again and again goes on where it stopped.
func TestZipGoesOn(t *testing.T) {
	whole, output := zipOf(t, "a.txt", "b.txt"), filepath.Join(t.TempDir(), "maps.zip")
	var answers atomic.Int32
	said, err := command(t, content(t, whole, 500, "", &answers), "zip", fileID, fileID, "-o", output)
	require.NoError(t, err)
	require.Contains(t, said, "2 files")
	require.EqualValues(t, (len(whole)+499)/500, answers.Load())
	got, err := os.ReadFile(output)
	require.NoError(t, err)
	require.Equal(t, whole, got)
	_, err = command(t, content(t, whole, 500, "", &answers), "zip", fileID, "-o", output)
	require.ErrorContains(t, err, "exists")
}

// TestZipIsResumed by its id with what is there, and never kept when it is not whole.
func TestZipIsResumed(t *testing.T) {
	whole, output := zipOf(t, "a.txt", "b.txt"), filepath.Join(t.TempDir(), "maps.zip")
	part := output + "." + zipID + ".part"
	var answers atomic.Int32
	cut := `{"file_id": "` + fileID + `", "code": "in_trash", "detail": "d"}`
	_, err := command(t, content(t, whole, 0, cut, &answers), "zip", fileID, "-o", output)
	require.ErrorContains(t, err, fileID)
	require.ErrorContains(t, err, "satchel zip --resume "+zipID)
	require.NoError(t, os.WriteFile(part, whole[:300], 0o600))
	said, err := command(t, content(t, whole, len(whole), "", &answers), "zip", "--resume", zipID, "-o", output, "--json")
	require.NoError(t, err)
	var told struct{ Path string }
	require.NoError(t, json.Unmarshal([]byte(said), &told))
	require.Equal(t, output, told.Path)

	require.NoError(t, os.Remove(output))
	require.NoError(t, os.WriteFile(part, bytes.Repeat([]byte("x"), 300), 0o600))
	_, err = command(t, content(t, whole, len(whole), "", &answers), "zip", "--resume", zipID, "-o", output)
	require.ErrorContains(t, err, "nothing was kept")
	require.NoFileExists(t, output)
	require.NoFileExists(t, part)
	for _, bad := range [][]string{{"zip"}, {"zip", "--resume", zipID, fileID}, {"zip", "--folder", "a", "b"}} {
		_, err = command(t, http.NewServeMux(), bad...)
		require.Error(t, err)
	}
}

// TestLink prints the address, and asks for a picture when a size is given.
func TestLink(t *testing.T) {
	mux, asked := http.NewServeMux(), map[string]any{}
	mux.HandleFunc("POST /api/v1/storage/files/"+fileID+"/link", func(w http.ResponseWriter, r *http.Request) {
		clear(asked)
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(`{"file_id": "` + fileID + `", "url": "http://content/c/x?s=1", "expires_at": "2026-11-28T10:00:00Z"}`))
	})
	said, err := command(t, mux, "link", fileID, "--expires-in", "30s")
	require.NoError(t, err)
	require.Equal(t, "http://content/c/x?s=1\n", said)
	require.Equal(t, map[string]any{"expires_in": float64(30)}, asked)
	_, err = command(t, mux, "link", fileID, "--width", "640", "--format", "webp", "--json")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"width": float64(640), "format": "webp"}, asked["transform"])
	_, err = command(t, mux, "link", fileID, "--quality", "80")
	require.ErrorContains(t, err, "--width or --height")
}

// TestShareRecipients: they are named as `share show` lists them.
func TestShareRecipients(t *testing.T) {
	mux, called := http.NewServeMux(), []string{}
	mux.HandleFunc("GET /api/v1/storage/shares/"+shareID, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id": "` + shareID + `", "recipients": [{"id": "r1", "email": "may@home.example", "name": "May"}, {"id": "r2", "name": "Al", "user_id": "u"},
			{"id": "r3", "name": "Al", "class_id": "k"}, {"id": "r4", "name": "Bo", "ended_at": "2026-11-28T10:00:00Z"}]}`))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		called = append(called, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v1/storage/shares/"+shareID))
		_, _ = w.Write([]byte(`{"id": "r1"}`))
	})
	_, err := command(t, mux, "share", "resend", shareID, "May@Home.example")
	require.NoError(t, err)
	said, err := command(t, mux, "share", "remove", shareID, "may", "u", "--json")
	require.NoError(t, err)
	require.Contains(t, said, `"r2"`)
	require.Equal(t, []string{"POST /recipients/r1/resend", "DELETE /recipients/r1", "DELETE /recipients/r2"}, called)
	for _, wrong := range []string{"Al", "Bo", "nobody"} {
		_, err = command(t, mux, "share", "remove", shareID, wrong)
		require.Error(t, err, wrong)
	}
}
