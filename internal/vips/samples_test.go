package vips

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/tiff"
)

var (
	red   = color.NRGBA{R: 220, A: 255}
	green = color.NRGBA{G: 200, A: 255}
	blue  = color.NRGBA{B: 220, A: 255}
	black = color.NRGBA{A: 255}
)

// corners is a picture whose four quarters tell how it was turned.
func corners(width, height int) *image.NRGBA {
	return quarters(width, height, [4]color.NRGBA{red, green, blue, black})
}

// quarters paints top left, top right, bottom left and bottom right.
func quarters(width, height int, colors [4]color.NRGBA) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i, c := range colors {
		x, y := i%2*width/2, i/2*height/2
		draw.Draw(picture, image.Rect(x, y, x+width-width/2, y+height-height/2), image.NewUniform(c), image.Point{}, draw.Src)
	}
	return picture
}

func asPNG(t testing.TB, picture image.Image) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, picture))
	return b.Bytes()
}

func asJPEG(t testing.TB, picture image.Image) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, picture, &jpeg.Options{Quality: 92}))
	return b.Bytes()
}

func asTIFF(t testing.TB, picture image.Image) []byte {
	var b bytes.Buffer
	require.NoError(t, tiff.Encode(&b, picture, &tiff.Options{Compression: tiff.Deflate}))
	return b.Bytes()
}

// asGIF is an animation with one uniform frame per color, each picture a box.
func asGIF(t testing.TB, width, height int, frames ...color.NRGBA) []byte {
	animation := &gif.GIF{}
	for _, c := range frames {
		frame := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{c, color.White})
		animation.Image = append(animation.Image, frame)
		animation.Delay = append(animation.Delay, 10)
	}
	var b bytes.Buffer
	require.NoError(t, gif.EncodeAll(&b, animation))
	return b.Bytes()
}

// asEncoded lets libvips write what Go cannot.
func asEncoded(t testing.TB, format string, picture image.Image) []byte {
	cmd := exec.Command(encodeProgram, format)
	cmd.Stdin = bytes.NewReader(asPNG(t, picture))
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	require.NoError(t, cmd.Run(), stderr.String())
	return out.Bytes()
}

// secrets are what must not be found in any rendition.
var secrets = []string{"SECRET-MAKER", "SECRET-XMP", "SECRET-COMMENT", "SECRET-IPTC", "SECRET-PROFILE", "SECRET-TEXT"}

// exifBlock is a little-endian TIFF structure with an orientation, a maker and
// a GPS position, without the leading "Exif" of JPEG.
func exifBlock(orientation uint16) []byte {
	const ifd0, maker, gps, latitude = 8, 50, 64, 100
	b := make([]byte, latitude+24)
	copy(b, "II*\x00")
	le := binary.LittleEndian
	le.PutUint32(b[4:], ifd0)
	entry := func(at int, tag, kind uint16, count, value uint32) {
		le.PutUint16(b[at:], tag)
		le.PutUint16(b[at+2:], kind)
		le.PutUint32(b[at+4:], count)
		le.PutUint32(b[at+8:], value)
	}
	le.PutUint16(b[ifd0:], 3)
	entry(ifd0+2, 0x010F, 2, 13, maker)
	entry(ifd0+14, 0x0112, 3, 1, uint32(orientation))
	entry(ifd0+26, 0x8825, 4, 1, gps)
	copy(b[maker:], "SECRET-MAKER\x00")
	le.PutUint16(b[gps:], 2)
	entry(gps+2, 1, 2, 2, uint32('N'))
	entry(gps+14, 2, 5, 3, latitude)
	for i, degrees := range []uint32{46, 57, 0} {
		le.PutUint32(b[latitude+8*i:], degrees)
		le.PutUint32(b[latitude+8*i+4:], 1)
	}
	return b
}

// withSegments puts APPn and comment segments behind the start of a JPEG.
func withSegments(content []byte, segments ...[]byte) []byte {
	out := append([]byte{}, content[:2]...)
	for _, s := range segments {
		out = append(out, s...)
	}
	return append(out, content[2:]...)
}

func jpegSegment(marker byte, params []byte) []byte {
	head := []byte{0xFF, marker, 0, 0}
	binary.BigEndian.PutUint16(head[2:], uint16(len(params)+2))
	return append(head, params...)
}

func jpegEXIF(orientation uint16) []byte {
	return jpegSegment(0xE1, append([]byte("Exif\x00\x00"), exifBlock(orientation)...))
}

func tellingJPEG(t testing.TB, picture image.Image) []byte {
	return append(withSegments(asJPEG(t, picture),
		jpegEXIF(1),
		jpegSegment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET-XMP</x:xmpmeta>")),
		jpegSegment(0xED, []byte("Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x10\x1c\x02\x05\x00\x0bSECRET-IPTC")),
		jpegSegment(0xFE, []byte("SECRET-COMMENT")),
	), []byte("SECRET-TEXT behind the end")...)
}

