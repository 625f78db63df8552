package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"satchel/client"
)

// tenMegabytes lets 20 people upload 10 MB each at the same moment.
func (b *bench) tenMegabytes(ctx context.Context) error {
	_, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	var took []time.Duration
	before := b.used()
	for range 3 {
		round, err := concurrentUploads(ctx, c, 20, 10_000_000)
		if err != nil {
			return err
		}
		took = append(took, round...)
	}
	p95 := quantile(took, .95) / 1000
	b.add("10 MB, 20 users at once", p95, "s p95", "< 2", p95 < 2, "3 rounds, first byte sent → published; p50 %.2f s; %s", quantile(took, .5)/1000, before.each(b.used(), len(took)))
	return nil
}

// concurrentUploads uploads n files at the same moment and gives the time of each from its
// first byte to its publication.
func concurrentUploads(ctx context.Context, c *client.Client, n int, size int64) ([]time.Duration, error) {
	took, errs := make([]time.Duration, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { took[i], errs[i] = uploadAndWait(ctx, c, fmt.Sprintf("f%d.txt", i), size) })
	}
	wg.Wait()
	return took, errors.Join(errs...)
}

func uploadAndWait(ctx context.Context, c *client.Client, name string, size int64) (time.Duration, error) {
	began := time.Now()
	id, err := c.Upload(ctx, client.Upload{Body: newEndless(), Size: size, Metadata: map[string]string{"filename": name}})
	if err != nil {
		return 0, err
	}
	err = published(ctx, c, id)
	return time.Since(began), err
}

// published waits until a file is, and fails if it becomes anything else.
func published(ctx context.Context, c *client.Client, id string) error {
	f, err := c.Watch(ctx, id, nil)
	if err == nil && f.Status != "published" {
		err = fmt.Errorf("%s is %s %s", f.ID, f.Status, f.StatusReason)
	}
	return err
}

// users: each of a hundred people uploads, lists, reads and deletes with short
// pauses. Afterwards nothing may be under way and the quota must be the sum.
func (b *bench) users(ctx context.Context) error {
	_, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	var acts, failures atomic.Int64
	var live atomic.Int64
	var firstFailure atomic.Value
	until := time.Now().Add(2 * time.Minute)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for time.Now().Before(until) && ctx.Err() == nil {
				n, err := oneVisit(ctx, c)
				live.Add(n)
				acts.Add(1)
				if err != nil {
					failures.Add(1)
					firstFailure.CompareAndSwap(nil, err.Error())
				}
				pause(ctx, 500+rand.IntN(1500)) //nolint:gosec // people do not pause in secret
			}
		})
	}
	wg.Wait()
	var q struct{ Used, Reserved int64 }
	if err := c.Call(ctx, "GET", "/api/v1/storage/quota", nil, &q); err != nil {
		return err
	}
	why, _ := firstFailure.Load().(string)
	b.add("100 users, 2 minutes: errors", float64(failures.Load()), "", "0", failures.Load() == 0, "%d visits of upload → published → list → download (every 4th deleted) %s", acts.Load(), why)
	b.add("100 users: still reserved", float64(q.Reserved), "bytes", "0", q.Reserved == 0, "the quota right after the last visit: no file is stuck")
	b.add("100 users: quota − sum", float64(q.Used-live.Load()), "bytes", "0", q.Used == live.Load(), "used by the quota against what the visitors published (the trash counts)")
	return nil
}

// pause is a person reading, in milliseconds.
func pause(ctx context.Context, ms int) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(ms) * time.Millisecond):
	}
}

func oneVisit(ctx context.Context, c *client.Client) (published int64, err error) {
	size := int64(10_000 + rand.IntN(200_000)) //nolint:gosec // a size, no secret
	id, err := c.Upload(ctx, client.Upload{Body: newEndless(), Size: size, Metadata: map[string]string{"filename": "note.txt"}})
	if err != nil {
		return 0, fmt.Errorf("upload: %w", err)
	}
	f, err := c.Watch(ctx, id, nil)
	if err != nil {
		return 0, fmt.Errorf("wait: %w", err)
	}
	if f.Status != "published" {
		return 0, fmt.Errorf("the file is %s %s", f.Status, f.StatusReason)
	}
	if _, err := c.List(ctx, url.Values{"limit": {"20"}}); err != nil {
		return size, fmt.Errorf("list: %w", err)
	}
	var n counter
	if _, err := c.Download(ctx, id, 0, &n); err != nil {
		return size, fmt.Errorf("download: %w", err)
	}
	if int64(n) != size {
		return size, fmt.Errorf("a download of %d bytes gave %d", size, n)
	}
	if rand.IntN(4) == 0 { //nolint:gosec // every fourth, no secret
		return size, c.Delete(ctx, id)
	}
	return size, nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// fairness lets one organization queue a backlog and watches what another
// organization's single files wait.
func (b *bench) fairness(ctx context.Context) error {
	backlog := 600
	if b.full {
		backlog = 5000
	}
	_, a, err := b.school(ctx)
	if err != nil {
		return err
	}
	_, other, err := b.school(ctx)
	if err != nil {
		return err
	}
	idle, err := oneByOne(ctx, other, 30)
	if err != nil {
		return err
	}
	if err := queueUp(ctx, a, backlog); err != nil {
		return err
	}
	before, err := processing(ctx, a)
	if err != nil {
		return err
	}
	busy, err := oneByOne(ctx, other, 30)
	if err != nil {
		return err
	}
	after, err := processing(ctx, a)
	if err != nil {
		return err
	}
	ratio := quantile(busy, .95) / quantile(idle, .95)
	b.add("another's backlog", ratio, "× idle p95", "≤ 3", ratio <= 3 && before > 0, "A queued %d files (%d open at B's first, %d at its last); B's p95 %.0f ms idle, %.0f ms beside A",
		backlog, before, after, quantile(idle, .95), quantile(busy, .95))
	return nil
}

func oneByOne(ctx context.Context, c *client.Client, n int) ([]time.Duration, error) {
	var took []time.Duration
	for i := range n {
		d, err := uploadAndWait(ctx, c, fmt.Sprintf("b%d.txt", i), 20_000)
		if err != nil {
			return nil, err
		}
		took = append(took, d)
	}
	return took, nil
}

func queueUp(ctx context.Context, c *client.Client, n int) error {
	jobs := make(chan int)
	errs := make(chan error, 32)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for i := range jobs {
				_, err := c.Upload(ctx, client.Upload{Body: newEndless(), Size: 100_000, Metadata: map[string]string{"filename": fmt.Sprintf("a%d.txt", i)}})
				if err != nil {
					select {
					case errs <- err:
					default:
					}
				}
			}
		})
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// processing counts an organization's files that are still on their way, by
// what its quota reserves: every file of the backlog has the same size.
func processing(ctx context.Context, c *client.Client) (int64, error) {
	var q struct{ Reserved int64 }
	err := c.Call(ctx, "GET", "/api/v1/storage/quota", nil, &q)
	return q.Reserved / 100_000, err
}
