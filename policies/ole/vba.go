package ole

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// project is a VBA project (MS-OVBA). Publisher and Excel write one into files in
// which no person ever wrote a macro, so only a project with code is a finding.
//
// A module keeps its code twice: as text, and compiled in front of the text. Office
// runs either, so both must be empty.
type project struct {
	streams map[string][]byte // of the storage VBA, by their name in lower case
}

// hasCode says whether anything in the project could run. What is not understood
// counts as code.
func (p *project) hasCode() bool {
	if len(p.streams) == 0 {
		return false
	}
	modules, ok := modulesOf(p.streams["dir"])
	if !ok {
		return true
	}
	known := map[string]bool{"dir": true, "_vba_project": true}
	for name, textAt := range modules {
		known[name] = true
		if module, ok := p.streams[name]; !ok || !emptyModule(module, textAt) {
			return true
		}
	}
	for name := range p.streams {
		if !known[name] {
			return true // a cache of code that ran
		}
	}
	return false
}

// Records of the stream dir (MS-OVBA 2.3.4.2).
const (
	dirVersion      = 0x0009 // has two bytes more than it says
	dirStreamName   = 0x0032
	dirModuleOffset = 0x0031
	dirModuleEnd    = 0x002b
)

// modulesOf reads where the text of each module begins in its stream.
func modulesOf(dir []byte) (map[string]uint32, bool) {
	const header = 6
	p, ok := decompress(dir)
	if !ok {
		return nil, false
	}
	modules := map[string]uint32{}
	name, at := "", uint32(0)
	for len(p) >= header {
		kind, size := binary.LittleEndian.Uint16(p), int64(binary.LittleEndian.Uint32(p[2:]))
		if kind == dirVersion {
			size += 2
		}
		p = p[header:]
		if size > int64(len(p)) {
			return nil, false
		}
		body := p[:size]
		p = p[size:]
		switch {
		case kind == dirStreamName:
			name = strings.ToLower(fromUTF16(body))
		case kind == dirModuleOffset && size == 4:
			at = binary.LittleEndian.Uint32(body)
		case kind == dirModuleEnd:
			modules[name] = at
		}
	}
	return modules, len(p) == 0
}

func fromUTF16(p []byte) string {
	units := make([]uint16, len(p)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(p[2*i:])
	}
	return string(utf16.Decode(units))
}

// compiledMark begins the compiled lines of a module, and compiledNone what follows
// it where there is none.
var (
	compiledMark = []byte{0xfe, 0xca}
	compiledNone = []byte{0xfe, 0xca, 0x01, 0x00, 0x00, 0x00}
)

func emptyModule(module []byte, textAt uint32) bool {
	if int64(textAt) > int64(len(module)) {
		return false
	}
	compiled := module[:textAt]
	if len(compiled) > 0 && (bytes.Count(compiled, compiledMark) != 1 || !bytes.Contains(compiled, compiledNone)) {
		return false
	}
	text, ok := decompress(module[textAt:])
	if !ok {
		return false
	}
	for line := range strings.Lines(string(text)) {
		line = strings.ToLower(strings.TrimSpace(line))
		if line != "" && !strings.HasPrefix(line, "attribute ") && !strings.HasPrefix(line, "option ") {
			return false
		}
	}
	return true
}

// mostText bounds what is unpacked. A module without code has some hundred bytes.
const mostText = 1 << 20

// decompress unpacks a compressed container (MS-OVBA 2.4.1).
func decompress(p []byte) ([]byte, bool) {
	if len(p) == 0 || p[0] != 1 {
		return nil, false
	}
	p = p[1:]
	var out []byte
	for len(p) >= 2 {
		header := binary.LittleEndian.Uint16(p)
		size := int(header&0x0fff) + 3
		const chunk = 4096
		if size > len(p) || len(out)+chunk > mostText {
			return nil, false
		}
		body := p[2:size]
		p = p[size:]
		if header>>15 == 0 {
			out = append(out, body...)
			continue
		}
		var ok bool
		if out, ok = unpackChunk(out, body); !ok {
			return nil, false
		}
	}
	return out, true
}

// unpackChunk appends a chunk's tokens, eight behind each byte of flags.
func unpackChunk(out, p []byte) ([]byte, bool) {
	start := len(out)
	for len(p) > 0 {
		flags := p[0]
		p = p[1:]
		for i := 0; i < 8 && len(p) > 0; i++ {
			if flags>>i&1 == 0 {
				out, p = append(out, p[0]), p[1:]
				continue
			}
			if len(p) < 2 {
				return nil, false
			}
			offset, length := copyToken(binary.LittleEndian.Uint16(p), len(out)-start)
			p = p[2:]
			if offset > len(out)-start || len(out)-start+length > 4096 {
				return nil, false
			}
			for range length {
				out = append(out, out[len(out)-offset])
			}
		}
	}
	return out, true
}

// copyToken splits a token: the further the chunk is, the more of its bits say how
// far back to copy from (MS-OVBA 2.4.1.3.19.1).
func copyToken(token uint16, position int) (offset, length int) {
	bits := 4
	for 1<<bits < position {
		bits++
	}
	return int(token>>(16-bits)) + 1, int(token&(0xffff>>bits)) + 3
}
