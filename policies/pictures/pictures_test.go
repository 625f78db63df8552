package pictures

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func be32(values ...uint32) (p []byte) {
	for _, value := range values {
		p = binary.BigEndian.AppendUint32(p, value)
	}
	return p
}

func be16(values ...uint16) (p []byte) {
	for _, value := range values {
		p = binary.BigEndian.AppendUint16(p, value)
	}
	return p
}

func chunk(kind string, data []byte) []byte {
	p := append(be32(uint32(len(data))), kind...)
	p = append(p, data...)
	return append(p, be32(crc32.ChecksumIEEE(p[4:]))...)
}

// pngOf is a PNG that declares its sides and holds data, which may be too little.
func pngOf(width, height uint32, depth, colors byte, data []byte) []byte {
	p := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(be32(width, height), depth, colors, 0, 0, 0))...)
	p = append(p, chunk("IDAT", data)...)
	return append(p, chunk("IEND", nil)...)
}

func zeros(t *testing.T, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	require.NoError(t, err)
	block := make([]byte, 1<<20)
	for ; n > 0; n -= int64(len(block)) {
		_, err := w.Write(block[:min(n, int64(len(block)))])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func segment(marker byte, data []byte) []byte {
	return append(append([]byte{0xff, marker}, be16(uint16(len(data)+2))...), data...)
}

// frame is the frame header of a JPEG with its colors at half the resolution.
func frame(marker byte, width, height uint16) []byte {
	data := append([]byte{8}, be16(height, width)...)
	return segment(marker, append(data, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1))
}

func jpegOf(behind int, parts ...[]byte) []byte {
	return append(append([]byte{0xff, 0xd8}, bytes.Join(parts, nil)...), make([]byte, behind)...)
}

func gifOf(width, height, frameWidth, frameHeight uint16, behind int) []byte {
	sides := func(w, h uint16) []byte {
		return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, w), h)
	}
	p := append([]byte("GIF89a"), sides(width, height)...)
	p = append(p, 0x80, 0, 0, 0, 0, 0, 1, 1, 1)
	p = append(p, "\x21\xfe\x05hello\x02or\x00\x21\xf9\x04\x00\x00\x00\x00\x00\x2c\x00\x00\x00\x00"...)
	p = append(append(p, sides(frameWidth, frameHeight)...), 0, 2, 2, 0x44, 1, 0, 0x3b)
	return append(p, make([]byte, behind)...)
}

func box(kind string, parts ...[]byte) []byte {
	data := bytes.Join(parts, nil)
	return append(append(be32(uint32(len(data)+8)), kind...), data...)
}

// isoOf is an AVIF whose picture is a grid of tiles of 4096 × 2048.
func isoOf(width, height uint32, behind int) []byte {
	properties := box("ipco", box("ispe", be32(0, 4096, 2048)), box("ispe", be32(0, width, height)))
	meta := box("meta", be32(0), box("hdlr", make([]byte, 24)), box("iprp", properties))
	return bytes.Join([][]byte{box("ftyp", []byte("avif\x00\x00\x00\x00mif1")), meta, box("mdat", make([]byte, behind))}, nil)
}

func webpOf(chunks ...[]byte) []byte {
	data := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(data)))...), data...)
}

func webpChunk(kind string, data []byte) []byte {
	return append(append([]byte(kind), binary.LittleEndian.AppendUint32(nil, uint32(len(data)))...), data...)
}

func vp8xOf(side uint32) []byte {
	w := side - 1
	return webpChunk("VP8X", []byte{0, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(w), byte(w >> 8), byte(w >> 16)})
}

func vp8Of(side uint16, behind int) []byte {
	return webpChunk("VP8 ", append([]byte{0, 0, 0, 0x9d, 1, 0x2a, byte(side), byte(side >> 8), byte(side), byte(side >> 8)}, make([]byte, behind)...))
}

func vp8lOf(side uint32, behind int) []byte {
	return webpChunk("VP8L", append(append([]byte{0x2f}, binary.LittleEndian.AppendUint32(nil, (side-1)|(side-1)<<14)...), make([]byte, behind)...))
}

// sheet is one page of a TIFF.
type sheet struct {
	width, height, bits, compression uint32
	data                             int
}

