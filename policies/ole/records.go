package ole

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// checkWord reads the file information block (MS-DOC 2.5.1): the document may be
// encrypted, and one of Word 6 and 95 may have macros in it.
func checkWord(content []byte, _ int) error {
	const flagsAt, encrypted, word97, word6 = 10, 0x0100, 0xa5ec, 0xa5dc
	if len(content) < flagsAt+2 {
		return found(Corrupt)
	}
	magic := binary.LittleEndian.Uint16(content)
	switch {
	case magic != word97 && magic != word6:
		return found(Corrupt)
	case binary.LittleEndian.Uint16(content[flagsAt:])&encrypted != 0:
		return found(Encrypted)
	case magic == word6:
		return checkWordBasic(content)
	}
	return nil
}

// checkWordBasic looks for macros in the commands of a document of Word 6: a list
// that begins with 0xff, and whose first part is the macros where there are any.
func checkWordBasic(content []byte) error {
	const commandsAt, list, macros = 0x118, 0xff, 0x01
	if len(content) < commandsAt+8 {
		return found(Corrupt)
	}
	at, size := int64(binary.LittleEndian.Uint32(content[commandsAt:])), int64(binary.LittleEndian.Uint32(content[commandsAt+4:]))
	switch {
	case size < 2:
		return nil
	case at+size > int64(len(content)), content[at] != list:
		return found(Corrupt)
	case content[at+1] == macros:
		return found(Macros)
	}
	return nil
}

// Records of a workbook (MS-XLS 2.3).
const (
	recordFilePass   = 0x002f
	recordBoundSheet = 0x0085
	recordBOF        = 0x0809
	recordBOF4       = 0x0409
	recordBOF3       = 0x0209
	recordBOF2       = 0x0009
	macroSheet       = 1      // of a BoundSheet's type
	macroSheetStream = 0x0040 // of a BOF's type
)

// checkWorkbook looks through the records for a password and for sheets of Excel 4
// macros. Records end where padding begins.
func checkWorkbook(content []byte, _ int) error {
	const header = 4
	if len(content) < header {
		return found(Corrupt)
	}
	for at := 0; at+header <= len(content); {
		kind, size := binary.LittleEndian.Uint16(content[at:]), int(binary.LittleEndian.Uint16(content[at+2:]))
		body := content[at+header:]
		if kind == 0 && size == 0 {
			return nil
		}
		if size > len(body) {
			return found(Corrupt)
		}
		body = body[:size]
		switch {
		case kind == recordFilePass:
			return found(Encrypted)
		case kind == recordBoundSheet && size > 5 && body[5] == macroSheet:
			return found(Macros)
		case oneOf(kind, recordBOF, recordBOF2, recordBOF3, recordBOF4) && size >= 4 && binary.LittleEndian.Uint16(body[2:]) == macroSheetStream:
			return found(Macros)
		}
		at += header + size
	}
	return nil
}

// Records of a presentation (MS-PPT 2.13.24).
const (
	recordVBAInfoAtom  = 0x0400
	recordStorage      = 0x1011
	recordEncryption   = 0x2f14
	compressedInstance = 1
)

// checkPresentation looks through the tree of records for macros and for objects,
// each of which is a compound file.
func (e Embedded) checkPresentation(content []byte, depth int) error {
	const header, containerVersion = 8, 0xf
	for at := 0; at+header <= len(content); {
		version := binary.LittleEndian.Uint16(content[at:])
		kind := binary.LittleEndian.Uint16(content[at+2:])
		size := int64(binary.LittleEndian.Uint32(content[at+4:]))
		body := content[at+header:]
		if size > int64(len(body)) {
			return found(Corrupt)
		}
		switch {
		case kind == recordVBAInfoAtom && size >= 8 && binary.LittleEndian.Uint32(body[4:]) != 0:
			return found(Macros)
		case kind == recordEncryption:
			return found(Encrypted)
		case kind == recordStorage:
			if err := e.checkObject(body[:size], version>>4 == compressedInstance, depth); err != nil {
				return err
			}
		}
		at += header
		// A container's records follow its header; anything else is passed over.
		if version&containerVersion != containerVersion {
			at += int(size)
		}
	}
	return nil
}

// checkObject looks through an embedded object. A chart or a table is one and does
// no harm.
func (e Embedded) checkObject(content []byte, compressed bool, depth int) error {
	if compressed {
		const length = 4
		if len(content) < length {
			return found(Corrupt)
		}
		size := int64(binary.LittleEndian.Uint32(content))
		z, err := zlib.NewReader(bytes.NewReader(content[length:]))
		if err != nil || size > maxStream {
			return found(Corrupt)
		}
		if content, err = io.ReadAll(io.LimitReader(z, size)); err != nil {
			return found(Corrupt)
		}
	}
	if !bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")) {
		return nil
	}
	return e.nested(content, depth)
}

// checkCurrentUser reads the token that says whether the presentation is encrypted
// (MS-PPT 2.3.2).
func checkCurrentUser(content []byte, _ int) error {
	const tokenAt, encrypted = 12, 0xf3d1c4df
	if len(content) >= tokenAt+4 && binary.LittleEndian.Uint32(content[tokenAt:]) == encrypted {
		return found(Encrypted)
	}
	return nil
}
