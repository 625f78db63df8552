package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/minio/minio-go/v7"

	"satchel/client"
)

// delivery reads one published gibibyte through the content host and from the bare store,
// in turns, so that each round has its own ratio, and how long the first byte of a small
// file takes.
func (b *bench) delivery(ctx context.Context) error {
	org, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	file, key, err := b.gibibyte(ctx, c, org)
	if err != nil {
		return err
	}
	const rounds = 9
	var ours, bare []time.Duration
	for i := range rounds + 1 {
		ways := []func() (time.Duration, error){
			func() (time.Duration, error) { return contentGET(ctx, c, file, gib) },
			func() (time.Duration, error) { return b.bareGET(ctx, key) },
		}
		took := make([]time.Duration, 2)
		for j := range ways {
			j = (j + i) % 2
			if took[j], err = ways[j](); err != nil {
				return err
			}
		}
		if i > 0 { // the first round warms the page cache up
			ours, bare = append(ours, took[0]), append(bare, took[1])
		}
	}
	ratio := ratios(bare, ours)
	b.add("download of 1 GiB by the content host", ratio[rounds/2], "× bare", "≥ 0.9", ratio[rounds/2] >= .9, "the middle of %d rounds (%.2f to %.2f), in turns; p50: content host %.2f s, minio-go's GET %.2f s",
		rounds, ratio[0], ratio[rounds-1], quantile(ours, .5)/1000, quantile(bare, .5)/1000)
	return b.firstBytes(ctx, c)
}

// gibibyte publishes one, and gives where it lies.
func (b *bench) gibibyte(ctx context.Context, c *client.Client, org string) (file, key string, err error) {
	file, err = c.Upload(ctx, client.Upload{Body: newEndless(), Size: gib, Chunk: chunk, Metadata: map[string]string{"filename": "big.txt"}})
	if err != nil {
		return "", "", err
	}
	if err = published(ctx, c, file); err != nil {
		return "", "", err
	}
	key, err = b.objectOf(ctx, org, file)
	return file, key, err
}

// contentGET reads a file by a new address.
func contentGET(ctx context.Context, c *client.Client, file string, size int64) (time.Duration, error) {
	a, err := c.Address(ctx, file, client.AddressRequest{})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	n, err := c.Fetch(ctx, a.URL, 0, io.Discard)
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes instead of %d", n, size)
	}
	return time.Since(began), err
}

func (b *bench) bareGET(ctx context.Context, key string) (time.Duration, error) {
	core, err := b.store()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	body, _, _, err := core.GetObject(ctx, b.S3.Buckets["clean"], key, minio.GetObjectOptions{})
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	n, err := io.Copy(io.Discard, body)
	if err == nil && n < gib { // it lies there encrypted, which is a little more
		err = fmt.Errorf("%d bytes of the store instead of %d", n, int64(gib))
	}
	return time.Since(began), err
}

// firstBytes measures the first byte of 100 KB over a connection that is there.
func (b *bench) firstBytes(ctx context.Context, c *client.Client) error {
	ids, err := publishMany(ctx, c, 1, 100_000)
	if err != nil {
		return err
	}
	var took []time.Duration
	for i := range 320 {
		a, err := c.Address(ctx, ids[0], client.AddressRequest{})
		if err != nil {
			return err
		}
		d, err := firstByte(ctx, a.URL)
		if err != nil {
			return err
		}
		if i >= 20 {
			took = append(took, d)
		}
	}
	b.add("first byte of 100 KB by the content host", quantile(took, .5), "ms p50", "≤ 5", quantile(took, .5) <= 5, "%d one after another, over one connection; p95 %.2f ms", len(took), quantile(took, .95))
	return nil
}

func firstByte(ctx context.Context, address string) (d time.Duration, err error) {
	began := time.Now()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: func() { d = time.Since(began) }})
	code, err := status(ctx, address)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("%s was answered with %d", address, code)
	}
	return d, err
}