// tiffOf is a TIFF whose directories follow their data.
func tiffOf(order binary.AppendByteOrder, sheets ...sheet) []byte {
	out := order.AppendUint16([]byte("II"), 42)
	if order.String() == binary.BigEndian.String() {
		out = order.AppendUint16([]byte("MM"), 42)
	}
	for i, s := range sheets {
		at := len(out) + 4 + s.data
		out = append(order.AppendUint32(out, uint32(at)), make([]byte, s.data)...)
		fields := [][2]uint32{{256, s.width}, {257, s.height}, {258, s.bits}, {259, s.compression}}
		out = order.AppendUint16(out, uint16(len(fields)))
		for _, field := range fields {
			out = order.AppendUint16(order.AppendUint16(out, uint16(field[0])), 4)
			out = order.AppendUint32(order.AppendUint32(out, 1), field[1])
		}
		if i == len(sheets)-1 {
			out = order.AppendUint32(out, 0)
		}
	}
	return out
}

func pages(n int, s sheet) []byte {
	return tiffOf(binary.LittleEndian, slices.Repeat([]sheet{s}, n)...)
}

const (
	jpegType, pngType, gifType    = "image/jpeg", "image/png", "image/gif"
	webpType, avifType, heicType  = "image/webp", "image/avif", "image/heic"
	tiffType                      = "image/tiff"
	scanWidth, scanHeight, scanG4 = 19_866, 28_087, 4 // A0 at 600 dpi
)

