package pgtest

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"satchel/internal/freeport"
)

// Cluster is a PostgreSQL of a test's own, for what a test does to a whole server.
type Cluster struct {
	programs, root, data string
	settings             []string
	address              netip.AddrPort
	command              *exec.Cmd
	ended                chan struct{}
}

// clusterPatience is for a server that starts on a machine with other work.
const clusterPatience = time.Minute

// NewCluster makes one and runs it, with further settings as postgres takes them, until the test ends. Databases are made in it by those who set
// SATCHEL_TEST_POSTGRES to its URL first, and then call New.
func NewCluster(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(t, err)
	require.NotEmpty(t, found, "needs Debian's postgresql")
	root, err := os.MkdirTemp("/var/tmp", "satchel-cluster-") // where the user postgres reaches it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if os.Geteuid() == 0 {
		said, err := exec.CommandContext(t.Context(), "chown", "postgres:", root).CombinedOutput()
		require.NoError(t, err, string(said))
	}
	c := &Cluster{programs: found[len(found)-1], root: root, settings: settings, data: filepath.Join(root, "primary")}
	c.run(t, "initdb", "--pgdata", c.data, "--username", "postgres", "--encoding", "UTF8", "--locale", "C.UTF-8", "--auth", "trust", "--no-instructions", "--no-sync")
	c.start(t)
	return c
}

// Standby makes a standby that streams from it, and runs it until the test ends.
func (c *Cluster) Standby(t testing.TB) *Cluster {
	t.Helper()
	s := &Cluster{programs: c.programs, root: c.root, settings: c.settings, data: filepath.Join(c.root, "standby")}
	c.run(t, "pg_basebackup", "--pgdata", s.data, "--dbname", c.URL(), "--checkpoint", "fast", "--wal-method", "stream", "--write-recovery-conf", "--no-sync")
	s.start(t)
	return s
}

// URL leads to it as its superuser.
func (c *Cluster) URL() string {
	return fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", c.address)
}

// Of gives the URL of the same database, as the same role, on this server.
func (c *Cluster) Of(t testing.TB, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	return as(c.URL(), config.Database, config.User, config.Password)
}

// OfDatabase is Of another database.
func (c *Cluster) OfDatabase(t testing.TB, url, database string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	return as(c.URL(), database, config.User, config.Password)
}

// Connect opens a connection as the superuser, to its own database postgres.
func (c *Cluster) Connect(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), c.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Exec runs a statement as the superuser, in its own database postgres.
func (c *Cluster) Exec(t testing.TB, sql string) {
	t.Helper()
	admin(t, c.URL(), sql)
}

// Signal sends a signal to each of its processes: SIGSTOP is a server that hangs, SIGKILL a machine
// that fails. It waits for the end of one that is killed.
func (c *Cluster) Signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	select {
	case <-c.ended:
		return
	default:
	}
	found, err := filepath.Glob("/proc/[0-9]*/cwd") // they work in the folder of the data
	require.NoError(t, err)
	for _, cwd := range found {
		if folder, err := os.Readlink(cwd); err == nil && strings.HasPrefix(folder, c.data) {
			var pid int
			if _, err := fmt.Sscanf(cwd, "/proc/%d/cwd", &pid); err == nil {
				_ = syscall.Kill(pid, s)
			}
		}
	}
	if s == syscall.SIGKILL {
		<-c.ended
	}
}

// as is a command of the user postgres: PostgreSQL refuses to run as root.
func (c *Cluster) as(program string, args ...string) *exec.Cmd {
	args = append([]string{filepath.Join(c.programs, program)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"}, args...)
	}
	command := exec.CommandContext(context.Background(), args[0], args[1:]...)
	command.Dir = c.root
	return command
}

func (c *Cluster) run(t testing.TB, program string, args ...string) {
	t.Helper()
	said, err := c.as(program, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", program, said)
}

// start runs it and waits until it answers. It does not outlive the test's process.
func (c *Cluster) start(t testing.TB) {
	t.Helper()
	c.address = freeport.Address(t)
	defer t.Cleanup(func() { // a server that does not answer is one too
		if c.ended != nil {
			c.Signal(t, syscall.SIGKILL)
		}
	})
	c.Again(t)
}

// Again starts it where it was, after it was killed.
func (c *Cluster) Again(t testing.TB) {
	t.Helper()
	log, err := os.Create(c.data + ".log")
	require.NoError(t, err)
	defer func() { _ = log.Close() }()
	settings := append([]string{"-D", c.data, "-c", "listen_addresses=" + c.address.Addr().String(), "-c", fmt.Sprintf("port=%d", c.address.Port()), "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "hot_standby_feedback=on", "-c", "max_connections=100"}, c.settings...)
	c.command, c.ended = c.as("postgres", settings...), make(chan struct{})
	c.command.Stdout, c.command.Stderr = log, log
	require.NoError(t, c.command.Start())
	go func() { _ = c.command.Wait(); close(c.ended) }()
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), c.URL())
		if err != nil {
			return false
		}
		return conn.Close(context.Background()) == nil
	}, clusterPatience, 20*time.Millisecond, "its log is %s", log.Name())
}
