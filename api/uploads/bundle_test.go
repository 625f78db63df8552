package uploads

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/api/problem"
	"satchel/api/uploads/ingest"
	"satchel/files"
	"satchel/internal/pgtest"
	"satchel/tenancy"
	"satchel/workflows/upload"
)

// bundle is one organization with its database and staging bucket, and any
// number of replicas of the API on them.
type bundle struct {
	db      *pgtest.Database
	faults  *faults
	bucket  ingest.Bucket
	memory  *memory // when the bucket is one
	org     tenancy.OrgID
	teacher tenancy.Actor
	config  Config
	sizes   ingest.Sizes

	mu      sync.Mutex
	actors  map[string]tenancy.Actor
	started map[uuid.UUID]int
	startTo error
	block   chan struct{} // if there is one, starts wait until it is closed
}

// partBytes is what a part holds in the real store.
var partBytes = int(ingest.Default.Part)

// Parts of the memory bucket: small enough for many in a test.
const (
	smallPart  = 64 << 10
	smallLeast = 40 << 10
	smallProbe = 4 << 10
)

func setup(t testing.TB, quota int64) *bundle {
	t.Helper()
	m := newMemory(smallLeast)
	b := setupOn(t, quota, m)
	b.memory, b.sizes = m, ingest.Sizes{Part: smallPart, MinPart: smallLeast, EarlySend: ingest.EarlySend{Bytes: smallProbe, Time: time.Minute}}
	return b
}

func setupOn(t testing.TB, quota int64, bucket ingest.Bucket) *bundle {
	t.Helper()
	b := &bundle{db: pgtest.New(t), faults: &faults{}, bucket: bucket, sizes: ingest.Default,
		actors: map[string]tenancy.Actor{}, started: map[uuid.UUID]int{}}
	b.config = Config{SpoolDir: t.TempDir(), TTL: time.Hour, NetworkTimeout: 20 * time.Second, LockTimeout: 20 * time.Second}
	b.org = b.db.Organization(t, quota)
	b.teacher = b.actor(t, b.org, tenancy.Teacher)
	return b
}

func (b *bundle) actor(t testing.TB, org tenancy.OrgID, role tenancy.Role) tenancy.Actor {
	a := tenancy.Actor{Org: org, User: b.db.Member(t, org, role), Role: role}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.actors[a.User.String()] = a
	return a
}

func (b *bundle) start(ctx context.Context, in upload.UploadFileInput) error {
	if b.block != nil {
		select {
		case <-b.block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.startTo != nil {
		return b.startTo
	}
	b.started[in.Version]++
	return nil
}

// replica makes one more API process.
func (b *bundle) replica(t testing.TB) *Uploads {
	t.Helper()
	u, err := New(b.config, Ports{
		DB: faultyTenants{b.db.ForPeople(), b.faults}, Staging: faultyBucket{b.bucket, b.faults}, OnReceived: b.start,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Metrics: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	u.ingest.Sizes = b.sizes
	t.Cleanup(func() { u.Wait(context.Background()) }) // what runs on would log for a test that has ended
	return u
}

// startsOf gives how often a version's workflow was started, once the replica
// has made all the starts that it owes.
func (b *bundle) startsOf(t testing.TB, u *Uploads, version uuid.UUID) int {
	t.Helper()
	u.Wait(t.Context())
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.started[version]
}

// serve puts a replica on loopback. The header Actor is authentication.
func (b *bundle) serve(t testing.TB, u *Uploads) *client {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		a, ok := b.actors[r.Header.Get("Actor")]
		b.mu.Unlock()
		if ok {
			r = r.WithContext(tenancy.WithActor(r.Context(), a))
		}
		u.TusHandler().ServeHTTP(w, r)
	}))
	// net/http survives a handler's panic, and a client that retries would hide it.
	server.Config.ErrorLog = log.New(failOnPanic{t}, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return &client{t: t, base: server.URL, actor: b.teacher}
}

type failOnPanic struct{ t testing.TB }

func (f failOnPanic) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("panic")) {
		f.t.Errorf("%s", p)
	}
	return len(p), nil
}