func TestExcessive(t *testing.T) {
	t.Parallel()
	profile := segment(0xe2, make([]byte, 65_000))
	for name, tc := range map[string]struct {
		mediaType string
		content   []byte
		want      bool
	}{
		"png, 900 megapixels in 167 bytes":      {pngType, pngOf(30_000, 30_000, 8, 2, make([]byte, 110)), true},
		"png, 400 megapixels in 48 KB":          {pngType, pngOf(20_000, 20_000, 8, 2, make([]byte, 48_000)), true},
		"png, gray, 400 megapixels in 48 KB":    {pngType, pngOf(20_000, 20_000, 8, 0, make([]byte, 48_000)), true},
		"png, more than a gigapixel, honest":    {pngType, pngOf(40_000, 40_000, 1, 0, make([]byte, 300_000)), true},
		"png, small and torn":                   {pngType, pngOf(10_000, 10_000, 8, 2, nil), false},
		"png, blank scan":                       {pngType, pngOf(scanWidth, scanHeight, 1, 0, zeros(t, scanHeight*(1+(scanWidth+7)/8))), false},
		"png, impossible colors":                {pngType, pngOf(30_000, 30_000, 8, 5, nil), false},
		"jpeg, 4 gigapixels":                    {jpegType, jpegOf(0, frame(0xc0, 64_250, 64_250)), true},
		"jpeg, behind 20 MB of profiles":        {jpegType, jpegOf(0, bytes.Repeat(profile, 320), []byte{0xff}, frame(0xc2, 64_250, 64_250)), true},
		"jpeg, a thumbnail is none":             {jpegType, jpegOf(0, segment(0xe1, frame(0xc0, 64_250, 64_250)), frame(0xc0, 100, 100)), false},
		"jpeg, 400 megapixels in 1 MB":          {jpegType, jpegOf(1<<20, frame(0xc0, 20_000, 20_000)), true},
		"jpeg, 400 megapixels progressive":      {jpegType, jpegOf(1<<20, frame(0xc2, 20_000, 20_000)), true},
		"jpeg, 200 megapixel photo":             {jpegType, jpegOf(20<<20, frame(0xc0, 16_320, 12_240)), false},
		"jpeg, blank, 200 megapixels":           {jpegType, jpegOf(1_180_000, frame(0xc0, 16_320, 12_240)), false},
		"jpeg, blank, 200 megapixels in stages": {jpegType, jpegOf(600_000, frame(0xc2, 16_320, 12_240)), false},
		"jpeg, no frame":                        {jpegType, jpegOf(100, profile), false},
		"gif, 4 gigapixels":                     {gifType, gifOf(65_535, 65_535, 1, 1, 0), true},
		"gif, 4 gigapixels, in the frame":       {gifType, gifOf(1, 1, 65_535, 65_535, 0), true},
		"gif, 400 megapixels in 100 KB":         {gifType, gifOf(20_000, 20_000, 20_000, 20_000, 100_000), true},
		"gif, 400 megapixels in 280 KB":         {gifType, gifOf(20_000, 20_000, 20_000, 20_000, 280_000), false},
		"gif, small":                            {gifType, gifOf(20, 20, 20, 20, 0), false},
		"webp, extended, 4 gigapixels":          {webpType, webpOf(vp8xOf(65_000), vp8Of(100, 9)), true},
		"webp, extended, 256 megapixels":        {webpType, webpOf(vp8xOf(16_000), webpChunk("ICCP", make([]byte, 333)), []byte{0}, vp8Of(16_000, 99)), true},
		"webp, lossy, 256 megapixels in 99":     {webpType, webpOf(vp8Of(16_000, 99)), true},
		"webp, lossy, 256 megapixels, blank":    {webpType, webpOf(vp8Of(16_000, 455_000)), false},
		"webp, lossless, 256 megapixels in 99":  {webpType, webpOf(vp8lOf(16_000, 99)), true},
		"webp, lossless, 256 megapixels, blank": {webpType, webpOf(vp8lOf(16_000, 10_250)), false},
		"avif, 4 gigapixels":                    {avifType, isoOf(65_535, 65_535, 1<<10), true},
		"avif, 900 megapixels":                  {avifType, isoOf(30_000, 30_000, 30), true},
		"avif, 200 megapixels":                  {avifType, isoOf(16_320, 12_240, 1<<20), false},
		"heic, 4 gigapixels":                    {heicType, isoOf(65_535, 65_535, 1<<10), true},
		"tiff, 4 gigapixels":                    {tiffType, tiffOf(binary.LittleEndian, sheet{65_535, 65_535, 8, 5, 100}), true},
		"tiff, big-endian":                      {tiffType, tiffOf(binary.BigEndian, sheet{65_535, 65_535, 8, 5, 100}), true},
		"tiff, sides beyond all":                {tiffType, tiffOf(binary.LittleEndian, sheet{math.MaxUint32, math.MaxUint32, 64, 1, 100}), true},
		"tiff, plain, 400 megapixels in 1 MB":   {tiffType, tiffOf(binary.LittleEndian, sheet{20_000, 20_000, 8, 1, 1 << 20}), true},
		"tiff, LZW, 400 megapixels in 48 KB":    {tiffType, tiffOf(binary.LittleEndian, sheet{20_000, 20_000, 8, 5, 48_000}), true},
		"tiff, deflate, in 48 KB":               {tiffType, tiffOf(binary.LittleEndian, sheet{20_000, 20_000, 8, 8, 48_000}), true},
		"tiff, JPEG, in 48 KB":                  {tiffType, tiffOf(binary.LittleEndian, sheet{20_000, 20_000, 8, 7, 48_000}), true},
		"tiff, PackBits, in 48 KB":              {tiffType, tiffOf(binary.LittleEndian, sheet{20_000, 20_000, 8, 32773, 48_000}), true},
		"tiff, fax, in 167 bytes":               {tiffType, tiffOf(binary.LittleEndian, sheet{20_000, 20_000, 1, 4, 100}), true},
		"tiff, fax, blank scan":                 {tiffType, tiffOf(binary.LittleEndian, sheet{scanWidth, scanHeight, 1, scanG4, scanHeight/8 + 1}), false},
		"tiff, fax, 100 blank pages of A4":      {tiffType, pages(100, sheet{4_960, 7_016, 1, scanG4, 880}), false},
		"tiff, 100 pages without data":          {tiffType, pages(100, sheet{9_000, 9_000, 8, 5, 0}), true},
		"tiff, the second page":                 {tiffType, tiffOf(binary.LittleEndian, sheet{10, 10, 8, 1, 100}, sheet{65_535, 65_535, 8, 5, 100}), true},
		"tiff, unknown compression":             {tiffType, tiffOf(binary.LittleEndian, sheet{20_000, 20_000, 8, 34_925, 100}), false},
		"no picture":                            {"application/pdf", pngOf(30_000, 30_000, 8, 2, nil), false},
		"another picture":                       {gifType, pngOf(30_000, 30_000, 8, 2, nil), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Excessive(bytes.NewReader(tc.content), int64(len(tc.content)), tc.mediaType)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

// Whatever real encoders make of a blank picture is not below the bound. What
// the standard library cannot write was measured with libvips: 2000 × 2000 take
// 650 bytes as AVIF, 7384 as lossy and 424 as lossless WebP, 12000 × 12000 take
// 256302 and 5772.
func TestBoundsAreBelowRealEncoders(t *testing.T) {
	t.Parallel()
	gray := image.NewGray(image.Rect(0, 0, 3_000, 3_000))
	palette := image.NewPaletted(gray.Rect, color.Palette{color.White, color.Black})
	for name, tc := range map[string]struct {
		mediaType string
		encode    func(io.Writer) error
	}{
		"jpeg":          {jpegType, func(w io.Writer) error { return jpeg.Encode(w, gray, &jpeg.Options{Quality: 1}) }},
		"gif":           {gifType, func(w io.Writer) error { return gif.Encode(w, palette, nil) }},
		"png":           {pngType, func(w io.Writer) error { return png.Encode(w, gray) }},
		"png, one bit":  {pngType, func(w io.Writer) error { return png.Encode(w, palette) }},
		"png, smallest": {pngType, func(w io.Writer) error { return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(w, gray) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			require.NoError(t, tc.encode(&b))
			h, ok := parsers[tc.mediaType](&reader{r: bytes.NewReader(b.Bytes()), size: int64(b.Len())})
			require.True(t, ok)
			require.Equal(t, uint64(9_000_000), h.pixels)
			require.LessOrEqual(t, h.least, uint64(b.Len()))
			require.NotZero(t, h.least)
		})
	}
	require.Less(t, av1(4_000_000), uint64(650))
	require.Less(t, vp8(144_000_000), uint64(256_302))
	require.Less(t, vp8l(144_000_000), uint64(5_772))
}

func bmp(width, height int32, bits uint16, how uint32, data int) []byte {
	p := append([]byte("BM"), make([]byte, 12)...)
	p = binary.LittleEndian.AppendUint32(p, 40)
	p = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(p, uint32(width)), uint32(height))
	p = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(p, 1), bits)
	return append(binary.LittleEndian.AppendUint32(p, how), make([]byte, 20+data)...)
}

func TestBitmaps(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		content   []byte
		excessive bool
	}{
		"a drawing":                      {bmp(800, -600, 24, 0, 1<<20), false},
		"400 megapixels without data":    {bmp(20_000, 20_000, 24, 0, 0), true},
		"upside down":                    {bmp(20_000, -20_000, 1, 0, 0), true},
		"a blank page, run-length":       {bmp(20_000, 20_000, 8, 1, 0), false},
		"more than a gigapixel":          {bmp(40_000, 40_000, 8, 1, 0), true},
		"a width below zero":             {bmp(-5, 5, 24, 0, 0), false},
		"a height that has no positive":  {bmp(5, -1<<31, 24, 0, 0), false},
		"a black and white plan, 100 MP": {bmp(20_000, 20_000, 1, 0, 50<<20), false},
	} {
		got, err := Excessive(bytes.NewReader(tc.content), int64(len(tc.content)), "image/bmp")
		require.NoError(t, err, name)
		require.Equal(t, tc.excessive, got, name)
	}
}

