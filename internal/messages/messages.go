// Package messages reads catalogs of texts: a JSON file a language, in it a text or its
// plural forms (CLDR) a key. Numbers stand in a text as %[1]d, other texts as %[1]s; a
// plural form is chosen by the first argument.
package messages

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// Text is one entry: its plural forms by their names; a text without them is "other" alone.
type Text map[string]string

// UnmarshalJSON reads a text, or a text for each plural form.
func (t *Text) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = Text{"other": one}
		return nil
	}
	return json.Unmarshal(b, (*map[string]string)(t))
}

// Texts are the entries of each language by their keys.
type Texts map[string]map[string]Text

// Read reads every messages/*.json. A file that cannot be read is a mistake of the
// program's build, and panics.
func Read(files fs.FS) Texts {
	all := Texts{}
	found, err := fs.Glob(files, "messages/*.json")
	if err != nil {
		panic(err)
	}
	for _, name := range found {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		read := map[string]Text{}
		if err := json.Unmarshal(b, &read); err != nil {
			panic(fmt.Errorf("%s: %w", name, err))
		}
		all[strings.TrimSuffix(path.Base(name), ".json")] = read
	}
	return all
}

// Printers gives a printer for each language. What a language does not have, its printer
// takes of the fallback.
func (all Texts) Printers(fallback string) map[string]*message.Printer {
	b := catalog.NewBuilder(catalog.Fallback(language.MustParse(fallback)))
	for name, entries := range all {
		for key, forms := range entries {
			if err := b.Set(printed(name), key, forms.messages()...); err != nil {
				panic(fmt.Errorf("message %s of %s: %w", key, name, err))
			}
		}
	}
	printers := map[string]*message.Printer{}
	for name := range all {
		printers[name] = message.NewPrinter(printed(name), message.Catalog(b))
	}
	return printers
}

// printed is the language that numbers are written in: the digits of a date are 0 to 9,
// so those of other numbers are too, in Arabic as well.
func printed(name string) language.Tag { return language.MustParse(name + "-u-nu-latn") }

func (t Text) messages() []catalog.Message {
	if len(t) == 1 {
		return []catalog.Message{catalog.String(t["other"])}
	}
	var cases []any
	for _, form := range []string{"zero", "one", "two", "few", "many", "other"} {
		if s, ok := t[form]; ok {
			cases = append(cases, form, s)
		}
	}
	return []catalog.Message{plural.Selectf(1, "%d", cases...)}
}