func (b *bundle) row(t testing.TB, id uuid.UUID) files.Upload {
	t.Helper()
	row, err := files.GetUpload(context.Background(), b.db.Single(b.org), id)
	require.NoError(t, err)
	return row
}

func (b *bundle) quota(t testing.TB) files.Quota {
	t.Helper()
	q, err := files.GetQuota(context.Background(), b.db.Single(b.org))
	require.NoError(t, err)
	used, reserved, err := files.ListSums(context.Background(), b.db.Single(b.org))
	require.NoError(t, err)
	require.Equal(t, used, q.UsedBytes)
	require.Equal(t, reserved, q.ReservedBytes)
	return q
}

// stored reads the staging object that the version points at.
func (b *bundle) stored(t testing.TB, id uuid.UUID) []byte {
	t.Helper()
	v, err := files.GetVersion(context.Background(), b.db.Single(b.org), id)
	require.NoError(t, err)
	require.Equal(t, files.Processing, v.Status)
	body, err := b.bucket.Open(context.Background(), files.StagingKey(b.org, id), v.StagingEtag, 0, -1)
	require.NoError(t, err)
	defer func() { _ = body.Close() }()
	got, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Equal(t, v.Size, int64(len(got)))
	require.Equal(t, v.Sha256, hexSum(got))
	return got
}

// received checks everything that a received upload promises.
func (b *bundle) received(t testing.TB, id uuid.UUID, want []byte) {
	t.Helper()
	require.True(t, bytes.Equal(want, b.stored(t, id)), "the stored bytes differ")
	row := b.row(t, id)
	require.Equal(t, int64(len(want)), row.OffsetBytes)
	require.NotNil(t, row.FinishedAt)
	require.Nil(t, row.ShaState)
}

func hexSum(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

func content(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	_, _ = r.Read(b)
	return b
}

// client speaks tus as the protocol says, with nothing in between.
type client struct {
	t     testing.TB
	base  string
	actor tenancy.Actor
}

func (c *client) as(a tenancy.Actor) *client { return &client{c.t, c.base, a} }

type reply struct {
	status int
	header http.Header
	code   string
	body   []byte
	err    error
}

func (r reply) offset(t testing.TB) int64 {
	t.Helper()
	n, err := strconv.ParseInt(r.header.Get("Upload-Offset"), 10, 64)
	require.NoError(t, err)
	return n
}

func (r reply) id(t testing.TB) uuid.UUID {
	t.Helper()
	require.Equal(t, http.StatusCreated, r.status, "%s %v", r.body, r.err)
	id, err := uuid.Parse(r.header.Get("Location")[strings.LastIndex(r.header.Get("Location"), "/")+1:])
	require.NoError(t, err)
	return id
}

func (c *client) do(method, path string, body io.Reader, header ...string) reply {
	c.t.Helper()
	req, err := http.NewRequest(method, c.base+path, body)
	require.NoError(c.t, err)
	req.Header.Set("Actor", c.actor.User.String())
	req.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Content-Length" {
			req.ContentLength, err = strconv.ParseInt(header[i+1], 10, 64)
			require.NoError(c.t, err)
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	r := reply{status: resp.StatusCode, header: resp.Header, body: b, err: err}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), problem.ContentType) && len(b) > 0 {
		var p problem.Problem
		require.NoError(c.t, json.Unmarshal(b, &p), "%s", b)
		require.Equal(c.t, resp.StatusCode, p.Status)
		require.NotEmpty(c.t, p.Detail)
		r.code = p.Code
	}
	return r
}

func metadata(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return strings.Join(out, ",")
}

func (c *client) create(size int64, meta ...string) reply {
	c.t.Helper()
	if len(meta) == 0 {
		meta = []string{"filename", "essay.txt"}
	}
	return c.do(http.MethodPost, TusPath, nil, "Upload-Length", strconv.FormatInt(size, 10), "Upload-Metadata", metadata(meta...))
}

