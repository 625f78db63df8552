package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"satchel/client"
)

const (
	edgeFiles, edgeClients = 20, 16
	edgeTime               = 8 * time.Second
	edgeDeletions          = 200
)

// edge compares a warm Varnish with the content host behind it, and measures how long
// what was deleted is given by either. No purge is sent meanwhile.
func (b *bench) edge(ctx context.Context) error {
	_, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	files, err := publishMany(ctx, c, edgeFiles, 100_000)
	if err != nil {
		return err
	}
	rates := map[string]float64{}
	for _, round := range []string{"warm", "first", "second"} {
		for name, host := range map[string]string{"origin": b.Content, "edge": b.Edge} {
			addresses, err := b.addressesAt(ctx, c, files, host)
			if err != nil {
				return err
			}
			rate, err := requestRate(ctx, addresses)
			if err != nil {
				return err
			}
			if round != "warm" {
				rates[name] += rate / 2
			}
		}
	}
	ratio := rates["edge"] / rates["origin"]
	b.add("100 KB by a warm Varnish", ratio, "× origin", "≥ 3", ratio >= 3, "%d clients, %d files, two rounds of %s: %.0f requests/s, content host %.0f", edgeClients, edgeFiles, edgeTime, rates["edge"], rates["origin"])
	if err := b.edgeRate(ctx, c); err != nil {
		return err
	}
	if err := b.edgeFirstBytes(ctx, c, files); err != nil {
		return err
	}
	return b.edgeDeletions(ctx, c)
}

// addressesAt are new addresses of files at a host.
func (b *bench) addressesAt(ctx context.Context, c *client.Client, files []string, host string) ([]string, error) {
	out := make([]string, len(files))
	for i, file := range files {
		a, err := c.Address(ctx, file, client.AddressRequest{})
		if err != nil {
			return nil, err
		}
		out[i] = host + strings.TrimPrefix(a.URL, b.Content)
	}
	return out, nil
}

// requestRate is how many whole answers a second clients get who ask without a pause.
func requestRate(ctx context.Context, addresses []string) (float64, error) {
	var n atomic.Int64
	ends := time.Now().Add(edgeTime)
	_, err := together(ctx, edgeClients, edgeClients, func(ctx context.Context, i int) (bool, error) {
		for ; time.Now().Before(ends); i++ {
			status, err := status(ctx, addresses[i%len(addresses)])
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("answered with %d", status)
			}
			if err != nil {
				return false, err
			}
			n.Add(1)
		}
		return true, nil
	})
	return float64(n.Load()) / edgeTime.Seconds(), err
}

func status(ctx context.Context, address string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	resp, err := crowd.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// edgeFirstBytes measures addresses whose yes is kept, and new ones, for which the API is
// asked. Addresses of one file are the same within a second, so each file has one.
func (b *bench) edgeFirstBytes(ctx context.Context, c *client.Client, files []string) error {
	addresses, err := b.addressesAt(ctx, c, files, b.Edge)
	if err != nil {
		return err
	}
	var took, asked []time.Duration
	for _, address := range addresses {
		for i := range 16 {
			d, err := firstByte(ctx, address)
			if err != nil {
				return err
			}
			if i == 0 {
				asked = append(asked, d)
			} else {
				took = append(took, d)
			}
		}
	}
	p50 := quantile(took, .5)
	b.add("first byte of 100 KB by a warm Varnish", p50, "ms p50", "≤ 5", p50 <= 5, "%d one after another; p95 %.2f ms; the yes is kept; of %d addresses about which the API is asked p50 %.2f ms", len(took), quantile(took, .95), len(asked), quantile(asked, .5))
	return nil
}

// edgeDeletion deletes one file and tells how long the content host and the edge gave it.
func (b *bench) edgeDeletion(ctx context.Context, c *client.Client, file []string) ([]time.Duration, error) {
	addresses := make([]string, 2)
	for k, host := range []string{b.Content, b.Edge} {
		one, err := b.addressesAt(ctx, c, file, host)
		if err != nil {
			return nil, err
		}
		addresses[k] = one[0]
		if s, err := status(ctx, addresses[k]); err != nil || s != http.StatusOK {
			return nil, fmt.Errorf("answered with %d before the deletion: %w", s, err)
		}
	}
	if err := c.Delete(ctx, file[0]); err != nil {
		return nil, err
	}
	deleted := time.Now()
	return together(ctx, 2, 2, func(ctx context.Context, k int) (time.Duration, error) {
		for {
			s, err := status(ctx, addresses[k])
			if err != nil || s >= http.StatusBadRequest && s != http.StatusTooManyRequests {
				return time.Since(deleted), err
			}
			pause(ctx, 20)
		}
	})
}

// edgeDeletions deletes files and asks both hosts until each refuses.
func (b *bench) edgeDeletions(ctx context.Context, c *client.Client) error {
	files, err := publishMany(ctx, c, edgeDeletions, 20_000)
	if err != nil {
		return err
	}
	all, err := together(ctx, len(files), edgeClients, func(ctx context.Context, i int) ([]time.Duration, error) {
		return b.edgeDeletion(ctx, c, files[i:i+1])
	})
	if err != nil {
		return err
	}
	var origin, edge []time.Duration
	for _, took := range all {
		origin, edge = append(origin, took[0]), append(edge, took[1])
	}
	for name, took := range map[string][]time.Duration{"by the content host": origin, "by Varnish, without a purge": edge} {
		p99 := quantile(took, .99) / 1000
		b.add("deletion until refused "+name, p99, "s p99", "≤ 2", p99 <= 2, "%d deletions, %d at once; p50 %.2f s, longest %.2f s", len(took), edgeClients, quantile(took, .5)/1000, quantile(took, 1)/1000)
	}
	return nil
}
