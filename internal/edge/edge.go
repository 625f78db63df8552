// Package edge tells caches in front of the content host what to forget, by surrogate
// keys: Varnish, Cloudflare, Fastly, or whatever stands behind a webhook. What is not
// forgotten is refused all the same, since every cache of ours asks before it gives.
package edge

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"satchel/internal/fault"
)

// Config chooses the cache.
type Config struct {
	Driver string `env:"SATCHEL_EDGE_DRIVER" envDefault:"none"` // who caches in front of the content host and is told what to forget: varnish, cloudflare, fastly, webhook or none
	URL    string `env:"SATCHEL_EDGE_PURGE_URL"`                // address that takes purges: Varnish's private listener, or the webhook; for Cloudflare and Fastly their public API unless it is set
	Secret string `env:"SATCHEL_EDGE_PURGE_SECRET"`             // what proves to it who purges: one of SATCHEL_EDGE_KEYS for Varnish, an API token for Cloudflare and Fastly, the secret of the signature (whsec_…) for a webhook
	Zone   string `env:"SATCHEL_EDGE_PURGE_ZONE"`               // the zone of Cloudflare, or the service of Fastly
}

// Edge purges. It is safe for use by several goroutines.
type Edge struct {
	most  int // keys in one request
	purge func(ctx context.Context, keys []string) error
}

// patience is how long one request may take.
const patience = 10 * time.Second

// New makes the driver that a configuration chooses; nil for none.
func New(c Config) (*Edge, error) {
	if c.Driver == "none" || c.Driver == "" {
		return nil, nil //nolint:nilnil // no edge is no error
	}
	newDriver, known := drivers[c.Driver]
	if !known {
		return nil, fmt.Errorf("SATCHEL_EDGE_DRIVER is %q; it is varnish, cloudflare, fastly, webhook or none", c.Driver)
	}
	if c.Secret == "" {
		return nil, fmt.Errorf("SATCHEL_EDGE_DRIVER is %s and SATCHEL_EDGE_PURGE_SECRET is empty", c.Driver)
	}
	d := driver{Config: c, http: &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	switch c.Driver {
	case "cloudflare", "fastly":
		if c.Zone == "" {
			return nil, fmt.Errorf("SATCHEL_EDGE_DRIVER is %s and SATCHEL_EDGE_PURGE_ZONE is empty", c.Driver)
		}
	default:
		if u, err := url.Parse(c.URL); err != nil || u.Host == "" {
			return nil, fmt.Errorf("SATCHEL_EDGE_PURGE_URL is %q; SATCHEL_EDGE_DRIVER %s needs an address", c.URL, c.Driver)
		}
	}
	return newDriver(d)
}

// drivers by the word of the setting.
var drivers = map[string]func(driver) (*Edge, error){"varnish": varnish, "cloudflare": cloudflare, "fastly": fastly, "webhook": webhook}

// driver is what the drivers have in common.
type driver struct {
	Config
	http *http.Client
}

// Purge has keys forgotten, in as many requests as it takes. It may be repeated.
func (e *Edge) Purge(ctx context.Context, keys []string) error {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	for some := range slices.Chunk(keys, e.most) {
		if err := e.purge(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// What a purge can fail with. Both may be tried again; the second says when.
var (
	errFailed  = fault.New(fault.Unavailable, "edge_unavailable", "The cache in front of the content host did not take a purge.")
	errLimited = fault.New(fault.Limited, "edge_limited", "The cache in front of the content host takes no more purges for now.")
)

// longestPause bounds what another's Retry-After can ask.
const longestPause = 10 * time.Minute

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// send sends a request and gives the beginning of a good answer.
func (d driver) send(r *http.Request) ([]byte, error) {
	resp, err := d.http.Do(r)
	if err != nil {
		return nil, errFailed.Because(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		return nil, errLimited.After(retryAfter(resp.Header.Get("Retry-After"), time.Now())).Because(fmt.Errorf("answered with %d", resp.StatusCode))
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, errFailed.Because(fmt.Errorf("answered with %d", resp.StatusCode))
	case err != nil:
		return nil, errFailed.Because(err)
	}
	return body, nil
}

// retryAfter reads the header (RFC 9110, section 10.2.3): seconds or a date.
func retryAfter(text string, now time.Time) time.Duration {
	pause := time.Second
	if seconds, err := strconv.Atoi(text); err == nil {
		pause = time.Duration(min(seconds, int(longestPause.Seconds()))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		pause = at.Sub(now)
	}
	return min(max(pause, time.Second), longestPause)
}
