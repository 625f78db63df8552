package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"satchel/client"
)

const (
	noisyTier = "free"
	perMinute = 600 // of that tier
	tooOften  = 10
	quiet     = 300 // requests of the one who is measured, in each half
)

// neighbor lets one organization ask ten times as often as it may, and watches
// what another one waits for its list.
func (b *bench) neighbor(ctx context.Context) error {
	org, c, err := b.school(ctx)
	if err != nil {
		return err
	}
	for i := range 20 {
		if _, err := uploadAndWait(ctx, c, fmt.Sprintf("n%d.txt", i), 2000); err != nil {
			return err
		}
	}
	noisy, err := b.ProvisionTier(ctx, "bench-"+uuid.NewString(), "Noisy neighbor", noisyTier)
	if err != nil {
		return err
	}
	callers := make([]*client.Client, 4)
	for i := range callers {
		if callers[i], err = b.Member(ctx, noisy, fmt.Sprintf("teacher-%d-%s", i, noisy), "teacher"); err != nil {
			return err
		}
	}
	if _, err := calmly(ctx, c); err != nil { // warms the way up
		return err
	}
	idle, err := calmly(ctx, c)
	if err != nil {
		return err
	}
	noise, stop := context.WithCancel(ctx)
	defer stop()
	var n counts
	var done sync.WaitGroup
	for _, caller := range callers {
		done.Go(func() { n.hammer(noise, caller, time.Minute*time.Duration(len(callers))/(perMinute*tooOften)) })
	}
	began := time.Now()
	busy, err := calmly(ctx, c)
	took := time.Since(began)
	stop()
	done.Wait()
	if err != nil {
		return fmt.Errorf("organization %s beside the noise: %w", org, err)
	}
	b.addNoise(&n, idle, busy, took)
	return nil
}

func (b *bench) addNoise(n *counts, idle, busy []time.Duration, took time.Duration) {
	ratio := quantile(busy, .95) / quantile(idle, .95)
	rate := float64(n.sent.Load()) / took.Seconds() * 60
	b.add("noisy neighbor", ratio, "× idle p95", "≤ 1.5", ratio <= 1.5 && rate >= .8*perMinute*tooOften,
		"A sends %.0f requests a minute, may send %d; B's list of 20: p95 %.1f ms idle, %.1f ms beside A (p50 %.1f, %.1f), %d each",
		rate, perMinute, quantile(idle, .95), quantile(busy, .95), quantile(idle, .5), quantile(busy, .5), len(busy))
	b.add("noisy neighbor: refused without 429 or Retry-After", float64(n.other.Load()), "", "0", n.other.Load() == 0 && n.refused.Load() > 0,
		"of A's %d requests %d were answered and %d refused with 429 and a Retry-After", n.sent.Load(), n.answered.Load(), n.refused.Load())
}

// calmly asks for a page twenty times a second.
func calmly(ctx context.Context, c *client.Client) (took []time.Duration, err error) {
	for tick := time.NewTicker(50 * time.Millisecond); len(took) < quiet; {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		began := time.Now()
		if err := c.Call(ctx, http.MethodGet, "/api/v1/storage/files?limit=20", nil, nil); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// counts are the answers to the noise requests.
type counts struct{ sent, answered, refused, other atomic.Int64 }

// hammer asks at a fixed pace, whatever the answers say, and does not wait for
// them.
func (n *counts) hammer(ctx context.Context, c *client.Client, every time.Duration) {
	var under sync.WaitGroup
	defer under.Wait()
	slots := make(chan struct{}, 64)
	for tick := time.NewTicker(every); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case slots <- struct{}{}:
			under.Go(func() { defer func() { <-slots }(); n.ask(ctx, c) })
		default: // the server owes 64 answers: ours to wait
		}
	}
}

func (n *counts) ask(ctx context.Context, c *client.Client) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+"/api/v1/storage/files?limit=20", nil)
	if err != nil {
		return
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return // the end of the noise
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	n.sent.Add(1)
	switch {
	case resp.StatusCode == http.StatusOK:
		n.answered.Add(1)
	case resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") != "":
		n.refused.Add(1)
	default:
		n.other.Add(1)
	}
}
