package uploads

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/tenancy"
)

func TestUploadInOneRequest(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	c := b.serve(t, u)
	whole := content(1, 3*smallPart+17)
	r := c.do(http.MethodPost, TusPath, bytes.NewReader(whole), "Upload-Length", strconv.Itoa(len(whole)), "Content-Type", chunkType,
		"Upload-Metadata", metadata("filename", "Überblick ✓.pdf", "filetype", "application/pdf", "sha256", strings.ToUpper(hexSum(whole)), "category", "maths", "description", "Hello"))
	id := r.id(t)
	require.Equal(t, TusPath+"/"+id.String(), r.header.Get("Location"), "without a public URL the location is a path")
	require.Equal(t, int64(len(whole)), r.offset(t))
	b.received(t, id, whole)
	row := b.row(t, id)
	require.Equal(t, row.FileID.String(), r.header.Get("X-File-ID"))
	require.Equal(t, "Überblick ✓.pdf", row.Name)
	require.Equal(t, "application/pdf", row.ClaimedType)
	require.Equal(t, 1, b.startsOf(t, u, row.VersionID))

	h := c.head(id)
	require.Equal(t, http.StatusOK, h.status)
	require.Equal(t, row.FileID.String(), h.header.Get("X-File-ID"))
	require.Equal(t, "no-store", h.header.Get("Cache-Control"))
	again := c.patch(id, int64(len(whole)), nil)
	require.Equal(t, http.StatusNoContent, again.status, "the last request repeated is no mistake")
	require.Equal(t, 2, b.startsOf(t, u, row.VersionID), "starting again is how a lost start is repaired")
	require.Equal(t, "offset_mismatch", c.patch(id, 5, []byte("x")).code)
}

func TestExpiryIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	r := c.create(10)
	at, err := http.ParseTime(r.header.Get("Upload-Expires"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(b.config.TTL), at, time.Minute)
	id := r.id(t)
	_, err = b.db.Single(b.org).Exec(context.Background(), "update uploads set expires_at = now() - interval '1 second' where id = $1", id)
	require.NoError(t, err)
	require.Equal(t, http.StatusGone, c.head(id).status)
	require.Equal(t, "upload_gone", c.patch(id, 0, []byte("x")).code)
}

func TestRefusedAtCreate(t *testing.T) {
	t.Parallel()
	b := setup(t, 1000)
	require.NoError(t, b.db.InTx(context.Background(), b.org, func(tx *tenancy.Tx) error {
		return tenancy.ChangeLimits(context.Background(), tx, tenancy.OptionalLimit{}, tenancy.OptionalLimit{Set: true, Value: ptr(int64(900))})
	}))
	c := b.serve(t, b.replica(t))
	parent := b.actor(t, b.org, tenancy.Parent)
	for _, tt := range []struct {
		name   string
		size   int64
		meta   []string
		status int
		code   string
	}{
		{"too large", 901, nil, 413, "too_large"},
		{"program", 5, []string{"filename", "a.exe"}, 415, "type_not_allowed"},
		{"unknown kind", 5, []string{"filename", "a.zzz"}, 415, "type_not_allowed"},
		{"claim of a program", 5, []string{"filename", "a.pdf", "filetype", "application/x-msdownload"}, 415, "type_not_allowed"},
		{"no name", 5, []string{"filetype", "image/png"}, 400, "invalid_name"},
		{"control character", 5, []string{"filename", "a\x00b.txt"}, 400, "invalid_name"},
		{"reordered name", 5, []string{"filename", "\u202etxt.exe.txt"}, 400, "invalid_name"},
		{"not UTF-8", 5, []string{"filename", "a\xff.txt"}, 400, "invalid_name"},
		{"endless name", 5, []string{"filename", strings.Repeat("a", 300) + ".txt"}, 400, "invalid_name"},
		{"only a path", 5, []string{"filename", "../../"}, 400, "invalid_name"},
		{"bad checksum", 5, []string{"filename", "a.txt", "sha256", "abc"}, 400, "invalid_sha256"},
		{"long category", 5, []string{"filename", "a.txt", "category", strings.Repeat("x", 101)}, 400, "invalid_category"},
		{"long description", 5, []string{"filename", "a.txt", "description", strings.Repeat("x", 2001)}, 400, "invalid_description"},
		{"no such file", 5, []string{"filename", "a.txt", "file_id", uuid.NewString()}, 404, "file_not_found"},
		{"no file id", 5, []string{"filename", "a.txt", "file_id", "7"}, 404, "file_not_found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := c.create(tt.size, tt.meta...)
			require.Equal(t, tt.status, r.status, "%s", r.body)
			require.Equal(t, tt.code, r.code)
		})
	}
	require.Equal(t, "upload_not_allowed", c.as(parent).create(5).code)
	require.Equal(t, http.StatusUnauthorized, c.as(tenancy.Actor{}).create(5).status)
	require.Equal(t, http.StatusCreated, c.create(900, "filename", `C:\fakepath\..\Ärger & <b>.txt`).status)
	r := c.create(200)
	require.Equal(t, http.StatusInsufficientStorage, r.status)
	require.Equal(t, "over_quota", r.code)
	require.Equal(t, int64(900), b.quota(t).ReservedBytes, "what was refused holds nothing")
}

