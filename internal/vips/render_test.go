package vips

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRenderFormats(t *testing.T) {
	t.Parallel()
	picture := corners(1000, 600)
	for name, source := range map[string][]byte{
		"jpeg": asJPEG(t, picture),
		"png":  asPNG(t, picture),
		"gif":  asGIF(t, 1000, 600, red),
		"tiff": asTIFF(t, picture),
		"webp": asEncoded(t, "webp", picture),
		"avif": asEncoded(t, "avif", picture),
		"heic": asEncoded(t, "heif", picture),
		"jp2":  asEncoded(t, "jp2", picture),
		"jxl":  asEncoded(t, "jxl", picture),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			result := b.mustRender(t, source)
			require.Equal(t, name, result.Format)
			require.Equal(t, [4]int{1000, 600, 1, 1}, [4]int{result.Width, result.Height, result.Orientation, result.Pages})
			require.Equal(t, []string{"fit320.webp", "fit320.jpg", "fit800.webp", "fit800.jpg", "fit1600.webp", "fit1600.jpg"}, names(result))
			for _, r := range result.Renditions {
				require.Equal(t, filepath.Join(b.out, r.Name), r.Path)
				decoded := decodeFile(t, r.Path)
				require.Equal(t, image.Pt(r.Width, r.Height), decoded.Bounds().Size())
				requireColor(t, red, decoded, 0.1, 0.1)
			}
		})
	}
}

func names(r Result) []string {
	var out []string
	for _, rendition := range r.Renditions {
		out = append(out, rendition.Name)
	}
	return out
}

// requireColor allows for what lossy encoding does to a flat area.
func requireColor(t *testing.T, want color.NRGBA, picture image.Image, fx, fy float64) {
	t.Helper()
	size := picture.Bounds().Size()
	got := color.NRGBAModel.Convert(picture.At(int(fx*float64(size.X)), int(fy*float64(size.Y)))).(color.NRGBA)
	const tolerance = 24
	for _, pair := range [][2]uint8{{want.R, got.R}, {want.G, got.G}, {want.B, got.B}} {
		require.InDelta(t, pair[0], pair[1], tolerance, "want %v, got %v at %v %v", want, got, fx, fy)
	}
}

func TestRenderNeverEnlarges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		width, height int
		want          [][3]any
	}{
		"one pixel":              {1, 1, [][3]any{{"fit320.webp", 1, 1}, {"fit320.jpg", 1, 1}}},
		"exactly the first step": {320, 10, [][3]any{{"fit320.webp", 320, 10}, {"fit320.jpg", 320, 10}}},
		"one above the first step": {321, 300, [][3]any{{"fit320.webp", 320, 299}, {"fit320.jpg", 320, 299},
			{"fit800.webp", 321, 300}, {"fit800.jpg", 321, 300}}},
		"tall": {10, 3200, [][3]any{{"fit320.webp", 1, 320}, {"fit320.jpg", 1, 320}, {"fit800.webp", 3, 800}, {"fit800.jpg", 3, 800},
			{"fit1600.webp", 5, 1600}, {"fit1600.jpg", 5, 1600}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := setup(t).mustRender(t, asPNG(t, corners(c.width, c.height)))
			var got [][3]any
			for _, r := range result.Renditions {
				got = append(got, [3]any{r.Name, r.Width, r.Height})
			}
			require.Equal(t, c.want, got)
		})
	}
}

// upright says where each orientation puts the quarters that are stored as
// red, green / blue, black: what a viewer sees, per the EXIF table.
var upright = map[uint16][4]color.NRGBA{
	1: {red, green, blue, black},
	2: {green, red, black, blue},
	3: {black, blue, green, red},
	4: {blue, black, red, green},
	5: {red, blue, green, black},
	6: {blue, red, black, green},
	7: {black, green, blue, red},
	8: {green, black, red, blue},
}

