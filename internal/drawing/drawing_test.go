package drawing_test

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/drawing"
	"satchel/internal/sandbox"
	"satchel/internal/sandbox/sandboxtest"
)

var config = drawing.Config{Program: "rsvg-convert"}

func draw(t *testing.T, svg string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source.svg")
	require.NoError(t, os.WriteFile(path, []byte(svg), 0o600))
	return drawing.New(sandboxtest.New(t), config).Picture(t.Context(), path, t.TempDir())
}

// TestDrawing needs librsvg2-bin. What the drawing names elsewhere is not drawn: the
// picture stays white.
func TestDrawing(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret.png")
	require.NoError(t, os.WriteFile(secret, []byte("\x89PNG"), 0o600))
	made, err := draw(t, `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="50">
		<rect width="50" height="50" fill="red"/><text x="60" y="20">rain</text>
		<image xlink:href="file://`+secret+`" width="9" height="9"/><image xlink:href="http://127.0.0.1:1/x.png" width="9" height="9"/></svg>`)
	require.NoError(t, err)
	f, err := os.Open(made)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	picture, err := png.Decode(f)
	require.NoError(t, err)
	require.Equal(t, 1600, picture.Bounds().Dx())
	require.Equal(t, 800, picture.Bounds().Dy())
	r, g, _, _ := picture.At(100, 400).RGBA()
	require.Equal(t, []uint32{0xffff, 0}, []uint32{r, g})
}

// TestBombs: a drawing that grows by reference, and one that is no drawing.
func TestBombs(t *testing.T) {
	t.Parallel()
	laughs := `<!DOCTYPE svg [<!ENTITY a "` + strings.Repeat("x", 1000) + `">`
	for i := 'b'; i <= 'k'; i++ {
		laughs += `<!ENTITY ` + string(i) + ` "` + strings.Repeat("&"+string(i-1)+";", 10) + `">`
	}
	laughs += `]><svg xmlns="http://www.w3.org/2000/svg"><text>&k;</text></svg>`
	nested := `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><defs><g id="g0"><rect width="1" height="1"/></g>`
	for i := 1; i < 30; i++ {
		nested += `<g id="g` + itoa(i) + `">` + strings.Repeat(`<use xlink:href="#g`+itoa(i-1)+`"/>`, 10) + `</g>`
	}
	nested += `</defs><use xlink:href="#g29"/></svg>`
	for name, svg := range map[string]string{"entities": laughs, "references": nested, "text": "hello"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := draw(t, svg)
			var finding sandbox.Finding
			require.ErrorAs(t, err, &finding)
		})
	}
}

func itoa(i int) string { return string(rune('0'+i/10)) + string(rune('0'+i%10)) }

func TestBadDrawer(t *testing.T) {
	t.Parallel()
	for _, bad := range sandboxtest.BadPrograms(sandbox.Unreadable) {
		t.Run(bad.Name, func(t *testing.T) {
			t.Parallel()
			d := drawing.Limited(drawing.New(sandboxtest.New(t), drawing.Config{Program: bad.Install(t)}), bad.Limits)
			path := filepath.Join(t.TempDir(), "source.svg")
			require.NoError(t, os.WriteFile(path, []byte("<svg/>"), 0o600))
			_, err := d.Picture(t.Context(), path, t.TempDir())
			bad.Require(t, err)
		})
	}
}
