package archives

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

const (
	// window is the most that one read for local headers fetches, reach the most
	// bytes of a member that are fetched for nothing rather than asked for again.
	window = 1 << 20
	reach  = 32 << 10
	// maxExtra is how much of a local header's extra field is expected beyond
	// its name; a longer one costs another read.
	maxExtra = 256
)

// placed is a member with its position in the directory, and where in the file
// the next thing begins.
type placed struct {
	*entry
	index int
	next  int64
}

// layout puts the members in the order of the file and checks, by what the
// directory says alone, that they begin with the first byte and share none.
func layout(d directory, entries []entry) ([]placed, error) {
	order := make([]placed, len(entries))
	for i := range entries {
		order[i] = placed{entry: &entries[i], index: i}
	}
	slices.SortStableFunc(order, func(a, b placed) int { return cmp.Compare(a.offset, b.offset) })
	start := d.offset
	if len(order) > 0 {
		start = order[0].offset
	}
	if start != 0 {
		return nil, found(ExtraData)
	}
	for i := range order {
		order[i].next = d.offset
		if i+1 < len(order) {
			order[i].next = order[i+1].offset
		}
		if order[i].next-order[i].offset < int64(localSize+len(order[i].name)) || order[i].packed > order[i].next-order[i].offset {
			return nil, found(Overlap, order[i].index)
		}
	}
	return order, nil
}

// checkLocals reads the local header of every member and checks that there are
// no bytes between members.
func checkLocals(s *source, d directory, order []placed) error {
	headers := headerReader{s: s, end: d.offset}
	for i, e := range order {
		header, err := headers.read(order[i:])
		if err != nil {
			return err
		}
		if rule := e.checkLocal(header, e.next); rule != "" {
			return found(rule, e.index)
		}
	}
	return nil
}

// checkLocal compares the header in front of a member with the directory.
func (e *entry) checkLocal(p []byte, next int64) Rule {
	if len(p) < localSize || !bytes.HasPrefix(p, localMagic) {
		return Corrupt
	}
	le := binary.LittleEndian
	nameEnd := localSize + int(le.Uint16(p[26:]))
	extraEnd := nameEnd + int(le.Uint16(p[28:]))
	if len(p) < extraEnd {
		return Corrupt
	}
	local := entry{
		name: string(p[localSize:nameEnd]), flags: le.Uint16(p[6:]), method: le.Uint16(p[8:]), crc: le.Uint32(p[14:]),
		packed: int64(le.Uint32(p[18:])), unpacked: int64(le.Uint32(p[22:])),
	}
	if rule := local.readExtra(p[nameEnd:extraEnd]); rule != "" {
		return rule
	}
	if slices.ContainsFunc(local.aliases, unsafeName) {
		return UnsafeName
	}
	if !e.sameAs(&local) {
		return HeaderMismatch
	}
	return e.checkSpace(next - e.offset - int64(extraEnd))
}

// flagsCompared are those that change what a reader sees.
const flagsCompared = flagEncrypted | flagDescribed | flagStrong | flagUTF8 | flagMasked

// sameAs allows the sizes and the checksum to be missing in front of the member
// when they are announced to follow it.
func (e *entry) sameAs(local *entry) bool {
	if local.name != e.name || local.method != e.method || (local.flags^e.flags)&flagsCompared != 0 {
		return false
	}
	later := e.flags&flagDescribed != 0
	return (local.crc == e.crc || later && local.crc == 0) &&
		(local.packed == e.packed || later && local.packed == 0) &&
		(local.unpacked == e.unpacked || later && local.unpacked == 0)
}

// checkSpace compares the room up to the next member with the member's packed
// size. Behind it only the sizes may follow, in one of their four forms.
func (e *entry) checkSpace(room int64) Rule {
	behind := room - e.packed
	switch {
	case behind < 0:
		return Overlap
	case behind == 0:
		return ""
	case e.flags&flagDescribed != 0 && slices.Contains([]int64{12, 16, 20, 24}, behind):
		return ""
	}
	return ExtraData
}

// headerReader fetches local headers, many with one read when they lie close.
type headerReader struct {
	s   *source
	end int64
	buf []byte
	at  int64
}

// read returns the bytes from the first member's header on, at least as many as
// its header needs, if the file has them.
func (h *headerReader) read(rest []placed) ([]byte, error) {
	off := rest[0].offset
	if off >= h.end {
		return nil, nil
	}
	if got := h.held(off); len(got) >= localSize && len(got) >= headerLength(got) {
		return got, nil
	}
	if err := h.fetch(off, h.span(rest)); err != nil {
		return nil, err
	}
	got := h.held(off)
	if need := headerLength(got); len(got) < need && off+int64(need) <= h.end {
		if err := h.fetch(off, int64(need)); err != nil {
			return nil, err
		}
		got = h.held(off)
	}
	return got, nil
}

func headerLength(p []byte) int {
	if len(p) < localSize {
		return localSize
	}
	return localSize + int(binary.LittleEndian.Uint16(p[26:])) + int(binary.LittleEndian.Uint16(p[28:]))
}

func (h *headerReader) held(off int64) []byte {
	if off < h.at || off >= h.at+int64(len(h.buf)) {
		return nil
	}
	return h.buf[off-h.at:]
}

func (h *headerReader) fetch(off, n int64) (err error) {
	h.buf, err = h.s.bytes(off, min(n, h.end-off))
	h.at = off
	return err
}

// span is how far one read goes: over all following headers that are near.
func (h *headerReader) span(rest []placed) int64 {
	start := rest[0].offset
	end := start
	for _, e := range rest {
		next := e.offset + int64(localSize+len(e.name)+maxExtra)
		if e.offset > end+reach || next > start+window {
			break
		}
		end = max(end, next)
	}
	return max(end-start, localSize)
}
