package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/api/request"
	"satchel/api/storage"
	"satchel/tenancy"
)

// A field that refuses the file may come any time behind it: until then nothing
// is received, so nothing can be published.
func TestAFieldBehindTheFileComesLate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	earlier := owner.published("a.txt", lorem).ID.String()
	b.uploads.Wait(context.Background())
	started := func() int {
		b.workflows.mu.Lock()
		defer b.workflows.mu.Unlock()
		return len(b.workflows.started)
	}
	alone := started()
	for name, field := range map[string]struct {
		name, value, code string
	}{
		"wrong digest": {"sha256", sum("other"), "field_after_file"},
		"file id":      {"file_id", earlier, "field_after_file"},
		"bad text":     {"description", "a\x00b", "invalid_description"},
	} {
		t.Run(name, func(t *testing.T) {
			body, feed := io.Pipe()
			go func() {
				_, _ = io.WriteString(feed, "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"+lorem+"\r\n--x\r\n")
				_, _ = fmt.Fprintf(feed, "Content-Disposition: form-data; name=%q\r\n\r\n%s\r\n--x--\r\n", field.name, field.value)
				_ = feed.Close()
			}()
			owner.call(post, storagePath+"/upload", body, "Content-Type", "multipart/form-data; boundary=x").refused(http.StatusBadRequest, field.code)
			b.uploads.Wait(context.Background())
			require.Equal(t, alone, started())
			var received int
			require.NoError(t, b.db.Single(owner.org).QueryRow(t.Context(), "select count(*) from file_versions where received_at is not null and status <> 'published'").Scan(&received))
			require.Zero(t, received)
		})
	}
	require.Len(t, read[request.Page[storage.FileView]](owner.call(get, storagePath+"/files?status=published", nil).is(200)).Items, 1)
}

// A form cannot make the server hold headers of any length, in front of the file
// or behind it.
func TestPartHeadersAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	file := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n"
	many := strings.Repeat("X-Many: "+strings.Repeat("a", 1000)+"\r\n", 20)
	for name, form := range map[string]string{
		"one line":        "--x\r\nX-Long: " + strings.Repeat("a", 65_000),
		"many lines":      "--x\r\n" + many + "\r\n",
		"before":          strings.Repeat("preamble\r\n", 10_000) + file + "--x--\r\n",
		"behind the file": file + "--x\r\n" + many + "\r\nv\r\n--x--\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			owner.call(post, storagePath+"/upload", strings.NewReader(form), "Content-Type", "multipart/form-data; boundary=x").
				refused(http.StatusRequestEntityTooLarge, "part_headers_too_large")
		})
	}
	few := "--x\r\nX-Few: " + strings.Repeat("a", 8_000) + "\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nv\r\n"
	owner.call(post, storagePath+"/upload", strings.NewReader(few+file+"--x--\r\n"), "Content-Type", "multipart/form-data; boundary=x").is(http.StatusAccepted)
}

// The answer to a form is built from its commit and says what the row says.
func TestTheAnswerSaysWhatTheRowSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	for _, after := range []map[string]string{nil, {"description": "behind", "category": "other"}} {
		body, contentType := form("Ünïcode.txt", []byte(lorem), map[string]string{"category": "essays", "description": "d", "change_description": "c"}, after)
		a := owner.call(post, storagePath+"/upload", body, "Content-Type", contentType).is(http.StatusAccepted)
		id := read[storage.FileView](a).ID
		require.JSONEq(t, string(owner.call(get, at(id, ""), nil).is(200).body), string(a.body))
	}
}

// A client that cannot send PATCH and DELETE says so in a header.
func TestMethodOverride(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	h := b.api.Handler()
	send := func(method, override, path, body string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+owner.token)
		r.Header.Set("Tus-Resumable", "1.0.0")
		if override != "" {
			r.Header.Set("X-HTTP-Method-Override", override)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	create := func() string {
		w := send(post, "", tusPath, "", "Upload-Length", "10", "Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("a.txt")))
		require.Equal(t, http.StatusCreated, w.Code, "%s", w.Body)
		location := w.Header().Get("Location")
		return location[strings.Index(location, tusPath):]
	}
	path := create()
	w := send(post, patch, path, "hello", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	require.Equal(t, http.StatusNoContent, w.Code, "%s", w.Body)
	require.Equal(t, "5", send(get, head, path, "").Header().Get("Upload-Offset"))
	require.Equal(t, http.StatusMethodNotAllowed, send(remove, get, path, "").Code, "the method that came does not count")
	require.Equal(t, http.StatusMethodNotAllowed, send(post, "NONSENSE", path, "").Code)
	require.Equal(t, http.StatusNoContent, send(post, remove, path, "").Code)
	require.Equal(t, http.StatusGone, send(head, "", path, "").Code)

	f := owner.published("a.txt", lorem)
	require.NotEqual(t, http.StatusNoContent, send(get, remove, at(f.ID, ""), "").Code, "only tus knows the header")
	owner.call(get, at(f.ID, "/content"), nil).is(http.StatusOK)
}
