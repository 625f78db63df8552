// Package roblox speaks with Roblox's Open Cloud. A client makes one request and never a
// second one: who calls it knows which change may be made twice. It follows no redirect,
// which would carry the key elsewhere.
package roblox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/internal/fault"
	"satchel/roblox"
)

// Config is how Roblox is reached.
type Config struct {
	URL string `env:"SATCHEL_ROBLOX_URL" envDefault:"https://apis.roblox.com"` // address of Roblox's Open Cloud; the fake of the local stack is another one
}

// maxAnswer bounds what is read; a value of a data store has at most 4 MiB.
const maxAnswer = 8 << 20

// requestTimeout bounds one request, with 20 MiB on their way.
const requestTimeout = 2 * time.Minute

// Client speaks with Roblox by one API key.
type Client struct {
	*Dialer
	key string
}

// Dialer makes clients.
type Dialer struct {
	base     string
	http     *http.Client
	requests *prometheus.CounterVec
	took     prometheus.Histogram
}

// New checks the address. Plain http is for this machine alone: the key travels with each
// request. Requests are counted in r, which may be nil.
func New(c Config, r prometheus.Registerer) (*Dialer, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" {
		return nil, errors.New("SATCHEL_ROBLOX_URL is no address")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("SATCHEL_ROBLOX_URL must be https: the key travels with each request")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	transport.MaxIdleConnsPerHost = 16
	d := &Dialer{base: strings.TrimSuffix(c.URL, "/"), http: &http.Client{Transport: transport, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_roblox_requests_total", Help: "Requests to Roblox, by outcome: ok, or the code of the failure."}, []string{"outcome"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "satchel_roblox_request_seconds", Help: "From a request to Roblox to its answer, failures included.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 15, 60, 120}}),
	}
	if r != nil {
		r.MustRegister(d.requests, d.took)
	}
	return d, nil
}

// Open gives a client with a key.
func (d *Dialer) Open(key string) *Client { return &Client{Dialer: d, key: key} }

// call is one request.
type call struct {
	method, path string
	query        url.Values
	contentType  string
	body         []byte
	// once says that a second request would do it a second time.
	once bool
}

// do makes the request and counts it, and gives the body of a success.
func (c *Client) do(ctx context.Context, r call) ([]byte, error) {
	began := time.Now()
	body, err := c.request(ctx, r)
	c.took.Observe(time.Since(began).Seconds())
	c.requests.WithLabelValues(outcome(err)).Inc()
	return body, err
}

// outcome is the code of a failure. There are as many as there are faults of Roblox.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return fault.Of(err).Code
}

func (c *Client) request(ctx context.Context, r call) ([]byte, error) {
	// From the moment at which there is a connection the request may have come there. The
	// transport itself sends a request again only when nothing of it was written.
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("make request to Roblox: %w", err)
	}
	request.Header.Set("X-Api-Key", c.key)
	request.Header.Set("Accept", "application/json")
	if r.contentType != "" {
		request.Header.Set("Content-Type", r.contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, r.lost(ctx, sent.Load(), err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300 && err != nil, len(body) > maxAnswer:
		return nil, r.lost(ctx, true, errors.Join(err, errors.New("the answer of Roblox is cut off or too long")))
	case response.StatusCode >= 200 && response.StatusCode < 300:
		return body, nil
	}
	return nil, r.refusal(response.StatusCode, response.Header, body)
}

// lost is what a request without an answer means.
func (r call) lost(ctx context.Context, sent bool, err error) error {
	if r.once && sent {
		return roblox.ErrUnsure.Because(err)
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(cause, context.Canceled) {
		return cause
	}
	return roblox.ErrDown.Because(err)
}

// answer is do for an answer that is JSON.
func answer[T any](ctx context.Context, c *Client, r call) (T, error) {
	var out T
	body, err := c.do(ctx, r)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return out, r.lost(ctx, true, fmt.Errorf("read answer of Roblox: %w", err))
	}
	return out, nil
}

// number is an id: the contract has a number, and what Roblox sends is often a string.
type number int64

// UnmarshalJSON reads both.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	if err != nil || v < 0 {
		return fmt.Errorf("%.20q is no id", b)
	}
	*n = number(v)
	return nil
}

// said is an error in any of the four shapes: of the gateway, of v2, of v1 and of ASP.
type said struct {
	Code    json.RawMessage `json:"code"`
	Message string          `json:"message"`
	Error   json.RawMessage `json:"error"`
	Title   string          `json:"title"`
	Errors  json.RawMessage `json:"errors"`
}

// words are all that an error says, in lower case.
func words(body []byte) string {
	var s said
	if json.Unmarshal(body, &s) != nil {
		return strings.ToLower(string(body[:min(len(body), 2000)]))
	}
	return strings.ToLower(strings.Join([]string{string(s.Code), s.Message, string(s.Error), s.Title, string(s.Errors)}, " "))
}

func has(text string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}

// longestWait bounds what Roblox may ask for.
const longestWait = 15 * time.Minute

// refusal gives the fault of a status that is no success.
func (r call) refusal(status int, header http.Header, body []byte) error {
	text := words(body)
	cause := fmt.Errorf("roblox answered %d to %s %s", status, r.method, r.path)
	find := func() *fault.Fault {
		switch {
		case has(text, "user is moderated", "moderated user", "account is moderated", "usermoderated"):
			return roblox.ErrModerated
		case status == http.StatusTooManyRequests && !has(text, "quota"):
			return roblox.ErrBusy.After(wait(header))
		case status < 500 && has(text, "quota", "upload limit"):
			return roblox.ErrQuota
		}
		switch status {
		case http.StatusTooManyRequests:
			return roblox.ErrQuota
		case http.StatusUnauthorized:
			return roblox.ErrKey
		case http.StatusForbidden:
			return roblox.ErrScope
		case http.StatusNotFound, http.StatusGone:
			return roblox.ErrNotFound
		case http.StatusRequestEntityTooLarge:
			return roblox.ErrTooLarge
		case http.StatusConflict, http.StatusPreconditionFailed:
			return roblox.ErrChanged
		case http.StatusNotImplemented:
			return roblox.ErrRefused
		}
		switch {
		case status >= 300 && status < 400:
			return roblox.ErrDown
		case status == http.StatusRequestTimeout, status == 499, status >= 500:
			// "Write failed" may still have been written.
			if r.once {
				return roblox.ErrUnsure
			}
			return roblox.ErrDown.After(wait(header))
		}
		return roblox.ErrRefused
	}
	return find().Because(cause)
}

// wait reads how long Roblox wants to be left alone; zero if it does not say. A limit that
// is not used up says nothing.
func wait(header http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(header.Get("Retry-After"), 64)
	if err != nil && header.Get("X-Ratelimit-Remaining") == "0" {
		seconds, err = strconv.ParseFloat(header.Get("X-Ratelimit-Reset"), 64)
	}
	if err != nil || !(seconds > 0) { // NaN too
		return 0
	}
	return time.Duration(min(seconds, longestWait.Seconds()) * float64(time.Second))
}