func TestRenderTurnsUpright(t *testing.T) {
	t.Parallel()
	small, large := asJPEG(t, corners(600, 400)), asJPEG(t, corners(3600, 2400))
	for orientation, want := range upright {
		for format, source := range map[string][]byte{
			"jpeg":           withSegments(small, jpegEXIF(orientation)),
			"jpeg shrunken":  withSegments(large, jpegEXIF(orientation)),
			"webp with EXIF": tellingWebP(t, corners(600, 400), orientation),
		} {
			t.Run(format+string(rune('0'+orientation)), func(t *testing.T) {
				t.Parallel()
				result := setup(t).mustRender(t, source)
				require.Equal(t, int(orientation), result.Orientation)
				require.Equal(t, orientation >= 5, result.Height > result.Width)
				for _, r := range result.Renditions {
					require.Equal(t, orientation >= 5, r.Height > r.Width)
					decoded := decodeFile(t, r.Path)
					for i, c := range want {
						requireColor(t, c, decoded, 0.25+0.5*float64(i%2), 0.25+0.5*float64(i/2))
					}
				}
			})
		}
	}
}

func TestRenderAlpha(t *testing.T) {
	t.Parallel()
	// Transparent pixels are black underneath, which must show nowhere.
	picture := quarters(400, 400, [4]color.NRGBA{red, {}, {}, {R: 220, A: 128}})
	for _, format := range []string{"png", "webp", "tiff"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			source := asPNG(t, picture)
			if format != "png" {
				source = asEncoded(t, format, picture)
			}
			for _, r := range setup(t).mustRender(t, source).Renditions {
				decoded := decodeFile(t, r.Path)
				requireColor(t, red, decoded, 0.2, 0.2)
				if r.MIME == "image/webp" {
					_, _, _, alpha := decoded.At(r.Width*3/4, r.Height/4).RGBA()
					require.Zero(t, alpha, "%s lost its transparency", r.Name)
					continue
				}
				requireColor(t, color.NRGBA{R: 255, G: 255, B: 255}, decoded, 0.75, 0.25)
				requireColor(t, color.NRGBA{R: 237, G: 127, B: 127}, decoded, 0.75, 0.75)
			}
		})
	}
}

func TestRenderFirstFrameOnly(t *testing.T) {
	t.Parallel()
	t.Run("animated gif", func(t *testing.T) {
		t.Parallel()
		result := setup(t).mustRender(t, asGIF(t, 400, 300, red, green, blue))
		require.Equal(t, [3]int{400, 300, 3}, [3]int{result.Width, result.Height, result.Pages})
		for _, r := range result.Renditions {
			requireColor(t, red, decodeFile(t, r.Path), 0.5, 0.5)
		}
	})
	t.Run("multi-page tiff", func(t *testing.T) {
		t.Parallel()
		result := setup(t).mustRender(t, twoPageTIFF())
		require.Equal(t, [3]int{32, 16, 2}, [3]int{result.Width, result.Height, result.Pages})
		for _, r := range result.Renditions {
			requireColor(t, color.NRGBA{R: 255, G: 255, B: 255}, decodeFile(t, r.Path), 0.5, 0.5)
		}
	})
}

func TestRenderDepthsAndSpaces(t *testing.T) {
	t.Parallel()
	bounds := image.Rect(0, 0, 500, 400)
	deep := image.NewNRGBA64(bounds)
	gray, gray16, cmyk := image.NewGray(bounds), image.NewGray16(bounds), image.NewCMYK(bounds)
	for y := range 400 {
		for x := range 500 {
			deep.Set(x, y, red)
			gray.Set(x, y, color.Gray{Y: 200})
			gray16.Set(x, y, color.Gray16{Y: 200 << 8})
			cmyk.Set(x, y, color.CMYK{})
		}
	}
	light := color.NRGBA{R: 200, G: 200, B: 200}
	for name, c := range map[string]struct {
		source []byte
		want   color.NRGBA
	}{
		"16 bits a channel": {asPNG(t, deep), red},
		"gray png":          {asPNG(t, gray), light},
		"gray 16 png":       {asPNG(t, gray16), light},
		"gray jpeg":         {asJPEG(t, gray), light},
		"cmyk tiff":         {asTIFF(t, cmyk), color.NRGBA{R: 255, G: 255, B: 255}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range setup(t).mustRender(t, c.source).Renditions {
				requireColor(t, c.want, decodeFile(t, r.Path), 0.5, 0.5)
			}
		})
	}
}

