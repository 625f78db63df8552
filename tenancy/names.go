package tenancy

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"satchel/internal/fault"
)

// Why a name is refused. All have one code: a client shows the text.
var (
	ErrName        = fault.New(fault.Invalid, "invalid_name", "name is a text in UTF-8 that is neither empty nor too long.")
	ErrNameHidden  = fault.New(fault.Invalid, "invalid_name", "The name holds a line break, a control character, or an invisible one that changes how text is read. Type it again without it.")
	ErrNameAddress = fault.New(fault.Invalid, "invalid_name", "The name holds a web or mail address. Mails show the name to people who do not know you yet, and mail programs make links of addresses. Give the name alone.")
)

// CheckName refuses what cannot be shown to other people as a name: control
// characters, which end lines of mails and logs; and format characters, by which
// a name reads like another one or backwards.
func CheckName(name string, most int) error {
	switch {
	case !utf8.ValidString(name), strings.TrimSpace(name) == "", utf8.RuneCountInString(name) > most:
		return ErrName
	case hiddenIndex(name) >= 0:
		return ErrNameHidden
	}
	return nil
}

// CheckOrganizationName refuses addresses as well. An organization's name is sent
// by mail to addresses that its owner picks, and mail programs turn an address in it
// into a link.
func CheckOrganizationName(name string) error {
	const most = 200
	if err := CheckName(name, most); err != nil {
		return err
	}
	if holdsAddress(name) {
		return ErrNameAddress
	}
	return nil
}

// PlainName is the name without what CheckName refuses, for names that were kept
// before it was asked.
func PlainName(name string) string {
	var b strings.Builder
	for rest := strings.ToValidUTF8(name, ""); rest != ""; {
		i := hiddenIndex(rest)
		if i < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		b.WriteByte(' ')
		_, n := utf8.DecodeRuneInString(rest[i:])
		rest = rest[i+n:]
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// hiddenIndex finds the first character that is not seen as itself, or -1.
func hiddenIndex(s string) int {
	before := rune(0)
	for i, r := range s {
		if hidden(before, r) {
			return i
		}
		before = r
	}
	return -1
}

const (
	zeroWidthNonJoiner = 0x200c
	zeroWidthJoiner    = 0x200d
)

// hidden knows two exceptions: joiners, behind a letter of a script that is not
// written correctly without them.
func hidden(before, r rune) bool {
	if r == zeroWidthNonJoiner || r == zeroWidthJoiner {
		return !unicode.In(before, joining...)
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Noncharacter_Code_Point, unicode.Other_Default_Ignorable_Code_Point)
}

var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya,
	unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer,
}

var (
	schemeForm = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:/|\b(?:mailto|tel|javascript|data):|\bwww\.|\pL@\pL|\d@\pL|\pL@\d`)
	domainForm = regexp.MustCompile(`[\pL\pN](?:[\pL\pN-]*[\pL\pN])?(?:\.[\pL\pN](?:[\pL\pN-]*[\pL\pN])?)+`)
	numberForm = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`)
)

// holdsAddress finds what mail programs make links of. A word with a dot in it is
// one only where the public suffix list knows its end: "St.Mary" is a name.
func holdsAddress(name string) bool {
	if schemeForm.MatchString(name) || numberForm.MatchString(name) {
		return true
	}
	for _, host := range domainForm.FindAllString(strings.ToLower(name), -1) {
		if _, known := publicsuffix.PublicSuffix(host); known {
			return true
		}
	}
	return false
}
