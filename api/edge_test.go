package api

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	purging "satchel/activities/edge"
	"satchel/api/delivery/edge"
	"satchel/api/delivery/signed"
	"satchel/files"
	"satchel/internal/freeport"
	"satchel/tenancy"
	"satchel/tenancy/usage"
)

const edgeKey = "a key of the tests' edge, long enough to be one"

// cache is Varnish with our VCL in front of a bundle's content host.
type cache struct {
	t          *testing.T
	url, purge string
	edge       *httptest.Server
	process    *exec.Cmd
}

func (b *testBundle) cache(t *testing.T) *cache {
	t.Helper()
	c := &cache{t: t, edge: httptest.NewServer(b.api.EdgeHandler())}
	t.Cleanup(c.edge.Close)
	source, err := os.ReadFile("../deploy/edge/satchel.vcl")
	require.NoError(t, err)
	content, questions := hostPort(t, b.server.URL), hostPort(t, c.edge.URL)
	vcl := filepath.Join(t.TempDir(), "satchel.vcl")
	filled := strings.NewReplacer("@CONTENT_HOST@", content[0], "@CONTENT_PORT@", content[1], "@EDGE_HOST@", questions[0], "@EDGE_PORT@", questions[1], "@EDGE_KEY@", edgeKey)
	require.NoError(t, os.WriteFile(vcl, []byte(filled.Replace(string(source))), 0o600))
	folder, err := os.MkdirTemp("/tmp", "satchel-edge-") // the path of a socket is in it, and may not be long
	require.NoError(t, err)
	front, purges := freeport.Address(t).String(), freeport.Address(t).String()
	c.url, c.purge = "http://"+front, "http://"+purges
	c.process = exec.Command("/usr/sbin/varnishd", "-F", "-j", "none", "-n", folder, "-f", vcl, "-s", "malloc,64m", "-a", "http="+front, "-a", "purge="+purges, "-T", "none",
		"-p", "default_grace=0", "-p", "default_keep=0", "-p", "http_gzip_support=off", "-p", "http_req_hdr_len=16k", "-p", "vsl_space=1M")
	c.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	require.NoError(t, c.process.Start(), "varnish is installed by make build")
	t.Cleanup(func() {
		_ = c.process.Process.Signal(syscall.SIGTERM)
		_ = c.process.Wait()
		require.NoError(t, os.RemoveAll(folder))
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", front)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond)
	return c
}

func hostPort(t *testing.T, address string) [2]string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return [2]string{u.Hostname(), u.Port()}
}

// ask sends a request to an address of a host.
func ask(t *testing.T, method, address string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{t: t, status: resp.StatusCode, header: resp.Header, body: body}
}

// hit says whether an answer came from the cache.
func (a answer) hit() bool { return a.header.Get("Cache-Status") == "satchel; hit" }

// TestEdgeAnswersAsTheContentHost: whatever a client asks, it cannot tell the cache from
// the content host but by Cache-Status, and it is told the same when the bytes are there.
func TestEdgeAnswersAsTheContentHost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.cache(t)
	owner := b.person(b.organization(), tenancy.Owner)
	file, small := owner.published("Grüße \"x\".txt", lorem).ID, owner.published("two.txt", "ab").ID
	n, tag := len(lorem), `"`+sum(lorem)+`"`
	for round := range 2 {
		for _, header := range [][]string{
			nil,
			{"Range", "bytes=0-9"}, {"Range", "bytes=100-"}, {"Range", "bytes=-7"}, {"Range", fmt.Sprintf("bytes=10-%d", n+50)}, {"Range", "bytes=0-0"},
			{"Range", fmt.Sprintf("bytes=%d-", n)}, {"Range", fmt.Sprintf("bytes=%d-%d", n, n+5)}, {"Range", fmt.Sprintf("bytes=%d-", n-1)}, {"Range", "bytes=9-3"},
			{"Range", "bytes=-0"}, {"Range", "bytes=-99999999"}, {"Range", "bytes=z"}, {"Range", "lines=1-2"}, {"Range", "bytes=0-9,5-14"}, {"Range", "bytes=99999999999999999999-"},
			{"If-None-Match", tag}, {"If-None-Match", `"x"`}, {"Range", "bytes=0-4", "If-Range", tag}, {"Range", "bytes=0-4", "If-Range", `"x"`}, {"If-Match", `"x"`},
			{"Origin", "https://school.test"}, {"Origin", "https://stranger.test"}, {"Accept", "image/webp"}, {"Accept-Encoding", "gzip"},
			{"Edge-Object", "x"}, {"Edge-Ask", "1"}, {"Edge-Key", edgeKey}, {"Cookie", "a=b"},
		} {
			path, other := owner.link(file, nil), owner.link(small, nil)
			for _, method := range []string{get, head} {
				for _, path := range []string{path, other, path + "x", "/c/nothing", "/healthz", "/nowhere"} {
					name := fmt.Sprintf("round %d: %s %.9s %v", round, method, path, header)
					direct, cached := ask(t, method, b.server.URL+path, header...), ask(t, method, c.url+path, header...)
					require.Equal(t, direct.status, cached.status, "%s: %s", name, cached.body)
					if direct.status < 400 {
						require.Equal(t, string(direct.body), string(cached.body), name)
					}
					for _, h := range []http.Header{direct.header, cached.header} {
						for _, own := range []string{"Date", "X-Request-Id", "Cache-Status", "Connection", "Transfer-Encoding", "Keep-Alive"} {
							h.Del(own)
						}
						if v := h.Values("Vary"); len(v) > 0 {
							h.Set("Vary", strings.Join(v, ", "))
						}
						if direct.status >= 400 || method == head {
							h.Del("Content-Length")
						}
						if direct.status >= 400 { // the question's refusal comes without what is said of ranges
							h.Del("Accept-Ranges")
						}
					}
					require.Equal(t, direct.header, cached.header, name)
				}
			}
		}
	}
	require.True(t, ask(t, get, c.url+owner.link(file, nil)).hit(), "another address of the same bytes")
	require.True(t, ask(t, get, c.url+owner.link(file, nil), "Range", "bytes=5-9").hit(), "a range of what is there")
}

