package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"testing"

	"github.com/h2non/bimg"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
	"pgregory.net/rapid"

	"satchel/internal/vips"
)

func TestRecognize(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"\xFF\xD8\xFF\xE0":                    "jpeg",
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": "png",
		"GIF87a":                              "gif",
		"GIF89a":                              "gif",
		"II*\x00":                             "tiff",
		"MM\x00*":                             "tiff",
		"RIFF\x00\x00\x00\x00WEBPVP8 ":        "webp",
		"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00":  "avif",
		"\x00\x00\x00\x18ftypavis\x00\x00\x00\x00":  "avif",
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00":  "heic",
		"\x00\x00\x00\x18ftypheix\x00\x00\x00\x00":  "heic",
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00":  "heic",
		"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00":  "",
		"RIFF\x00\x00\x00\x00WAVE":                  "",
		"<svg xmlns='http://www.w3.org/2000/svg'/>": "",
		"%PDF-1.7": "",
		"BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00":                 "",
		"BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00": "bmp",
		"\x00\x00\x01\x00\x01\x00":                                           "ico",
		"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 ":             "jp2",
		"\xff\x4f\xff\x51": "jp2",
		"\xff\x0a":         "jxl",
		"":                 "",
	} {
		format, err := Recognize([]byte(content))
		require.Equal(t, want, format.Name, "%q", content)
		if want == "" {
			var finding vips.NotRenderable
			require.ErrorAs(t, err, &finding)
			require.Equal(t, vips.Unsupported, finding.Code)
		}
	}
}

// TestBombCostsNothing runs libvips in the test's own process, where its
// memory can be read: refused from the header means nothing was decoded.
func TestBombCostsNothing(t *testing.T) {
	bomb := promise(t, 50_000, 50_000)
	before := bimg.VipsMemory().MemoryHighwater
	_, made, err := Render(bomb)
	var finding vips.NotRenderable
	require.ErrorAs(t, err, &finding)
	require.Equal(t, vips.TooManyPixels, finding.Code)
	require.Empty(t, made)
	require.Less(t, bimg.VipsMemory().MemoryHighwater-before, int64(1<<20))
}

// promise is a small PNG with another size in its header.
func promise(t *testing.T, width, height uint32) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))))
	content := b.Bytes()
	header := content[12:29]
	binary.BigEndian.PutUint32(header[4:], width)
	binary.BigEndian.PutUint32(header[8:], height)
	binary.BigEndian.PutUint32(content[29:], crc32.ChecksumIEEE(header))
	return content
}

func TestBounded(t *testing.T) {
	t.Parallel()
	for size, ok := range map[[2]int]bool{
		{1, 1}: true, {16_384, 1}: true, {10_000, 5_000}: true,
		{16_385, 1}: false, {1, 16_385}: false, {10_000, 5_001}: false, {1 << 31, 1 << 31}: false,
	} {
		err := bounded("png", Header{Width: size[0], Height: size[1]})
		require.Equal(t, ok, err == nil, "%v: %v", size, err)
	}
}

func TestStepsAndShrinkOnLoadKeepEnoughPixels(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		longest := rapid.IntRange(1, vips.MaxSide).Draw(t, "longest")
		steps := stepsFor(longest)
		require.NotEmpty(t, steps)
		for _, step := range steps[:len(steps)-1] {
			require.Less(t, step.Side, longest, "a step repeats the picture unscaled")
		}
		side := steps[len(steps)-1].Side
		factor := map[string]int{"": 1, "[shrink=2]": 2, "[shrink=4]": 4, "[shrink=8]": 8}[shrinkOnLoad(Format{Name: "jpeg"}, longest, side)]
		require.GreaterOrEqual(t, longest/factor, min(side, longest))
		require.Empty(t, shrinkOnLoad(Format{Name: "png"}, longest, side))
	})
}

// A bitmap gets renditions of its pixels; one that declares too many, or breaks off,
// is told apart before or while it is decoded.
func TestBitmaps(t *testing.T) {
	drawn := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for i := range drawn.Pix {
		drawn.Pix[i] = 0xff
	}
	var b bytes.Buffer
	require.NoError(t, bmp.Encode(&b, drawn))
	report, made, err := Render(b.Bytes())
	require.NoError(t, err)
	require.Equal(t, "bmp", report.Format)
	require.Equal(t, []int{640, 480}, []int{report.Width, report.Height})
	require.NotEmpty(t, made)
	var finding vips.NotRenderable
	_, _, err = Render(b.Bytes()[:b.Len()/2])
	require.ErrorAs(t, err, &finding)
	require.Equal(t, vips.Corrupt, finding.Code)
	huge := bytes.Clone(b.Bytes())
	binary.LittleEndian.PutUint32(huge[18:], 60_000)
	binary.LittleEndian.PutUint32(huge[22:], 60_000)
	_, _, err = Render(huge)
	require.ErrorAs(t, err, &finding)
	require.Equal(t, vips.TooManyPixels, finding.Code)
}

// Of an animated PNG the first frame is shown (fxhash/fxhash-website#405).
func TestFirstFrame(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64))))
	still := b.Bytes()
	chunk := func(kind string, data []byte) []byte {
		body := append([]byte(kind), data...)
		out := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), body...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
	}
	const headerEnd = 33
	animated := bytes.Join([][]byte{still[:headerEnd], chunk("acTL", make([]byte, 8)), chunk("fcTL", make([]byte, 26)), still[headerEnd:]}, nil)
	report, made, err := Render(animated)
	require.NoError(t, err)
	require.Equal(t, 64, report.Width)
	require.NotEmpty(t, made)
}
