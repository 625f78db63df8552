package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tus-js-client is what front ends use, Uppy included.
func TestTusJSClientResumes(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("tusjs/node_modules/tus-js-client"); err != nil {
		out, err := exec.CommandContext(t.Context(), "npm", "--prefix", "tusjs", "ci", "--no-fund", "--no-audit").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	s := newSchool(t)
	content := text(5 << 20)
	path := filepath.Join(t.TempDir(), "long.txt")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	cmd := exec.CommandContext(t.Context(), "node", "tusjs/upload.mjs", local.API+"/api/v1/storage/tus", s.Teacher.Token, path, "long.txt")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	id := strings.TrimSpace(string(out))
	require.Equal(t, "published", settled(t, s.Teacher, id).Status)
	got, err := download(t, s.Teacher, id)
	require.NoError(t, err)
	require.Equal(t, content, got)
}

// The command line, as a person uses it: log in, upload, list, fetch, delete.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "satchel")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/satchel").CombinedOutput()
	require.NoError(t, err, string(out))
	run := func(stdin string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir+"/config", "XDG_CACHE_HOME="+dir+"/cache")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	said, err := run("", "ls")
	require.Error(t, err)
	require.Contains(t, said, "not logged in")
	said, err = run(s.Teacher.Token+"\n", "login", "--api", local.API, "--token-stdin")
	require.NoError(t, err, said)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), text(3000), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.txt"), eicar(), 0o600))
	said, err = run("", "upload", "a.txt", "b.txt")
	require.Error(t, err, "one of them is not published")
	require.Contains(t, said, "published")
	require.Contains(t, said, "The virus scanner found something in the file")
	said, err = run("", "ls", "--json", "--status", "published")
	require.NoError(t, err, said)
	require.Contains(t, said, `"a.txt"`)
	id := strings.Split(strings.SplitN(said, `"id": "`, 2)[1], `"`)[0]
	said, err = run("", "get", id, "-o", "copy.txt")
	require.NoError(t, err, said)
	want, err := os.ReadFile(filepath.Join(dir, "a.txt"))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "copy.txt"))
	require.NoError(t, err)
	require.Equal(t, want, got)
	said, err = run("", "status", id)
	require.NoError(t, err, said)
	require.Contains(t, said, "publish")
	said, err = run("", "rm", id)
	require.NoError(t, err, said)
	said, err = run("", "restore", id)
	require.NoError(t, err, said)
}
