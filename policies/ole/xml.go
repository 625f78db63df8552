package ole

import (
	"bytes"
	"errors"
	"io"
	"regexp"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// What makes a document that is one XML file run something, in lower case: Basic of
// OpenDocument, and the macros and controls of Word 2003 and of a flat package of
// Office. The definition of an entity could put together any of them.
var (
	runningElements = [][]byte{[]byte("source-code"), []byte("library-linked"), []byte("docsuppdata"), []byte("ocx")}
	macrosPresent   = []byte("macrospresent")
	contentType     = []byte("contenttype")
	entity          = []byte("<!entity")

	// An attribute has quotes; a name without them is in a text.
	noMacros    = regexp.MustCompile(`^macrospresent\s*(=\s*["']n|=\s*[^"'\s]|[^\s=])`)
	harmlessOne = regexp.MustCompile(`^contenttype\s*(=\s*["']([^"'&]*)["']|=\s*[^"'\s]|[^\s=])`)
)

// runningParts are in the content types of parts that run.
var runningParts = [][]byte{[]byte("vbaproject"), []byte("macroenabled"), []byte("activex")}

// The text is looked at in pieces. nearby is how far from a name what belongs to it is
// looked for; more than that is a finding, so that no piece hides it.
const (
	piece  = 1 << 20
	nearby = 4 << 10
)

// InspectXML looks through a document that is one XML file. Such a file opens in
// Office or LibreOffice under any name. Its error is a *Finding, or r's.
//
// It compares the text and does not parse it: an office program forgives other
// mistakes than a parser does.
func InspectXML(r io.Reader) error {
	source := &failing{r: r}
	decoded := transform.NewReader(source, unicode.BOMOverride(encoding.Nop.NewDecoder()))
	buf := make([]byte, 0, piece+2*nearby)
	for first := true; ; first = false {
		n, _ := io.ReadFull(decoded, buf[len(buf):len(buf)+piece])
		buf = buf[:len(buf)+n]
		last := n < piece // or the reader failed, which it tells itself
		if source.err != nil {
			return source.err
		}
		text := lower(buf)
		end := len(text)
		if !last {
			end -= nearby // looked at with the next piece
		}
		if rule := running(text, end, first); rule != "" {
			return found(rule)
		}
		if last {
			return nil
		}
		buf = append(buf[:0], buf[max(0, len(buf)-2*nearby):]...)
	}
}

// lower changes letters of ASCII only, so that every byte keeps its place.
func lower(text []byte) []byte {
	out := bytes.Clone(text)
	for i, b := range out {
		if 'A' <= b && b <= 'Z' {
			out[i] = b | 0x20
		}
	}
	return out
}

// running judges what begins in text in front of end. first says that nothing is
// missing in front of it.
func running(text []byte, end int, first bool) Rule {
	if bytes.Contains(text, entity) {
		return Corrupt
	}
	for _, name := range runningElements {
		for at := range each(text, name, end) {
			if isElement(text, at, at+len(name), first) {
				return Macros
			}
		}
	}
	for at := range each(text, macrosPresent, end) {
		if !noMacros.Match(window(text, at)) {
			return Macros
		}
	}
	for at := range each(text, contentType, end) {
		harmless := harmlessOne.FindSubmatch(window(text, at))
		if harmless == nil || containsAny(harmless[2], runningParts) {
			return Macros
		}
	}
	return ""
}

// each yields the places where a name begins in front of end.
func each(text, name []byte, end int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for at := 0; at < end; at++ {
			i := bytes.Index(text[at:], name)
			if i < 0 || at+i >= end {
				return
			}
			if at += i; !yield(at) {
				return
			}
		}
	}
}

func window(text []byte, at int) []byte { return text[at:min(len(text), at+nearby)] }

func containsAny(text []byte, parts [][]byte) bool {
	for _, part := range parts {
		if bytes.Contains(text, part) {
			return true
		}
	}
	return false
}

// isElement reports that a name is that of an element, behind any prefix. A prefix
// that does not begin nearby is one.
func isElement(text []byte, from, to int, first bool) bool {
	if to < len(text) && !bytes.ContainsRune([]byte(" \t\r\n/>"), rune(text[to])) {
		return false
	}
	begin := bytes.LastIndexAny(text[:from], "<> \t\r\n/")
	if begin < 0 {
		return !first
	}
	return text[begin] == '<'
}

// failing remembers the reader's own failure, which a decoder may take for another.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}
