package types

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The longest name, as people count and as databases and headers do.
const (
	MaxNameRunes = 255
	MaxNameBytes = 1024
)

// ErrName is the kind of every error of CleanName.
var ErrName = errors.New("the file's name cannot be kept")

// CleanName returns the name under which a file is kept: its last path part, in
// Unicode's composed form, without blanks around it and without the dots at its
// end that Windows would drop. Any other character survives, in any script.
//
// Names that lie about themselves are refused instead of repaired: control
// characters, line separators and the marks that reorder text, by which
// "exe.fdp" reads as "pdf.exe" backwards. Cleaning a clean name changes nothing.
func CleanName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("%w: it is not valid UTF-8, send it in UTF-8", ErrName)
	}
	name = norm.NFC.String(name)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if i := strings.IndexFunc(name, deceptive); i >= 0 {
		r, _ := utf8.DecodeRuneInString(name[i:])
		return "", fmt.Errorf("%w: it holds the invisible character %U, remove it and try again", ErrName, r)
	}
	name = strings.TrimRightFunc(strings.TrimLeftFunc(name, unicode.IsSpace), func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
	switch {
	case name == "":
		return "", fmt.Errorf("%w: nothing is left of it, give the file a name", ErrName)
	case utf8.RuneCountInString(name) > MaxNameRunes || len(name) > MaxNameBytes:
		return "", fmt.Errorf("%w: it is longer than %d characters or %d bytes, shorten it", ErrName, MaxNameRunes, MaxNameBytes)
	}
	return name, nil
}

// deceptive tells characters that change how a name is read or where its line
// ends. Joiners and direction marks stay: Persian, Hebrew and emoji need them.
func deceptive(r rune) bool {
	switch {
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true // embeddings, overrides and isolates
	case r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
		return true
	}
	return unicode.IsControl(r)
}

// Extension is the ending of a name, with its dot, where it is one of the kind's, by which
// programs choose how to read, and the kind's own otherwise. Nothing else of a name is told
// to a program.
func Extension(name, mediaType string) string {
	ending := strings.ToLower(path.Ext(name))
	kind, known := ByMediaType(mediaType)
	if !known || len(kind.Extensions) == 0 {
		return ""
	}
	if slices.Contains(kind.Extensions, ending) {
		return ending
	}
	return kind.Extensions[0]
}
