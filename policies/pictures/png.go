package pictures

import (
	"bytes"
	"encoding/binary"
)

// parsePNG reads IHDR, which has to be the first chunk. The frames of an
// animated PNG lie within its canvas.
func parsePNG(r *reader) (header, bool) {
	p, ok := r.bytes(0, 26)
	if !ok || !bytes.HasPrefix(p, []byte("\x89PNG\r\n\x1a\n")) || string(p[12:16]) != "IHDR" {
		return header{}, false
	}
	width, height := binary.BigEndian.Uint32(p[16:]), binary.BigEndian.Uint32(p[20:])
	// Samples by color type: gray, RGB, palette, gray with alpha, RGB with alpha.
	samples, known := map[byte]uint64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[p[25]]
	if !known || width > 1<<31-1 || height > 1<<31-1 {
		return header{}, false
	}
	// An interlaced picture has the same pixels in more rows that are padded.
	// Each row has one byte more for its filter.
	return one(width, height, deflated(rows(width, height, samples*uint64(p[24]))+uint64(height)))
}
