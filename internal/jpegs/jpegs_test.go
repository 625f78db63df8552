package jpegs

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func encoded(t require.TestingT, width, height int) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)), nil))
	return b.Bytes()
}

// lossless is the header of what the sensor saw (SOF3), which is larger than any picture of it.
const lossless = "\xFF\xD8\xFF\xC3\x00\x0B\x0E\x10\x00\x10\x00\x01\x00\x11\x00\xFF\xDA\x00\x08\x01\x00\x00\x01\x00\x00"

// TestLargestPictureIsFound: among any other bytes, also where it crosses what is read at once,
// and never the lossless one.
func TestLargestPictureIsFound(t *testing.T) {
	t.Parallel()
	small, large := encoded(t, 16, 16), encoded(t, 64, 48)
	rapid.Check(t, func(r *rapid.T) {
		before := rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(window-5, window+5), rapid.IntRange(2*window-10, 2*window)).Draw(r, "bytes before")
		between := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(r, "between")
		file := bytes.Repeat([]byte{0x2A}, before)
		file = append(append(append(append(file, small...), between...), lossless...), between...)
		at := int64(len(file))
		file = append(append(file, large...), "and what follows"...)
		got, found, err := Largest(bytes.NewReader(file), int64(len(file)))
		require.NoError(r, err)
		require.True(r, found)
		require.Equal(r, Image{at, 64, 48}, got)
	})
}

func TestNoPictureIsFound(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"nothing": "", "other bytes": "8BPS and so on", "lossless alone": lossless, "cut header": "\xFF\xD8\xFF\xE0\x00\x10JF", "no scan": "\xFF\xD8\xFF\xC0\x00\x0B\x08\x00\x10\x00\x10\x01\x01\x11\x00\xFF\xD9",
		"four components": "\xFF\xD8\xFF\xC0\x00\x14\x08\x00\x10\x00\x10\x04\x01\x11\x00\x02\x11\x00\x03\x11\x00\x04\x11\x00\xFF\xDA\x00\x08",
		"filling alone":   "\xFF\xD8" + string(bytes.Repeat([]byte{0xFF}, 4000)),
	} {
		_, found, err := Largest(bytes.NewReader([]byte(file)), int64(len(file)))
		require.NoError(t, err, name)
		require.False(t, found, name)
	}
}

func FuzzLargest(f *testing.F) {
	f.Add(encoded(f, 8, 8))
	f.Add([]byte(lossless))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, found, err := Largest(bytes.NewReader(file), int64(len(file)))
		if err != nil || found && (got.Width < 1 || got.Height < 1 || got.Offset < 0 || got.Offset >= int64(len(file))) {
			t.Fatal(got, found, err)
		}
	})
}
