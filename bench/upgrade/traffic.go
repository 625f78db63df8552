package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"satchel/client"
	"satchel/internal/devstack/load"
)

// counts is what clients met.
type counts struct {
	Requests  int `json:"requests"`
	Uploads   int `json:"uploads"` // acknowledged
	Failed    int `json:"failed"`
	ComeBacks int `json:"come_backs"` // 503 with Retry-After
}

func (c counts) less(o counts) counts {
	return counts{c.Requests - o.Requests, c.Uploads - o.Uploads, c.Failed - o.Failed, c.ComeBacks - o.ComeBacks}
}

// counter is the transport of all clients. Each request counts by itself, whatever the client does
// with its answer.
type counter struct {
	over http.RoundTripper

	mu sync.Mutex
	counts
	failures []string
}

// mostFailures bounds what is told one by one.
const mostFailures = 20

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.over.RoundTrip(r)
	if err != nil && errors.Is(r.Context().Err(), context.Canceled) {
		return resp, err // the end of the load
	}
	switch {
	case err != nil:
		c.add(func(n *counts) { n.Requests++ })
		c.fail(r, err.Error())
		return resp, err
	case resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		c.add(func(n *counts) { n.Requests++; n.ComeBacks++ })
	default:
		c.add(func(n *counts) { n.Requests++ })
		if resp.StatusCode >= http.StatusBadRequest {
			c.fail(r, resp.Status)
		}
	}
	resp.Body = &watchedBody{resp.Body, func(err error) { c.fail(r, err.Error()) }}
	return resp, nil
}

func (c *counter) add(change func(*counts)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.counts)
}

func (c *counter) fail(r *http.Request, why string) {
	if errors.Is(r.Context().Err(), context.Canceled) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Failed++; len(c.failures) < mostFailures {
		c.failures = append(c.failures, fmt.Sprintf("%s %s %s: %s", time.Now().Format(time.TimeOnly), r.Method, r.URL.Path, why))
	}
}

func (c *counter) now() counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// watchedBody tells of an answer that was cut.
type watchedBody struct {
	io.ReadCloser
	cut func(error)
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.cut(err)
	}
	return n, err
}

// traffic is clients that send and read until they are told to stop.
type traffic struct {
	*counter
	ledger *load.Ledger
	school *client.Client

	numbers chan int
	mu      sync.Mutex
	errs    []error
	running sync.WaitGroup
}

// readers is how many clients list and download.
const (
	readers     = 3
	betweenRead = 100 * time.Millisecond
	mixedEach   = 10 // one of so many uploads is of any kind, the others are small texts
	patience    = 5 * time.Minute
)

// during sends while f runs, and gives the errors of both. Where f has failed, cancel ends what uploads wait for: no one
// starts it again.
func (t *traffic) during(ctx context.Context, cancel context.CancelFunc, rate, clients int, f func(context.Context) error) error {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	t.begin(sending, ctx, rate, clients)
	err := f(ctx)
	stop()
	if err != nil {
		cancel()
	}
	return errors.Join(err, t.wait(), t.ledger.Close())
}

// begin starts clients that send at most rate files a second together.
func (t *traffic) begin(sending, ctx context.Context, rate, clients int) {
	t.numbers = make(chan int)
	t.running.Go(func() { t.pace(sending, rate) })
	for range clients {
		sender := &load.Client{API: t.school, Ledger: t.ledger, Patience: patience}
		t.running.Go(func() { t.send(ctx, sender) })
	}
	for range readers {
		t.running.Go(func() { t.read(sending) })
	}
}

// pace gives out the numbers of the uploads. What no client takes in its moment is not made up for.
func (t *traffic) pace(ctx context.Context, rate int) {
	defer close(t.numbers)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			return
		case t.numbers <- n:
		}
	}
}

// send ends what was begun.
func (t *traffic) send(ctx context.Context, sender *load.Client) {
	for n := range t.numbers {
		f := load.Small(n)
		if n%mixedEach == 0 {
			f = load.Mixed(n)
		}
		event, err := sender.Send(ctx, n, f)
		switch {
		case err != nil:
			t.mu.Lock()
			t.errs = append(t.errs, err)
			t.mu.Unlock()
			return
		case event == load.Acknowledged:
			t.add(func(c *counts) { c.Uploads++ })
		}
	}
}

// read lists, and downloads what is published.
func (t *traffic) read(ctx context.Context) {
	for ctx.Err() == nil {
		page, err := t.school.List(ctx, url.Values{"limit": {"20"}, "status": {"published"}})
		if err == nil && len(page.Items) > 0 {
			at := slices.MaxFunc(page.Items, func(a, b client.File) int { return b.CreatedAt.Compare(a.CreatedAt) })
			_, _ = t.school.Download(ctx, at.ID, 0, io.Discard) // the transport has counted it
		}
		select {
		case <-ctx.Done():
		case <-time.After(betweenRead):
		}
	}
}

// wait waits until all that was begun has ended.
func (t *traffic) wait() error {
	t.running.Wait()
	return errors.Join(t.errs...)
}
