package vips

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/vips/metadata"
	"satchel/policies/transforms"
)

// halves is a picture of 400 × 200 whose left half is red and whose right half is blue.
func halves(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 400, 200))
	for y := range 200 {
		for x := range 400 {
			c := color.RGBA{R: 255, A: 255}
			if x >= 200 {
				c = color.RGBA{B: 255, A: 255}
			}
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	path := filepath.Join(t.TempDir(), "source")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

func at(f float64) *float64 { return &f }

// TestTransform: each way to fit gives the sides that it says, and shows what it says.
func TestTransform(t *testing.T) {
	t.Parallel()
	source, sizes := halves(t), []int{50, 100, 200, 400, 800}
	for name, c := range map[string]struct {
		ask           transforms.Ask
		width, height int
		left, right   color.RGBA // in the middle of the picture's left and right edge
	}{
		"inside":         {transforms.Ask{Width: 100, Height: 100}, 100, 50, leftRed, rightBlue},
		"a height alone": {transforms.Ask{Height: 50}, 100, 50, leftRed, rightBlue},
		"never enlarged": {transforms.Ask{Width: 800}, 400, 200, leftRed, rightBlue},
		"contain":        {transforms.Ask{Width: 100, Height: 100, Fit: transforms.Contain}, 100, 100, leftRed, rightBlue},
		"cover, center":  {transforms.Ask{Width: 100, Height: 100, Fit: transforms.Cover}, 100, 100, leftRed, rightBlue},
		"cover, left":    {transforms.Ask{Width: 100, Height: 100, Fit: transforms.Cover, Gravity: transforms.Focal, FocalX: at(0), FocalY: at(0)}, 100, 100, leftRed, leftRed},
		"cover, right":   {transforms.Ask{Width: 100, Height: 100, Fit: transforms.Cover, Gravity: transforms.Focal, FocalX: at(1), FocalY: at(1)}, 100, 100, rightBlue, rightBlue},
		"cover, large":   {transforms.Ask{Width: 800, Height: 800, Fit: transforms.Cover}, 200, 200, leftRed, rightBlue},
		"attention":      {transforms.Ask{Width: 200, Height: 50, Fit: transforms.Cover, Gravity: transforms.Attention}, 200, 50, leftRed, rightBlue},
		"fill":           {transforms.Ask{Width: 100, Height: 100, Fit: transforms.Fill}, 100, 100, leftRed, rightBlue},
	} {
		for _, format := range []transforms.Format{transforms.PNG, transforms.WebP, transforms.JPEG} {
			c.ask.Format, c.ask.Quality = string(format), 95
			s, err := c.ask.Resolve(sizes)
			require.NoError(t, err)
			b := setup(t)
			made, err := b.renderer.Transform(context.Background(), source, b.out, s)
			require.NoError(t, err, "%s as %s", name, format)
			require.Equal(t, []int{c.width, c.height}, []int{made.Width, made.Height}, "%s as %s", name, format)
			content, err := os.ReadFile(made.Path)
			require.NoError(t, err)
			m, _, err := image.Decode(bytes.NewReader(content))
			require.NoError(t, err)
			y := c.height / 2
			requireNear(t, c.left, m.At(2, y), name)
			requireNear(t, c.right, m.At(c.width-3, y), name)
		}
	}
}

var leftRed, rightBlue = color.RGBA{R: 255, A: 255}, color.RGBA{B: 255, A: 255}

func requireNear(t *testing.T, want color.RGBA, got color.Color, name string) {
	t.Helper()
	r, g, b, _ := got.RGBA()
	for _, d := range []int{int(r>>8) - int(want.R), int(g>>8) - int(want.G), int(b>>8) - int(want.B)} {
		require.InDelta(t, 0, d, 24, "%s: %v", name, got)
	}
}

// TestTransformAsAVIF: with and without alpha, and checked to hold pixels alone.
func TestTransformAsAVIF(t *testing.T) {
	t.Parallel()
	for _, fit := range []transforms.Fit{transforms.Inside, transforms.Contain} {
		s, err := transforms.Ask{Width: 100, Height: 100, Fit: fit, Format: string(transforms.AVIF)}.Resolve([]int{100})
		require.NoError(t, err)
		b := setup(t)
		made, err := b.renderer.Transform(context.Background(), halves(t), b.out, s)
		require.NoError(t, err, fit)
		content, err := os.ReadFile(made.Path)
		require.NoError(t, err)
		require.NoError(t, metadata.Check(content))
		require.Equal(t, "image/avif", made.MIME)
	}
}

// TestGround: what contain puts beside a picture is transparent, and white in JPEG.
func TestGround(t *testing.T) {
	t.Parallel()
	source := halves(t)
	for format, want := range map[transforms.Format]color.RGBA{transforms.PNG: {}, transforms.JPEG: {R: 255, G: 255, B: 255, A: 255}} {
		s, err := transforms.Ask{Width: 100, Height: 100, Fit: transforms.Contain, Format: string(format)}.Resolve([]int{100})
		require.NoError(t, err)
		b := setup(t)
		made, err := b.renderer.Transform(context.Background(), source, b.out, s)
		require.NoError(t, err)
		f, err := os.Open(made.Path)
		require.NoError(t, err)
		m, _, err := image.Decode(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		_, _, _, alpha := m.At(50, 5).RGBA()
		require.Equal(t, want.A == 255, alpha == 0xffff, format)
		if alpha != 0 {
			requireNear(t, want, m.At(50, 5), string(format))
		}
	}
}

// TestNothingToTransform: what is no picture, or promises too many pixels, is a finding.
func TestNothingToTransform(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "source")
	require.NoError(t, os.WriteFile(path, []byte("%PDF-1.7"), 0o600))
	s, err := transforms.Ask{Width: 100, Format: "webp"}.Resolve(nil)
	require.NoError(t, err)
	b := setup(t)
	_, err = b.renderer.Transform(context.Background(), path, b.out, s)
	var finding NotRenderable
	require.ErrorAs(t, err, &finding)
	require.Equal(t, Unsupported, finding.Code)
	left, err := os.ReadDir(b.out)
	require.NoError(t, err)
	require.Empty(t, left)
}
