package zipped

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxPart is the longest name of a file or folder that the file systems of today take, in
// bytes.
const maxPart = 200

// Names gives names for the entries of a zip: each stays below the folder in which it is
// unpacked, each is a file's name on Windows, macOS and Linux, and no two are one file
// where case or the form of Unicode makes no difference. The order is kept, so that the
// same names give the same.
type Names struct{ taken map[string]bool }

// Add gives the name for one file. The folders are above it, the outermost first.
func (n *Names) Add(folders []string, name string) string {
	if n.taken == nil {
		n.taken = map[string]bool{}
	}
	parts := make([]string, 0, len(folders)+1)
	for _, f := range folders {
		parts = append(parts, safe(f, "folder"))
	}
	folder, last := path.Join(parts...), safe(name, "file")
	for i := 1; ; i++ {
		tried := last
		if i > 1 {
			ending := path.Ext(last)
			tried = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(last, ending), i, ending)
		}
		full := path.Join(folder, tried)
		if key := fold(full); !n.taken[key] {
			n.taken[key] = true
			return full
		}
	}
}

// fold is what two names share that some file systems take for one.
func fold(name string) string { return norm.NFC.String(cases.Fold().String(norm.NFC.String(name))) }

// device is what Windows takes for a device, with any extension.
var device = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?$`)

// safe makes one part of a path of a name as people gave it.
func safe(name, otherwise string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, "_"))
	name = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>:"/\|?*`, r), r < 0x20, r == 0x7f:
			return '_'
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Bidi_Control, r), r == utf8.RuneError, unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return -1
		}
		return r
	}, name)
	name = shorten(strings.TrimRight(strings.TrimLeft(name, " "), " ."))
	switch {
	case name == "":
		return otherwise
	case device.MatchString(name):
		return "_" + name
	}
	return name
}

// shorten cuts a long name before its ending, between characters.
func shorten(name string) string {
	if len(name) <= maxPart {
		return name
	}
	ending := path.Ext(name)
	if len(ending) > 20 {
		ending = ""
	}
	stem := name[:maxPart-len(ending)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRight(stem, " .") + ending
}

// Unique says whether no two of the names are one file anywhere.
func Unique(names []string) bool {
	folded := make([]string, len(names))
	for i, n := range names {
		folded[i] = fold(n)
	}
	slices.Sort(folded)
	return len(slices.Compact(folded)) == len(names)
}
