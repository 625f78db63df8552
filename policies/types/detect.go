package types

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// Kinds of content that have no media type of their own.
const (
	plainText    = "text/plain"
	htmlFragment = "html-fragment"
	htmlPage     = "html-page"
	svgDrawing   = "svg-drawing"
	// taggedAudio begins with an ID3 tag that is longer than the head, such as one
	// with a large cover. MP3 and AAC look alike up to there.
	taggedAudio = "id3-tagged-audio"
	// metaFirst is a zip whose first member is the folder META-INF. The detector
	// takes it for a Java archive, but an OpenDocument file has that folder too.
	metaFirst = "zip-meta-inf"
	unknown   = ""
)

// finding is what the bytes are, or the rule that they break by themselves.
type finding struct {
	content string
	rule    Rule
}

// detect looks at the content alone. Text is recognized before any signature of
// a binary format is believed: many of those are two or three letters long, and
// an essay may well begin with "BM" or "MZ".
func detect(head []byte) finding {
	if text, ok := decodeText(head); ok {
		return detectText(text)
	}
	if hasProgram(head) {
		return finding{rule: Executable}
	}
	if bytes.HasPrefix(head, []byte("#!")) {
		return finding{rule: Script} // an interpreter runs it, whatever follows
	}
	kind := mimetype.Detect(head)
	if text, ok := guessText(head); ok && !isBinary(kind) {
		return detectText(text)
	}
	for m := kind; m != nil; m = m.Parent() {
		if rule, ok := refusedContents[m.String()]; ok {
			return finding{rule: rule, content: metaFolder(head)}
		}
	}
	switch bareType(kind) {
	case "application/pdf":
		return detectPDF(head)
	case "audio/mpeg":
		return finding{content: behindTags(head)}
	}
	if isImageFile(kind) && containsPHP(head) {
		return finding{rule: Script}
	}
	return finding{content: bareType(kind)}
}

// detectPDF checks the bytes before the header of a PDF. The format allows anything
// there, but what begins as a page or a script is that to a browser or a shell.
func detectPDF(head []byte) finding {
	front, _, _ := bytes.Cut(head, []byte("%PDF-"))
	text := string(front)
	found := detectText(text)
	switch {
	case found.rule != "":
		return found
	case found.content != plainText, anyTag.MatchString(text):
		return finding{content: unknown}
	}
	return finding{content: "application/pdf"}
}

// behindTags tells AAC from MP3, both of which may begin with ID3 tags.
func behindTags(head []byte) string {
	const tagSize, footer = 10, 0x10
	for bytes.HasPrefix(head, []byte("ID3")) && len(head) >= tagSize {
		size := tagSize
		// The length has 7 bits in each byte.
		for i, b := range head[6:tagSize] {
			size += int(b&0x7f) << (7 * (3 - i))
		}
		if head[5]&footer != 0 {
			size += tagSize
		}
		if size >= len(head) {
			return taggedAudio
		}
		head = head[size:]
	}
	// An ADTS frame: twelve bits, any version, and the layer that MP3 has not.
	if len(head) > 1 && head[0] == 0xff && head[1]&0xf6 == 0xf0 {
		return "audio/aac"
	}
	return "audio/mpeg"
}

// metaFolder names a zip that begins with an empty folder META-INF and shows no
// manifest of Java in the head.
func metaFolder(head []byte) string {
	const nameAt = 30
	folder := []byte("META-INF/")
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) || len(head) < nameAt+len(folder) || bytes.Contains(head, []byte("META-INF/MANIFEST.MF")) {
		return unknown
	}
	if int(binary.LittleEndian.Uint16(head[26:])) != len(folder) || !bytes.HasPrefix(head[nameAt:], folder) {
		return unknown
	}
	return metaFirst
}

// isBinary reports that the detector knows the bytes as something other than
// text.
func isBinary(m *mimetype.MIME) bool {
	return !m.Is("application/octet-stream") && !strings.HasPrefix(m.String(), "text/")
}

// refusedContents are kinds, by the detector's name, that break a rule whatever
// the file is called.
var refusedContents = map[string]Rule{
	"application/vnd.microsoft.portable-executable": Executable,
	"application/x-elf":                             Executable,
	"application/x-mach-binary":                     Executable,
	"application/x-java-applet":                     Executable,
	"application/java-archive":                      Executable,
	"application/vnd.android.package-archive":       Executable,
	"application/x-ms-installer":                    Executable,
	"application/x-ms-shortcut":                     Executable,
	"application/x-shockwave-flash":                 Executable,
	"application/x-chrome-extension":                Executable,
	"application/vnd.debian.binary-package":         Executable,
	"application/x-rpm":                             Executable,
	"application/wasm":                              Executable,
	"application/vnd.ms-htmlhelp":                   Executable,
	"application/x-bytecode.python":                 Executable,
	"application/x-ole-storage":                     LegacyOffice,
}

// programs are the beginnings of executable formats. The detector knows most of
// them; a rule that nothing may pass does not hang on a library's table.
var programs = []string{
	"MZ", "ZM", // DOS and Windows
	"\x7fELF",
	"\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", // Mach-O
	"\xca\xfe\xba\xbe", "\xbe\xba\xfe\xca", "\xca\xfe\xba\xbf", // Mach-O for several processors, Java class
	"\x00asm", "dex\n", "dey\n",
	"\x4c\x00\x00\x00\x01\x14\x02\x00", // Windows shortcut
	"FWS", "CWS", "ZWS", "Cr24", "ITSF", "\xed\xab\xee\xdb", "!<arch>\ndebian",
	"\x1bLua",
}

// hasProgram reports a program's beginning, or a Windows program embedded
// further on in something that is not a container.
func hasProgram(head []byte) bool {
	for _, magic := range programs {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return !bytes.HasPrefix(head, []byte("PK")) && embedsPE(head)
}

// embedsPE looks for a DOS header whose pointer leads to a PE signature. Both
// together do not occur by chance.
func embedsPE(head []byte) bool {
	const pointer, header = 60, 64
	for rest := head; ; {
		i := bytes.Index(rest, []byte("MZ"))
		if i < 0 || len(rest) < i+header {
			return false
		}
		rest = rest[i:]
		at := uint64(binary.LittleEndian.Uint32(rest[pointer:]))
		if at+4 <= uint64(len(rest)) && bytes.Equal(rest[at:at+4], []byte("PE\x00\x00")) {
			return true
		}
		rest = rest[2:]
	}
}

func isImageFile(m *mimetype.MIME) bool { return strings.HasPrefix(m.String(), "image/") }

func containsPHP(head []byte) bool {
	return bytes.Contains(bytes.ToLower(head), []byte("<?php"))
}

func bareType(m *mimetype.MIME) string {
	bare, _, _ := strings.Cut(m.String(), ";")
	if bare == plainText || strings.HasPrefix(bare, "text/") {
		// Not text by this package's stricter reading, so nothing that is known.
		return unknown
	}
	return bare
}
