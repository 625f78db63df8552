package pictures

import "encoding/binary"

// parseWebP reads the first chunk: VP8X states the canvas, VP8 and VP8L their
// only picture.
func parseWebP(r *reader) (header, bool) {
	p, ok := r.bytes(0, int(min(r.size, 30)))
	if !ok || len(p) < 25 || string(p[:4]) != "RIFF" || string(p[8:12]) != "WEBP" {
		return header{}, false
	}
	data := p[20:]
	switch string(p[12:16]) {
	case "VP8X":
		if len(data) < 10 {
			return header{}, false
		}
		width, height := uint24(data[4:])+1, uint24(data[7:])+1
		if stillVP8(r) {
			return one(width, height, vp8(area(width, height)))
		}
		return one(width, height, vp8l(area(width, height)))
	case "VP8L":
		sides := binary.LittleEndian.Uint32(data[1:])
		width, height := sides&0x3fff+1, sides>>14&0x3fff+1
		return one(width, height, vp8l(area(width, height)))
	case "VP8 ":
		if len(data) < 10 || string(data[3:6]) != "\x9d\x01\x2a" {
			return header{}, false
		}
		width, height := sides16(data[6:])
		width, height = width&0x3fff, height&0x3fff
		return one(width, height, vp8(area(width, height)))
	}
	return header{}, false
}

// maxChunks is how many chunks may precede the picture: three are
// known, a color profile, the frame of an animation and the alpha channel.
const maxChunks = 16

// stillVP8 reports that the extended form holds one lossy picture, which has to
// fill the canvas. The frames of an animation may be smaller than it.
func stillVP8(r *reader) bool {
	at := uint64(12)
	for range maxChunks {
		p, ok := r.bytes(at, 8)
		if !ok {
			return false
		}
		switch string(p[:4]) {
		case "VP8 ":
			return true
		case "VP8L", "ANIM", "ANMF":
			return false
		}
		size := uint64(binary.LittleEndian.Uint32(p[4:]))
		at += 8 + size + size&1
	}
	return false
}

func uint24(p []byte) uint32 { return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 }
