package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"satchel/client"
)

// endless is a file of any size whose bytes are known without being kept.
type endless struct{ block []byte }

// text is made once: what measures shares the cores with what is measured.
var text = bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog.\n"), 1<<15)

func newEndless() endless { return endless{text} }

func (e endless) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.block[(off+int64(n))%int64(len(e.block)):])
	}
	return n, nil
}

const (
	chunk     = 8 << 20
	gib       = 1 << 30
	scannable = 2000 << 20
)

// ingest sends the same gibibyte both ways alternating. The store's time for it
// differs by half from one minute to the next, so each round has its own ratio,
// and the one in the middle counts. Bare is what minio-go does by itself, which
// over plain http signs each part by its SHA-256; Satchel sums the file once and
// leaves the parts unsigned, so how fast that is without it is measured too.
func (b *bench) ingest(ctx context.Context) error {
	_, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	const rounds = 7
	ways := []func() (time.Duration, error){
		func() (time.Duration, error) { return b.bareMultipart(ctx, minio.PutObjectPartOptions{}) },
		func() (time.Duration, error) { return tusUpload(ctx, c, gib) },
		func() (time.Duration, error) {
			return b.bareMultipart(ctx, minio.PutObjectPartOptions{DisableContentSha256: true})
		},
	}
	took := make([][]time.Duration, len(ways))
	for round := range rounds {
		for i := range ways {
			i = (i + round) % len(ways) // each way comes after each other one
			d, err := ways[i]()
			if err != nil {
				return err
			}
			took[i] = append(took[i], d)
		}
	}
	signed, unsigned := ratios(took[0], took[1]), ratios(took[2], took[1])
	b.add("tus ingest of 1 GiB", signed[rounds/2], "× bare", "≥ 0.8", signed[rounds/2] >= .8,
		"8 MiB chunks one after another, the middle of %d rounds (%.2f to %.2f); p50: tus %.2f s, minio-go multipart of 8 MiB parts %.2f s; %.2f × what that takes without its signatures, %.2f s",
		rounds, signed[0], signed[rounds-1], quantile(took[1], .5)/1000, quantile(took[0], .5)/1000, unsigned[rounds/2], quantile(took[2], .5)/1000)
	return nil
}

// ratios gives one for each round, sorted.
func ratios(one, other []time.Duration) []float64 {
	r := make([]float64, len(one))
	for i := range one {
		r[i] = one[i].Seconds() / other[i].Seconds()
	}
	slices.Sort(r)
	return r
}

// tusUpload times the bytes, from creation to the last answer; the file is
// deleted afterwards so that its scan does not disturb what follows.
func tusUpload(ctx context.Context, c *client.Client, size int64) (time.Duration, error) {
	began := time.Now()
	id, err := c.Upload(ctx, client.Upload{Body: newEndless(), Size: size, Chunk: chunk, Metadata: map[string]string{"filename": "big.txt"}})
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	return took, c.Delete(ctx, id)
}

// store is the stack's object store without the platform.
func (b *bench) store() (*minio.Core, error) {
	return minio.NewCore(b.S3.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(b.S3.AccessKey, b.S3.SecretKey, ""), Region: "us-east-1"})
}

func (b *bench) bareMultipart(ctx context.Context, opts minio.PutObjectPartOptions) (time.Duration, error) {
	core, err := b.store()
	if err != nil {
		return 0, err
	}
	bucket, key := b.S3.Buckets["staging"], "bench/bare"
	began := time.Now()
	id, err := core.NewMultipartUpload(ctx, bucket, key, minio.PutObjectOptions{})
	if err != nil {
		return 0, err
	}
	var parts []minio.CompletePart
	for n := range gib / chunk {
		body := io.NewSectionReader(newEndless(), int64(n)*chunk, chunk)
		part, err := core.PutObjectPart(ctx, bucket, key, id, n+1, body, chunk, opts)
		if err != nil {
			return 0, err
		}
		parts = append(parts, minio.CompletePart{PartNumber: part.PartNumber, ETag: part.ETag})
	}
	if _, err := core.CompleteMultipartUpload(ctx, bucket, key, id, parts, minio.PutObjectOptions{}); err != nil {
		return 0, err
	}
	took := time.Since(began)
	return took, core.RemoveObject(ctx, bucket, key, minio.RemoveObjectOptions{})
}

