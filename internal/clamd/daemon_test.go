package clamd

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/policies/verdict"
)

const (
	daemonProgram = "/usr/sbin/clamd"
	daemonLimit   = 8 << 20
)

// eicar assembles the industry's harmless test string at run time: written out
// here, it would make virus scanners delete this file.
func eicar() []byte {
	parts := []string{`X5O!P%@AP[4\PZX54(P^)7CC)7}`, `$EICAR-STANDARD-`, `ANTIVIRUS-TEST-FILE!`, `$H+H*`}
	return []byte(strings.Join(parts, ""))
}

// startDaemon runs a real clamd on a private socket, with one signature, and
// ends it by its process id.
func startDaemon(t *testing.T, opts ...Option) *Client {
	t.Helper()
	if _, err := os.Stat(daemonProgram); err != nil {
		t.Skipf("clamd is not installed (apt-get install clamav-daemon): %v", err)
	}
	dir, err := os.MkdirTemp("", "clamd-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	signature := "Test.Eicar:0:*:" + hex.EncodeToString(eicar()) + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "test.ndb"), []byte(signature), 0o600))
	config := fmt.Sprintf("LocalSocket %s/s\nDatabaseDirectory %s\nForeground yes\nStreamMaxLength %d\n"+
		"AlertExceedsMax yes\nAlertEncrypted yes\nMaxFileSize %d\nMaxScanSize %d\n", dir, dir, daemonLimit, daemonLimit, daemonLimit)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "clamd.conf"), []byte(config), 0o600))
	run(t, exec.Command(daemonProgram, "--config-file="+filepath.Join(dir, "clamd.conf")))

	c := New(filepath.Join(dir, "s"), append(opts, WithVerdictTimeout(patient))...)
	require.Eventually(t, func() bool { return c.Ping(t.Context()) == nil }, patient, 20*time.Millisecond)
	return c
}

func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("clamd said:\n%s", output.String())
		}
	})
}

func TestRealDaemon(t *testing.T) {
	t.Parallel()
	for way, opts := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			testRealDaemon(t, startDaemon(t, opts...))
		})
	}
}

func testRealDaemon(t *testing.T, c *Client) {
	t.Helper()

	version, err := c.Version(t.Context())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(version.Engine, "ClamAV "), "%+v", version)

	for name, content := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "several chunks": make([]byte, 3*chunkSize+7),
	} {
		got, err := scanBytes(t, c, content)
		require.NoError(t, err, name)
		require.True(t, got.Clean(), "%s: %+v", name, got)
	}

	got, err := scanBytes(t, c, append(make([]byte, chunkSize-10), eicar()...))
	require.NoError(t, err)
	require.Equal(t, verdict.Infected, got.Outcome)
	require.Contains(t, got.Signature, "Test.Eicar")

	_, err = c.Scan(t.Context(), bytes.NewReader(eicar()), 1000)
	require.ErrorIs(t, err, ErrSourceSize)
}

// What is handed over is bounded by the daemon's MaxFileSize, since there is no
// stream to be cut: beyond it nothing is clean.
func TestRealDaemonFileLimit(t *testing.T) {
	t.Parallel()
	c := startDaemon(t, ways["held"]...)
	got, err := scanBytes(t, c, make([]byte, daemonLimit+1))
	require.NoError(t, err)
	require.Equal(t, verdict.Unscannable, got.Outcome, "%+v", got)
}

// The daemon hangs up in the middle of a stream that is too long. The answer
// that it leaves must be found every time, whichever write fails.
func TestRealDaemonSizeLimit(t *testing.T) {
	t.Parallel()
	c := startDaemon(t)
	for _, over := range []int64{1, chunkSize, 10 << 20, 200 << 20} {
		for range 5 {
			_, err := c.Scan(t.Context(), io.LimitReader(zeros{}, daemonLimit+over), daemonLimit+over)
			require.ErrorIs(t, err, ErrTooLarge, "%d bytes over", over)
		}
	}
	got, err := c.Scan(t.Context(), io.LimitReader(zeros{}, daemonLimit-1), daemonLimit-1)
	require.NoError(t, err)
	require.True(t, got.Clean(), "%+v", got)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
