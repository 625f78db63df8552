package metadata

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/webp"
	"pgregory.net/rapid"
)

func photo(t testing.TB) []byte {
	picture := image.NewRGBA(image.Rect(0, 0, 24, 16))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i * 37)
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, picture, nil))
	return b.Bytes()
}

func jpegPart(marker byte, params string) []byte {
	head := []byte{0xFF, marker, 0, 0}
	binary.BigEndian.PutUint16(head[2:], uint16(len(params)+2))
	return append(head, params...)
}

// withParts puts segments between the start of the photo and the rest.
func withParts(content []byte, parts ...[]byte) []byte {
	return join(content[:2], join(parts...), content[2:])
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

const jfif = "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"

func TestJPEG(t *testing.T) {
	t.Parallel()
	clean := photo(t)
	for name, c := range map[string]struct {
		content []byte
		want    []byte // after Strip
		present string // in the error of Check; empty when the content is clean already
	}{
		"clean":             {clean, clean, ""},
		"plain JFIF":        {withParts(clean, jpegPart(0xE0, jfif)), withParts(clean, jpegPart(0xE0, jfif)), ""},
		"JFIF thumbnail":    {withParts(clean, jpegPart(0xE0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x01\x01abc")), clean, "0xE0"},
		"JFXX":              {withParts(clean, jpegPart(0xE0, "JFXX\x00\x10abc")), clean, "0xE0"},
		"EXIF":              {withParts(clean, jpegPart(0xE1, "Exif\x00\x00II*\x00")), clean, "0xE1"},
		"ICC":               {withParts(clean, jpegPart(0xE2, "ICC_PROFILE\x00")), clean, "0xE2"},
		"IPTC":              {withParts(clean, jpegPart(0xED, "Photoshop 3.0\x00")), clean, "0xED"},
		"Adobe":             {withParts(clean, jpegPart(0xEE, "Adobe\x00d\x00\x00\x00\x00\x01")), clean, "0xEE"},
		"comment":           {withParts(clean, jpegPart(0xFE, "me")), clean, "0xFE"},
		"reserved":          {withParts(clean, jpegPart(0xF0, "?")), clean, "0xF0"},
		"several":           {withParts(clean, jpegPart(0xE1, "a"), jpegPart(0xFE, "b"), jpegPart(0xE1, "c")), clean, "0xE1"},
		"before the end":    {join(clean[:len(clean)-2], jpegPart(0xFE, "late"), clean[len(clean)-2:]), clean, "0xFE"},
		"behind the end":    {join(clean, []byte("tail")), clean, "4 bytes after"},
		"second photo":      {join(clean, clean), clean, "after the end"},
		"marker in a value": {withParts(clean, jpegPart(0xE1, "\xFF\xD9\xFF\xDA")), clean, "0xE1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stripped, err := Strip(c.content)
			require.NoError(t, err)
			require.Equal(t, c.want, stripped)
			require.NoError(t, Check(stripped))
			if c.present == "" {
				require.NoError(t, Check(c.content))
				return
			}
			require.ErrorIs(t, Check(c.content), ErrPresent)
			require.ErrorContains(t, Check(c.content), c.present)
		})
	}
}

// lossless is a complete 1 × 1 WebP picture chunk of 13 bytes and its padding.
var lossless = []byte("\x2f\x00\x00\x00\x00\x07\xd0\xff\xfe\xf7\xbf\xff\x81\x88\x88\x08\x00")

func webpPart(name string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data)))
	out = append(out, data...)
	return append(out, make([]byte, len(data)%2)...)
}

func riff(parts ...[]byte) []byte {
	body := join([]byte("WEBP"), join(parts...))
	return join(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body)
}

func vp8x(flags byte) []byte { return webpPart("VP8X", []byte{flags, 0, 0, 0, 0, 0, 0, 0, 0, 0}) }

func TestWebP(t *testing.T) {
	t.Parallel()
	picture := webpPart("VP8L", lossless)
	padded := bytes.Clone(riff(picture))
	padded[len(padded)-1] = 'x'
	for name, c := range map[string]struct {
		content, want []byte
		present       string
	}{
		"simple":         {riff(picture), riff(picture), ""},
		"extended":       {riff(vp8x(0x10), picture), riff(vp8x(0x10), picture), ""},
		"EXIF":           {riff(vp8x(0x18), picture, webpPart("EXIF", []byte("II*"))), riff(vp8x(0x10), picture), "flags"},
		"EXIF, no flag":  {riff(vp8x(0), picture, webpPart("EXIF", []byte("II*"))), riff(vp8x(0), picture), `"EXIF"`},
		"flag, no EXIF":  {riff(vp8x(0x08), picture), riff(vp8x(0), picture), "flags"},
		"XMP":            {riff(vp8x(0), picture, webpPart("XMP ", []byte("<x/>"))), riff(vp8x(0), picture), `"XMP "`},
		"ICC":            {riff(vp8x(0), webpPart("ICCP", []byte("p")), picture), riff(vp8x(0), picture), `"ICCP"`},
		"unknown":        {riff(picture, webpPart("WHO?", []byte("me"))), riff(picture), `"WHO?"`},
		"behind the end": {join(riff(picture), []byte("tail")), riff(picture), "4 bytes after"},
		"in the padding": {padded, riff(picture), "padding"},
		"reserved bits":  {riff(webpPart("VP8X", []byte("\x00me!\x00\x00\x00\x00\x00\x00")), picture), riff(vp8x(0), picture), "flags"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stripped, err := Strip(c.content)
			require.NoError(t, err)
			require.Equal(t, c.want, stripped)
			require.NoError(t, Check(stripped))
			if c.present == "" {
				require.NoError(t, Check(c.content))
				return
			}
			require.ErrorIs(t, Check(c.content), ErrPresent)
			require.ErrorContains(t, Check(c.content), c.present)
		})
	}
}

