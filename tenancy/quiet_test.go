package tenancy_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

// TestIdleConnectionIsHeard: what the other side said last, and its end, are seen without reading them.
func TestIdleConnectionIsHeard(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	pair := func() (ours, theirs net.Conn) {
		var d net.Dialer
		ours, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
		require.NoError(t, err)
		theirs, err = l.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
		require.False(t, tenancy.Heard(ours), "nothing was said")
		return ours, theirs
	}
	heard := func(c net.Conn) {
		require.Eventually(t, func() bool { return tenancy.Heard(c) }, time.Minute, time.Millisecond)
	}

	ours, theirs := pair()
	_, err = theirs.Write([]byte("x"))
	require.NoError(t, err)
	heard(ours)
	heard(ours) // looking takes nothing
	said := make([]byte, 2)
	n, err := ours.Read(said)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.False(t, tenancy.Heard(ours))

	ours, _ = pair()
	reading, err := ours.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, reading.Read(func(uintptr) bool {
		require.False(t, tenancy.Heard(ours), "who reads it is not waited for")
		return true
	}))

	ours, theirs = pair()
	require.NoError(t, theirs.Close())
	heard(ours)
	require.NoError(t, ours.Close())
	require.True(t, tenancy.Heard(ours), "what cannot be looked at is asked")
}
