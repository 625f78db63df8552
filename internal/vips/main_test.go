package vips

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Programs built once for all tests of the package. They need a C compiler and
// libvips-dev; without them the tests fail, since a renderer that was never run
// proves nothing.
var renderProgram, encodeProgram string

func TestMain(m *testing.M) {
	// Started as a render program, the test binary plays a bad one.
	if len(os.Args) == 5 && os.Args[1] == "--input" {
		impersonate(os.Args[2], os.Args[4])
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "vips-test-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	renderProgram, encodeProgram = filepath.Join(dir, "render"), filepath.Join(dir, "encode")
	for program, source := range map[string]string{renderProgram: "satchel/cmd/render", encodeProgram: "./testdata/encode"} {
		build := exec.Command("go", "build", "-o", program, source)
		build.Env = append(os.Environ(), "CGO_ENABLED=1")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s\ninstall gcc, pkg-config and libvips-dev\n", source, err, out)
			return 1
		}
	}
	return m.Run()
}

type testBundle struct {
	renderer Renderer
	out      string
}

func setup(t *testing.T) testBundle {
	t.Helper()
	return setupProgram(t, renderProgram)
}

func setupProgram(t *testing.T, program string) testBundle {
	t.Helper()
	renderer, err := New(Config{Program: program, Timeout: 2 * time.Minute})
	require.NoError(t, err)
	return testBundle{renderer: renderer, out: t.TempDir()}
}

func (b testBundle) render(t *testing.T, content []byte) (Result, error) {
	t.Helper()
	return b.renderer.Render(context.Background(), writeSource(t, content), b.out)
}

func writeSource(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// mustRender renders and checks what holds for every success.
func (b testBundle) mustRender(t *testing.T, content []byte) Result {
	t.Helper()
	result, err := b.render(t, content)
	require.NoError(t, err)
	require.NotEmpty(t, result.Renditions)
	require.Contains(t, result.Sandbox, "seccomp")
	return result
}

// requireFinding renders and expects a refusal that leaves nothing behind.
func (b testBundle) requireFinding(t *testing.T, content []byte, code Code) NotRenderable {
	t.Helper()
	_, err := b.render(t, content)
	var finding NotRenderable
	require.ErrorAs(t, err, &finding)
	require.Equal(t, code, finding.Code, finding.Message)
	require.NotEmpty(t, finding.Message)
	requireEmpty(t, b.out)
	return finding
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func decodeFile(t *testing.T, path string) image.Image {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	decoded, _, err := image.Decode(bytes.NewReader(content))
	require.NoError(t, err)
	return decoded
}