// TestEdgeRefusesWhatIsRevoked within the second for which it keeps a yes, without a purge.
func TestEdgeRefusesWhatIsRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.cache(t)
	owner := b.person(b.organization(), tenancy.Owner)
	teacher := b.person(owner.org, tenancy.Teacher)
	shared := owner.group(teacher.id)
	for what, revoke := range map[string]func(file uuid.UUID){
		"trashed":     func(f uuid.UUID) { owner.call(remove, at(f, ""), nil).is(204) },
		"quarantined": func(f uuid.UUID) { b.quarantine(owner.org, f) },
		"membership": func(uuid.UUID) {
			require.NoError(t, tenancy.SetMember(t.Context(), b.db.Single(owner.org), teacher.id, tenancy.Auditor))
		},
	} {
		f := owner.publishedIn(shared, "a.txt", lorem).ID
		path := c.url + teacher.link(f, nil)
		require.Equal(t, 200, ask(t, get, path).status, what)
		require.True(t, ask(t, get, path).hit(), what)
		revoke(f)
		revoked := time.Now()
		require.Eventually(t, func() bool { return ask(t, get, path).status >= 400 }, 2*time.Second, 10*time.Millisecond, "%s: the yes outlives its second", what)
		require.Less(t, time.Since(revoked), 2*time.Second, what)
		if what == "trashed" {
			owner.call(post, at(f, "/restore"), nil).is(200)
			require.Equal(t, 200, ask(t, get, path).status, "a refusal is not kept")
		}
		require.NoError(t, tenancy.SetMember(t.Context(), b.db.Single(owner.org), teacher.id, tenancy.Teacher))
	}
}

