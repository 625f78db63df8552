package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/webdav"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path    string
		below   int
		folders []string
		name    string
	}{
		{"a.txt", 0, nil, "a.txt"},
		{"x//y/a.txt", 0, []string{"x", "y"}, "a.txt"},
		{"/x/a.txt", 0, []string{"x"}, "a.txt"},
		{"1/2/3/4/5/6/7/8/a", 0, []string{"1", "2", "3", "4", "5", "6", "7", "8"}, "a"},
		{"1/2/3/4/5/6/7/8/9/a", 0, []string{"1", "2", "3", "4", "5", "6", "7", "8 - 9"}, "a"},
		{"bucket/1/2/3/4/5/6/7/8/9/a", -1, []string{"bucket", "1", "2", "3", "4", "5", "6", "7", "8 - 9"}, "a"},
		{"1/2/3/a", 6, []string{"1", "2 - 3"}, "a"},
	} {
		folders, name, err := places(c.path, c.below)
		require.NoError(t, err, c.path)
		require.Equal(t, strings.Join(c.folders, "/"), strings.Join(folders, "/"), c.path)
		require.Equal(t, c.name, name, c.path)
	}
	for _, bad := range []string{"", "/", "a/", "../a", "a/./b", "a/.."} {
		_, _, err := places(bad, 0)
		require.ErrorIs(t, err, ErrPath, bad)
	}
}

func FuzzPlaces(f *testing.F) {
	f.Add("a/b/c.txt", 0)
	f.Add("1/2/3/4/5/6/7/8/9/10/a", 7)
	f.Fuzz(func(t *testing.T, path string, below int) {
		folders, name, err := places(path, below%9)
		if err != nil {
			return
		}
		require.NotEmpty(t, name)
		require.LessOrEqual(t, len(folders), max(deepest-below%9, 1))
		for _, part := range append(folders, name) {
			require.NotContains(t, part, "/")
			require.NotContains(t, []string{"", ".", ".."}, part)
		}
	})
}

// TestLedger ends in the middle of a line, as a crash leaves it.
func TestLedger(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "in", "ledger.jsonl")
	l, err := OpenLedger(name)
	require.NoError(t, err)
	_, err = OpenLedger(name)
	require.ErrorIs(t, err, ErrLedgerInUse)
	require.NoError(t, l.Put(Entry{Object: "a", Status: StatusFailed}))
	require.NoError(t, l.Put(Entry{Object: "a", Status: StatusPublished}))
	require.NoError(t, l.Put(Entry{Object: "b", Status: "rejected"}))
	require.NoError(t, l.Close())

	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, append(whole, `{"object":"c","sta`...), 0o600))
	l, err = OpenLedger(name)
	require.NoError(t, err)
	a, ok := l.Get("a")
	require.True(t, ok)
	require.Equal(t, StatusPublished, a.Status, "the last line of an object counts")
	_, ok = l.Get("c")
	require.False(t, ok)
	require.NoError(t, l.Put(Entry{Object: "c", Status: StatusPublished}))
	require.NoError(t, l.Close())
	l, err = OpenLedger(name)
	require.NoError(t, err)
	_, ok = l.Get("c")
	require.True(t, ok, "what is written after a cut line is read again")
	require.NoError(t, l.Close())

	require.NoError(t, os.WriteFile(name, []byte("not JSON\n"), 0o600))
	_, err = OpenLedger(name)
	require.ErrorContains(t, err, "--ledger")
}

// read lists a source and reads every object of it.
func read(t *testing.T, s Source) map[string]string {
	t.Helper()
	ctx := context.Background()
	all := map[string]string{}
	require.NoError(t, s.List(ctx, func(o Object) error {
		require.NotEmpty(t, o.ID)
		require.NotEmpty(t, o.Revision, o.Path)
		in, err := s.Open(ctx, o)
		require.NoError(t, err, o.Path)
		content, err := io.ReadAll(in)
		require.NoError(t, err)
		require.NoError(t, in.Close())
		require.Len(t, content, int(o.Size), o.Path)
		all[o.Path] = string(content)
		return nil
	}))
	return all
}

func TestFolder(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "b", "c.txt"), []byte("c"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "a", "secret")))
	f, err := OpenFolder(dir)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a/b/c.txt": "c", "empty": ""}, read(t, f))
	require.NoError(t, f.Close())
	_, err = OpenFolder(filepath.Join(dir, "none"))
	require.Error(t, err)
}

