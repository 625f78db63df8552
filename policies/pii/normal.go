package pii

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalised text is ASCII where a character has an ASCII form, whatever its width, accent,
// ligature or script of digits. Otherwise a value that is written with such a character is
// not found. Invisible characters are left out. Other characters stay.

// segment says where a stretch of normalised text comes from. Of a stretch that was
// copied (size 0) each byte has its own place; all bytes of another stand for the size
// bytes of one character.
type segment struct {
	at   int   // in the normalised text
	from int64 // in the text as it was given
	size int64
}

// normal is a window of normalised text.
type normal struct {
	text     []byte
	segments []segment
	read     int64 // bytes of the text as it was given that were normalised
	bad      int64 // bytes that are not UTF-8
	linear   bool  // the last segment is a copied one and goes on
}

const (
	keep     = 0
	drop     = 1
	strings0 = 0x80 // from here, indexes into expansions
)

type foldTable struct {
	of         [0x20000]uint16
	expansions []string
}

// table is made once: 131,072 characters, a few milliseconds.
var table = sync.OnceValue(func() *foldTable {
	t := &foldTable{}
	known := map[string]uint16{}
	for r := rune(0x80); r < 0x20000; r++ {
		if r >= 0xd800 && r < 0xe000 || r >= 0x3400 && r < 0xf900 {
			continue // surrogates, and Han, Hangul, private use: no ASCII form
		}
		text, leave := asciiOf(r)
		switch {
		case leave:
		case text == "":
			t.of[r] = drop
		case len(text) == 1:
			t.of[r] = uint16(text[0])
		default:
			index, ok := known[text]
			if !ok {
				index = uint16(strings0 + len(t.expansions))
				known[text] = index
				t.expansions = append(t.expansions, text)
			}
			t.of[r] = index
		}
	}
	return t
})

// lookalikes have no decomposition, and letters of other scripts that pass for Latin ones.
var lookalikes = map[rune]string{
	'ß': "ss", 'ẞ': "SS", 'æ': "ae", 'Æ': "AE", 'œ': "oe", 'Œ': "OE", 'ø': "o", 'Ø': "O", 'ł': "l", 'Ł': "L",
	'đ': "d", 'Đ': "D", 'ð': "d", 'Ð': "D", 'þ': "th", 'Þ': "Th", 'ı': "i",
	'‘': "'", '’': "'", 'ʼ': "'", '′': "'", '“': `"`, '”': `"`, '„': `"`, '·': ".", '․': ".", '。': ".", '∙': ".",
	'О': "O", 'о': "o", 'Ο': "O", 'ο': "o", 'І': "I", 'ӏ': "l", 'Ӏ': "I", '∕': "/", '⁄': "/", '։': ":", '∶': ":",
	'\u0085': "\n", '\u2028': "\n", '\u2029': "\n",
}

func asciiOf(r rune) (text string, leave bool) {
	if text, ok := lookalikes[r]; ok {
		return text, false
	}
	switch {
	case invisible(r) || unicode.Is(unicode.Mn, r):
		return "", false
	case unicode.Is(unicode.Zs, r):
		return " ", false
	case unicode.Is(unicode.Pd, r) || r == '−':
		return "-", false
	case unicode.Is(unicode.Nd, r):
		// The digits of a script are ten characters in a row.
		zero := r
		for r-zero < 9 && !startsDigits(zero) {
			zero--
		}
		return string('0' + (r - zero)), false
	}
	var out strings.Builder
	for _, part := range norm.NFKD.String(string(r)) {
		if mapped, ok := lookalikes[part]; ok {
			out.WriteString(mapped)
			continue
		}
		if unicode.Is(unicode.Mn, part) {
			continue
		}
		out.WriteRune(part)
	}
	if out.Len() == 0 || out.String() == string(r) {
		return "", true
	}
	return out.String(), false
}

// startsDigits says whether r is a zero. Scripts begin their digits at such a place; only
// the mathematical ones lie without a gap, from U+1D7CE on.
func startsDigits(r rune) bool {
	if r >= 0x1d7ce && r <= 0x1d7ff {
		return (r-0x1d7ce)%10 == 0
	}
	return !unicode.Is(unicode.Nd, r-1)
}

// invisible characters show nothing and part no words.
func invisible(r rune) bool {
	switch {
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Cc, r) && r != 0x85:
		return true
	}
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0:
		return true
	}
	return false
}