// A file of no bytes is complete when it is announced.
func TestEmptyFile(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	c := b.serve(t, u)
	id := c.create(0).id(t)
	b.received(t, id, nil)
	require.Equal(t, 1, b.startsOf(t, u, id))
	require.Equal(t, int64(0), c.head(id).offset(t))
	require.NoError(t, b.db.InTx(context.Background(), b.org, func(tx *tenancy.Tx) error {
		policies := tenancy.DefaultPolicies()
		policies.EmptyFiles = false
		return tenancy.SetPolicies(context.Background(), tx, policies)
	}))
	r := c.create(0)
	require.Equal(t, http.StatusUnprocessableEntity, r.status)
	require.Equal(t, "empty_file", r.code)
}

func ptr[T any](v T) *T { return &v }

// What tusd can do beyond what we need is closed.
func TestUnsupportedTusRequestsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	id := c.create(10).id(t)
	path := TusPath + "/" + id.String()
	deferred := c.do(http.MethodPost, TusPath, nil, "Upload-Defer-Length", "1", "Upload-Metadata", metadata("filename", "a.txt"))
	require.Equal(t, http.StatusNotImplemented, deferred.status)
	for _, concat := range []string{"partial", "final;" + path} {
		r := c.do(http.MethodPost, TusPath, nil, "Upload-Concat", concat, "Upload-Length", "5", "Upload-Metadata", metadata("filename", "a.txt"))
		require.Equal(t, "concatenation_unsupported", r.code)
	}
	draft, err := http.NewRequest(http.MethodPost, c.base+TusPath, strings.NewReader("hello"))
	require.NoError(t, err)
	draft.Header.Set("Actor", c.actor.User.String())
	draft.Header.Set("Upload-Draft-Interop-Version", "6")
	draft.Header.Set("Upload-Complete", "?1")
	resp, err := http.DefaultTransport.RoundTrip(draft)
	require.NoError(t, err)
	_ = resp.Body.Close()
	require.Equal(t, http.StatusPreconditionFailed, resp.StatusCode)

	override := c.do(http.MethodPost, path, nil, "X-HTTP-Method-Override", "DELETE")
	require.Equal(t, "method_not_allowed", override.code)
	require.Equal(t, http.StatusOK, c.head(id).status, "the override did not delete")
	require.Equal(t, http.StatusMethodNotAllowed, c.do(http.MethodGet, path, nil).status)
	require.Equal(t, http.StatusMethodNotAllowed, c.do(http.MethodGet, TusPath, nil).status)
	require.Equal(t, "content_type_required", c.do(http.MethodPatch, path, strings.NewReader("x"), "Upload-Offset", "0").code)
	require.Equal(t, "invalid_offset", c.do(http.MethodPatch, path, strings.NewReader("x"), "Content-Type", chunkType).code)
	require.Equal(t, "offset_mismatch", c.patch(id, 3, []byte("x")).code)
	long := c.patch(id, 0, make([]byte, 11))
	require.Equal(t, http.StatusRequestEntityTooLarge, long.status)
	options := c.do(http.MethodOptions, TusPath, nil)
	require.Equal(t, "creation,creation-with-upload,termination", options.header.Get("Tus-Extension"))
	require.Equal(t, "5497558138880", options.header.Get("Tus-Max-Size"), "the limit of every upload")
	require.Equal(t, "too_large", c.create(5<<40+1).code)
}

func TestOthersSeeNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	id := c.create(10).id(t)
	elsewhere := b.db.Organization(t, 1<<30)
	for name, a := range map[string]tenancy.Actor{
		"another teacher":           b.actor(t, b.org, tenancy.Teacher),
		"a student":                 b.actor(t, b.org, tenancy.Student),
		"another school's owner":    b.actor(t, elsewhere, tenancy.Owner),
		"an operator":               b.actor(t, tenancy.Platform, tenancy.Operator),
		"the same person elsewhere": b.alias(b.teacher.User, elsewhere),
	} {
		for _, r := range []reply{c.as(a).head(id), c.as(a).patch(id, 0, []byte("x")), c.as(a).do(http.MethodDelete, TusPath+"/"+id.String(), nil)} {
			require.Equal(t, http.StatusNotFound, r.status, name)
		}
	}
	b.alias(b.teacher.User, b.org)
	admin := c.as(b.actor(t, b.org, tenancy.Admin))
	require.Equal(t, http.StatusNotFound, admin.head(id).status, "a personal space is no admin's")
	class := c.create(10, "filename", "essay.txt", "space_id", b.class(t).String()).id(t)
	require.Equal(t, http.StatusOK, c.head(class).status)
	require.Equal(t, http.StatusNotFound, admin.head(class).status, "an upload on its way is its uploader's, wherever it goes")
	require.Equal(t, http.StatusNotFound, c.as(b.actor(t, b.org, tenancy.Teacher)).head(class).status, "a teacher of no such class")
	for _, path := range []string{uuid.NewString(), "x", "..", id.String() + "/y"} {
		require.Equal(t, http.StatusNotFound, c.do(http.MethodHead, TusPath+"/"+path, nil).status, path)
	}
	form, err := b.replica(t).Form(tenancy.WithActor(context.Background(), b.teacher), b.teacher, Metadata{Name: "a.txt"}, strings.NewReader("abc"), -1)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, c.head(form.Upload).status, "a form upload has no tus address")
}

// alias lets the user's token speak for another organization.
func (b *bundle) alias(user uuid.UUID, org tenancy.OrgID) tenancy.Actor {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := tenancy.Actor{Org: org, User: user, Role: tenancy.Teacher}
	b.actors[user.String()] = a
	return a
}

func TestChecksumMismatch(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100, 3*smallPart + 5} {
		b := setup(t, 1<<30)
		c := b.serve(t, b.replica(t))
		whole := content(1, size)
		id := c.create(int64(size), "filename", "a.txt", "sha256", hexSum([]byte("other"))).id(t)
		r := c.patch(id, 0, whole)
		require.Equal(t, http.StatusUnprocessableEntity, r.status)
		require.Equal(t, "checksum_mismatch", r.code)
		row := b.row(t, id)
		require.Equal(t, files.Rejected, row.Status)
		v, err := files.GetVersion(context.Background(), b.db.Single(b.org), id)
		require.NoError(t, err)
		require.Equal(t, "checksum_mismatch", v.StatusReason)
		require.NotNil(t, v.CleanedAt)
		require.Zero(t, b.quota(t).ReservedBytes)
		b.emptyBucket(t)
		require.Equal(t, http.StatusGone, c.head(id).status)
		require.Empty(t, b.started)
	}
}

func (b *bundle) emptyBucket(t testing.TB) {
	t.Helper()
	objects, pending := b.memory.left()
	require.Zero(t, objects)
	require.Zero(t, pending)
}

func TestTerminate(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	whole := content(1, 3*smallPart)
	id := c.create(int64(len(whole))).id(t)
	require.Equal(t, http.StatusNoContent, c.patch(id, 0, whole[:2*smallPart+10]).status)
	require.Equal(t, http.StatusNoContent, c.do(http.MethodDelete, TusPath+"/"+id.String(), nil).status)
	b.emptyBucket(t)
	require.Zero(t, b.quota(t).ReservedBytes)
	require.Equal(t, files.Deleted, b.row(t, id).Status)
	for _, r := range []reply{c.patch(id, 2*smallPart+10, whole[2*smallPart+10:]), c.do(http.MethodDelete, TusPath+"/"+id.String(), nil)} {
		require.Equal(t, http.StatusGone, r.status)
		require.Equal(t, "upload_gone", r.code)
	}
	done := c.create(5).id(t)
	require.Equal(t, http.StatusNoContent, c.patch(done, 0, []byte("hello")).status)
	require.Equal(t, "upload_finished", c.do(http.MethodDelete, TusPath+"/"+done.String(), nil).code)
	b.received(t, done, []byte("hello"))
}

func TestQuotaRace(t *testing.T) {
	t.Parallel()
	b := setup(t, 100_000_000)
	replicas := []*client{b.serve(t, b.replica(t)), b.serve(t, b.replica(t))}
	var wg sync.WaitGroup
	statuses := make([]int, 20)
	for i := range statuses {
		wg.Go(func() { statuses[i] = replicas[i%2].create(10_000_000).status })
	}
	wg.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	require.Equal(t, map[int]int{http.StatusCreated: 10, http.StatusInsufficientStorage: 10}, count)
	require.Equal(t, int64(100_000_000), b.quota(t).ReservedBytes)
}