const chunkType = "application/offset+octet-stream"

func (c *client) patch(id uuid.UUID, offset int64, b []byte) reply {
	c.t.Helper()
	return c.do(http.MethodPatch, TusPath+"/"+id.String(), bytes.NewReader(b), "Content-Type", chunkType, "Upload-Offset", strconv.FormatInt(offset, 10))
}

// cut sends only the first n bytes of b and breaks the connection.
func (c *client) cut(id uuid.UUID, offset int64, b []byte, n int) reply {
	c.t.Helper()
	return c.do(http.MethodPatch, TusPath+"/"+id.String(), cutReader{bytes.NewReader(b[:n])}, "Content-Type", chunkType,
		"Upload-Offset", strconv.FormatInt(offset, 10), "Content-Length", strconv.Itoa(len(b)))
}

func (c *client) head(id uuid.UUID) reply {
	c.t.Helper()
	return c.do(http.MethodHead, TusPath+"/"+id.String(), nil)
}

// resume sends the rest in chunks until the upload is complete, as a client
// does: after any trouble it asks for the offset.
func (c *client) resume(id uuid.UUID, whole []byte, chunk int) {
	c.t.Helper()
	for range 200 {
		h := c.head(id)
		if h.status == http.StatusLocked {
			continue
		}
		require.Equal(c.t, http.StatusOK, h.status, "%v", h)
		at := h.offset(c.t)
		if at == int64(len(whole)) {
			return
		}
		c.patch(id, at, whole[at:min(at+int64(chunk), int64(len(whole)))])
	}
	c.t.Fatal("the upload does not end")
}

// sum adds up the sizes of all versions that are on their way.
func (b *bundle) sum(t testing.TB) int64 {
	t.Helper()
	var n int64
	row := b.db.Single(b.org).QueryRow(context.Background(), "select coalesce(sum(size), 0)::bigint from file_versions where status in ('uploading', 'processing')")
	require.NoError(t, row.Scan(&n))
	return n
}

// noLitter checks that the bucket holds one object for each received version,
// and that nothing is open but what its reconciler will find: multipart uploads
// begun by a process that died before it could say so.
func (b *bundle) noLitter(t testing.TB) {
	t.Helper()
	var received int
	row := b.db.Single(b.org).QueryRow(context.Background(), "select count(*) from file_versions where status = 'processing'")
	require.NoError(t, row.Scan(&received))
	b.memory.mu.Lock()
	defer b.memory.mu.Unlock()
	objects := 0
	for key := range b.memory.objects {
		if !strings.HasSuffix(key, ".tail") {
			objects++
		}
	}
	require.Equal(t, received, objects)
	require.Empty(t, b.memory.pending, "multipart uploads that no row knows")
}

// eachReceivedIsStored reads the bytes of every version that waits for its workflow.
func (b *bundle) eachReceivedIsStored(t testing.TB) {
	t.Helper()
	rows, err := b.db.Single(b.org).Query(context.Background(), "select id from file_versions where status = 'processing'")
	require.NoError(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	require.NoError(t, err)
	for _, id := range ids {
		b.stored(t, id)
	}
}

// class makes a class of the teacher and gives its space.
func (b *bundle) class(t testing.TB) (space uuid.UUID) {
	t.Helper()
	ctx, id, q := context.Background(), uuid.New(), b.db.Single(b.org)
	_, err := q.Exec(ctx, "insert into classes (organization_id, id, title) values (app.org(), $1, '7b')", id)
	require.NoError(t, err)
	_, err = q.Exec(ctx, "insert into class_members (organization_id, class_id, user_id, origin, role) values (app.org(), $1, $2, 'manual', 'teacher')", id, b.teacher.User)
	require.NoError(t, err)
	require.NoError(t, q.QueryRow(ctx, "select id from spaces where class_id = $1 and kind = 'class'", id).Scan(&space))
	return space
}