// add normalises whole characters of p and says how many bytes of it those are. With last,
// a character that is cut at the end is a bad one.
func (n *normal) add(p []byte, last bool) int {
	t := table()
	at := 0
	for at < len(p) {
		if c := p[at]; c < utf8.RuneSelf {
			end := at
			for end < len(p) && plain[p[end]] {
				end++
			}
			if end > at {
				n.copy(p[at:end])
				at = end
				continue
			}
			n.point("", 1) // a control character
			at++
			continue
		}
		if !last && !utf8.FullRune(p[at:]) {
			return at
		}
		r, size := utf8.DecodeRune(p[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			n.bad++
			n.point(" ", 1)
		case r >= 0x20000:
			if invisible(r) {
				n.point("", int64(size))
			} else {
				n.copy(p[at : at+size])
			}
		case t.of[r] == keep:
			n.copy(p[at : at+size])
		case t.of[r] == drop:
			n.point("", int64(size))
		case t.of[r] < strings0:
			n.point(string(rune(t.of[r])), int64(size))
		default:
			n.point(t.expansions[t.of[r]-strings0], int64(size))
		}
		at += size
	}
	return at
}

// plain are the ASCII characters that stay. NUL and other control characters go, so that a
// text of two bytes a character reads as it looks.
var plain = func() (is [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		is[c] = true
	}
	is['\t'], is['\n'], is['\r'], is['\f'], is['\v'] = true, true, true, true, true
	return is
}()

func (n *normal) copy(p []byte) {
	if !n.linear {
		n.segments = append(n.segments, segment{at: len(n.text), from: n.read})
		n.linear = true
	}
	n.text = append(n.text, p...)
	n.read += int64(len(p))
}

func (n *normal) point(text string, size int64) {
	if text != "" {
		n.segments = append(n.segments, segment{at: len(n.text), from: n.read, size: size})
		n.text = append(n.text, text...)
	}
	n.linear = false
	n.read += size
}

func (n *normal) segment(at int) segment {
	i := sort.Search(len(n.segments), func(i int) bool { return n.segments[i].at > at })
	return n.segments[i-1]
}

// place says where the normalised text from start to end comes from. end is after start.
func (n *normal) place(start, end int) (from, to int64) {
	first, last := n.segment(start), n.segment(end-1)
	if first.size > 0 {
		from = first.from
	} else {
		from = first.from + int64(start-first.at)
	}
	if last.size > 0 {
		to = last.from + last.size
	} else {
		to = last.from + int64(end-last.at)
	}
	return from, to
}

// forget leaves out the first bytes of the window.
func (n *normal) forget(count int) {
	if count <= 0 {
		return
	}
	i := sort.Search(len(n.segments), func(i int) bool { return n.segments[i].at > count })
	var kept []segment
	if i > 0 {
		first := n.segments[i-1]
		if first.size == 0 {
			first.from += int64(count - first.at)
		}
		first.at = count
		kept = append(n.segments[:0], first)
		kept = append(kept, n.segments[i:]...)
	}
	for i := range kept {
		kept[i].at -= count
	}
	n.segments = kept
	n.text = append(n.text[:0], n.text[count:]...)
}

// fold is the form in which names, addresses and phrases are compared: normalised, in lower
// case, without apostrophes, with one space where there are spaces, hyphens or underscores.
func fold(text string) string {
	var n normal
	n.add([]byte(text), true)
	low, _ := lower(n.text, nil, nil)
	return strings.TrimSpace(string(low))
}

// lowered is what lower makes of a byte; 0 goes.
var lowered = func() (to [256]byte) {
	for c := range to {
		switch b := byte(c); {
		case b >= 'A' && b <= 'Z':
			to[c] = b + 'a' - 'A'
		case b == '-' || b == '_' || b >= '\t' && b <= '\r':
			to[c] = ' '
		case b != '\'':
			to[c] = b
		}
	}
	return to
}()

// lower writes the folded form of text over low, and over at where each byte of it comes from.
func lower(text, low []byte, at []int32) ([]byte, []int32) {
	low = slices.Grow(low[:0], len(text))[:len(text)]
	at = slices.Grow(at[:0], len(text))[:len(text)]
	n := 0
	last := byte(0)
	for i, c := range text {
		c = lowered[c]
		if c == 0 || c == ' ' && last == ' ' {
			continue
		}
		low[n], at[n] = c, int32(i)
		last = c
		n++
	}
	return low[:n], at[:n]
}