// Two requests write to one upload: the second takes over, the first is told
// 423, and no byte is counted twice. Within one process and between two.
func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	for name, replicas := range map[string]int{"one process": 1, "two processes": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 1<<30)
			first := b.serve(t, b.replica(t))
			second := first
			if replicas == 2 {
				second = b.serve(t, b.replica(t))
			}
			whole := content(4, 3*smallPart)
			id := first.create(int64(len(whole))).id(t)
			body, feed := io.Pipe()
			answers := make(chan reply, 1)
			go func() {
				answers <- first.do(http.MethodPatch, TusPath+"/"+id.String(), body, "Content-Type", chunkType, "Upload-Offset", "0", "Content-Length", strconv.Itoa(len(whole)))
			}()
			_, err := feed.Write(whole[:smallPart+100]) // and then the connection hangs
			require.NoError(t, err)
			require.Eventually(t, func() bool { return b.row(t, id).LeaseHolder != "" }, 20*time.Second, 5*time.Millisecond)
			h := second.head(id)
			require.Equal(t, http.StatusOK, h.status)
			at := h.offset(t)
			require.LessOrEqual(t, at, int64(smallPart+100))
			r := second.patch(id, at, whole[at:])
			require.Equal(t, http.StatusNoContent, r.status, "%s", r.body)
			loser := <-answers
			_ = feed.Close()
			if loser.err == nil { // the answer may be lost with the connection that is closed
				require.Equal(t, http.StatusLocked, loser.status)
				require.Equal(t, "upload_locked", loser.code)
			}
			b.received(t, id, whole)
		})
	}
}

// A holder that does not let go in time keeps the upload, and the other is told.
func TestLocked(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	b.config.LockTimeout = 300 * time.Millisecond
	c := b.serve(t, b.replica(t))
	id := c.create(10).id(t)
	require.NoError(t, files.Lease(context.Background(), b.db.Single(b.org), id, "somebody"))
	r := c.patch(id, 0, []byte("x"))
	require.Equal(t, http.StatusLocked, r.status)
	require.Equal(t, "upload_locked", r.code)
	require.NotEmpty(t, r.header.Get("Retry-After"))
}

// A writer whose lease was taken stores and counts nothing more.
func TestLostLease(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	whole := content(4, 3*smallPart)
	id := c.create(int64(len(whole))).id(t)
	b.faults.set(func(_ int, op string) verdict {
		if op == "CreateMultipart" {
			_, err := b.db.Single(b.org).Exec(context.Background(), "update uploads set lease_holder = 'thief', lease_until = now() + interval '1 minute' where id = $1", id)
			require.NoError(t, err)
		}
		return works
	})
	r := c.patch(id, 0, whole)
	require.Equal(t, http.StatusConflict, r.status)
	require.Equal(t, "upload_lease_lost", r.code)
	require.Zero(t, b.row(t, id).OffsetBytes)
}

func TestCutBodyIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	whole := content(5, 4*smallPart)
	id := c.create(int64(len(whole)), "filename", "a.txt", "sha256", hexSum(whole)).id(t)
	at := 0
	for _, n := range []int{1, 1000, smallPart, 100, smallPart + smallLeast + 1} {
		require.Error(t, c.cut(id, int64(at), whole[at:], n).err)
		at += n
		// Asking with HEAD would interrupt a request that is still on its way in.
		require.Eventually(t, func() bool { return b.row(t, id).OffsetBytes == int64(at) }, 20*time.Second, 5*time.Millisecond)
		require.Equal(t, int64(at), c.head(id).offset(t))
	}
	c.resume(id, whole, len(whole))
	b.received(t, id, whole)
	objects, pending := b.memory.left()
	require.Equal(t, 1, objects, "the tail is gone")
	require.Zero(t, pending)
}

// A creation whose body is cut leaves nothing: its client never learned where
// to go on.
func TestCutCreationIsGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	r := c.do(http.MethodPost, TusPath, cutReader{strings.NewReader("hell")}, "Upload-Length", "10", "Content-Type", chunkType,
		"Upload-Metadata", metadata("filename", "a.txt"), "Content-Length", "10")
	require.Error(t, r.err)
	// The figure and its sums are two statements, so they are compared only
	// after the request has ended its upload.
	require.Eventually(t, func() bool {
		q, err := files.GetQuota(context.Background(), b.db.Single(b.org))
		return err == nil && q.ReservedBytes == 0
	}, 20*time.Second, 10*time.Millisecond)
	require.Zero(t, b.quota(t).ReservedBytes)
	require.Eventually(t, func() bool { n, _ := b.memory.left(); return n == 0 }, 20*time.Second, 10*time.Millisecond)
}

