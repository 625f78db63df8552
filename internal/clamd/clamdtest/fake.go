// Package clamdtest is a fake clamd for tests: it speaks just enough of the
// protocol to be scanned against, and misbehaves on request. It knows no
// viruses but those that a test names.
package clamdtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// maxChunk is the largest chunk that the fake takes, far above what a sane
// client sends, so that a broken one is noticed instead of eating memory.
const maxChunk = 64 << 20

// Fake is a clamd double that listens on a unix socket.
type Fake struct {
	// Socket is the path to dial.
	Socket string

	listener net.Listener
	behave   atomic.Pointer[Behaviour]
	scans    atomic.Int64
	handed   atomic.Int64
	done     chan struct{}
	handlers sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// Start runs a fake until the test ends, on a socket short enough for the
// kernel whatever the test is called.
func Start(t testing.TB, b Behaviour) *Fake {
	t.Helper()
	dir, err := os.MkdirTemp("", "fake-clamd-")
	if err != nil {
		t.Fatalf("make the fake clamd's folder: %v", err)
	}
	fake, err := Listen(filepath.Join(dir, "s"), b)
	if err != nil {
		t.Fatalf("start the fake clamd: %v", err)
	}
	t.Cleanup(func() {
		fake.Close()
		_ = os.RemoveAll(dir)
	})
	return fake
}

// Listen runs a fake on the given socket, for programs that outlive one test.
// The caller closes it.
func Listen(socket string, b Behaviour) (*Fake, error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", socket, err)
	}
	f := &Fake{Socket: socket, listener: listener, done: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	f.behave.Store(&b)
	f.handlers.Go(f.accept)
	return f, nil
}

// Behave changes how the next connections are treated.
func (f *Fake) Behave(b Behaviour) { f.behave.Store(&b) }

// Scans counts the scans that were begun.
func (f *Fake) Scans() int64 { return f.scans.Load() }

// Descriptors counts those of them that came as a descriptor.
func (f *Fake) Descriptors() int64 { return f.handed.Load() }

// Close hangs up on everyone and returns once nothing of the fake runs.
func (f *Fake) Close() {
	close(f.done)
	_ = f.listener.Close()
	f.mu.Lock()
	for conn := range f.conns {
		_ = conn.Close()
	}
	f.mu.Unlock()
	f.handlers.Wait()
}

func (f *Fake) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.handlers.Go(func() { f.serve(conn) })
	}
}

func (f *Fake) serve(conn net.Conn) {
	if !f.track(conn) {
		return
	}
	defer f.remove(conn)
	command, err := readCommand(conn)
	if err != nil {
		return
	}
	b := new(*f.behave.Load())
	switch command {
	case "PING":
		_, _ = io.WriteString(conn, b.ping())
	case "VERSION":
		_, _ = io.WriteString(conn, b.version())
	case "INSTREAM":
		f.begin(b).scan(conn, instreamTransport{}, f.done)
	case "FILDES":
		b = f.begin(b)
		f.handed.Add(1)
		b.scan(conn, fildesTransport{lost: b.NoDescriptor}, f.done)
	default:
		_, _ = io.WriteString(conn, "UNKNOWN COMMAND\x00")
	}
}

func (f *Fake) begin(b *Behaviour) *Behaviour {
	n := f.scans.Add(1)
	if b.Each != nil {
		*b = b.Each(n)
	}
	return b
}

// track remembers the connection for Close. It hangs up at once when Close has
// already been through the list.
func (f *Fake) track(conn net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.done:
		_ = conn.Close()
		return false
	default:
		f.conns[conn] = struct{}{}
		return true
	}
}

func (f *Fake) remove(conn net.Conn) {
	_ = conn.Close()
	f.mu.Lock()
	delete(f.conns, conn)
	f.mu.Unlock()
}

// readCommand reads "zCOMMAND\0" byte by byte, because what follows belongs to
// the stream.
func readCommand(r io.Reader) (string, error) {
	var command []byte
	var one [1]byte
	for len(command) < 64 {
		if _, err := io.ReadFull(r, one[:]); err != nil {
			return "", err
		}
		if one[0] == 0 {
			if len(command) == 0 || command[0] != 'z' {
				return "", errors.New("not a z-command")
			}
			return string(command[1:]), nil
		}
		command = append(command, one[0])
	}
	return "", errors.New("command too long")
}
