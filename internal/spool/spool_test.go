package spool_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/spool"
)

// holderDir makes the test program the process that holds a spool folder.
const holderDir = "SATCHEL_TEST_SPOOL_HOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holderDir); dir != "" {
		hold(dir)
	}
	os.Exit(m.Run())
}

// hold spools as a worker does that is busy with a picture, and waits for its end.
func hold(dir string) {
	o, err := spool.Open(spool.Config{Dir: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	folder, err := o.Folder("preview")
	if err != nil {
		panic(err)
	}
	if err := folder.Write("source", strings.NewReader("a picture of a user")); err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintln(os.Stdout, "holding")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// startHolder starts a process that holds a spool folder with a file in it.
func startHolder(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), holderDir+"="+dir)
	_, err = cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "holding\n", line)
	return cmd
}

func open(t *testing.T, dir string) *spool.Owner {
	t.Helper()
	o, err := spool.Open(spool.Config{Dir: dir}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	return o
}

// sources lists the users' pictures below a spool directory.
func sources(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*", "source"))
	require.NoError(t, err)
	return found
}

// TestNextProcessRemovesWhatAKilledOneLeft: users' bytes do not stay after
// SIGKILL, and those of a process that lives are left alone.
func TestNextProcessRemovesWhatAKilledOneLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	killed, live := startHolder(t, dir), startHolder(t, dir)
	require.Len(t, sources(t, dir), 2)

	open(t, dir)
	require.Len(t, sources(t, dir), 2, "both processes live")

	require.NoError(t, killed.Process.Signal(syscall.SIGKILL))
	require.Error(t, killed.Wait())
	require.Len(t, sources(t, dir), 2, "nothing but the next process removes it")
	open(t, dir)
	require.Len(t, sources(t, dir), 1, "the killed process has no files any more, the other one has")

	require.NoError(t, live.Process.Signal(syscall.SIGKILL))
	require.Error(t, live.Wait())
	removed, err := spool.Sweep(dir) // what a running process does every hour
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.Empty(t, sources(t, dir))
}

// TestSweepLeavesWhatIsNotItsOwn: the directory may be the system's.
func TestSweepLeavesWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	other, linked := filepath.Join(dir, "other"), filepath.Join(elsewhere, "kept")
	require.NoError(t, os.Mkdir(other, 0o700))
	require.NoError(t, os.WriteFile(linked, nil, 0o600))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "satchel-process-link")))
	removed, err := spool.Sweep(dir)
	require.NoError(t, err)
	require.Zero(t, removed)
	require.DirExists(t, other)
	require.FileExists(t, linked)
}

// TestProcessesStartWhileOthersSweep: a folder that a sweep removes before it is
// locked is not used.
func TestProcessesStartWhileOthersSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				o, err := spool.Open(spool.Config{Dir: dir}, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Error(err)
					return
				}
				folder, err := o.Folder("work")
				if err != nil {
					t.Error(err)
				} else if _, err := os.Stat(folder.Path()); err != nil {
					t.Error(err)
				}
				if err := o.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestClosedSpoolLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := open(t, dir)
	folder, err := o.Folder("work")
	require.NoError(t, err)
	require.NoError(t, folder.Write("source", strings.NewReader("bytes")))
	f, err := o.File()
	require.NoError(t, err)
	require.NoError(t, o.Close())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, f.Close())
	_, err = o.File()
	require.Error(t, err)
}

func TestFileHasNoName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := open(t, dir)
	f, err := o.File()
	require.NoError(t, err)
	_, err = io.WriteString(f, "bytes")
	require.NoError(t, err)
	got := make([]byte, 5)
	_, err = f.ReadAt(got, 0)
	require.NoError(t, err)
	require.Equal(t, "bytes", string(got))
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		require.True(t, err == nil && d.IsDir(), path)
		return nil
	}))
	require.NoError(t, f.Close())
}

// TestRemovedFolderIsReplaced: a cleaner of temporary files does not stop the work.
func TestRemovedFolderIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := open(t, dir)
	for _, make := range []func() error{
		func() error { _, err := o.Folder("work"); return err },
		func() error {
			f, err := o.File()
			if err != nil {
				return err
			}
			return f.Close()
		},
	} {
		own, err := filepath.Glob(filepath.Join(dir, "*"))
		require.NoError(t, err)
		require.Len(t, own, 1)
		require.NoError(t, os.RemoveAll(own[0]))
		require.NoError(t, make())
		removed, err := spool.Sweep(dir)
		require.NoError(t, err)
		require.Zero(t, removed, "the new folder is locked")
	}
}

// TestFullSpoolIsUnavailable: work that finds no room is tried again, and the
// problem says why. /dev/full refuses every write with ENOSPC.
func TestFullSpoolIsUnavailable(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	f := spool.NewFile(full)
	_, err = f.Write([]byte("bytes"))
	require.ErrorIs(t, err, spool.ErrFull)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.NoError(t, f.Close())
}

func TestSpoolThatCannotBeWrittenIsNamed(t *testing.T) {
	t.Parallel()
	_, err := spool.Open(spool.Config{Dir: "/nonexistent/spool"}, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "SATCHEL_SPOOL_DIR")
}
