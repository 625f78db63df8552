// Package freeport gives the programs that tests start addresses that no other test's program takes.
//
// A port that is found by binding it and letting it go may be bound by another process before the
// program does: the program ends, and its test talks to a server of another test. So each process has
// an address of its own within 127.0.0.0/8, all of which is loopback on Linux, and no port of it is
// handed out twice. Elsewhere loopback is 127.0.0.1 alone, and another process can still be faster.
package freeport

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	mu    sync.Mutex
	taken = map[netip.AddrPort]bool{}
)

// Address gives a test an address of TCP at which nothing listens.
func Address(t testing.TB) netip.AddrPort {
	t.Helper()
	a, err := Take()
	require.NoError(t, err)
	return a
}

// Take is Address for what several tests share.
func Take() (netip.AddrPort, error) {
	mu.Lock()
	defer mu.Unlock()
	for {
		a, err := unbound(host(runtime.GOOS, os.Getpid()))
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("find a free port: %w", err)
		}
		if !taken[a] {
			taken[a] = true
			return a, nil
		}
	}
}

// unbound asks the kernel for a port.
func unbound(host netip.Addr) (netip.AddrPort, error) {
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).AddrPort(), nil
}

// host is the address of a process: 127.64.0.0 and the 22 bits that a pid of Linux has at most.
func host(system string, pid int) netip.Addr {
	if system != "linux" {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.AddrFrom4([4]byte{127, 64 | byte(pid>>16), byte(pid >> 8), byte(pid)})
}
