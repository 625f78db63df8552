package archives

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxName = 1024

// The Unix kinds of file that a member may be, in the upper half of its
// attributes, and the systems by which the upper half is to be read so.
const (
	unixKind, unixFile, unixFolder, unixPipe = 0xf000, 0x8000, 0x4000, 0x1000
	creatorUnix, creatorDarwin               = 3, 19
)

// checkEntries judges what the directory says about each member and about all
// of them together.
func checkEntries(entries []entry, form form, refuses func(string) bool) error {
	seen := make(map[string]bool, len(entries))
	for i := range entries {
		e := &entries[i]
		if rule := e.check(); rule != "" {
			return found(rule, i)
		}
		if refuses != nil && slices.ContainsFunc(append([]string{e.name}, e.aliases...), refuses) {
			return found(Executable, i)
		}
		key := canonical(e.name)
		if form == officeForm {
			// Part names of Office documents do not depend on case.
			key = strings.ToLower(key)
		}
		if seen[key] {
			return found(DuplicateName, i)
		}
		seen[key] = true
	}
	return nil
}

func (e *entry) check() Rule {
	for _, name := range append([]string{e.name}, e.aliases...) {
		if unsafeName(name) {
			return UnsafeName
		}
	}
	switch {
	case e.flags&(flagEncrypted|flagStrong|flagMasked) != 0, e.method == 99:
		return Encrypted
	case e.special():
		return SpecialFile
	case e.folder() && (e.unpacked != 0 || e.packed > 2):
		// Two bytes are what an empty deflate stream takes.
		return ExtraData
	case e.method == 0 && e.packed != e.unpacked:
		return SizeLie
	case e.method != 0 && e.method != 8:
		return UnsupportedMethod
	}
	return ""
}

// standardInput is the name that Info-ZIP gives to what it was sent through a
// pipe. It states that this was a pipe, but the member holds the bytes, which no
// pipe in a container does.
const standardInput = "-"

func (e *entry) special() bool {
	if creator := e.creator >> 8; creator != creatorUnix && creator != creatorDarwin {
		return false
	}
	kind := (e.attributes >> 16) & unixKind
	if kind == unixPipe && e.name == standardInput && e.unpacked > 0 {
		return false
	}
	return kind != 0 && kind != unixFile && kind != unixFolder
}

// unsafeName tells names that leave the folder into which a container is
// unpacked, or that cannot be shown as they are. Backslashes count as slashes,
// since on Windows they are.
func unsafeName(name string) bool {
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, unshowable) {
		return true
	}
	name = strings.ReplaceAll(name, `\`, "/")
	drive := len(name) > 1 && name[1] == ':' && unicode.IsLetter(rune(name[0]))
	return drive || strings.HasPrefix(name, "/") || slices.Contains(strings.Split(name, "/"), "..")
}

// unshowable lets names in old encodings pass, whose bytes are no UTF-8.
func unshowable(r rune) bool {
	return r != utf8.RuneError && (unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069)
}

// canonical is a name as a careless reader unpacks it.
func canonical(name string) string {
	parts := strings.Split(strings.ReplaceAll(name, `\`, "/"), "/")
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" || part == "." })
	return strings.Join(parts, "/")
}

// checkSizes holds the declared sizes against the limits. It adds up so that no
// sum overflows: each addend is bounded before it is added.
func checkSizes(entries []entry, limits Limits) (packed, unpacked int64, err error) {
	for i := range entries {
		e := &entries[i]
		if e.unpacked > limits.Total-unpacked {
			return 0, 0, found(TooLarge)
		}
		if bomb(e.packed, e.unpacked, limits) {
			return 0, 0, found(Bomb, i)
		}
		packed, unpacked = packed+e.packed, unpacked+e.unpacked
	}
	if bomb(packed, unpacked, limits) {
		return 0, 0, found(Bomb)
	}
	return packed, unpacked, nil
}

func bomb(packed, unpacked int64, limits Limits) bool {
	return unpacked > limits.RatioFloor && unpacked/limits.Ratio > packed
}
