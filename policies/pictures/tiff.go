package pictures

import (
	"encoding/binary"
	"math"
)

// tiff is a file whose byte order is known. In the large form, offsets have 8
// bytes instead of 4.
type tiff struct {
	r     *reader
	order binary.ByteOrder
	large bool
}

// parseTIFF adds up the pages, whose directories may be anywhere in the file. Only the
// first maxPages are looked at; viewers that open pictures in a page show the
// first one.
func parseTIFF(r *reader) (header, bool) {
	t, at, ok := openTIFF(r)
	if !ok {
		return header{}, false
	}
	var h header
	seen := map[uint64]bool{}
	for at != 0 && !seen[at] && len(seen) < maxPages {
		seen[at] = true
		p, next, ok := t.page(at)
		if !ok {
			break
		}
		pixels := area(p.width, p.height)
		h.pixels, h.total, h.least = max(h.pixels, pixels), plus(h.total, pixels), plus(h.least, p.least())
		at = next
	}
	return h, h.pixels > 0
}

// plus saturates.
func plus(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

func openTIFF(r *reader) (t tiff, first uint64, ok bool) {
	p, ok := r.bytes(0, 8)
	if !ok {
		return t, 0, false
	}
	t = tiff{r: r, order: binary.LittleEndian}
	if string(p[:2]) == "MM" {
		t.order = binary.BigEndian
	} else if string(p[:2]) != "II" {
		return t, 0, false
	}
	switch t.order.Uint16(p[2:]) {
	case 42:
		return t, uint64(t.order.Uint32(p[4:])), true
	case 43:
		t.large = true
		p, ok := r.bytes(8, 8)
		if !ok {
			return t, 0, false
		}
		return t, t.order.Uint64(p), true
	}
	return t, 0, false
}

// page is one directory.
type page struct {
	width, height            uint32
	bits, samples            uint64
	compression, photometric uint64
}

// The tags that say how large a page is.
const (
	tagWidth       = 256
	tagHeight      = 257
	tagBits        = 258
	tagCompression = 259
	tagPhotometric = 262
	tagSamples     = 277
)

// page reads one directory and the position of the next one.
func (t tiff) page(at uint64) (page, uint64, bool) {
	countSize, entrySize, offsetSize := 2, 12, 4
	if t.large {
		countSize, entrySize, offsetSize = 8, 20, 8
	}
	p, ok := t.r.bytes(at, countSize)
	if !ok {
		return page{}, 0, false
	}
	count := t.number(p)
	if count > math.MaxUint16 {
		return page{}, 0, false
	}
	entries, ok := t.r.bytes(at+uint64(countSize), int(count)*entrySize)
	if !ok {
		return page{}, 0, false
	}
	found := page{bits: 1, samples: 1, compression: 1}
	for ; len(entries) > 0; entries = entries[entrySize:] {
		t.entry(&found, entries[:entrySize])
	}
	// Without a next one, the page counts all the same.
	p, ok = t.r.bytes(at+uint64(countSize)+count*uint64(entrySize), offsetSize)
	if !ok {
		return found, 0, true
	}
	return found, t.number(p), true
}

func (t tiff) entry(found *page, p []byte) {
	value := t.value(p)
	switch t.order.Uint16(p) {
	case tagWidth:
		found.width = uint32(min(value, math.MaxUint32))
	case tagHeight:
		found.height = uint32(min(value, math.MaxUint32))
	case tagBits:
		found.bits = value
	case tagCompression:
		found.compression = value
	case tagPhotometric:
		found.photometric = value
	case tagSamples:
		found.samples = value
	}
}

// value is the first value of an entry. Values that do not fit into the entry
// are elsewhere: of the bits of each sample, the first is enough.
func (t tiff) value(p []byte) uint64 {
	kind, count, inline := t.order.Uint16(p[2:]), t.number(p[4:4+(len(p)-4)/2]), p[4+(len(p)-4)/2:]
	width := map[uint16]int{1: 1, 3: 2, 4: 4, 16: 8}[kind]
	if width == 0 || count == 0 {
		return 0
	}
	if count > uint64(len(inline)/width) {
		far, ok := t.r.bytes(t.number(inline), width)
		if !ok {
			return 0
		}
		return t.number(far)
	}
	return t.number(inline[:width])
}

func (t tiff) number(p []byte) uint64 {
	switch len(p) {
	case 1:
		return uint64(p[0])
	case 2:
		return uint64(t.order.Uint16(p))
	case 4:
		return uint64(t.order.Uint32(p))
	}
	return t.order.Uint64(p)
}

// least is the fewest bytes for a blank page, by its kind of compression.
func (p page) least() uint64 {
	bits := min(p.bits, math.MaxUint16) * min(p.samples, math.MaxUint16)
	if p.photometric == 6 { // YCbCr, whose colors may have fewer samples
		bits = min(p.bits, math.MaxUint16)
	}
	raw := rows(p.width, p.height, bits)
	switch p.compression {
	case 1: // none
		return raw
	case 2, 3, 4: // fax: Huffman, Group 3, Group 4
		return fax4(p.height)
	case 5:
		return lzw(raw)
	case 6, 7: // JPEG
		return jpegBlocks(area(p.width, p.height)/64, 1)
	case 8, 32946:
		return deflated(raw)
	case 32773:
		return packedBits(raw)
	}
	// Others are not bounded, or not known.
	return 0
}