// TestEdgeRefusesWhatIsNotSharedAnyMore within two seconds, without a purge.
func TestEdgeRefusesWhatIsNotSharedAnyMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.cache(t)
	owner := b.person(b.organization(), tenancy.Owner)
	for what, end := range map[string]func(share, file uuid.UUID){
		"revoked": func(share, _ uuid.UUID) { owner.call(remove, sharesPath+"/"+share.String(), nil).is(204) },
		"expired": func(share, _ uuid.UUID) { // the time of an end must be ahead
			_, err := b.db.Admin(t).Exec(t.Context(), "update shares set expires_at = clock_timestamp() + interval '300 milliseconds' where id = $1", share)
			require.NoError(t, err)
			require.Eventually(t, func() (over bool) {
				require.NoError(t, b.db.Single(owner.org).QueryRow(t.Context(), "select expires_at <= clock_timestamp() from shares where id = $1", share).Scan(&over))
				return over
			}, time.Minute, 5*time.Millisecond)
		},
		"trashed":     func(_, file uuid.UUID) { owner.call(remove, at(file, ""), nil).is(204) },
		"quarantined": func(_, file uuid.UUID) { b.quarantine(owner.org, file) },
	} {
		f := owner.published(what+".txt", lorem).ID
		made := read[struct {
			ID  uuid.UUID
			URL string
		}](owner.call(post, storagePath+"/share", map[string]any{"kind": "link", "file_id": f, "permission": "download"}).is(201))
		_, token, _ := strings.Cut(made.URL, "/s/")
		given := read[struct{ URL string }](b.call("", post, "/api/v1/public/shares/"+token+"/download", map[string]any{}).is(201))
		path := c.url + strings.TrimPrefix(given.URL, contentURL)
		require.Equal(t, 200, ask(t, get, path).status, what)
		require.True(t, ask(t, get, path).hit(), what)
		end(made.ID, f)
		ended := time.Now()
		require.Eventually(t, func() bool { return ask(t, get, path).status >= 400 }, 2*time.Second, 10*time.Millisecond, "%s: the yes outlives its second", what)
		require.Less(t, time.Since(ended), 2*time.Second, what)
	}
}

// quarantine is what a scan with newer signatures does.
func (b *testBundle) quarantine(org tenancy.OrgID, file uuid.UUID) {
	b.t.Helper()
	require.NoError(b.t, b.db.InTx(b.t.Context(), org, func(tx *tenancy.Tx) error {
		_, err := files.Revoke(b.t.Context(), tx, b.head(org, file).VersionID, "infected:Eicar", files.Verdict{Verdict: "infected", Signature: "Eicar", Engine: "test", Database: "2"})
		return err
	}))
}

// TestEdgePurges by the listener of its own, with the secret alone.
func TestEdgePurges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.cache(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	path := c.url + owner.link(f.ID, nil)
	require.Equal(t, 200, ask(t, get, path).status)
	require.True(t, ask(t, get, path).hit())
	require.Equal(t, 403, ask(t, "PURGE", c.purge, "Edge-Purge", purging.FileKey+f.ID.String()).status)
	require.Equal(t, 403, ask(t, get, c.purge+"/healthz", "Edge-Key", edgeKey).status)
	require.NotEqual(t, 200, ask(t, "PURGE", c.url, "Edge-Key", edgeKey, "Edge-Purge", purging.FileKey+f.ID.String()).status, "clients purge nothing")
	require.True(t, ask(t, get, path).hit())
	gone := ask(t, "PURGE", c.purge, "Edge-Key", edgeKey, "Edge-Purge", purging.ShareKey+uuid.NewString()+" "+purging.FileKey+f.ID.String())
	require.Equal(t, 200, gone.status)
	require.Equal(t, "2", gone.header.Get("Edge-Gone"), "the answer and the bytes")
	require.False(t, ask(t, get, path).hit())
}

