package freeport

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHosts: no two pids that live side by side have one address, and all of them are loopback.
func TestHosts(t *testing.T) {
	t.Parallel()
	const most = 1 << 22 // pid_max of Linux
	require.Equal(t, "127.64.0.1", host("linux", 1).String())
	require.Equal(t, "127.127.255.255", host("linux", most-1).String())
	seen := map[netip.Addr]bool{}
	for pid := 1; pid < most; pid += 4093 { // it divides no power of two, so each byte takes many values
		h := host("linux", pid)
		require.True(t, h.IsLoopback())
		require.False(t, seen[h], "%d", pid)
		seen[h] = true
	}
	require.Equal(t, "127.0.0.1", host("darwin", 70_000).String())
}

// TestNoAddressTwice: addresses are handed out once, though none of them is bound, and can be bound.
func TestNoAddressTwice(t *testing.T) {
	t.Parallel()
	var (
		found sync.Map
		wait  sync.WaitGroup
	)
	for range 8 {
		wait.Go(func() {
			for range 100 {
				a, err := Take()
				if err != nil {
					t.Error(err)
					return
				}
				if _, twice := found.LoadOrStore(a, true); twice {
					t.Errorf("%s was handed out twice", a)
				}
			}
		})
	}
	wait.Wait()
	a := Address(t)
	l, err := net.Listen("tcp", a.String())
	require.NoError(t, err)
	require.NoError(t, l.Close())
}