func TestRenderSourceAndOutput(t *testing.T) {
	t.Parallel()
	t.Run("output in use", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		other := filepath.Join(b.out, "someone's")
		require.NoError(t, os.WriteFile(other, nil, 0o600))
		_, err := b.render(t, asPNG(t, corners(8, 8)))
		require.ErrorContains(t, err, "empty directory")
		require.FileExists(t, other, "what was there is not the renderer's to remove")
	})
	t.Run("no such source is a fault", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		_, err := b.renderer.Render(t.Context(), filepath.Join(b.out, "absent"), b.out)
		require.ErrorContains(t, err, "no such file")
		require.NotErrorAs(t, err, new(NotRenderable))
	})
	t.Run("no such output is a fault", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		_, err := b.renderer.Render(t.Context(), writeSource(t, asPNG(t, corners(8, 8))), filepath.Join(b.out, "absent"))
		require.ErrorContains(t, err, "output directory")
	})
}

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Program: "/absent/render", Timeout: 1})
	require.ErrorContains(t, err, "SATCHEL_RENDER_PROGRAM")
	_, err = New(Config{Program: renderProgram})
	require.ErrorContains(t, err, "SATCHEL_RENDER_TIMEOUT")
}

// TestManyFramesCostOne: an animation of very many frames gives the renditions of its
// first one, within the limits of any picture. So policies/pictures need not count
// frames.
func TestManyFramesCostOne(t *testing.T) {
	t.Parallel()
	const many = 100_000
	one := asGIF(t, 400, 300, red)
	pixel := []byte("\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x80\x00\x00\xff\x00\x00\xff\x02\x02\x44\x01\x00") // one, with colors of its own
	still := asPNG(t, quarters(400, 300, [4]color.NRGBA{red, red, red, red}))
	picture := webpFrom(t, quarters(400, 300, [4]color.NRGBA{red, red, red, red}))
	anmf := webpChunk("ANMF", append([]byte{0, 0, 0, 0, 0, 0, 399 & 0xff, 399 >> 8, 0, 299 & 0xff, 299 >> 8, 0, 10, 0, 0, 0}, picture[12:]...))
	for name, content := range map[string][]byte{
		"gif":  slices.Concat(one[:len(one)-1], bytes.Repeat(pixel, many), one[len(one)-1:]),
		"apng": withChunks(still, pngChunk("acTL", []byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0})),
		"webp": webpAround(2, 400, 300, append(make([]byte, 12), webpChunk("ANIM", make([]byte, 6))...), nil, [][]byte{bytes.Repeat(anmf, 2000)}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := setup(t).mustRender(t, content)
			require.Equal(t, [2]int{400, 300}, [2]int{result.Width, result.Height})
			for _, r := range result.Renditions {
				requireColor(t, red, decodeFile(t, r.Path), 0.5, 0.5)
			}
		})
	}
}

// TestPhotoOfAPhone has 200 megapixels. It is decoded at an eighth of its size.
func TestPhotoOfAPhone(t *testing.T) {
	t.Parallel()
	photo := image.NewYCbCr(image.Rect(0, 0, 16_320, 12_240), image.YCbCrSubsampleRatio420)
	for i := range photo.Y {
		photo.Y[i] = byte(i >> 8)
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, photo, nil))
	result := setup(t).mustRender(t, b.Bytes())
	require.Equal(t, [2]int{16_320, 12_240}, [2]int{result.Width, result.Height})
	require.Len(t, result.Renditions, 6)
}
