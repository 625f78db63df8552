package zipped

import (
	"fmt"
	"path"
	"regexp"
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
// unpacked, each is a file's name on Windows, macOS and Linux, and no two files, and no
// file and folder, are one where case or the form of Unicode makes no difference. The
// order is kept, so that the same names give the same.
type Names struct {
	taken   map[string]bool   // the paths of files and of the folders above them, folded
	folders map[string]string // the path that a folder got, by the one that it asked for, folded
	next    map[string]int    // the number to try next for a path, folded: tried from 1 on, equal names take quadratic time
}

// Add gives the name for one file. The folders are above it, the outermost first.
func (n *Names) Add(folders []string, name string) string {
	if n.taken == nil {
		n.taken, n.folders, n.next = map[string]bool{}, map[string]string{}, map[string]int{}
	}
	folder := ""
	for _, f := range folders {
		asked := fold(path.Join(folder, safe(f, "folder")))
		given, known := n.folders[asked]
		if !known {
			given = n.free(folder, safe(f, "folder"))
			n.folders[asked] = given
		}
		folder = given
	}
	return n.free(folder, safe(name, "file"))
}

// free takes the first path of the name in the folder that neither a file nor a folder has.
func (n *Names) free(folder, name string) string {
	asked := fold(path.Join(folder, name))
	for i := n.next[asked] + 1; ; i++ {
		tried := name
		if i > 1 {
			ending := path.Ext(name)
			tried = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, ending), i, ending)
		}
		full := path.Join(folder, tried)
		if key := fold(full); !n.taken[key] {
			n.taken[key] = true
			n.next[asked] = i
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