func TestWhatCannotBeWalkedIsRefused(t *testing.T) {
	t.Parallel()
	clean, picture := photo(t), webpPart("VP8L", lossless)
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"nothing":                 {nil, ErrFormat},
		"text":                    {[]byte("hello"), ErrFormat},
		"png":                     {[]byte("\x89PNG\r\n\x1a\n"), ErrMalformed},
		"jpeg start":              {[]byte("\xFF\xD8\xFF"), ErrMalformed},
		"jpeg without end":        {clean[:len(clean)-2], ErrMalformed},
		"jpeg cut in a segment":   {clean[:10], ErrMalformed},
		"jpeg cut in a length":    {clean[:5], ErrMalformed},
		"jpeg with two starts":    {withParts(clean, []byte{0xFF, 0xD8}), ErrMalformed},
		"jpeg length of one":      {withParts(clean, []byte{0xFF, 0xE1, 0, 1}), ErrMalformed},
		"jpeg restart in a table": {withParts(clean, []byte{0xFF, 0xD0}), ErrMalformed},
		"jpeg no marker":          {withParts(clean, jpegPart(0xDD, "\x00\x00"), []byte{0x00, 0x00}), ErrMalformed},
		"webp too short":          {riff(picture)[:20], ErrMalformed},
		"webp without picture":    {riff(vp8x(0)), ErrMalformed},
		"webp with two pictures":  {riff(picture, webpPart("VP8 ", []byte("xx"))), ErrMalformed},
		"webp chunk twice":        {riff(picture, picture), ErrMalformed},
		"webp chunk cut":          {riff(picture, []byte("EXIF")), ErrMalformed},
		"webp chunk too long":     {riff(picture, []byte("EXIF\xFF\xFF\xFF\xFF")), ErrMalformed},
		"webp short header chunk": {riff(webpPart("VP8X", []byte{0}), picture), ErrMalformed},
		"webp size of zero":       {join([]byte("RIFF\x00\x00\x00\x00WEBP"), picture), ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Strip(c.content)
			require.ErrorIs(t, err, c.want)
			require.ErrorIs(t, Check(c.content), c.want)
		})
	}
}

// TestStripKeepsPixels adds any segments anywhere they are allowed.
func TestStripKeepsPixels(t *testing.T) {
	t.Parallel()
	clean := photo(t)
	rapid.Check(t, func(t *rapid.T) {
		telling := clean
		for range rapid.IntRange(0, 5).Draw(t, "segments") {
			marker := rapid.OneOf(rapid.ByteRange(0xE1, 0xEF), rapid.Just(byte(0xFE))).Draw(t, "marker")
			telling = withParts(telling, jpegPart(marker, rapid.StringN(0, 50, 200).Draw(t, "params")))
		}
		telling = join(telling, []byte(rapid.String().Draw(t, "tail")))
		stripped, err := Strip(telling)
		require.NoError(t, err)
		require.Equal(t, clean, stripped)
	})
}

func TestStrippedPicturesDecode(t *testing.T) {
	t.Parallel()
	stripped, err := Strip(withParts(photo(t), jpegPart(0xE1, "Exif\x00\x00")))
	require.NoError(t, err)
	decoded, err := jpeg.Decode(bytes.NewReader(stripped))
	require.NoError(t, err)
	require.Equal(t, image.Pt(24, 16), decoded.Bounds().Size())

	stripped, err = Strip(riff(vp8x(0x2C), webpPart("ICCP", []byte("p")), webpPart("VP8L", lossless), webpPart("EXIF", []byte("e"))))
	require.NoError(t, err)
	config, err := webp.DecodeConfig(bytes.NewReader(stripped))
	require.NoError(t, err)
	require.Equal(t, image.Pt(1, 1), image.Pt(config.Width, config.Height))
}

// FuzzStrip: whatever goes in, what comes out is clean, no longer than before,
// and stays the same when stripped again; and Check agrees with Strip.
func FuzzStrip(f *testing.F) {
	clean, picture := photo(f), webpPart("VP8L", lossless)
	for _, seed := range [][]byte{
		clean, withParts(clean, jpegPart(0xE1, "Exif\x00\x00"), jpegPart(0xE0, jfif)), join(clean, clean),
		riff(picture), riff(vp8x(0x3F), webpPart("ICCP", []byte("p")), picture, webpPart("EXIF", []byte("e"))), nil,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		before := bytes.Clone(content)
		stripped, err := Strip(content)
		require.Equal(t, before, content, "the input is not Strip's to change")
		if err != nil {
			require.Error(t, Check(content))
			return
		}
		require.NoError(t, Check(stripped))
		require.LessOrEqual(t, len(stripped), len(content))
		again, err := Strip(stripped)
		require.NoError(t, err)
		require.Equal(t, stripped, again)
		require.Equal(t, bytes.Equal(stripped, content), Check(content) == nil)
	})
}
