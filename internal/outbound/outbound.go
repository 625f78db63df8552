// Package outbound sends requests to addresses that users chose. It connects to
// addresses of the public internet alone, follows no redirect, and bounds the time
// and the answer.
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// Config says what the local stack allows.
type Config struct {
	Loopback bool `env:"SATCHEL_WEBHOOK_LOOPBACK" envDefault:"false"` // webhooks may lead to this machine, for the local stack and tests; refused where the address of the installation is not on loopback
}

// Check refuses loopback outside of a local stack: address is one under which the
// users of this installation reach it.
func (c Config) Check(address string) error {
	if !c.Loopback {
		return nil
	}
	u, err := url.Parse(address)
	if err == nil {
		ip, perr := netip.ParseAddr(u.Hostname())
		if u.Hostname() == "localhost" || perr == nil && ip.IsLoopback() {
			return nil
		}
	}
	return fmt.Errorf("SATCHEL_WEBHOOK_LOOPBACK is for a local stack, and this installation is at %q: unset it", address)
}

// Patience is how long one request may take, from the name's resolution to the end of
// the answer.
const Patience = 10 * time.Second

// Why a request had no answer. Each has a code for the log.
var (
	ErrAddress  = errors.New("the address is not one of the public internet")
	ErrName     = errors.New("the host name has no address")
	ErrConnect  = errors.New("the connection failed")
	ErrTLS      = errors.New("the certificate is not good")
	ErrTime     = errors.New("the answer did not come in time")
	ErrRedirect = errors.New("the answer leads elsewhere")
)

// Resolver finds the addresses of a host name, as net.Resolver does.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Client sends requests. It keeps no connection longer than a minute.
type Client struct {
	client  *http.Client
	answers int64
}

// Options are what tests want otherwise.
type Options struct {
	Resolver Resolver       // the system's when nil
	Roots    *x509.CertPool // the system's when nil
	Patience time.Duration  // Patience when zero
}

// New makes a client that connects to the addresses that allowed says yes to, and
// reads answers up to so many bytes.
func New(allowed func(netip.Addr) bool, answers int64, o Options) *Client {
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Patience == 0 {
		o.Patience = Patience
	}
	d := &dialer{resolver: o.Resolver, allowed: allowed}
	transport := &http.Transport{
		Proxy:       nil, // a proxy would resolve the name once more, and reach what this program must not
		DialContext: d.dial, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		MaxIdleConnsPerHost: 8, MaxIdleConns: 100, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: o.Patience,
		MaxResponseHeaderBytes: 32 << 10, DisableCompression: true, // a compressed answer could be of any size
	}
	return &Client{answers: answers, client: &http.Client{Transport: transport, Timeout: o.Patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// dialer resolves a name itself and connects to what it found: what was checked is what
// is connected to, whatever the name leads to a moment later.
type dialer struct {
	resolver Resolver
	allowed  func(netip.Addr) bool
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	found, err := d.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrName, err)
	}
	// The socket is asked once more: nothing else decides where it leads.
	direct := &net.Dialer{Timeout: 5 * time.Second, Control: d.control}
	failure := ErrAddress
	for _, a := range found {
		if !d.allowed(a.Unmap()) {
			continue
		}
		conn, err := direct.DialContext(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		failure = fmt.Errorf("%w: %w", ErrConnect, err)
	}
	return nil, failure
}

// control refuses a socket to an address that is not allowed, before it connects.
func (d *dialer) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !d.allowed(to.Addr().Unmap()) {
		return ErrAddress
	}
	return nil
}

// Answer is the status of an answer and the beginning of its body.
type Answer struct {
	Status     int
	Body       []byte
	RetryAfter string // the header
}

// Post sends a body. A redirect is an answer with ErrRedirect; nothing is sent to
// where it leads.
func (c *Client) Post(ctx context.Context, to string, header http.Header, body []byte) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrName, err)
	}
	r.Header = header
	res, err := c.client.Do(r)
	if err != nil {
		return Answer{}, known(err)
	}
	defer func() { _ = res.Body.Close() }()
	a := Answer{Status: res.StatusCode, RetryAfter: res.Header.Get("Retry-After")}
	// The status is the answer: a body that breaks off or never ends changes nothing.
	a.Body, _ = io.ReadAll(io.LimitReader(res.Body, c.answers))
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return a, ErrRedirect
	}
	return a, nil
}

// known sorts what net/http says.
func known(err error) error {
	var timeout net.Error
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, ErrAddress), errors.Is(err, ErrName):
		return err
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: %w", ErrTime, err)
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &name), errors.As(err, &invalid), errors.As(err, &alert), errors.As(err, &record):
		return fmt.Errorf("%w: %w", ErrTLS, err)
	}
	return fmt.Errorf("%w: %w", ErrConnect, err)
}

// Code is the short name of a failure, for logs.
func Code(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrAddress):
		return "address_refused"
	case errors.Is(err, ErrName):
		return "name_unknown"
	case errors.Is(err, ErrTLS):
		return "tls"
	case errors.Is(err, ErrTime):
		return "timeout"
	case errors.Is(err, ErrRedirect):
		return "redirect"
	}
	return "connection"
}