type broken struct{ error }

func (b broken) ReadAt([]byte, int64) (int, error) { return 0, b.error }

// A store that fails is not a strange picture.
func TestFailureOfTheReaderIsAnError(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for mediaType := range parsers {
		_, err := Excessive(broken{down}, 1<<20, mediaType)
		require.ErrorIs(t, err, down, mediaType)
		_, err = Excessive(broken{io.EOF}, 1<<20, mediaType)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the object is shorter than its row says")
	}
}

// counting counts the reads.
type counting struct {
	io.ReaderAt
	n int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.n++
	return c.ReaderAt.ReadAt(p, off)
}

// No file makes the parser read without end.
func TestReadsAreBounded(t *testing.T) {
	t.Parallel()
	endless := append([]byte{0xff, 0xd8}, bytes.Repeat(segment(0xe0, nil), 100_000)...)
	boxes := bytes.Repeat(box("free"), 100_000)
	circle := tiffOf(binary.LittleEndian, sheet{20_000, 20_000, 1, 4, 1 << 20})
	binary.LittleEndian.PutUint32(circle[len(circle)-4:], binary.LittleEndian.Uint32(circle[4:]))
	for mediaType, content := range map[string][]byte{jpegType: endless, avifType: boxes, tiffType: circle} {
		source := &counting{ReaderAt: bytes.NewReader(content)}
		got, err := Excessive(source, int64(len(content)), mediaType)
		require.NoError(t, err)
		require.False(t, got, mediaType)
		require.LessOrEqual(t, source.n, maxReads)
	}
}

