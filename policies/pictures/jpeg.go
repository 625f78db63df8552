package pictures

import "encoding/binary"

// parseJPEG follows the segments to the frame header, which may come
// after megabytes of EXIF, color profiles and XMP. A thumbnail in there is the
// content of a segment and is skipped with it.
func parseJPEG(r *reader) (header, bool) {
	at := uint64(2)
	for {
		p, ok := r.bytes(at, 4)
		if !ok || p[0] != 0xff {
			return header{}, false
		}
		switch marker := p[1]; {
		case marker == 0xff: // a filling byte
			at++
		case marker == 0x01, marker >= 0xd0 && marker <= 0xd8: // without a length
			at += 2
		case isFrame(marker):
			return parseFrame(r, at, marker)
		case marker == 0x00, marker == 0xd9, marker == 0xda: // data, the end, a scan without a frame
			return header{}, false
		default:
			length := binary.BigEndian.Uint16(p[2:])
			if length < 2 {
				return header{}, false
			}
			at += 2 + uint64(length)
		}
	}
}

// isFrame tells SOF0 to SOF15 from the tables that lie among them.
func isFrame(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}

// parseFrame reads the sides and the sampling of each component. A height of 0
// is stated behind the first scan, which no browser supports.
func parseFrame(r *reader, at uint64, marker byte) (header, bool) {
	p, ok := r.bytes(at+4, 6)
	if !ok || p[5] == 0 || p[5] > 4 {
		return header{}, false
	}
	height, width := uint32(binary.BigEndian.Uint16(p[1:])), uint32(binary.BigEndian.Uint16(p[3:]))
	components, ok := r.bytes(at+10, 3*int(p[5]))
	if !ok {
		return header{}, false
	}
	blocks, ok := blocksOf(width, height, components)
	if !ok {
		return header{}, false
	}
	var least uint64
	switch marker {
	case 0xc0, 0xc1: // sequential
		least = jpegBlocks(blocks, 2)
	case 0xc2: // progressive
		least = jpegBlocks(blocks, 1)
	case 0xc3: // lossless, at least a bit for each sample
		least = divide(area(width, height), 8)
	}
	// Arithmetic coding has no such bound, and no browser reads it.
	return one(width, height, least)
}

// blocksOf counts the blocks of all components, each in its own resolution.
func blocksOf(width, height uint32, components []byte) (uint64, bool) {
	var most [2]uint64
	for i := 1; i < len(components); i += 3 {
		h, v := uint64(components[i]>>4), uint64(components[i]&15)
		if h < 1 || h > 4 || v < 1 || v > 4 {
			return 0, false
		}
		most[0], most[1] = max(most[0], h), max(most[1], v)
	}
	var blocks uint64
	for i := 1; i < len(components); i += 3 {
		h, v := uint64(components[i]>>4), uint64(components[i]&15)
		blocks += divide(uint64(width)*h, most[0]*8) * divide(uint64(height)*v, most[1]*8)
	}
	return blocks, true
}
