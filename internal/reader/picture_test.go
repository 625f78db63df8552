package reader_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
)

func newZlib(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }

// gpsPicture is a JPEG with an EXIF block.
func gpsPicture() []byte {
	var pixels bytes.Buffer
	_ = jpeg.Encode(&pixels, image.NewGray(image.Rect(0, 0, 8, 8)), nil)
	block := append([]byte("Exif\x00\x00"), gpsNotes()...)
	head := []byte{0xff, 0xd8, 0xff, 0xe1}
	head = binary.BigEndian.AppendUint16(head, uint16(len(block)+2))
	return append(append(head, block...), pixels.Bytes()[2:]...)
}

// gpsNotes is what a camera notes, in the form of a TIFF: an artist, and 48°30′N 11°15′E.
func gpsNotes() []byte {
	b := binary.BigEndian
	entry := func(tag, kind uint16, count uint32, value []byte) []byte {
		e := b.AppendUint16(nil, tag)
		e = b.AppendUint16(e, kind)
		e = b.AppendUint32(e, count)
		return append(e, append(value, 0, 0, 0, 0)[:4]...)
	}
	offset := func(n uint32) []byte { return b.AppendUint32(nil, n) }
	rationals := func(degrees, minutes uint32) (out []byte) {
		for _, n := range []uint32{degrees, 1, minutes, 1, 0, 1} {
			out = b.AppendUint32(out, n)
		}
		return out
	}
	const first, gps = 8, 8 + 2 + 2*12 + 4
	const values = gps + 2 + 4*12 + 4
	tiff := append([]byte("MM\x00\x2a"), offset(first)...)
	tiff = b.AppendUint16(tiff, 2)
	tiff = append(tiff, entry(0x013b, 2, 4, []byte("Ann\x00"))...)
	tiff = append(tiff, entry(0x8825, 4, 1, offset(gps))...)
	tiff = append(tiff, offset(0)...)
	tiff = b.AppendUint16(tiff, 4)
	tiff = append(tiff, entry(1, 2, 2, []byte("N\x00"))...)
	tiff = append(tiff, entry(2, 5, 3, offset(values))...)
	tiff = append(tiff, entry(3, 2, 2, []byte("E\x00"))...)
	tiff = append(tiff, entry(4, 5, 3, offset(values+24))...)
	tiff = append(tiff, offset(0)...)
	tiff = append(tiff, rationals(48, 30)...)
	tiff = append(tiff, rationals(11, 15)...)
	return tiff
}