// TestFramesAreNotCounted: an animation of many frames is judged by its canvas, with
// the reads that one of a single frame takes.
func TestFramesAreNotCounted(t *testing.T) {
	t.Parallel()
	const side, many = 8000, 100_000
	still := pngOf(side, side, 1, 0, zeros(t, side*side/8))
	moving := gifOf(side, side, side, side, 0)
	image := moving[bytes.LastIndexByte(moving, 0x2c) : len(moving)-1]
	frame := webpChunk("ANMF", append(make([]byte, 16), vp8Of(side, 0)...))
	for mediaType, animation := range map[string]func(frames int) []byte{
		gifType: func(n int) []byte {
			return slices.Concat(moving[:len(moving)-1], bytes.Repeat(image, n-1), moving[len(moving)-1:])
		},
		pngType: func(n int) []byte {
			control := chunk("acTL", be32(uint32(n), 0))
			return slices.Concat(still[:33], control, still[33:len(still)-12], bytes.Repeat(chunk("fcTL", make([]byte, 26)), n))
		},
		webpType: func(n int) []byte {
			return webpOf(vp8xOf(side), webpChunk("ANIM", make([]byte, 6)), bytes.Repeat(frame, n))
		},
	} {
		var reads []int
		for _, frames := range []int{1, many} {
			content := animation(frames)
			source := &counting{ReaderAt: bytes.NewReader(content)}
			excessive, err := Excessive(source, int64(len(content)), mediaType)
			require.NoError(t, err)
			require.False(t, excessive, "%s of %d frames", mediaType, frames)
			reads = append(reads, source.n)
		}
		require.Equal(t, reads[0], reads[1], mediaType)
	}
	bomb := webpOf(vp8xOf(40_000), webpChunk("ANIM", make([]byte, 6)), bytes.Repeat(frame, many))
	excessive, err := Excessive(bytes.NewReader(bomb), int64(len(bomb)), webpType)
	require.NoError(t, err)
	require.True(t, excessive, "frames do not pay for a canvas")
}

func FuzzExcessive(f *testing.F) {
	for _, seed := range [][]byte{
		pngOf(30_000, 30_000, 8, 2, nil), jpegOf(9, segment(0xe1, make([]byte, 9)), frame(0xc2, 900, 900)), gifOf(10, 10, 20, 20, 3),
		webpOf(vp8xOf(65_000), vp8Of(100, 9)), webpOf(vp8lOf(100, 9)), isoOf(900, 900, 9),
		tiffOf(binary.LittleEndian, sheet{10, 10, 8, 1, 100}, sheet{65_535, 65_535, 8, 5, 100}), tiffOf(binary.BigEndian, sheet{9, 9, 1, 4, 9}),
		[]byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x10\x00\x01\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"),
	} {
		for mediaType := range parsers {
			f.Add(mediaType, seed)
		}
	}
	f.Fuzz(func(t *testing.T, mediaType string, content []byte) {
		source := &counting{ReaderAt: bytes.NewReader(content)}
		excessive, err := Excessive(source, int64(len(content)), mediaType)
		require.NoError(t, err)
		require.LessOrEqual(t, source.n, maxReads)
		if excessive {
			h, ok := parsers[mediaType](&reader{r: bytes.NewReader(content), size: int64(len(content))})
			require.True(t, ok)
			require.True(t, h.pixels > MaxPixels || h.total > FreePixels, fmt.Sprint(h))
		}
	})
}
