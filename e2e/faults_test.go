package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// The tests of this file disturb the whole stack, so they do not run beside
// others: none of them calls t.Parallel.

// crowd uploads files from several clients at once and remembers which the
// platform accepted.
type crowd struct {
	mu    sync.Mutex
	files map[string][]byte // id of an accepted file -> its bytes
}

func (c *crowd) send(ctx context.Context, s school, n, clients int) *sync.WaitGroup {
	c.files = map[string][]byte{}
	jobs := make(chan int, n)
	for i := range n {
		jobs <- i
	}
	close(jobs)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for i := range jobs {
				content := text(1000 + rand.IntN(300_000))
				if id, ok := persist(ctx, s.Teacher, fmt.Sprintf("f%d.txt", i), content); ok {
					c.mu.Lock()
					c.files[id] = content
					c.mu.Unlock()
				}
			}
		})
	}
	return &wg
}

// persist uploads as a patient client does: it begins again when even the
// creation was cut off.
func persist(ctx context.Context, c *client.Client, name string, content []byte) (string, bool) {
	for ctx.Err() == nil {
		if id, err := upload(ctx, c, name, content); err == nil {
			return id, true
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	return "", false
}

// check waits for every accepted file and demands its exact bytes.
func (c *crowd) check(t *testing.T, s school) {
	t.Helper()
	var used int64
	for id, content := range c.files {
		f := settled(t, s.Teacher, id)
		require.Equal(t, "published", f.Status, f.StatusReason)
		got, err := download(t, s.Teacher, id)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got), "the bytes of %s", id)
		used += int64(len(content))
	}
	require.GreaterOrEqual(t, quotaOf(t, s.Owner).Used, used)
}

// Files stuck in processing for ever after a crash are the classic failure of
// such platforms.
func TestFilesSettleUnderRandomKills(t *testing.T) {
	s := newSchool(t)
	ctx := testContext(t)
	var c crowd
	wg := c.send(ctx, s, 200, 8)
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	targets := []string{"api", "worker", "worker", "api", "temporal", "postgres", "s3", "clamd"}
	for i := range 10 {
		select {
		case <-done:
		case <-time.After(time.Duration(500+rand.IntN(1500)) * time.Millisecond):
		}
		kill(t, targets[i%len(targets)])
	}
	ready(t)
	<-done
	require.Len(t, c.files, 200, "every upload was accepted in the end")
	c.check(t, s)
	noneUnfinished(t, s)
	s.sound(t)
}

// noneUnfinished waits until nothing is on its way: uploads that a kill cut
// off before their client heard of them expire by themselves.
func noneUnfinished(t *testing.T, s school) {
	t.Helper()
	require.Eventually(t, func() bool { return quotaOf(t, s.Owner).Reserved == 0 }, patience+time.Minute, time.Second)
}

func TestEachPartMayRestartUnderLoad(t *testing.T) {
	for _, part := range []string{"postgres", "temporal", "s3", "clamd", "worker", "api"} {
		t.Run(part, func(t *testing.T) {
			s := newSchool(t)
			var c crowd
			wg := c.send(testContext(t), s, 20, 4)
			kill(t, part)
			ready(t)
			wg.Wait()
			require.Len(t, c.files, 20)
			c.check(t, s)
			noneUnfinished(t, s)
			s.sound(t)
		})
	}
}

// A scanner that hangs delays; it never clears.
func TestHungScannerPublishesNothing(t *testing.T) {
	s := newSchool(t)
	require.True(t, signal(t, "clamd", syscall.SIGSTOP))
	resume := func() { signal(t, "clamd", syscall.SIGCONT) }
	t.Cleanup(resume)
	id := mustUpload(t, s.Teacher, "notes.txt", text(10_000))
	waitForStep(t, s.Teacher, id, "scan")
	_, err := download(t, s.Teacher, id)
	refused(t, err, 409, "not_published")
	resume()
	require.Equal(t, "published", settled(t, s.Teacher, id).Status)
	s.sound(t)
}

func waitForStep(t *testing.T, c *client.Client, id, step string) {
	t.Helper()
	require.Eventually(t, func() bool {
		f, err := c.Get(testContext(t), id)
		if err != nil {
			return false
		}
		for _, s := range f.Steps {
			if s.Name == step {
				return true
			}
		}
		return false
	}, patience, 50*time.Millisecond, "step %s of %s", step, id)
}