func TestWebDAV(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "Année 7", "50% & more"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Année 7", "50% & more", "a #1?.txt"), []byte("one"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.txt"), []byte("two"), 0o600))
	served := &webdav.Handler{Prefix: "/dav/files/ada", FileSystem: webdav.Dir(dir), LockSystem: webdav.NewMemLS()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "ada" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="files"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		served.ServeHTTP(w, r)
	}))
	defer server.Close()
	w, err := OpenWebDAV(server.URL+"/dav/files/ada", "ada", "secret")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Année 7/50% & more/a #1?.txt": "one", "b.txt": "two"}, read(t, w))

	w, err = OpenWebDAV(server.URL+"/dav/files/ada", "ada", "wrong")
	require.NoError(t, err)
	require.Error(t, w.List(context.Background(), func(Object) error { return nil }))
	w, err = OpenWebDAV("https://ada:secret@cloud.example/dav", "ada", "secret")
	require.NoError(t, err)
	require.NotContains(t, w.Name(), "secret")
	for _, bad := range []string{"", "cloud.example/dav", "ftp://cloud.example"} {
		_, err = OpenWebDAV(bad, "ada", "secret")
		require.Error(t, err, bad)
	}
}

// fakeSupabase is a fake of the storage API of Supabase: GET /bucket, POST
// /object/list/{bucket} with prefix, limit and offset, GET /object/authenticated/….
type fakeSupabase struct {
	buckets map[string]map[string]string // bucket → path → bytes
}

func (f fakeSupabase) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer service" {
		http.Error(w, `{"statusCode":"403","error":"Unauthorized","message":"Invalid Compact JWS"}`, http.StatusBadRequest)
		return
	}
	at := strings.TrimPrefix(r.URL.Path, "/storage/v1")
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	if at == "/bucket" {
		all := []map[string]any{}
		for name := range f.buckets {
			all = append(all, map[string]any{"id": name, "name": name, "public": false})
		}
		answer(window(all, number(r, "limit"), number(r, "offset")))
		return
	}
	if bucket, ok := strings.CutPrefix(at, "/object/list/"); ok {
		var in struct {
			Prefix        string
			Limit, Offset int
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		answer(window(f.list(bucket, in.Prefix), in.Limit, in.Offset))
		return
	}
	bucket, name, _ := strings.Cut(strings.TrimPrefix(at, "/object/authenticated/"), "/")
	content, ok := f.buckets[bucket][name]
	if !ok {
		http.Error(w, `{"error":"not_found"}`, http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, content)
}

func (f fakeSupabase) list(bucket, prefix string) []map[string]any {
	if prefix != "" {
		prefix += "/"
	}
	folders, all := map[string]bool{}, []map[string]any{}
	for name, content := range f.buckets[bucket] {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		if folder, _, deeper := strings.Cut(rest, "/"); deeper {
			if !folders[folder] {
				all = append(all, map[string]any{"name": folder, "id": nil, "updated_at": nil, "metadata": nil})
			}
			folders[folder] = true
			continue
		}
		all = append(all, map[string]any{
			"name": rest, "id": "id of " + bucket + "/" + name, "updated_at": "2026-11-28T10:00:00.000Z",
			"metadata": map[string]any{"eTag": fmt.Sprintf("%q", content), "size": len(content), "mimetype": "text/plain"},
		})
	}
	slices.SortFunc(all, func(a, b map[string]any) int {
		return strings.Compare(fmt.Sprint(a["name"]), fmt.Sprint(b["name"]))
	})
	return all
}

func number(r *http.Request, name string) (n int) {
	_, _ = fmt.Sscan(r.URL.Query().Get(name), &n)
	return n
}

func window[T any](all []T, limit, offset int) []T {
	offset = min(offset, len(all))
	return all[offset:min(offset+limit, len(all))]
}

func TestSupabase(t *testing.T) {
	t.Parallel()
	many := map[string]string{"deep/er/than/that/x.txt": "x", "50% & more/a #1?.txt": "one"}
	for n := range 2*supabasePage + 7 {
		many[fmt.Sprintf("many/%05d.txt", n)] = fmt.Sprint(n)
	}
	fake := fakeSupabase{map[string]map[string]string{"avatars": {"me.png": "png"}, "work": many}}
	server := httptest.NewServer(fake)
	defer server.Close()
	want := map[string]string{"avatars/me.png": "png"}
	for name, content := range many {
		want["work/"+name] = content
	}
	s, err := OpenSupabase(server.URL, "service", nil)
	require.NoError(t, err)
	require.Equal(t, want, read(t, s))

	s, err = OpenSupabase(server.URL+"/storage/v1/", "service", []string{"avatars"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"avatars/me.png": "png"}, read(t, s))
	s, err = OpenSupabase(server.URL, "anon", nil)
	require.NoError(t, err)
	require.ErrorContains(t, s.List(context.Background(), func(Object) error { return nil }), "400")
}
