package clamdtest

import (
	"bytes"
	"io"
	"net"
)

// Behaviour says how the fake treats its callers. The zero value reads whole
// streams and closes the connection without an answer.
type Behaviour struct {
	// Name says what goes wrong, for a test's table.
	Name string
	// Early is written before any byte of the stream is read.
	Early string
	// StopAfter, when positive, ends the reading after so many bytes of the
	// stream. The answer then comes in the middle of it; of a descriptor, before
	// it was taken.
	StopAfter int64
	// Unread leaves the whole stream unread.
	Unread bool
	// Signatures are looked for in the stream. When there are any, or Honest is
	// set, the answer is the honest one and Reply is ignored.
	Signatures map[string][]byte
	Scans      bool
	// Reply is written after the stream, unchanged.
	Reply string
	// Hang keeps the connection open in silence after all that, until the
	// caller or the fake hangs up.
	Hang bool
	// Gate, when set, delays every scan's answer until it can be received from.
	Gate <-chan struct{}
	// Each, when set, says how each scan goes, by its number from 1 on.
	Each func(scan int64) Behaviour
	// NoDescriptor lets every descriptor be lost on its way.
	NoDescriptor bool
	// Pong and Banner replace the answers to PING and VERSION.
	Pong, Banner string
}

// Scanning finds the given byte strings and calls everything else clean. Keys are
// the names of the signatures.
func Scanning(signatures map[string][]byte) Behaviour {
	return Behaviour{Name: "honest", Signatures: signatures, Scans: true}
}

// BadReplies is every way to answer a scan that is no verdict. A client that
// takes any of them for clean publishes files that no one has looked at.
func BadReplies() []Behaviour {
	return []Behaviour{
		{Name: "error", Reply: "stream: Can't allocate memory ERROR\x00"},
		{Name: "error without stream", Reply: "ERROR\x00"},
		{Name: "size limit after everything", Reply: "INSTREAM size limit exceeded. ERROR\x00"},
		{Name: "size limit in the middle", StopAfter: 1, Reply: "INSTREAM size limit exceeded. ERROR\x00"},
		{Name: "empty close"},
		{Name: "close in the middle", StopAfter: 1},
		{Name: "close at once", Unread: true},
		{Name: "only a NUL", Reply: "\x00"},
		{Name: "garbage", Reply: "\xff\xfe\x01garbage\x00"},
		{Name: "endless garbage", Reply: string(bytes.Repeat([]byte("A"), 1<<20))},
		{Name: "half a line", Reply: "stream: O"},
		{Name: "no NUL", Reply: "stream: OK"},
		{Name: "newline for NUL", Reply: "stream: OK\n"},
		{Name: "newline and NUL", Reply: "stream: OK\n\x00"},
		{Name: "leading NUL", Reply: "\x00stream: OK\x00"},
		{Name: "two NULs", Reply: "stream: OK\x00\x00"},
		{Name: "two replies", Reply: "stream: OK\x00stream: OK\x00"},
		{Name: "clean, then infected", Reply: "stream: OK\x00stream: Some.Virus FOUND\x00"},
		{Name: "infected, then clean", Reply: "stream: Some.Virus FOUND\x00stream: OK\x00"},
		{Name: "clean without stream", Reply: "OK\x00"},
		{Name: "clean for another", Reply: "/tmp/other: OK\x00"},
		{Name: "clean in lower case", Reply: "stream: ok\x00"},
		{Name: "clean with blanks", Reply: "stream: OK \x00"},
		{Name: "clean with a session id", Reply: "1: stream: OK\x00"},
		{Name: "found nothing", Reply: "stream:  FOUND\x00"},
		{Name: "found two words", Reply: "stream: a b FOUND\x00"},
		{Name: "found with control characters", Reply: "stream: a\nstream: OK FOUND\x00"},
		{Name: "unknown command", Reply: "UNKNOWN COMMAND\x00"},
		{Name: "pong", Reply: "PONG\x00"},
		{Name: "clean before the stream", Early: "stream: OK\x00", Unread: true},
		{Name: "clean in the middle", StopAfter: 1, Reply: "stream: OK\x00"},
		{Name: "clean before and after", Early: "stream: OK\x00", Reply: "stream: OK\x00"},
		{Name: "clean, then silence", Reply: "stream: OK\x00", Hang: true},
		{Name: "silence", Hang: true},
		{Name: "silence from the start", Unread: true, Hang: true},
	}
}

func (b *Behaviour) ping() string {
	if b.Pong != "" {
		return b.Pong
	}
	return "PONG\x00"
}

func (b *Behaviour) version() string {
	if b.Banner != "" {
		return b.Banner
	}
	return "ClamAV 0.0.0-fake/1/Thu Jan  1 00:00:00 1970\x00"
}

// transport is how a scan's bytes reach the fake, and what it calls them in answers.
type transport interface {
	// take gives the bytes, or an error when they did not come.
	take(conn net.Conn) (io.ReadCloser, error)
	// say puts an answer that is about a stream into this way's words.
	say(reply string) string
}

func (b *Behaviour) scan(conn net.Conn, w transport, done <-chan struct{}) {
	_, _ = io.WriteString(conn, w.say(b.Early))
	reply, ok := b.read(conn, w)
	if !ok || !b.wait(done) {
		return
	}
	_, _ = io.WriteString(conn, w.say(reply))
	if b.Hang {
		b.hang(conn, done)
	}
}

func (b *Behaviour) wait(done <-chan struct{}) bool {
	if b.Gate == nil {
		return true
	}
	select {
	case <-b.Gate:
		return true
	case <-done:
		return false
	}
}

// hang waits for the caller to hang up. An unread stream must stay unread, so
// that the caller's writes stall as they would; then only the fake's own end
// is waited for.
func (b *Behaviour) hang(conn net.Conn, done <-chan struct{}) {
	if b.Unread {
		<-done
		return
	}
	_, _ = io.Copy(io.Discard, conn)
}

// read takes the bytes as far as the behaviour goes and returns the answer. A
// stream that its sender broke off gets none, as with the real daemon.
func (b *Behaviour) read(conn net.Conn, w transport) (string, bool) {
	if b.Unread {
		return b.Reply, true
	}
	if _, whole := w.(fildesTransport); whole && b.StopAfter > 0 {
		return b.Reply, true
	}
	body, err := w.take(conn)
	if err != nil {
		return noDescriptor, true
	}
	defer func() { _ = body.Close() }()
	if b.StopAfter > 0 {
		_, err := io.CopyN(io.Discard, body, b.StopAfter)
		return b.Reply, err == nil
	}
	found, err := search(body, b.Signatures)
	if err != nil {
		return "", false
	}
	if !b.Scans && len(b.Signatures) == 0 {
		return b.Reply, true
	}
	if found != "" {
		return "stream: " + found + " FOUND\x00", true
	}
	return "stream: OK\x00", true
}

// search reads r to its end and names the first signature in it. It keeps only
// the tail that a signature across two reads needs.
func search(r io.Reader, signatures map[string][]byte) (string, error) {
	keep := 0
	for _, signature := range signatures {
		keep = max(keep, len(signature))
	}
	found, tail := "", []byte(nil)
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		window := append(tail, buf[:n]...)
		for name, signature := range signatures {
			if found == "" && bytes.Contains(window, signature) {
				found = name
			}
		}
		tail = append([]byte(nil), window[max(0, len(window)-keep):]...)
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return "", err
		}
	}
}