// The bytes are complete and the workflow cannot be started: the sweep starts
// it when it can.
func TestCompleteUploadIsStartedLater(t *testing.T) {
	s := newSchool(t)
	require.True(t, signal(t, "temporal", syscall.SIGSTOP))
	t.Cleanup(func() { signal(t, "temporal", syscall.SIGCONT) })
	id := mustUpload(t, s.Teacher, "notes.txt", text(10_000))
	f, err := s.Teacher.Get(testContext(t), id)
	require.NoError(t, err)
	require.Equal(t, "processing", f.Status)
	signal(t, "temporal", syscall.SIGCONT)
	require.Equal(t, "published", settled(t, s.Teacher, id).Status)
	s.sound(t)
}

// The api is killed after its 202 and before it has asked Temporal for anything: other
// schools' starts, which hang, take all its workers. Only the sweep knows the file
// then.
func TestKilledAPIsFileIsPublished(t *testing.T) {
	others := []school{newSchool(t), newSchool(t), newSchool(t)}
	s := newSchool(t)
	require.True(t, signal(t, "temporal", syscall.SIGSTOP))
	resume := func() { signal(t, "temporal", syscall.SIGCONT) }
	t.Cleanup(resume)
	var wg sync.WaitGroup
	for _, other := range others {
		for range 3 {
			wg.Go(func() { _, _ = upload(testContext(t), other.Teacher, "before.txt", text(1000)) })
		}
	}
	wg.Wait()
	id := mustUpload(t, s.Teacher, "notes.txt", text(10_000))
	kill(t, "api")
	resume()
	ready(t)
	require.Equal(t, "published", settled(t, s.Teacher, id).Status)
	s.sound(t)
}

func TestDeleteInMidScanLeavesNothing(t *testing.T) {
	s := newSchool(t)
	require.True(t, signal(t, "clamd", syscall.SIGSTOP))
	t.Cleanup(func() { signal(t, "clamd", syscall.SIGCONT) })
	id := mustUpload(t, s.Teacher, "notes.txt", text(10_000))
	waitForStep(t, s.Teacher, id, "scan")
	require.NoError(t, s.Teacher.Delete(testContext(t), id))
	signal(t, "clamd", syscall.SIGCONT)
	noneUnfinished(t, s)
	q := quotaOf(t, s.Owner)
	require.Zero(t, q.Used)
	s.sound(t)
}

// The stack's upload TTL is short for these tests.
func TestAbandonedUploadsExpire(t *testing.T) {
	t.Parallel() // it waits for a minute
	s := newSchool(t)
	ctx := testContext(t)
	for i := range 100 {
		url, err := begin(ctx, s.Teacher, fmt.Sprintf("half%d.txt", i), 20_000, "")
		require.NoError(t, err)
		header := http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Offset": {"0"}, "Content-Type": {"application/offset+octet-stream"}, "Content-Length": {"10000"}}
		resp, err := s.Teacher.Send(ctx, http.MethodPatch, url, header, bytes.NewReader(text(10_000)))
		require.NoError(t, err)
		_ = resp.Body.Close()
	}
	require.EqualValues(t, 100*20_000, quotaOf(t, s.Owner).Reserved)
	noneUnfinished(t, s)
	s.sound(t)
}

// A second finish of the same upload changes nothing.
func TestDuplicateFinishIsNoOp(t *testing.T) {
	s := newSchool(t)
	ctx := testContext(t)
	content := text(5000)
	url, err := begin(ctx, s.Teacher, "twice.txt", len(content), "")
	require.NoError(t, err)
	patch := func() (*http.Response, error) {
		header := http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Offset": {"0"}, "Content-Type": {"application/offset+octet-stream"}, "Content-Length": {"5000"}}
		return s.Teacher.Send(ctx, http.MethodPatch, url, header, bytes.NewReader(content))
	}
	first, err := patch()
	require.NoError(t, err)
	_ = first.Body.Close()
	_, err = patch() //nolint:bodyclose // a refusal comes back as an error, its body already closed
	require.Error(t, err)
	page, err := s.Teacher.List(ctx, nil)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, "published", settled(t, s.Teacher, page.Items[0].ID).Status)
	s.sound(t)
}
