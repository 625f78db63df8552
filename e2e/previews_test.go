package e2e

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryMethodOfPreview sends one file of each kind that programs of others show,
// through the sandbox of this machine.
func TestEveryMethodOfPreview(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	documents, err := filepath.Glob("../internal/office/testdata/*")
	require.NoError(t, err)
	require.NotEmpty(t, documents)
	contents := map[string][]byte{
		"map.svg":   []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>`),
		"marks.csv": []byte("Name;Points\nAda;12\n"), "notes.md": []byte("# Rain\n\nfalls\n"), "main.go": []byte("package main\n"),
		"film.mp4": encoded(t, "film.mp4", "testsrc2=size=640x360:duration=1", "-pix_fmt", "yuv420p"), "song.mp3": encoded(t, "song.mp3", "sine=duration=1"),
	}
	for _, path := range documents {
		if contents[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			require.NoError(t, err)
		}
	}
	t.Run("all", func(t *testing.T) {
		for name, content := range contents {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := settled(t, s.Teacher, mustUpload(t, s.Teacher, name, content))
				require.Equal(t, "published", f.Status, f.StatusReason)
				require.Equal(t, "ready", f.Preview, f.PreviewReason)
				require.NotEmpty(t, f.Renditions)
				at, err := url.Parse(f.Renditions[0].URL)
				require.NoError(t, err)
				resp, err := s.Teacher.Send(testContext(t), http.MethodGet, at.RequestURI(), nil, nil)
				require.NoError(t, err)
				got, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Len(t, got, int(f.Renditions[0].Size))
				require.Equal(t, "default-src 'none'; sandbox", resp.Header.Get("Content-Security-Policy"))
				require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
			})
		}
	})
	s.sound(t)
}

// encoded makes a recording with ffmpeg.
func encoded(t *testing.T, name, source string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("ffmpeg", append(append([]string{"-v", "error", "-nostdin", "-f", "lavfi", "-i", source}, args...), path)...).CombinedOutput()
	require.NoError(t, err, string(out))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}
