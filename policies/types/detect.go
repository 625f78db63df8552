package types

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// Kinds of content that have no media type of their own.
const (
	plainText    = "text/plain"
	htmlFragment = "html-fragment"
	htmlPage     = "html-page"
	svgDrawing   = "svg-drawing"
	xmlText      = "xml"
	// officeXML is a document of Office or OpenDocument that is one XML file.
	officeXML = "office-xml"
	// taggedAudio begins with an ID3 tag that is longer than the head, such as one
	// with a large cover. MP3 and AAC look alike up to there.
	taggedAudio = "id3-tagged-audio"
	// mpegStream repeats a sync byte at the distance of its packets.
	mpegStream = "mpeg-transport-stream"
	unknown    = ""
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
	// A program's header holds zeros, so text of an old encoding is none.
	if text, ok := byteText(head); ok {
		return detectText(text)
	}
	switch {
	case hasProgram(head):
		return finding{rule: Executable}
	case bytes.HasPrefix(head, []byte("#!AMR")):
		return finding{content: "audio/amr"}
	case bytes.HasPrefix(head, []byte("#!")):
		return finding{rule: Script} // an interpreter runs it, whatever follows
	case hasMagic(zipMagics, head):
		return finding{content: zipContent} // policies/archives opens it
	case hasMagic(oleMagics, head):
		return finding{content: oleContent} // policies/ole opens it
	case bytes.HasPrefix(head, []byte(`{\rt`)):
		return finding{content: rtfContent}
	case isTransportStream(head):
		return finding{content: mpegStream}
	}
	if brand := mediaBrand(head); brand != "" {
		return finding{content: brand}
	}
	kind := mimetype.Detect(head)
	if text, ok := unmarked(head); ok && !isBinary(kind) {
		return detectText(text)
	}
	return detectBinary(kind, head)
}

// oleMagics begin a compound file, and a workbook of Excel 2, 3 or 4, which is the
// stream of one.
var oleMagics = []magic{{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}, {0, "\x09\x00\x04\x00"}, {0, "\x09\x02\x06\x00"}, {0, "\x09\x04\x06\x00"}}

var zipMagics = []magic{{0, "PK\x03\x04"}, {0, "PK\x05\x06"}, {0, "PK\x07\x08PK\x03\x04"}, {0, "PK00PK\x03\x04"}}

// detectBinary trusts the library for what it knows beyond this package's own
// signatures.
func detectBinary(kind *mimetype.MIME, head []byte) finding {
	for m := kind; m != nil; m = m.Parent() {
		if rule, ok := refusedContents[m.String()]; ok {
			return finding{rule: rule}
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

// mediaBrand names an ISO base media file (ISO/IEC 14496-12, section 4.3) by its
// brands. The major brand says by which rules it was written, the compatible ones
// who can read it: an AVIF of some programs has the major brand mif1.
func mediaBrand(head []byte) string {
	const brandsAt, most = 8, 256
	if len(head) < brandsAt+4 || !bytes.Equal(head[4:8], []byte("ftyp")) {
		return ""
	}
	size := min(int(min(binary.BigEndian.Uint32(head), most)), len(head))
	var brands []string
	for at := brandsAt; at+4 <= size; at += 4 {
		if at != brandsAt+4 { // the minor version
			brands = append(brands, string(head[at:at+4]))
		}
	}
	if len(brands) == 0 {
		return ""
	}
	for _, known := range brandTypes {
		major := slices.Contains(known.brands, brands[0])
		if major || known.compatible && slices.ContainsFunc(brands, func(b string) bool { return slices.Contains(known.brands, b) }) {
			return known.content
		}
	}
	return "video/mp4"
}

var brandTypes = []struct {
	content    string
	compatible bool // a compatible brand is enough
	brands     []string
}{
	{"image/avif", true, []string{"avif", "avis"}},
	{"image/heic", true, []string{"heic", "heix", "hevc", "hevx", "heim", "heis"}},
	{"image/heic", false, []string{"mif1", "msf1", "mif2"}},
	{"image/jp2", false, []string{"jp2 ", "jpx "}},
	{"image/cr3", false, []string{"crx "}},
	{"audio/mp4", false, []string{"M4A ", "M4B ", "M4P "}},
	{"video/quicktime", false, []string{"qt  "}},
	{"video/3gpp", false, []string{"3gp4", "3gp5", "3gp6", "3gp7", "3gs7", "3ge6", "3ge7", "3gg6", "3g2a", "3g2b", "3g2c", "kddi"}},
}

// isTransportStream knows an MPEG transport stream by its sync bytes, with the
// packets of broadcasts (188) and of camcorders (192).
func isTransportStream(head []byte) bool {
	const sync, packets = 0x47, 4
	for _, form := range []struct{ first, size int }{{0, 188}, {4, 192}} {
		if len(head) < form.first+packets*form.size {
			continue
		}
		n := 0
		for n < packets && head[form.first+n*form.size] == sync {
			n++
		}
		if n == packets {
			return true
		}
	}
	return false
}

// detectPDF looks at what precedes a PDF. The format allows anything
// there, but what begins as a page or a script is that to a browser or a shell.
func detectPDF(head []byte) finding {
	front, _, _ := bytes.Cut(head, []byte("%PDF-"))
	text := string(front)
	start := strings.TrimLeft(text, blanks)
	switch {
	case strings.HasPrefix(start, "#!"), isScript(start):
		return finding{rule: Script}
	case detectText(text).content != plainText, anyTag.MatchString(text):
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
	"application/x-ms-installer":                    Executable,
	"application/x-ms-shortcut":                     Executable,
	"application/x-shockwave-flash":                 Executable,
	"application/x-chrome-extension":                Executable,
	"application/vnd.debian.binary-package":         Executable,
	"application/x-rpm":                             Executable,
	"application/wasm":                              Executable,
	"application/vnd.ms-htmlhelp":                   Executable,
	"application/x-bytecode.python":                 Executable,
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
	if bare == plainText || strings.HasPrefix(bare, "text/") || bare == Opaque {
		// No text by this package's stricter reading, so nothing that is known.
		return unknown
	}
	return bare
}
