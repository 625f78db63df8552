package ole

import (
	"bytes"
	"encoding/binary"
	"path"
	"strings"
)

// Embedded is what other policies say about what a document embeds. Without a
// function, nothing that it would be asked about passes.
type Embedded struct {
	// Harmless says that a file of this name and content may lie in a document: a
	// person opens it from there, under this name, without another look at it.
	Harmless func(name string, content []byte) bool
	// Zip judges a new Office document in an old one. Its error is returned as it is.
	Zip func(content []byte) error
}

// checkPackage reads an object of the class Package: a file with its names. The
// names are there three times, and a second time in UTF-16: one that says
// something else than the others is the one that is run.
func (e Embedded) checkPackage(content []byte, _ int) error {
	p := &filePackage{rest: content}
	names, file, ok := p.read()
	if !ok || e.Harmless == nil || len(file) == 0 {
		return found(EmbeddedObject)
	}
	for _, name := range names {
		if !e.Harmless(name, file) {
			return found(EmbeddedObject)
		}
	}
	return nil
}

// checkZip looks through a new document that an old one embeds.
func (e Embedded) checkZip(content []byte, _ int) error {
	switch {
	case !bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return nil
	case e.Zip == nil:
		return found(EmbeddedObject)
	}
	return e.Zip(content)
}

// filePackage reads the fields of a package.
type filePackage struct{ rest []byte }

// read returns the names and the file. A label may be a caption without an ending.
func (p *filePackage) read() (names []string, file []byte, ok bool) {
	const packageMark, isFile = 2, 0x00030000
	size, ok1 := p.number(4)
	mark, ok2 := p.number(2)
	label, ok3 := p.text()
	source, ok4 := p.text()
	kind, ok5 := p.number(4)
	copied, ok6 := p.field(1)
	file, ok7 := p.field(1)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || !ok7 || size == 0 || mark != packageMark || kind != isFile {
		return nil, nil, false
	}
	names = []string{base(source), base(string(bytes.TrimRight(copied, "\x00")))}
	wide, ok := p.wideNames()
	if !ok {
		return nil, nil, false
	}
	for _, name := range append(wide, label) {
		if name = base(name); path.Ext(name) != "" {
			names = append(names, name)
		}
	}
	return names, file, true
}

// wideNames returns the names in UTF-16, which older programs do not write.
func (p *filePackage) wideNames() (names []string, ok bool) {
	const most = 3
	for range most {
		if len(p.rest) < 4 {
			return names, true
		}
		name, ok := p.field(2)
		if !ok {
			return nil, false
		}
		names = append(names, strings.TrimRight(fromUTF16(name), "\x00"))
	}
	return names, true
}

func (p *filePackage) number(size int) (uint32, bool) {
	if len(p.rest) < size {
		return 0, false
	}
	var wide [4]byte
	copy(wide[:], p.rest[:size])
	p.rest = p.rest[size:]
	return binary.LittleEndian.Uint32(wide[:]), true
}

// text reads up to a zero byte.
func (p *filePackage) text() (string, bool) {
	text, rest, ok := bytes.Cut(p.rest, []byte{0})
	p.rest = rest
	return string(text), ok
}

// field reads a length, in units of so many bytes, and what it counts.
func (p *filePackage) field(unit int64) ([]byte, bool) {
	n, ok := p.number(4)
	if size := int64(n) * unit; ok && size <= int64(len(p.rest)) {
		field := p.rest[:size]
		p.rest = p.rest[size:]
		return field, true
	}
	return nil, false
}

func base(name string) string { return path.Base(strings.ReplaceAll(name, `\`, "/")) }
