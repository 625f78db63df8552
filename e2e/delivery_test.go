package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"image"
	_ "image/jpeg" // read by image.Decode
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"satchel/client"
	"satchel/internal/devstack"
)

// unzip reads all of a zip and gives the names in it.
func unzip(t *testing.T, content []byte) (names []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	for _, f := range z.File {
		body, err := f.Open()
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, body)
		require.NoError(t, err, f.Name)
		names = append(names, f.Name)
	}
	return names
}

// TestZipOfAFolderIsResumed by a member, in pieces, and by the command line.
func TestZipOfAFolderIsResumed(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ctx := testContext(t)
	top := s.folder(s.teacher, s.class.Space, client.NewFolder{Name: "Maps"})
	for _, p := range []person{s.teacher, s.ada, s.ben} {
		s.put(p, "", top.ID)
	}
	z, err := s.ada.MakeZip(ctx, client.NewZip{Folder: top.ID, Name: "Maps"})
	require.NoError(t, err)
	require.Equal(t, 3, z.Files)
	var got bytes.Buffer
	_, err = got.Write(fetch(t, z.URL, "Range", "bytes=0-199").body)
	require.NoError(t, err)
	later, err := s.ada.Zip(ctx, z.ID)
	require.NoError(t, err)
	_, err = s.ada.Fetch(ctx, later.URL, int64(got.Len()), &got)
	require.NoError(t, err)
	require.EqualValues(t, z.Size, got.Len())
	require.Len(t, unzip(t, got.Bytes()), 3)

	output := filepath.Join(s.dir, "maps.zip")
	require.NoError(t, os.WriteFile(output+"."+z.ID+".part", got.Bytes()[:200], 0o600))
	require.Contains(t, s.run(s.ada, "zip", "--resume", z.ID, "-o", output), "3 files")
	written, err := os.ReadFile(output)
	require.NoError(t, err)
	require.Equal(t, got.Bytes(), written)
}

// TestPictureMadeOnDemand: in the size and format that was asked for, and the same bytes
// for who asks again.
func TestPictureMadeOnDemand(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	f := settled(t, s.Teacher, mustUpload(t, s.Teacher, "photo.jpg", photo(t)))
	address, err := s.Teacher.Address(testContext(t), f.ID, client.AddressRequest{Transform: map[string]any{"width": 320, "height": 240, "fit": "cover", "format": "jpeg"}})
	require.NoError(t, err)
	first := fetch(t, address.URL)
	require.Equal(t, http.StatusOK, first.status, "%s", first.body)
	require.Equal(t, "image/jpeg", first.header.Get("Content-Type"))
	size, kind, err := image.DecodeConfig(bytes.NewReader(first.body))
	require.NoError(t, err)
	require.Equal(t, []any{320, 240, "jpeg"}, []any{size.Width, size.Height, kind})
	require.Equal(t, first.body, fetch(t, address.URL).body)
	require.Equal(t, http.StatusNotModified, fetch(t, address.URL, "If-None-Match", first.header.Get("ETag")).status)
	require.NoError(t, s.Teacher.Delete(testContext(t), f.ID))
	require.GreaterOrEqual(t, fetch(t, address.URL).status, http.StatusBadRequest, "a deleted file has no pictures")
}

// TestWebhookArrives: signed as the Standard Webhooks specification says, for a file and
// for its share.
func TestWebhookArrives(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	ctx := testContext(t)
	type got struct {
		header http.Header
		body   []byte
	}
	var mu sync.Mutex
	var received []got
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		mu.Lock()
		received = append(received, got{r.Header.Clone(), body})
		mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	require.NoError(t, devstack.OwnWebhooks(ctx, s.Owner, s.ID))
	hook, err := s.Owner.CreateWebhook(ctx, s.ID, client.NewWebhook{URL: receiver.URL, Types: []string{"file.published", "share.*"}})
	require.NoError(t, err)
	verifier, err := standardwebhooks.NewWebhook(hook.Secret)
	require.NoError(t, err)
	f := settled(t, s.Teacher, mustUpload(t, s.Teacher, "plan.txt", text(1000)))
	made := share(t, s.Teacher, client.NewShare{Kind: "link", File: f.ID})
	require.Equal(t, http.StatusOK, fetch(t, visitorOf(t, made.URL).download(nil)).status)
	require.NoError(t, s.Teacher.RevokeShare(ctx, made.ID))

	wanted := []string{"file.published", "share.created", "share.downloaded", "share.ended"}
	seen := func() (types []string) {
		mu.Lock()
		defer mu.Unlock()
		ids := map[string]bool{}
		for _, g := range received {
			require.NoError(t, verifier.Verify(g.body, g.header), "the signature of %s", g.body)
			var e struct {
				Type string
				Data map[string]any
			}
			require.NoError(t, json.Unmarshal(g.body, &e))
			require.Equal(t, f.ID, e.Data["file_id"], "%s", g.body)
			if id := g.header.Get("Webhook-Id"); !ids[id] {
				ids[id], types = true, append(types, e.Type)
			}
		}
		return types
	}
	require.Eventually(t, func() bool { return len(seen()) == len(wanted) }, patience, 100*time.Millisecond)
	require.Equal(t, wanted, seen(), "in the order in which they happened to the file")
	mu.Lock()
	tampered := received[0]
	mu.Unlock()
	require.Error(t, verifier.Verify(append(tampered.body, ' '), tampered.header))
}
