package types

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// decodeText returns the head as UTF-8 if it is text beyond doubt: UTF-8, or
// UTF-16 and UTF-32 with their mark. Text holds no control characters but those
// that lay it out. An empty file is text.
func decodeText(head []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")):
		return wide(head, 4, utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM).NewDecoder().Bytes)
	case bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return wide(head, 4, utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM).NewDecoder().Bytes)
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return wide(head, 2, utf.UTF16(utf.LittleEndian, utf.IgnoreBOM).NewDecoder().Bytes)
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return wide(head, 2, utf.UTF16(utf.BigEndian, utf.IgnoreBOM).NewDecoder().Bytes)
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	return string(head), utf8.Valid(trimTorn(head)) && !bytes.ContainsFunc(head, notInText)
}

// byteText recognizes text in an old 8-bit encoding, which is passed on as it
// is, and text into which a word processor left a control character. It holds no
// zero byte, and hardly any other control character.
func byteText(head []byte) (string, bool) {
	const one = 500 // in so many bytes one control character is let pass
	odd := 0
	for _, b := range head {
		if b == 0 {
			return "", false
		}
		if notInText(rune(b)) && b < 0x80 {
			odd++
		}
	}
	if odd > 1+len(head)/one || odd > 0 && bytes.IndexByte([]byte("\x7f\xff\x89\x1b\x01\x02\x03\x04"), head[0]) >= 0 {
		return "", false
	}
	return string(head), true
}

// trimTorn drops a last rune that the end of the head cut in two.
func trimTorn(head []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(head); i++ {
		last := head[len(head)-i:]
		if utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return head[:len(head)-i]
			}
			return head
		}
	}
	return head
}

// notInText tells control characters that no text holds. U+FFFD is
// itself: an invalid byte of an 8-bit encoding.
func notInText(r rune) bool {
	switch r {
	case '\t', '\n', '\r', '\f', '\v', '\b', 0x1a, 0x1b, 0x85,
		0x1e, 0x1f: // the fixed and the soft hyphen of word processors
		return false
	}
	return r < 0x20 || r == 0x7f
}

// wide decodes text of 16 or 32 bit units and refuses what is not whole: lone
// surrogates come out as U+FFFD.
func wide(head []byte, unit int, decode func([]byte) ([]byte, error)) (string, bool) {
	head = head[:len(head)-len(head)%unit]
	text, err := decode(head)
	if err != nil {
		return "", false
	}
	s := strings.TrimPrefix(string(text), "\ufeff")
	s = strings.TrimSuffix(s, "\ufffd") // a surrogate pair cut in two by the end of the head
	return s, !strings.ContainsFunc(s, func(r rune) bool { return notInText(r) || r == utf8.RuneError })
}

// unmarked recognizes UTF-16 without its mark. Almost any bytes decode, so the
// result must read as text: assigned characters only, and at least one blank or
// line end among them.
func unmarked(head []byte) (string, bool) {
	for _, order := range []utf.Endianness{utf.LittleEndian, utf.BigEndian} {
		s, ok := wide(head, 2, utf.UTF16(order, utf.IgnoreBOM).NewDecoder().Bytes)
		if ok && strings.ContainsAny(s, " \n\u3000\u3002") && !strings.ContainsFunc(s, unassigned) {
			return s, true
		}
	}
	return "", false
}

func unassigned(r rune) bool {
	return !unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r)
}

// blanks may stand in front of what says which format a text is.
const blanks = "\ufeff \t\r\n\f\v"

// detectText sorts text into plain text, markup and formats that are written in
// text. What language a text is written in makes no difference: none of it is
// ever run here, and all of it leaves as an attachment.
func detectText(text string) finding {
	start := strings.TrimLeft(text, blanks)
	switch {
	case strings.HasPrefix(start, "%PDF-"):
		return finding{content: "application/pdf"}
	case strings.HasPrefix(start, `{\rt`):
		return finding{content: rtfContent}
	}
	return finding{content: detectMarkup(start)}
}

// fragmentTags leaves out what is no element of HTML: chat logs begin with
// names in angle brackets.
const fragmentTags = `a|abbr|address|article|aside|audio|b|big|blockquote|br|button|canvas|center|code|dd|details|dfn|div|dl|dt|em|` +
	`fieldset|figure|font|footer|h[1-6]|header|hr|i|img|input|kbd|label|li|main|marquee|nav|noscript|ol|p|picture|pre|section|select|` +
	`small|span|strong|sub|summary|sup|table|tbody|td|template|textarea|th|thead|tr|tt|u|ul|video`

var (
	svgRoot = regexp.MustCompile(`(?is)^(<\?xml[^>]*\?>|<!--.*?-->|<!doctype\s+svg[^\[>]*(\[.*?\]\s*)?>|\s)*<([a-z_][\w.-]*:)?svg[\s>/]`)
	// pageStart are tags that only HTML pages begin with; fragment are tags
	// that HTML and Markdown may begin with.
	pageStart = regexp.MustCompile(`(?is)^(<\?xml[^>]*\?>|<!--.*?-->|\s)*<(!doctype\s+html|html|head|body|script|iframe|frameset|object|embed|meta|link|base|style|title|form)[\s>/]`)
	fragment  = regexp.MustCompile(`(?is)^(<!--|<(` + fragmentTags + `)(\s[^<>]*)?/?>)`)
	// officeRoot are the elements that a document in one XML file begins with, and
	// officeNamespaces what is behind their names. An entity may stand for one.
	officeRoot       = regexp.MustCompile(`(?is)^(?:<\?.*?\?>|<!--.*?-->|<!doctype[^\[>]*(?:\[.*?\]\s*)?>|\s)*<(?:[a-z_][\w.-]*:)?(document|worddocument|package)[\s>]`)
	officeNamespaces = map[string]*regexp.Regexp{
		"document":     regexp.MustCompile(`(?i)opendocument|openoffice\.org|<!entity\s`),
		"worddocument": regexp.MustCompile(`(?i)schemas\.microsoft\.com/office|<!entity\s`),
		"package":      regexp.MustCompile(`(?i)schemas\.microsoft\.com/office|<!entity\s`),
	}
	anyTag = regexp.MustCompile(`(?is)<(script|iframe|html|body|object|embed)[\s>/]`)
)

func isOfficeXML(start string) bool {
	root := officeRoot.FindStringSubmatch(start)
	return root != nil && officeNamespaces[strings.ToLower(root[1])].MatchString(start)
}

func detectMarkup(start string) string {
	switch {
	case svgRoot.MatchString(start):
		return svgDrawing
	case pageStart.MatchString(start):
		return htmlPage
	case fragment.MatchString(start):
		return htmlFragment
	case isOfficeXML(start):
		return officeXML
	case strings.HasPrefix(strings.ToLower(start), "<?xml"):
		if anyTag.MatchString(start) {
			return htmlPage
		}
		return xmlText
	}
	return plainText
}
