package vips

import (
	"bytes"
	"errors"
	"image"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBombsAreRefusedByTheirHeader(t *testing.T) {
	t.Parallel()
	for name, source := range map[string][]byte{
		"50,000 squared":        bombPNG(50_000, 50_000),
		"16,384 squared":        bombPNG(16_384, 16_384),
		"one side too long":     bombPNG(16_385, 1),
		"just too many pixels":  bombPNG(10_000, 5_001),
		"largest gif":           asGIFHeader(20_000, 20_000),
		"largest jpeg":          withSize(asJPEG(t, corners(16, 16)), 65_500, 65_500),
		"extended webp too big": webpAround(0, 16_384, 16_384, webpFrom(t, opaque(corners(16, 16))), nil, nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "extended webp too big" { // libwebp notices the contradiction first
				_ = setup(t).requireFinding(t, source, Corrupt)
				return
			}
			_ = setup(t).requireFinding(t, source, TooManyPixels)
		})
	}
}

// asGIFHeader is a GIF whose canvas and only frame promise pixels.
func asGIFHeader(width, height uint16) []byte {
	size := []byte{byte(width), byte(width >> 8), byte(height), byte(height >> 8)}
	b := append([]byte("GIF89a"), size...)
	b = append(b, 0x80, 0, 0, 0, 0, 0, 255, 255, 255) // two colors
	b = append(b, 0x2C, 0, 0, 0, 0)
	b = append(append(b, size...), 0)
	return append(b, 2, 2, 0x44, 0x01, 0, 0x3B) // a pixel of data, the end
}

// withSize overwrites the size in a JPEG's frame header.
func withSize(content []byte, width, height uint16) []byte {
	out := bytes.Clone(content)
	at := bytes.Index(out, []byte{0xFF, 0xC0}) + 5
	copy(out[at:], []byte{byte(height >> 8), byte(height), byte(width >> 8), byte(width)})
	return out
}

func TestTruncatedIsCorrupt(t *testing.T) {
	t.Parallel()
	picture := noise(700, 500)
	for name, source := range map[string][]byte{
		"jpeg": asJPEG(t, picture),
		"png":  asPNG(t, picture),
		"tiff": asTIFF(t, picture),
		"webp": asEncoded(t, "webp", picture),
		"avif": asEncoded(t, "avif", picture),
		"heic": asEncoded(t, "heif", picture),
		"gif":  asGIF(t, 700, 500, red),
	} {
		for _, percent := range []int{50, 90} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				_ = setup(t).requireFinding(t, source[:len(source)*percent/100], Corrupt)
			})
		}
	}
}

// noise does not compress, so that each half of the file holds half a picture.
func noise(width, height int) *image.NRGBA {
	random := rand.New(rand.NewPCG(1, 2))
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = byte(random.Uint32()) | byte(0xFF*(i%4/3))
	}
	return picture
}

func TestDamagedInsideIsCorrupt(t *testing.T) {
	t.Parallel()
	source := asPNG(t, noise(700, 500))
	source[len(source)/2] ^= 0xFF
	_ = setup(t).requireFinding(t, source, Corrupt)
}

func TestOtherContentIsUnsupported(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"svg":          `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>`,
		"svg with xml": `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`,
		"msl":          `<?xml version="1.0"?><image><read filename="/etc/passwd"/><write filename="/tmp/out"/></image>`,
		"mvg":          "push graphic-context\nviewbox 0 0 9 9\nfill 'url(https://localhost/)'\npop graphic-context",
		"pdf":          "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
		"postscript":   "%!PS-Adobe-3.0 EPSF-3.0\nshowpage",
		"fits":         "SIMPLE  =                    T",
		"bmp":          "BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00",
		"vips":         "\x08\xF2\xA6\xB6\x00\x00\x00\x08",
		"ppm":          "P6\n1 1\n255\nabc",
		"text":         "just words",
		"empty":        "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_ = setup(t).requireFinding(t, []byte(source), Unsupported)
		})
	}
}

func TestMagicAndNothingElseIsCorrupt(t *testing.T) {
	t.Parallel()
	for name, magic := range map[string]string{
		"jpeg": "\xFF\xD8\xFF\xE0", "png": "\x89PNG\r\n\x1a\n", "gif": "GIF89a", "tiff": "II*\x00",
		"webp": "RIFF\x10\x00\x00\x00WEBPVP8 ", "avif": "\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1",
		"heic":                   "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
		"jpeg xl":                "\xFF\x0A\x00\x00",
		"jpeg 2000":              "\x00\x00\x00\x0CjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 ",
		"jpeg 2000 codestream":   "\xFF\x4F\xFF\x51\x00",
		"icon":                   "\x00\x00\x01\x00\x01\x00",
		"png with svg behind it": "\x89PNG\r\n\x1a\n<svg xmlns='http://www.w3.org/2000/svg'/>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_ = setup(t).requireFinding(t, []byte(magic), Corrupt)
		})
	}
}

func TestTooManyBytes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := writeSource(t, []byte("\x89PNG\r\n\x1a\n"))
	require.NoError(t, os.Truncate(path, 256<<20+1))
	_, err := b.renderer.Render(t.Context(), path, b.out)
	var finding NotRenderable
	require.ErrorAs(t, err, &finding)
	require.Equal(t, TooManyBytes, finding.Code)
}

// FuzzRender holds for any bytes: renditions that verify, or a finding and an
// empty directory. Never a fault, which would be tried again for nothing.
func FuzzRender(f *testing.F) {
	picture := corners(40, 30)
	for _, seed := range [][]byte{
		asJPEG(f, picture), asPNG(f, picture), asTIFF(f, picture), twoPageTIFF(), asGIF(f, 40, 30, red, blue),
		asEncoded(f, "webp", picture), asEncoded(f, "avif", picture), asEncoded(f, "heif", picture),
		tellingJPEG(f, picture), tellingPNG(f, picture), tellingWebP(f, picture, 6), bombPNG(9, 9),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		renderer, err := New(Config{Program: renderProgram, Timeout: 60_000_000_000})
		require.NoError(t, err)
		out := t.TempDir()
		result, err := renderer.Render(t.Context(), writeSource(t, content), out)
		var finding NotRenderable
		if errors.As(err, &finding) {
			requireEmpty(t, out)
			return
		}
		require.NoError(t, err)
		require.NotEmpty(t, result.Renditions)
	})
}
