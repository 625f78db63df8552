package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"

	"satchel/client"
	"satchel/internal/clamd"
	"satchel/internal/s3"
	"satchel/internal/vips"
)

// latency compares the pipeline with the straight line: the same reads, scan,
// rendering and copy, one after another in this process, without Temporal.
func (b *bench) latency(ctx context.Context) error {
	_, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	line, err := b.newLine()
	if err != nil {
		return err
	}
	pdf, err := b.race(ctx, c, line, 200, "paper.pdf", false, pdfOf)
	if err != nil {
		return err
	}
	over := func(q float64) float64 { return quantile(pdf.pipeline, q) - quantile(pdf.straight, q) }
	b.add("1 MiB PDF, finished → published", over(.5), "ms over, p50", "≤ 60", over(.5) <= 60, "200 of each, alternating: pipeline %.1f ms, straight line %.1f ms", quantile(pdf.pipeline, .5), quantile(pdf.straight, .5))
	over99 := quantile(pdf.pipeline, .99) - quantile(pdf.straight, .5)
	b.add("1 MiB PDF, finished → published", over99, "ms over, p99", "≤ 250", over99 <= 250, "p99 of the pipeline, %.1f ms, over the straight line's p50", quantile(pdf.pipeline, .99))
	photo := photoOf24MP()
	jpg, err := b.race(ctx, c, line, 15, "photo.jpg", true, func() []byte { return unique(photo) })
	if err != nil {
		return err
	}
	ratio := quantile(jpg.pipeline, .5) / quantile(jpg.straight, .5)
	b.add("24 MP JPEG", ratio, "× straight", "≤ 1.3", ratio <= 1.3, "15 of each, alternating, p50: pipeline %.0f ms, straight line %.0f ms", quantile(jpg.pipeline, .5), quantile(jpg.straight, .5))
	return nil
}

type raced struct{ pipeline, straight []time.Duration }

func (b *bench) race(ctx context.Context, c *client.Client, l *line, n int, name string, render bool, content func() []byte) (raced, error) {
	var r raced
	for i := range n + 3 {
		d, err := finishedToPublished(ctx, c, name, content())
		if err != nil {
			return r, err
		}
		s, err := l.walk(ctx, content(), render)
		if err != nil {
			return r, fmt.Errorf("straight line: %w", err)
		}
		if i >= 3 { // the first ones warm both ways up
			r.pipeline, r.straight = append(r.pipeline, d), append(r.straight, s)
		}
	}
	return r, nil
}

// finishedToPublished uploads and measures, by the rows' own times, from the
// answer to the last byte to the publication.
func finishedToPublished(ctx context.Context, c *client.Client, name string, content []byte) (time.Duration, error) {
	header := http.Header{
		"Tus-Resumable": {"1.0.0"}, "Upload-Length": {strconv.Itoa(len(content))}, "Content-Type": {"application/offset+octet-stream"},
		"Upload-Metadata": {"filename " + base64.StdEncoding.EncodeToString([]byte(name))}, "Content-Length": {strconv.Itoa(len(content))},
	}
	resp, err := c.Send(ctx, http.MethodPost, "/api/v1/storage/tus", header, bytes.NewReader(content))
	if err != nil {
		return 0, err
	}
	finished := time.Now()
	_ = resp.Body.Close()
	f, err := c.Watch(ctx, resp.Header.Get("X-File-ID"), nil)
	if err != nil {
		return 0, err
	}
	if f.Status != "published" || f.PublishedAt == nil {
		return 0, fmt.Errorf("%s is %s %s", f.ID, f.Status, f.StatusReason)
	}
	return max(f.PublishedAt.Sub(finished), 0), nil
}

// line is the straight line: the platform's own adapters, called one after another.
type line struct {
	store  *s3.Store
	clamd  *clamd.Client
	render vips.Renderer
	dir    string
}

func (b *bench) newLine() (*line, error) {
	store, err := s3.Open(s3.Config{Endpoint: b.S3.Endpoint, AccessKey: b.S3.AccessKey, SecretKey: b.S3.SecretKey, Region: "us-east-1",
		Staging: b.S3.Buckets["staging"], Clean: b.S3.Buckets["clean"], Quarantine: b.S3.Buckets["quarantine"]})
	if err != nil {
		return nil, err
	}
	renderer, err := vips.New(vips.Config{Program: b.Render, Timeout: time.Minute})
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "satchel-bench")
	return &line{store: store, clamd: clamd.New(b.Clamd, clamd.WithMemory(16<<20, 1)), render: renderer, dir: dir}, err
}

