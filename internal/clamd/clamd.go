// Package clamd asks a ClamAV daemon, over its unix socket, whether a stream of
// bytes is clean. Short streams are handed over as sealed memory (FILDES), long
// ones go through the socket (INSTREAM).
//
// The one property it exists for: nothing but a complete, exact answer of the
// daemon about a complete, exact stream is ever a verdict. A source that ends
// early, a daemon that dies, answers twice, answers before the end or answers
// in words this package does not know are all errors, because the alternative
// is a file published without having been looked at.
package clamd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	defaultIdleTimeout    = 30 * time.Second
	defaultVerdictTimeout = 5 * time.Minute

	// chunkSize is the most bytes of one INSTREAM chunk, and with its header
	// all the memory that a scan holds.
	chunkSize = 256 << 10
	// headerSize is the big-endian length in front of each chunk.
	headerSize = 4
)

var (
	// ErrUnavailable is the kind of every failure that another attempt may
	// cure: no daemon, a broken connection, an answer that is no verdict.
	ErrUnavailable = errors.New("clamd gave no verdict, try again later")
	// ErrTooLarge says that the stream is longer than the daemon's
	// StreamMaxLength. Another attempt gives the same.
	ErrTooLarge = errors.New("the stream is longer than clamd's StreamMaxLength, raise it or refuse such files")
	// ErrSourceSize says that the source held fewer or more bytes than the
	// caller announced. It is about the source, never about the daemon.
	ErrSourceSize = errors.New("the source does not hold the announced number of bytes, read it again")
)

// Client talks to one daemon. It holds no connection between calls, so it is
// safe for concurrent use and survives restarts of the daemon.
type Client struct {
	socket  string
	idle    time.Duration
	verdict time.Duration
	buffers sync.Pool

	memoryBytes int64         // the longest stream that is held in memory
	memorySlots chan struct{} // as many as may be held at once
}

// Option changes one setting of a Client.
type Option func(*Client)

// WithIdleTimeout bounds each single write and each short answer: a daemon that
// accepts a connection and then stalls is noticed after d.
func WithIdleTimeout(d time.Duration) Option { return func(c *Client) { c.idle = d } }

// WithVerdictTimeout bounds the wait between the last byte of a stream and the
// verdict. It must exceed the daemon's MaxScanTime, otherwise slow but honest
// scans are given up shortly before they would have answered.
func WithVerdictTimeout(d time.Duration) Option { return func(c *Client) { c.verdict = d } }

// WithMemory lets up to files streams at once, of at most bytes each, be held in
// memory and handed to the daemon as they are, which spares it taking them
// through the socket and writing them down. Without it everything is streamed.
func WithMemory(bytes int64, files int) Option {
	return func(c *Client) { c.memoryBytes, c.memorySlots = bytes, make(chan struct{}, files) }
}

// New returns a client of the daemon that listens on the unix socket. Nothing
// is dialed yet: use Ping to learn whether the daemon is there.
func New(socket string, opts ...Option) *Client {
	c := &Client{socket: socket, idle: defaultIdleTimeout, verdict: defaultVerdictTimeout}
	c.buffers.New = func() any { b := make([]byte, headerSize+chunkSize); return &b }
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// Ping reports whether the daemon answers.
func (c *Client) Ping(ctx context.Context) error {
	reply, err := c.ask(ctx, "PING")
	if err != nil {
		return fmt.Errorf("ping clamd: %w", err)
	}
	if reply != "PONG" {
		return fmt.Errorf("ping clamd: unexpected answer %.80q: %w", reply, ErrUnavailable)
	}
	return nil
}

// Version says which engine looks at the files, and with which signatures.
type Version struct {
	// Engine is the program and its release, such as "ClamAV 1.4.6".
	Engine string
	// Database is the number and date of the daily signatures. It is empty
	// when the daemon runs on local signature files only.
	Database string
}

// Version asks the daemon for its engine and database.
func (c *Client) Version(ctx context.Context) (Version, error) {
	reply, err := c.ask(ctx, "VERSION")
	if err != nil {
		return Version{}, fmt.Errorf("ask clamd for its version: %w", err)
	}
	v, err := parseVersion(reply)
	if err != nil {
		return Version{}, fmt.Errorf("ask clamd for its version: %w", err)
	}
	return v, nil
}

// ask sends a command that has no body and returns its one-line answer.
func (c *Client) ask(ctx context.Context, command string) (string, error) {
	s, err := c.open(ctx, command)
	if err != nil {
		return "", err
	}
	defer s.close()
	raw, err := s.readReply(c.idle)
	if err != nil {
		return "", err
	}
	return line(raw)
}

// session is one connection, good for one command.
type session struct {
	ctx  context.Context //nolint:containedctx // lives for one call, and every error must be told apart from the caller's own cancellation
	conn *net.UnixConn
	idle time.Duration
	stop func() bool
}

// open dials and sends the command in its NUL-terminated form, in which the
// answer ends with a NUL too and so can be told from a torn one.
func (c *Client) open(ctx context.Context, command string) (*session, error) {
	dialer := net.Dialer{Timeout: c.idle}
	conn, err := dialer.DialContext(ctx, "unix", c.socket)
	if err != nil {
		return nil, failure(ctx, "connect to "+c.socket, err)
	}
	s := &session{ctx: ctx, conn: conn.(*net.UnixConn), idle: c.idle}
	// Closing is the only way out that no later deadline can undo.
	s.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err := s.write([]byte("z" + command + "\x00")); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) close() {
	s.stop()
	_ = s.conn.Close()
}

func (s *session) write(p []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.idle)); err != nil {
		return failure(s.ctx, "write to clamd", err)
	}
	if _, err := s.conn.Write(p); err != nil {
		return failure(s.ctx, "write to clamd", err)
	}
	return nil
}

// failure sorts an error of the connection: the caller's own cancellation stays
// what it is, everything else is the daemon's and may be tried again.
func failure(ctx context.Context, doing string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", doing, cause)
	}
	return fmt.Errorf("%s: %w: %w", doing, err, ErrUnavailable)
}