// TestEdgeListenerIsTheEdgesAlone: who has no secret is told nothing, and a name that no
// answer gave fetches nothing.
func TestEdgeListenerIsTheEdgesAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	listener := httptest.NewServer(b.api.EdgeHandler())
	defer listener.Close()
	owner := b.person(b.organization(), tenancy.Owner)
	path := listener.URL + owner.link(owner.published("a.txt", lorem).ID, nil)
	require.Equal(t, 403, ask(t, get, path).status)
	require.Equal(t, 403, ask(t, get, path, "Edge-Key", "another key, which is long enough too").status)
	yes := ask(t, get, path, "Edge-Key", edgeKey)
	require.Equal(t, []string{"200", "yes", "1s"}, []string{fmt.Sprint(yes.status), yes.header.Get("Edge-Answer"), yes.header.Get("Edge-Keep")})
	require.Empty(t, yes.body)
	object := listener.URL + edge.BytesPath + yes.header.Get("Edge-Object")
	require.Equal(t, 403, ask(t, get, object).status)
	require.Equal(t, lorem, string(ask(t, get, object, "Edge-Key", edgeKey).body))
	require.Equal(t, 404, ask(t, get, object+"A", "Edge-Key", edgeKey).status)
	require.Equal(t, 404, ask(t, get, listener.URL+edge.BytesPath+owner.org.String(), "Edge-Key", edgeKey).status)
}

// TestEdgeFiguresOfAnOrganization: two answers and one fetch are a hit ratio of a half.
func TestEdgeFiguresOfAnOrganization(t *testing.T) {
	t.Parallel()
	b := setup(t)
	listener := httptest.NewServer(b.api.EdgeHandler())
	defer listener.Close()
	owner := b.person(b.organization(), tenancy.Owner)
	path := listener.URL + owner.link(owner.published("a.txt", lorem).ID, nil)
	yes := ask(t, get, path, "Edge-Key", edgeKey)
	require.Equal(t, lorem, string(ask(t, get, listener.URL+edge.BytesPath+yes.header.Get("Edge-Object"), "Edge-Key", edgeKey).body))
	require.Equal(t, 200, ask(t, get, path, "Edge-Key", edgeKey).status)
	require.NoError(t, b.api.Meter.Flush(t.Context()))
	stats := read[struct{ Edge usage.Edge }](owner.call(get, "/api/v1/admin/storage/stats", nil).is(200))
	half, size := .5, int64(len(lorem))
	require.Equal(t, usage.Edge{Days: usage.EdgeDays, Answers: 2, Fetches: 1, HitRatio: &half, BytesGiven: 2 * size, BytesSaved: size}, stats.Edge)
}

// TestEdgeWithoutTheListener: the bytes that it has it gives, by a yes alone, and the
// content host answers what the listener does not.
func TestEdgeWithoutTheListener(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.cache(t)
	owner := b.person(b.organization(), tenancy.Owner)
	kept, other := owner.published("a.txt", lorem).ID, owner.published("b.txt", lorem+lorem).ID
	require.Equal(t, lorem, string(ask(t, get, c.url+owner.link(kept, nil)).body))
	require.NoError(t, b.store.Clean.Remove(t.Context(), files.ContentKey(owner.org, b.head(owner.org, kept).VersionID)))
	require.Equal(t, lorem, string(ask(t, get, c.url+owner.link(kept, nil)).body), "the bytes are kept")
	c.edge.Close()
	require.Equal(t, lorem+lorem, string(ask(t, get, c.url+owner.link(other, nil)).body))
	require.Eventually(t, func() bool { return ask(t, get, c.url+owner.link(kept, nil)).status >= 400 }, 5*time.Second, 50*time.Millisecond, "nothing is given without a yes")
}