// A tail that is not what was received ends the upload instead of corrupting it.
func TestBrokenTail(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *bundle, key string){
		"missing": func(b *bundle, key string) { _ = b.memory.Remove(context.Background(), key) },
		"shorter": func(b *bundle, key string) { b.memory.objects[key] = b.memory.objects[key][:5] },
		"other":   func(b *bundle, key string) { b.memory.objects[key][3] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 1<<30)
			c := b.serve(t, b.replica(t))
			id := c.create(100).id(t)
			whole := content(6, 100)
			require.Equal(t, http.StatusNoContent, c.patch(id, 0, whole[:60]).status)
			change(b, files.TailKey(b.org, id))
			r := c.patch(id, 60, whole[60:])
			require.Equal(t, http.StatusGone, r.status)
			require.Equal(t, "upload_broken", r.code)
			require.Equal(t, files.Failed, b.row(t, id).Status)
			require.Zero(t, b.quota(t).ReservedBytes)
			b.emptyBucket(t)
		})
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	b.startTo = errors.New("temporal is away")
	u := b.replica(t)
	c := b.serve(t, u)
	id := c.create(5).id(t)
	require.Equal(t, http.StatusNoContent, c.patch(id, 0, []byte("hello")).status, "the bytes are safe, the sweep starts it")
	b.received(t, id, []byte("hello"))
	require.Zero(t, b.startsOf(t, u, id))
	v, err := files.GetVersion(context.Background(), b.db.Single(b.org), id)
	require.NoError(t, err)
	require.Nil(t, v.StartedAt)
}

func TestNewVersion(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	c := b.serve(t, b.replica(t))
	first := c.create(5, "filename", "essay.txt", "space_id", b.class(t).String()).id(t)
	file := b.row(t, first).FileID.String()
	r := c.create(7, "file_id", file, "change_description", "Second try")
	row := b.row(t, r.id(t))
	require.Equal(t, file, r.header.Get("X-File-ID"))
	require.Equal(t, int32(2), row.Number)
	require.Equal(t, "essay.txt", row.Name)
	require.Equal(t, "type_not_allowed", c.create(7, "file_id", file, "filetype", "application/x-msdownload").code)
	student := b.actor(t, b.org, tenancy.Student)
	require.Equal(t, "file_not_found", c.as(student).create(7, "file_id", file).code)
	require.Equal(t, "file_not_found", c.as(b.actor(t, b.org, tenancy.Teacher)).create(7, "file_id", file).code)
	mine := c.create(5).id(t)
	require.Equal(t, http.StatusCreated, c.create(7, "file_id", b.row(t, mine).FileID.String()).status)
	require.Equal(t, "file_not_found", c.as(b.actor(t, b.org, tenancy.Owner)).create(7, "file_id", b.row(t, mine).FileID.String()).code)
	require.Equal(t, http.StatusCreated, c.as(b.actor(t, b.org, tenancy.Owner)).create(7, "file_id", file).status)
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	b.config.PublicURL = "https://files.example/"
	c := b.serve(t, b.replica(t))
	r := c.create(5)
	require.Equal(t, "https://files.example"+TusPath+"/"+r.id(t).String(), r.header.Get("Location"))
}

// A server that goes asks its writers to stop; what they had is kept.
func TestDrain(t *testing.T) {
	t.Parallel()
	b := setup(t, 1<<30)
	u := b.replica(t)
	c := b.serve(t, u)
	whole := content(7, 2*smallPart)
	id := c.create(int64(len(whole))).id(t)
	body, feed := io.Pipe()
	done := make(chan reply, 1)
	go func() {
		done <- c.do(http.MethodPatch, TusPath+"/"+id.String(), body, "Content-Type", chunkType, "Upload-Offset", "0", "Content-Length", strconv.Itoa(len(whole)))
	}()
	_, err := feed.Write(whole[:1000])
	require.NoError(t, err)
	u.Drain()
	told := []reply{<-done}
	_ = feed.Close()
	for _, r := range append(told, c.patch(id, c.head(id).offset(t), whole[:1])) {
		require.Equal(t, http.StatusServiceUnavailable, r.status, "a server that goes takes nothing new")
		require.Equal(t, "2", r.header.Get("Retry-After"))
	}
	b.serve(t, b.replica(t)).resume(id, whole, len(whole))
	b.received(t, id, whole)
}
