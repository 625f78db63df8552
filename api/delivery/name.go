package delivery

import (
	"strings"
	"unicode/utf8"
)

// Disposition writes Content-Disposition (RFC 6266): a plain filename for old
// clients and filename* (RFC 8187) with the true one. Whatever the name holds,
// it stays inside its parameter: a quote or a line end must not begin another.
func Disposition(how, name string) string {
	return how + `; filename="` + plain(name) + `"; filename*=UTF-8''` + percent(name)
}

// plain keeps what every client reads alike. "%" is out because some decode it.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r >= 0x7f, strings.ContainsRune(`"\%/;`, r):
			return '_'
		}
		return r
	}, name)
}

const hexDigits = "0123456789ABCDEF"

// percent encodes all but the attr-char of RFC 8187.
func percent(name string) string {
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "\uFFFD")
	}
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if isAttrChar(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}

func isAttrChar(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return true
	}
	return strings.IndexByte("!#$&+-.^_`|~", c) >= 0
}
