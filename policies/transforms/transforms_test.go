package transforms

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func p(x float64) *float64 { return &x }

func TestResolve(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask  Ask
		want string
		code string
	}{
		"a width":            {Ask{Width: 300}, "320x0-inside-none-q75-p0.", ""},
		"device pixels":      {Ask{Width: 300, DPR: 2}, "640x0-inside-none-q75-p0.", ""},
		"odd device pixels":  {Ask{Width: 100, DPR: 1.25}, "160x0-inside-none-q75-p0.", ""},
		"a box that is cut":  {Ask{Width: 100, Height: 50, Fit: Cover, Format: "webp", Quality: 80}, "128x64-cover-center-q85-p0.webp", ""},
		"the point to keep":  {Ask{Width: 64, Height: 64, Fit: Cover, Gravity: Focal, FocalX: p(0.33), FocalY: p(1)}, "64x64-cover-f30.100-q75-p0.", ""},
		"a preset":           {Ask{Preset: "card", DPR: 2, Format: "jpeg", Page: 3}, "960x640-cover-attention-q75-p3.jpeg", ""},
		"beyond the largest": {Ask{Width: 2560, DPR: 3}, "2560x0-inside-none-q75-p0.", ""},
		"nothing":            {Ask{}, "", "invalid_width"},
		"too large":          {Ask{Width: 2561}, "", "invalid_width"},
		"negative":           {Ask{Width: -1, Height: 5}, "", "invalid_width"},
		"cover of a line":    {Ask{Width: 10, Fit: Cover}, "", "invalid_fit"},
		"unknown fit":        {Ask{Width: 10, Fit: "crop"}, "", "invalid_fit"},
		"unknown gravity":    {Ask{Width: 10, Gravity: "north"}, "", "invalid_gravity"},
		"focal without":      {Ask{Width: 10, Height: 10, Fit: Cover, Gravity: Focal}, "", "invalid_gravity"},
		"focal outside":      {Ask{Width: 10, Height: 10, Fit: Cover, Gravity: Focal, FocalX: p(1.1), FocalY: p(0)}, "", "invalid_gravity"},
		"point without":      {Ask{Width: 10, FocalX: p(0)}, "", "invalid_gravity"},
		"quality":            {Ask{Width: 10, Quality: 101}, "", "invalid_quality"},
		"format":             {Ask{Width: 10, Format: "gif"}, "", "invalid_format"},
		"dpr":                {Ask{Width: 10, DPR: 9}, "", "invalid_dpr"},
		"page":               {Ask{Width: 10, Page: -1}, "", "invalid_page"},
		"no such preset":     {Ask{Preset: "x"}, "", "invalid_preset"},
	} {
		s, err := c.ask.Resolve(nil)
		if c.code != "" {
			require.ErrorContains(t, err, c.code, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want, s.Key(), name)
	}
	own, err := Ask{Width: 33}.Resolve([]int{50, 100})
	require.NoError(t, err)
	require.Equal(t, 50, own.Width, "an organization's own sizes")
}

// TestFewPictures: whatever is asked for, the number of different pictures is bounded, and
// the key of each says what it is.
func TestFewPictures(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		ask := Ask{
			Width: rapid.IntRange(1, MaxSide).Draw(r, "width"), Height: rapid.IntRange(1, MaxSide).Draw(r, "height"),
			Fit:     rapid.SampledFrom([]Fit{"", Inside, Contain, Cover, Fill}).Draw(r, "fit"),
			Gravity: rapid.SampledFrom([]Gravity{"", Center, Attention, Focal}).Draw(r, "gravity"),
			Quality: rapid.IntRange(0, 100).Draw(r, "quality"), DPR: rapid.Float64Range(0, 8).Draw(r, "dpr"),
			Format: rapid.SampledFrom([]string{"", "auto", "webp", "jpeg", "png", "avif"}).Draw(r, "format"), Page: rapid.IntRange(0, 9).Draw(r, "page"),
		}
		if ask.Gravity == Focal {
			ask.FocalX, ask.FocalY = p(rapid.Float64Range(0, 1).Draw(r, "x")), p(rapid.Float64Range(0, 1).Draw(r, "y"))
		}
		s, err := ask.Resolve(nil)
		require.NoError(r, err)
		require.Contains(r, Sizes, s.Width)
		require.Contains(r, Sizes, s.Height)
		require.Contains(r, qualities, s.Quality)
		require.Zero(r, s.FocalX%focalStep+s.FocalY%focalStep)
		again, ok := Parse(s.Key())
		require.True(r, ok, s.Key())
		require.Equal(r, s, again)
	})
}

func TestParseTakesItsOwnKeysAlone(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "320x0", "0320x0-inside-none-q75-p0.webp", "0x0-inside-none-q75-p0.webp", "320x0-cover-center-q75-p0.webp", "320x320-inside-center-q75-p0.webp",
		"9999x0-inside-none-q75-p0.webp", "320x0-inside-none-q0-p0.webp", "320x320-cover-f101.0-q75-p0.webp", "320x0-inside-none-q75-p0.gif", "../320x0-inside-none-q75-p0.webp",
	} {
		_, ok := Parse(bad)
		require.False(t, ok, bad)
	}
}

func TestFormatByAccept(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]Format{
		"": JPEG, "*/*": JPEG, "image/*": JPEG, "image/avif,image/webp,image/apng,image/*,*/*;q=0.8": WebP, "IMAGE/WEBP": WebP,
		"image/webp;q=0": JPEG, "image/webp;q=0.5, image/jpeg": JPEG, "image/webp;q=0.9, image/jpeg;q=0.9": WebP, "image/webp;q=x": JPEG, "text/html": JPEG,
	} {
		require.Equal(t, want, Spec{}.For(accept).Format, accept)
	}
	require.Equal(t, PNG, Spec{Format: PNG}.For("image/webp").Format, "what was asked for goes before")
}

func TestPresetsResolve(t *testing.T) {
	t.Parallel()
	for name := range Presets {
		_, err := Ask{Preset: name}.Resolve(nil)
		require.NoError(t, err, name)
	}
}
