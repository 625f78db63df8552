package pictures

import (
	"bytes"
	"encoding/binary"
)

// gifFront is how far the frames of a GIF are looked at. Browsers enlarge the
// canvas for a first frame that is larger, and cut later ones off.
const gifFront = 256 << 10

// parseGIF takes the larger of the canvas and the first frame.
func parseGIF(r *reader) (header, bool) {
	p, ok := r.bytes(0, int(min(r.size, gifFront)))
	if !ok || len(p) < 13 || !bytes.HasPrefix(p, []byte("GIF8")) {
		return header{}, false
	}
	width, height := sides16(p[6:])
	if first, ok := firstFrame(p[13:], p[10]); ok {
		w, h := sides16(first)
		width, height = max(width, w), max(height, h)
	}
	return one(width, height, lzw(area(width, height)))
}

func sides16(p []byte) (width, height uint32) {
	return uint32(binary.LittleEndian.Uint16(p)), uint32(binary.LittleEndian.Uint16(p[2:]))
}

// firstFrame skips the palette and the extensions and returns the sides of the
// first frame.
func firstFrame(p []byte, flags byte) ([]byte, bool) {
	if flags&0x80 != 0 {
		p = behind(p, 3<<(flags&7+1))
	}
	for len(p) >= 9 {
		switch p[0] {
		case 0x2c:
			return p[5:9], true
		case 0x21:
			p = behindBlocks(p[2:])
		default:
			return nil, false
		}
	}
	return nil, false
}

// behindBlocks skips blocks, each behind its length, up to the empty one.
func behindBlocks(p []byte) []byte {
	for len(p) > 0 && p[0] != 0 {
		p = behind(p, 1+int(p[0]))
	}
	return behind(p, 1)
}

func behind(p []byte, n int) []byte { return p[min(n, len(p)):] }
