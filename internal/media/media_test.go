package media_test

import (
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/internal/media"
	"satchel/internal/sandbox"
	"satchel/internal/sandbox/sandboxtest"
)

var config = media.Config{Program: "ffmpeg", Probe: "ffprobe"}

// encode makes a recording with ffmpeg, which the tests need.
func encode(t testing.TB, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("ffmpeg", append(append([]string{"-v", "error", "-nostdin"}, args...), path)...).CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

func size(t *testing.T, path string) (width, height int) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	decoded, err := png.Decode(f)
	require.NoError(t, err)
	return decoded.Bounds().Dx(), decoded.Bounds().Dy()
}

func TestFilm(t *testing.T) {
	t.Parallel()
	p, work := media.New(sandboxtest.New(t), config), t.TempDir()
	film := encode(t, "film.mp4", "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=10:duration=3", "-f", "lavfi", "-i", "sine=duration=3", "-pix_fmt", "yuv420p", "-preset", "ultrafast")
	facts, err := p.Probe(t.Context(), film, work)
	require.NoError(t, err)
	require.InDelta(t, 3, facts.Duration.Seconds(), 0.2)
	require.Equal(t, media.Facts{Duration: facts.Duration, Width: 1920, Height: 1080, Sound: true}, facts)
	made, err := p.Poster(t.Context(), film, work, facts)
	require.NoError(t, err)
	width, height := size(t, made)
	require.Equal(t, [2]int{1600, 900}, [2]int{width, height})
	made, err = p.Poster(t.Context(), film, work, media.Facts{Duration: time.Hour}) // the header lies
	require.NoError(t, err)
	require.FileExists(t, made)
}

func TestSound(t *testing.T) {
	t.Parallel()
	p, work := media.New(sandboxtest.New(t), config), t.TempDir()
	for _, name := range []string{"sound.mp3", "sound.wav", "sound.ogg", "sound.flac"} {
		sound := encode(t, name, "-f", "lavfi", "-i", "sine=duration=2")
		facts, err := p.Probe(t.Context(), sound, work)
		require.NoError(t, err)
		require.InDelta(t, 2, facts.Duration.Seconds(), 0.2, name)
		require.Zero(t, facts.Width)
		made, err := p.Waveform(t.Context(), sound, work)
		require.NoError(t, err, name)
		width, height := size(t, made)
		require.Equal(t, [2]int{1600, 400}, [2]int{width, height})
	}
}

// TestListsOfOtherFiles: a recording that names other files and addresses opens none.
func TestListsOfOtherFiles(t *testing.T) {
	t.Parallel()
	p := media.New(sandboxtest.New(t), config)
	for name, content := range map[string]string{
		"playlist": "#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "address": "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n",
		"list": "ffconcat version 1.0\nfile /etc/passwd\n", "text": "hello",
	} {
		path := filepath.Join(t.TempDir(), "source.mp4")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := p.Poster(t.Context(), path, t.TempDir(), media.Facts{})
		var finding sandbox.Finding
		require.ErrorAs(t, err, &finding, name)
		require.Equal(t, sandbox.Unreadable, finding.Code)
	}
}

func TestBadPlayer(t *testing.T) {
	t.Parallel()
	for _, bad := range sandboxtest.BadPrograms(sandbox.Unreadable) {
		t.Run(bad.Name, func(t *testing.T) {
			t.Parallel()
			program := bad.Install(t)
			p := media.Limited(media.New(sandboxtest.New(t), media.Config{Program: program, Probe: program}), bad.Limits)
			path := filepath.Join(t.TempDir(), "source.mp4")
			require.NoError(t, os.WriteFile(path, []byte("film"), 0o600))
			_, err := p.Probe(t.Context(), path, t.TempDir())
			bad.Require(t, err)
			_, err = p.Poster(t.Context(), path, t.TempDir(), media.Facts{})
			bad.Require(t, err)
		})
	}
}

// BenchmarkPoster takes a frame of a film of 1080 lines.
func BenchmarkPoster(b *testing.B) {
	p := media.New(sandboxtest.New(b), config)
	film := encode(b, "film.mp4", "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=25:duration=20", "-pix_fmt", "yuv420p", "-preset", "ultrafast")
	facts, err := p.Probe(b.Context(), film, b.TempDir())
	require.NoError(b, err)
	for b.Loop() {
		_, err := p.Poster(b.Context(), film, b.TempDir(), facts)
		require.NoError(b, err)
	}
}
