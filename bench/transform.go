package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"satchel/client"
	"satchel/policies/transforms"
)

const askers = 500

// transform compares a picture that no request asked for before with libvips alone, and asks
// for one again, and for one by many at once.
func (b *bench) transform(ctx context.Context) error {
	_, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	photo := photoOf24MP()
	file, err := c.Upload(ctx, client.Upload{Body: bytes.NewReader(photo), Size: int64(len(photo)), Metadata: map[string]string{"filename": "photo.jpg"}})
	if err != nil {
		return err
	}
	if err := published(ctx, c, file); err != nil {
		return err
	}
	if err := b.colds(ctx, c, file, photo); err != nil {
		return err
	}
	if err := b.warm(ctx, c, file); err != nil {
		return err
	}
	return b.once(ctx, c, file)
}

// ask is a picture that differs from those of other numbers below 30: qualities are rounded
// up to a few.
func ask(n int) transforms.Ask {
	return transforms.Ask{Width: transforms.Sizes[n%len(transforms.Sizes)], Fit: "inside", Format: "webp", Quality: 40 + 5*(n/len(transforms.Sizes))}
}

func askOf(a transforms.Ask) map[string]any {
	return map[string]any{"width": a.Width, "fit": a.Fit, "format": a.Format, "quality": a.Quality}
}

// colds makes each picture both ways, in turns.
func (b *bench) colds(ctx context.Context, c *client.Client, file string, photo []byte) error {
	l, err := b.newLine()
	if err != nil {
		return err
	}
	source := filepath.Join(l.dir, "photo")
	if err := os.WriteFile(source, photo, 0o600); err != nil {
		return err
	}
	var cold, alone []time.Duration
	for i := range 26 {
		a := ask(i)
		spec, err := a.Resolve(transforms.Sizes)
		if err != nil {
			return err
		}
		d, err := b.picture(ctx, c, file, a)
		if err != nil {
			return err
		}
		out, err := os.MkdirTemp(l.dir, "picture")
		if err != nil {
			return err
		}
		began := time.Now()
		if _, err := l.render.Transform(ctx, source, out, spec); err != nil {
			return err
		}
		if i > 0 { // the first one warms both ways up
			cold, alone = append(cold, d), append(alone, time.Since(began))
		}
	}
	ratio := quantile(cold, .5) / quantile(alone, .5)
	b.add("picture of 24 MP, cold", ratio, "× libvips alone", "≤ 1.2", ratio <= 1.2, "%d sizes, in turns, p50: asked for and read %.0f ms, the renderer alone on a local file %.0f ms", len(cold), quantile(cold, .5), quantile(alone, .5))
	return nil
}

// picture times the answer to an address of a picture.
func (b *bench) picture(ctx context.Context, c *client.Client, file string, a transforms.Ask) (time.Duration, error) {
	address, err := c.Address(ctx, file, client.AddressRequest{Transform: askOf(a)})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	err = read(ctx, address.URL)
	return time.Since(began), err
}

func read(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := crowd.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || len(body) == 0) {
		err = fmt.Errorf("answer %d: %.200s", resp.StatusCode, body)
	}
	return err
}

// activities counts how often the worker has executed an activity.
func (b *bench) activities(ctx context.Context, name string) (float64, error) {
	body, err := scrape(ctx, b.Metrics.Worker)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for line := range strings.Lines(string(body)) {
		if !strings.HasPrefix(line, "temporal_activity_execution_latency") || !strings.Contains(line, "_count{") || !strings.Contains(line, `activity_type="`+name+`"`) {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, '}')+1:]), 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func (b *bench) warm(ctx context.Context, c *client.Client, file string) error {
	var took []time.Duration
	for i := range 520 {
		d, err := b.picture(ctx, c, file, ask(3))
		if err != nil {
			return err
		}
		if i >= 20 {
			took = append(took, d)
		}
	}
	b.add("picture, warm", quantile(took, .5), "ms p50", "≤ 3", quantile(took, .5) <= 3, "%d one after another, whole; p95 %.2f ms", len(took), quantile(took, .95))
	return nil
}

// once has many ask for one picture that is not there. The worker's own counter says how
// often it was made.
func (b *bench) once(ctx context.Context, c *client.Client, file string) error {
	address, err := c.Address(ctx, file, client.AddressRequest{Transform: askOf(transforms.Ask{Width: 1920, Fit: "inside", Format: "webp", Quality: 95})})
	if err != nil {
		return err
	}
	const counter = "TransformPicture"
	before, err := b.activities(ctx, counter)
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := together(ctx, askers, askers, func(ctx context.Context, _ int) (struct{}, error) { return struct{}{}, read(ctx, address.URL) }); err != nil {
		return err
	}
	took := time.Since(began)
	after, err := b.activities(ctx, counter)
	if err != nil {
		return err
	}
	b.add("one cold picture, 500 clients", after-before, "times made", "1", after-before == 1, "all answered with it after %.2f s; by the worker's count of the activity", took.Seconds())
	return nil
}
