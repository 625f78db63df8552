package tenancy_test

import (
	"net"
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

	ours, theirs = pair()
	require.NoError(t, theirs.Close())
	heard(ours)
	require.NoError(t, ours.Close())
	require.True(t, tenancy.Heard(ours), "what cannot be looked at is asked")
}

// TestConnectionThatIsBeingReadIsNotWaitedFor: the driver may still read in the background where it wrote slowly. Who
// looks at the connection then has an answer at once.
func TestConnectionThatIsBeingReadIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	server, err := l.Accept()
	require.NoError(t, err)
	defer func() { _ = server.Close() }()
	reading, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var one [1]byte
		_, _ = c.Read(one[:])
		close(reading)
		_, _ = c.Read(one[:])
	}()
	_, err = server.Write([]byte{1})
	require.NoError(t, err)
	<-reading
	for range 1000 {
		require.False(t, tenancy.Heard(c))
	}
	require.NoError(t, c.Close())
	<-ended
}