// TestEdgeCountsDownloadsOfShares: exactly where the share has a limit, which the content
// host counts byte by byte, and once where it has none.
func TestEdgeCountsDownloadsOfShares(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.cache(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem).ID
	for _, limit := range []int{0, 1} {
		ask1 := map[string]any{"kind": "link", "file_id": f, "permission": "download"}
		if limit > 0 {
			ask1["max_downloads"] = limit
		}
		made := read[struct {
			ID  uuid.UUID
			URL string
		}](owner.call(post, storagePath+"/share", ask1).is(201))
		_, token, _ := strings.Cut(made.URL, "/s/")
		given := read[struct{ URL string }](b.call("", post, "/api/v1/public/shares/"+token+"/download", map[string]any{}).is(201))
		path := c.url + strings.TrimPrefix(given.URL, contentURL)
		require.Equal(t, lorem, string(ask(t, get, path).body))
		second := ask(t, get, path)
		if limit == 0 {
			require.True(t, second.hit())
		} else {
			require.Equal(t, 410, second.status, "%s", second.body)
		}
		var downloads int
		require.NoError(t, b.db.Single(owner.org).QueryRow(t.Context(), "select downloads from shares where id = $1", made.ID).Scan(&downloads))
		require.Equal(t, 1, downloads)
	}
}

// TestCachesOfOthers may keep the pictures of a public share for a second, where the
// settings say that there is such a cache, and nothing else.
func TestCachesOfOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	version := b.head(owner.org, f.ID).VersionID
	key := files.RenditionKey(owner.org, version, "fit320.webp")
	etag, err := b.store.Clean.Put(t.Context(), key, strings.NewReader("small"), 5, "image/webp")
	require.NoError(t, err)
	_, err = b.db.Single(owner.org).Exec(t.Context(), `insert into renditions (organization_id, version_id, name, mime_type, width, height, size, etag)
		values (app.org(), $1, 'fit320.webp', 'image/webp', 320, 240, 5, $2)`, version, etag)
	require.NoError(t, err)
	share := func(password string) uuid.UUID {
		in := map[string]any{"kind": "link", "file_id": f.ID, "permission": "download"}
		if password != "" {
			in["password"] = password
		}
		return read[struct{ ID uuid.UUID }](owner.call(post, storagePath+"/share", in).is(201)).ID
	}
	open, closed := share(""), share("a long password")
	address := func(share uuid.UUID, word string) string {
		return b.server.URL + strings.TrimPrefix(b.api.Links.URL(contentURL, signed.Link{
			Organization: owner.org, File: f.ID, Version: version, Name: "x", Transformation: word, Share: share, Expires: time.Now().Add(time.Minute).Truncate(time.Second),
		}), contentURL)
	}
	const picture, private = "r/fit320.webp", "private, no-cache"
	require.Equal(t, private, ask(t, get, address(open, picture)).header.Get("Cache-Control"), "there is no such cache")
	b.api.links.Hosted = true
	given := ask(t, get, address(open, picture))
	require.Equal(t, []string{"200", "public, max-age=0, s-maxage=1, must-revalidate", "small"}, []string{fmt.Sprint(given.status), given.header.Get("Cache-Control"), string(given.body)})
	tags := strings.Join([]string{"o-" + owner.org.String(), "f-" + f.ID.String(), "v-" + version.String(), "s-" + open.String()}, " ")
	require.Equal(t, []string{tags, strings.ReplaceAll(tags, " ", ",")}, []string{given.header.Get("Surrogate-Key"), given.header.Get("Cache-Tag")})
	original := read[struct{ URL string }](owner.call(post, at(f.ID, "/link"), nil).is(200)).URL
	member := read[struct{ URL string }](owner.call(post, at(f.ID, "/link"), map[string]any{"rendition": "fit320.webp"}).is(200)).URL
	for what, url := range map[string]string{
		"with a password": address(closed, picture), "an original": b.server.URL + strings.TrimPrefix(original, contentURL), "a member's": b.server.URL + strings.TrimPrefix(member, contentURL),
	} {
		kept := ask(t, get, url)
		require.Equal(t, []string{"200", private, ""}, []string{fmt.Sprint(kept.status), kept.header.Get("Cache-Control"), kept.header.Get("Surrogate-Key")}, what)
	}
	owner.call(remove, sharesPath+"/"+open.String(), nil).is(204)
	refused := ask(t, get, address(open, picture))
	require.GreaterOrEqual(t, refused.status, 400)
	require.NotContains(t, refused.header.Get("Cache-Control"), "public")
}