func pngChunk(name string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	body := append([]byte(name), data...)
	return binary.BigEndian.AppendUint32(append(out, body...), crc32.ChecksumIEEE(body))
}

// withChunks puts chunks behind the IHDR of a PNG.
func withChunks(content []byte, chunks ...[]byte) []byte {
	const afterHeader = 8 + 25
	out := append([]byte{}, content[:afterHeader]...)
	for _, c := range chunks {
		out = append(out, c...)
	}
	return append(out, content[afterHeader:]...)
}

func tellingPNG(t testing.TB, picture image.Image) []byte {
	return withChunks(asPNG(t, picture),
		pngChunk("eXIf", exifBlock(1)),
		pngChunk("tEXt", []byte("Comment\x00SECRET-TEXT")),
		pngChunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET-XMP</x:xmpmeta>")),
	)
}

func webpChunk(name string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data)))
	out = append(out, data...)
	if len(data)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// webpAround wraps the picture chunks of a simple WebP into an extended one.
func webpAround(flags byte, width, height int, simple []byte, before, after [][]byte) []byte {
	header := []byte{flags, 0, 0, 0, byte(width - 1), byte((width - 1) >> 8), 0, byte(height - 1), byte((height - 1) >> 8), 0}
	body := append([]byte("WEBP"), webpChunk("VP8X", header)...)
	for _, c := range before {
		body = append(body, c...)
	}
	body = append(body, simple[12:]...)
	for _, c := range after {
		body = append(body, c...)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// webpFrom reads a WebP down to its VP8 chunk, so that it can be wrapped again.
func webpFrom(t testing.TB, picture image.Image) []byte {
	content := asEncoded(t, "webp", picture)
	for at := 12; at+8 <= len(content); {
		size := int(binary.LittleEndian.Uint32(content[at+4:]))
		if name := string(content[at : at+4]); name == "VP8 " || name == "VP8L" {
			return append([]byte("RIFF\x00\x00\x00\x00WEBP"), content[at:at+8+size+size%2]...)
		}
		at += 8 + size + size%2
	}
	require.Fail(t, "WebP without a picture")
	return nil
}

func tellingWebP(t testing.TB, picture *image.NRGBA, orientation uint16) []byte {
	size := picture.Bounds().Size()
	return webpAround(0x2C, size.X, size.Y, webpFrom(t, opaque(picture)),
		[][]byte{webpChunk("ICCP", []byte("SECRET-PROFILE"))},
		[][]byte{webpChunk("EXIF", exifBlock(orientation)), webpChunk("XMP ", []byte("<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET-XMP</x:xmpmeta>"))})
}

// opaque drops the alpha channel, so that encoders choose the simple layout.
func opaque(picture image.Image) image.Image {
	out := image.NewRGBA(picture.Bounds())
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), picture, picture.Bounds().Min, draw.Over)
	return out
}

// twoPageTIFF has a white page of 32 × 16 and then a black one of 16 × 8.
func twoPageTIFF() []byte {
	le := binary.LittleEndian
	out := []byte("II*\x00\x08\x00\x00\x00")
	pages := []struct {
		width, height int
		gray          byte
	}{{32, 16, 255}, {16, 8, 0}}
	for i, p := range pages {
		const entries = 9
		data := len(out) + 2 + entries*12 + 4
		next := uint32(data + p.width*p.height)
		if i == len(pages)-1 {
			next = 0
		}
		out = le.AppendUint16(out, entries)
		for _, e := range [entries][3]uint32{
			{256, 4, uint32(p.width)}, {257, 4, uint32(p.height)}, {258, 3, 8}, {259, 3, 1}, {262, 3, 1},
			{273, 4, uint32(data)}, {277, 3, 1}, {278, 4, uint32(p.height)}, {279, 4, uint32(p.width * p.height)},
		} {
			out = le.AppendUint16(out, uint16(e[0]))
			out = le.AppendUint16(out, uint16(e[1]))
			out = le.AppendUint32(out, 1)
			out = le.AppendUint32(out, e[2])
		}
		out = le.AppendUint32(out, next)
		out = append(out, bytes.Repeat([]byte{p.gray}, p.width*p.height)...)
	}
	return out
}

// bombPNG is a complete header that promises pixels and a little data.
func bombPNG(width, height uint32) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	header = append(header, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", header)...)
	out = append(out, pngChunk("IDAT", bytes.Repeat([]byte{0x78}, 98))...)
	return append(out, pngChunk("IEND", nil)...)
}