// memory sends four files of 2,000 MiB at once, which is the most that is scanned,
// and watches what API and worker
// hold, while the bytes come and while the pipeline takes the files on; then
// while all of them are exported.
func (b *bench) memory(ctx context.Context) error {
	org, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	peak, err := b.watched(ctx, func() error { return fourAtOnce(ctx, c) })
	if err != nil {
		return err
	}
	for _, name := range []string{"api", "worker"} {
		b.add(name+" memory, 4 × 2,000 MiB", peak[name], "MiB", "< 200", peak[name] > 0 && peak[name] < 200, "highest resident set, read 5 times a second until every file was final")
	}
	began := time.Now()
	if peak, err = b.watched(ctx, func() error { return b.export(ctx, org) }); err != nil {
		return err
	}
	b.add("worker memory, export of them", peak["worker"], "MiB", "< 200", peak["worker"] > 0 && peak["worker"] < 200,
		"the same, until the archives were there after %.0f s", time.Since(began).Seconds())
	return nil
}

// export makes the archives of an organization.
func (b *bench) export(ctx context.Context, org string) error {
	var begun struct {
		Path string `json:"operation"`
	}
	c := b.Operator()
	if err := c.Call(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/export", nil, &begun); err != nil {
		return err
	}
	for {
		var work struct {
			State  string
			Result struct{ Files, Missing, Bytes int64 }
		}
		if err := c.Call(ctx, http.MethodGet, begun.Path, nil, &work); err != nil {
			return err
		}
		switch work.State {
		case "running":
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(200 * time.Millisecond):
			}
		case "succeeded":
			if r := work.Result; r.Files != 4 || r.Missing > 0 || r.Bytes < 4*scannable {
				return fmt.Errorf("the export holds %+v", r)
			}
			return nil
		default:
			return fmt.Errorf("the export %s", work.State)
		}
	}
}

func fourAtOnce(ctx context.Context, c *client.Client) error {
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			var id string
			id, errs[i] = c.Upload(ctx, client.Upload{Body: newEndless(), Size: scannable, Chunk: 64 << 20, Metadata: map[string]string{"filename": fmt.Sprintf("big%d.txt", i)}})
			if errs[i] == nil {
				errs[i] = published(ctx, c, id)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// watched gives the most that API and worker held while something was done.
func (b *bench) watched(ctx context.Context, do func() error) (map[string]float64, error) {
	peak := map[string]float64{}
	ctx, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { b.watchMemory(ctx, peak) })
	err := do()
	stop()
	watch.Wait()
	return peak, err
}

func (b *bench) watchMemory(ctx context.Context, peak map[string]float64) {
	for ctx.Err() == nil {
		for name, base := range map[string]string{"api": b.Metrics.API, "worker": b.Metrics.Worker} {
			if v, err := metric(ctx, base, "process_resident_memory_bytes"); err == nil {
				peak[name] = max(peak[name], v/(1<<20))
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// scrape reads a program's /metrics.
func scrape(ctx context.Context, url string) ([]byte, error) {
	if !strings.HasSuffix(url, "/metrics") {
		url += "/metrics"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(resp.Body)
}

// metric reads one plain value of a program's /metrics.
func metric(ctx context.Context, url, name string) (float64, error) {
	body, err := scrape(ctx, url)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(body) {
		if rest, ok := bytes.CutPrefix(line, []byte(name+" ")); ok {
			return strconv.ParseFloat(string(bytes.TrimSpace(rest)), 64)
		}
	}
	return 0, fmt.Errorf("%s is not in %s: %w", name, url, os.ErrNotExist)
}
