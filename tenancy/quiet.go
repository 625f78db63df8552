package tenancy

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	usedJustNow  = time.Second
	longestQuiet = 30 * time.Second
)

// ask says whether the server is asked for a sign of life before an idle connection is used. The pool
// would ask each that was idle for a second: a round trip of the request, and a commit of the server,
// for almost every request of a stack that is not busy. A server that ends, or ends a connection, closes
// the socket, which is seen here without asking; a network that is broken is not, and so the server is
// asked after half a minute.
func ask(_ context.Context, p pgxpool.ShouldPingParams) bool {
	return p.IdleDuration > usedJustNow && (p.IdleDuration > longestQuiet || heard(p.Conn.PgConn().Conn()))
}

// heard says whether there is something to read on an idle connection: its end, or the server's last
// words. What cannot be looked at counts as heard.
func heard(c net.Conn) bool {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok { // below TLS
		c = t.NetConn()
	}
	s, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return true
	}
	quiet := false
	// Not raw.Read: a read of the driver that is still waiting in the background would be waited for without an end.
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
	})
	return err != nil || !quiet
}
