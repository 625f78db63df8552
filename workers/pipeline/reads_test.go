package pipeline_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/clamd/clamdtest"
	"satchel/internal/pipelinetest"
	"satchel/internal/s3"
	"satchel/internal/s3test"
	extracting "satchel/workflows/extract"
	inspecting "satchel/workflows/pii"
)

// reads counts what a worker fetches of each object.
type reads struct {
	mu     sync.Mutex
	whole  map[string]int
	ranges map[string]int
}

// counted is a store behind a proxy that counts the reads.
func counted(t *testing.T) (*s3.Store, *reads) {
	t.Helper()
	r := &reads{whole: map[string]int{}, ranges: map[string]int{}}
	c := s3test.Serve(t)
	target := &url.URL{Scheme: "http", Host: c.Endpoint}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host // which is signed
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.count(req)
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	c.Endpoint = strings.TrimPrefix(server.URL, "http://")
	return s3test.Open(t, c), r
}

func (r *reads) count(req *http.Request) {
	if req.Method != http.MethodGet || req.URL.RawQuery != "" { // with a query it is about the bucket
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if req.Header.Get("Range") != "" {
		r.ranges[req.URL.Path]++
		return
	}
	r.whole[req.URL.Path]++
}

// TestEachObjectIsReadOnce: the scan reads a file whole and hashes what it
// reads, the inspection takes ranges, and the preview reads it once more: a picture
// before it is published, everything else after. The text for searches is read once, and
// once more in search of personal data, by workflows of their own that sweeps start.
func TestEachObjectIsReadOnce(t *testing.T) {
	t.Parallel()
	store, r := counted(t)
	b := setup(t, func(o *pipelinetest.Options) { o.Store = store })
	b.Clamd.Behave(clamdtest.Scanning(nil))
	for name, c := range map[string]struct {
		name          string
		content       []byte
		whole, ranges int
		published     int  // reads of the published object
		swept         bool // sweeps start what reads it, awaited so that their reads are not counted by chance
	}{
		"a text":   {"notes.txt", bytes.Repeat([]byte("all is well\n"), 100_000), 1, 1, 3, true},
		"an image": {"photo.png", png, 2, 1, 0, false},
		"a zip":    {"a.zip", pipelinetest.Zip(t, map[string][]byte{"a.txt": []byte("fine"), "b.txt": []byte("too")}), 1, 1, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			ticket := b.Receive(t, c.name, c.content)
			v, err := b.Ends(t, b.Process(t, ticket), ticket)
			require.NoError(t, err)
			require.Equal(t, files.Published, v.Status)
			if c.swept {
				b.Sweep(t, "start-pending-texts") // or the worker's own sweeps did it already
				b.Sweep(t, "start-due-inspections")
				for _, id := range []string{extracting.WorkflowID(b.Org, ticket.Version), inspecting.WorkflowID(b.Org, ticket.Version)} {
					require.NoError(t, b.Client.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))
				}
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			key := "/" + store.Staging.Name() + "/" + files.StagingKey(b.Org, ticket.Version)
			require.Equal(t, c.whole, r.whole[key])
			require.Equal(t, c.ranges, r.ranges[key])
			require.Equal(t, c.published, r.whole["/"+store.Clean.Name()+"/"+files.ContentKey(b.Org, ticket.Version)])
		})
	}
}
