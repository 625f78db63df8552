package ole

import "encoding/binary"

// Equations of the editor that Office had until 2018 are data of a small language,
// MTEF (version 2 and 3). The editor's faults (CVE-2017-11882, CVE-2018-0798,
// CVE-2018-0802) are reached by a name of a font that is longer than its buffer, and
// by a matrix with more rows or columns than its own. An equation that is read
// here to its end within those buffers is one that a person wrote.
const (
	longestFont   = 31 // LOGFONT keeps 32 characters with the zero
	largestMatrix = 31 // so many rows or columns fit into 8 bytes of parts
	deepestLine   = 64
)

// Types of records, the low half of a record's first byte.
const (
	mtefEnd     = 0
	mtefLine    = 1
	mtefChar    = 2
	mtefTmpl    = 3
	mtefPile    = 4
	mtefMatrix  = 5
	mtefEmbell  = 6
	mtefRuler   = 7
	mtefFont    = 8
	mtefSize    = 9
	mtefFull    = 10
	mtefSymSub  = 14
	optNudge    = 8
	optSpacing  = 4
	optRuler    = 2 // of a line or a pile
	optEmbell   = 2 // of a character
	optNull     = 1 // of a line: nothing is in it
	nudgeIsFar  = 128
	sizeFar     = 100
	sizePoints  = 101
	mtefVersion = 3
)

// checkEquation reads the stream Equation Native: a header, and the equation.
func checkEquation(content []byte, _ int) error {
	const lengthAt = 8
	if len(content) < lengthAt+4 {
		return found(EmbeddedObject)
	}
	header, size := int(binary.LittleEndian.Uint16(content)), int64(binary.LittleEndian.Uint32(content[lengthAt:]))
	if header < lengthAt+4 || int64(header)+size > int64(len(content)) {
		return found(EmbeddedObject)
	}
	return checkMTEF(content[header : int64(header)+size])
}

// checkOldEquation reads an equation in the stream Ole10Native: its length, and the
// equation.
func checkOldEquation(content []byte, _ int) error {
	const length = 4
	if len(content) < length || int64(binary.LittleEndian.Uint32(content)) > int64(len(content)-length) {
		return found(EmbeddedObject)
	}
	return checkMTEF(content[length : length+int(binary.LittleEndian.Uint32(content))])
}

func checkMTEF(content []byte) error {
	const header = 5
	if len(content) < header || content[0] < 2 || content[0] > mtefVersion {
		return found(EmbeddedObject)
	}
	m := &mtef{rest: content[header:], wide: content[0] == mtefVersion}
	if !m.list(0) {
		return found(EmbeddedObject)
	}
	return nil
}

// mtef reads records. Every method is false when something does not fit.
type mtef struct {
	rest []byte
	wide bool // characters have 16 bits
}

func (m *mtef) next() (byte, bool) {
	if len(m.rest) == 0 {
		return 0, false
	}
	b := m.rest[0]
	m.rest = m.rest[1:]
	return b, true
}

func (m *mtef) skip(n int) bool {
	if n > len(m.rest) {
		return false
	}
	m.rest = m.rest[n:]
	return true
}

// list reads records up to the end of their list.
func (m *mtef) list(depth int) bool {
	if depth > deepestLine {
		return false
	}
	for {
		tag, ok := m.next()
		if !ok {
			return false
		}
		if tag&0xf == mtefEnd {
			return true
		}
		if !m.record(tag&0xf, tag>>4, depth) {
			return false
		}
	}
}

func (m *mtef) record(kind, options byte, depth int) bool {
	if kind <= mtefEmbell && options&optNudge != 0 && !m.nudge() {
		return false
	}
	switch kind {
	case mtefLine:
		return m.line(options, depth)
	case mtefChar:
		return m.char(options, depth)
	case mtefTmpl:
		return m.skip(3) && m.list(depth+1)
	case mtefPile:
		return m.skip(2) && m.ruler(options) && m.list(depth+1)
	case mtefMatrix:
		return m.matrix() && m.list(depth+1)
	case mtefEmbell:
		return m.skip(1)
	case mtefRuler:
		return m.stops()
	case mtefFont:
		return m.font()
	case mtefSize:
		return m.size()
	}
	return kind >= mtefFull && kind <= mtefSymSub
}

func (m *mtef) nudge() bool {
	const near, far = 2, 4
	if len(m.rest) < near {
		return false
	}
	isFar := m.rest[0] == nudgeIsFar && m.rest[1] == nudgeIsFar
	return m.skip(near) && (!isFar || m.skip(far))
}

func (m *mtef) line(options byte, depth int) bool {
	if options&optSpacing != 0 && !m.skip(2) {
		return false
	}
	return m.ruler(options) && (options&optNull != 0 || m.list(depth+1))
}

func (m *mtef) char(options byte, depth int) bool {
	size := 2 // the typeface, and the character
	if m.wide {
		size++
	}
	return m.skip(size) && (options&optEmbell == 0 || m.list(depth+1))
}

// ruler reads the record that the options announce.
func (m *mtef) ruler(options byte) bool {
	if options&optRuler == 0 {
		return true
	}
	tag, ok := m.next()
	return ok && tag&0xf == mtefRuler && m.stops()
}

func (m *mtef) stops() bool {
	const stop = 3
	n, ok := m.next()
	return ok && m.skip(stop*int(n))
}

func (m *mtef) matrix() bool {
	const head, rowsAt, columnsAt = 5, 3, 4
	if len(m.rest) < head {
		return false
	}
	rows, columns := int(m.rest[rowsAt]), int(m.rest[columnsAt])
	parts := func(n int) int { return (2*(n+1) + 7) / 8 }
	return rows <= largestMatrix && columns <= largestMatrix && m.skip(head+parts(rows)+parts(columns))
}

func (m *mtef) font() bool {
	if !m.skip(2) {
		return false
	}
	for n := 0; n <= longestFont; n++ {
		b, ok := m.next()
		switch {
		case !ok, b != 0 && (b < ' ' || b == 0x7f):
			return false
		case b == 0:
			return true
		}
	}
	return false
}

func (m *mtef) size() bool {
	kind, ok := m.next()
	switch {
	case !ok:
		return false
	case kind == sizePoints:
		return m.skip(2)
	case kind == sizeFar:
		return m.skip(3)
	}
	return m.skip(1)
}
