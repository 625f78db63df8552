package oidc

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"sync"
	"time"
)

// cacheTTL is how often one document of the issuer is asked for at most. Every
// token with an unknown key asks for the keys, and anyone can make such tokens.
const cacheTTL = 5 * time.Second

const maxDocument = 1 << 20

// documentCache repeats the last good answer to a GET for a while.
type documentCache struct {
	next    http.RoundTripper
	now     func() time.Time
	changed func() // is called when a document is another one than before

	mu   sync.Mutex
	last map[string]answer
}

type answer struct {
	at     time.Time
	header http.Header
	body   []byte
}

func newClient(roots *x509.CertPool, changed func()) *http.Client {
	next := http.DefaultTransport.(*http.Transport).Clone()
	next.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	return &http.Client{Timeout: 5 * time.Second, Transport: &documentCache{next: next, now: time.Now, changed: changed, last: map[string]answer{}}}
}

// RoundTrip holds the lock while it asks, so that a burst asks once. Only the
// issuer's two addresses ever come here, so the map stays small.
func (c *documentCache) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet {
		return c.next.RoundTrip(req)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	url := req.URL.String()
	if a, ok := c.last[url]; ok && c.now().Sub(a.at) < cacheTTL {
		return a.response(req), nil
	}
	resp, err := c.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument))
	if err != nil {
		return nil, err
	}
	if before, known := c.last[url]; known && !bytes.Equal(before.body, body) {
		c.changed()
	}
	a := answer{at: c.now(), header: resp.Header, body: body}
	c.last[url] = a
	return a.response(req), nil
}

func (a answer) response(req *http.Request) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header.Clone(), Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: req,
	}
}
