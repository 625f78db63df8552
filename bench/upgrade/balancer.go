package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// probePeriod is how often the balancer asks. SATCHEL_DRAIN is more than two periods.
const (
	probePeriod  = 500 * time.Millisecond
	probeTimeout = 3 * time.Second
	drain        = "3s"
)

// backend is one API behind the balancer.
type backend struct {
	url   *url.URL
	probe string
	up    atomic.Bool
}

// balancer sends each request to the next API that said last that it takes requests. It tries no
// request twice: what an API does not answer, the client sees.
type balancer struct {
	backends []*backend
	next     atomic.Uint64
	say      io.Writer
	proxy    *httputil.ReverseProxy
	none     atomic.Int64 // requests for which no API was there
	broken   atomic.Int64 // requests that an API did not answer
}

func newBalancer(say io.Writer, backends []*backend) *balancer {
	b := &balancer{backends: backends, say: say}
	b.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(chosen(r.In.Context()).url)
			r.Out.Host = r.In.Host // addresses in answers are those of the balancer
			r.SetXForwarded()
		},
		FlushInterval: -1, // events come as they are
		Transport:     &http.Transport{MaxIdleConnsPerHost: 128, DialContext: (&net.Dialer{Timeout: probeTimeout}).DialContext},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			b.broken.Add(1)
			_, _ = fmt.Fprintf(b.say, "  balancer: %s %s at %s: %s\n", r.Method, r.URL.Path, chosen(r.Context()).url.Host, err)
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	return b
}

type chosenKey struct{}

func chosen(ctx context.Context) *backend { return ctx.Value(chosenKey{}).(*backend) }

// ServeHTTP answers 502 when no API takes requests, which no client may see.
func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for range b.backends {
		at := b.backends[b.next.Add(1)%uint64(len(b.backends))]
		if at.up.Load() {
			b.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), chosenKey{}, at)))
			return
		}
	}
	b.none.Add(1)
	w.WriteHeader(http.StatusBadGateway)
}

// watch asks the APIs until ctx ends.
func (b *balancer) watch(ctx context.Context) {
	var probes sync.WaitGroup
	for _, at := range b.backends {
		probes.Go(func() {
			tick := time.NewTicker(probePeriod)
			defer tick.Stop()
			for {
				at.ask(ctx)
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
	probes.Wait()
}

func (a *backend) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	resp, err := get(ctx, a.probe)
	if err == nil {
		_ = resp.Body.Close()
	}
	a.up.Store(err == nil && resp.StatusCode == http.StatusOK)
}

// serve listens until ctx ends.
func (b *balancer) serve(ctx context.Context, address string) (wait func(), err error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the balancer: %w", err)
	}
	s := &http.Server{Handler: b, ReadHeaderTimeout: time.Minute}
	var running sync.WaitGroup
	running.Go(func() { _ = s.Serve(l) })
	running.Go(func() { b.watch(ctx) })
	running.Go(func() {
		<-ctx.Done()
		_ = s.Close()
	})
	return running.Wait, nil
}