// walk puts the object as an upload would and times what comes after.
func (l *line) walk(ctx context.Context, content []byte, render bool) (time.Duration, error) {
	key := "bench/" + uuid.NewString()
	sum := sha256.Sum256(content)
	etag, err := l.store.Staging.PutWithSHA256(ctx, key, bytes.NewReader(content), int64(len(content)), sum[:])
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := l.scan(ctx, key, etag, int64(len(content))); err != nil {
		return 0, err
	}
	if render {
		if err := l.previews(ctx, key, etag); err != nil {
			return 0, err
		}
	}
	if _, err := l.store.Clean.CopyFrom(ctx, l.store.Staging.Name(), key, etag, key+"/content"); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if err := l.store.Staging.Remove(ctx, key); err != nil {
		return 0, err
	}
	return took, l.store.Clean.RemovePrefix(ctx, key)
}

func (l *line) scan(ctx context.Context, key, etag string, size int64) error {
	body, err := l.store.Staging.Open(ctx, key, etag, 0, -1)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	verdict, err := l.clamd.Scan(ctx, io.TeeReader(body, sha256.New()), size)
	if err == nil && !verdict.Clean() {
		err = fmt.Errorf("the sample is not clean: %v", verdict)
	}
	return err
}

func (l *line) previews(ctx context.Context, key, etag string) error {
	body, err := l.store.Staging.Open(ctx, key, etag, 0, -1)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	source := filepath.Join(l.dir, "source")
	f, err := os.Create(source)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, body); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	out, err := os.MkdirTemp(l.dir, "out")
	if err != nil {
		return err
	}
	result, err := l.render.Render(ctx, source, out)
	if err != nil {
		return err
	}
	for _, r := range result.Renditions {
		if err := l.putFile(ctx, key+"/"+r.Name, r.Path, r.Size, r.MIME); err != nil {
			return err
		}
	}
	return nil
}

func (l *line) putFile(ctx context.Context, key, path string, size int64, mime string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = l.store.Clean.Put(ctx, key, f, size, mime)
	return err
}

// pdfOf makes a PDF of 1 MiB whose stream cannot be compressed or remembered.
func pdfOf() []byte {
	noise := make([]byte, 1<<20-400)
	_, _ = rand.Read(noise)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n3 0 obj\n<< /Length %d >>\nstream\n", len(noise))
	b.Write(noise)
	b.WriteString("\nendstream\nendobj\ntrailer\n<< /Size 4 /Root 1 0 R >>\n%%EOF\n")
	return b.Bytes()
}

func photoOf24MP() []byte {
	img := image.NewYCbCr(image.Rect(0, 0, 6000, 4000), image.YCbCrSubsampleRatio420)
	for y := range 4000 {
		for x := range 6000 {
			img.Y[y*img.YStride+x] = uint8((x*y)>>9 ^ x>>3 ^ y>>2)
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = uint8(i>>8), uint8(i>>9)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		panic(err) // writing to memory cannot fail
	}
	return b.Bytes()
}

// unique puts a comment into a JPEG, so that no cache knows the bytes.
func unique(jpg []byte) []byte {
	id := uuid.NewString()
	out := append([]byte{}, jpg[:2]...)
	out = append(out, 0xff, 0xfe, 0, byte(len(id)+2))
	out = append(out, id...)
	return append(out, jpg[2:]...)
}

// scan measures the scan step of a 50 MB file, by its row.
func (b *bench) scan(ctx context.Context) error {
	_, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	var took []time.Duration
	for i := range 5 {
		id, err := c.Upload(ctx, client.Upload{Body: newEndless(), Size: 50_000_000, Metadata: map[string]string{"filename": fmt.Sprintf("book%d.txt", i)}})
		if err != nil {
			return err
		}
		f, err := c.Watch(ctx, id, nil)
		if err != nil {
			return err
		}
		for _, s := range f.Steps {
			if s.Name == "scan" && s.EndedAt != nil {
				took = append(took, s.EndedAt.Sub(s.StartedAt))
			}
		}
	}
	worst := quantile(took, 1) / 1000
	b.add("scan of 50 MB", worst, "s, worst of 5", "< 5", len(took) == 5 && worst < 5, "the scan step's own start and end, one file after another; p50 %.2f s", quantile(took, .5)/1000)
	return nil
}
