package analytics

import (
	"embed"
	"maps"
	"slices"

	"golang.org/x/text/message"

	"satchel/internal/messages"
)

//go:embed messages/*.json
var files embed.FS

// Fallback is the language of a report for which none is known.
const Fallback = "en"

var (
	texts    = messages.Read(files)
	printers = texts.Printers(Fallback)
)

// Languages lists those that reports are written in.
func Languages() []string { return slices.Sorted(maps.Keys(texts)) }

// Language is the one in which a report is written: the fallback for one that there is not.
func Language(name string) string {
	if _, found := texts[name]; found {
		return name
	}
	return Fallback
}

// Say gives the text of a key in a language.
func Say(language, key string, args ...any) string {
	return printers[Language(language)].Sprintf(message.Key(key, key), args...)
}

// Called is the word for a name that programs use, such as that of a role; the name itself
// where the catalog has no word for it.
func Called(language, what, name string) string {
	key := what + "." + name
	if _, found := texts[Fallback][key]; !found {
		return name
	}
	return Say(language, key)
}
