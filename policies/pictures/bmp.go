package pictures

import (
	"bytes"
	"encoding/binary"
)

// parseBMP reads the information header (BITMAPINFOHEADER and its successors, and
// the 16-bit one of OS/2). A height below zero means that the rows run downward.
func parseBMP(r *reader) (header, bool) {
	const infoAt, coreSize = 14, 12
	p, ok := r.bytes(0, infoAt+20)
	if !ok || !bytes.HasPrefix(p, []byte("BM")) {
		return header{}, false
	}
	info := p[infoAt:]
	if binary.LittleEndian.Uint32(info) == coreSize {
		width, height := uint32(binary.LittleEndian.Uint16(info[4:])), uint32(binary.LittleEndian.Uint16(info[6:]))
		return one(width, height, rows(width, height, uint64(binary.LittleEndian.Uint16(info[10:]))))
	}
	width, height := int32(binary.LittleEndian.Uint32(info[4:])), int32(binary.LittleEndian.Uint32(info[8:]))
	if height < 0 {
		height = -height
	}
	if width < 0 || height < 0 {
		return header{}, false
	}
	// Run-length encoded pictures may skip over rows, so nothing bounds them from below.
	const rgb, bitfields = 0, 3
	var least uint64
	if how := binary.LittleEndian.Uint32(info[16:]); how == rgb || how == bitfields {
		least = rows(uint32(width), uint32(height), uint64(binary.LittleEndian.Uint16(info[14:])))
	}
	return one(uint32(width), uint32(height), least)
}
