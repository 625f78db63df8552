package sharepage

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// The catalog: a file a language, a text or its plural forms a key. Numbers come as
// %[1]d, texts as %[1]s.
//
//go:embed messages/*.json
var files embed.FS

// text is one entry of a catalog: a text, or a text for each plural form (CLDR).
type text map[string]string

// UnmarshalJSON reads either.
func (t *text) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = text{"other": one}
		return nil
	}
	return json.Unmarshal(b, (*map[string]string)(t))
}

// fallback is the language of who asks for none that there is.
const fallback = "en"

var (
	texts    = readTexts()
	names    = languageNames()
	matcher  = language.NewMatcher(tags())
	printers = newPrinters()
)

func readTexts() map[string]map[string]text {
	all := map[string]map[string]text{}
	found, err := fs.Glob(files, "messages/*.json")
	if err != nil {
		panic(err)
	}
	for _, name := range found {
		b, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		read := map[string]text{}
		if err := json.Unmarshal(b, &read); err != nil {
			panic(fmt.Errorf("%s: %w", name, err)) // a mistake of the program's build
		}
		all[strings.TrimSuffix(path.Base(name), ".json")] = read
	}
	return all
}

// languageNames are the languages, the fallback first.
func languageNames() []string {
	all := slices.Sorted(maps.Keys(texts))
	all = slices.DeleteFunc(all, func(s string) bool { return s == fallback })
	return append([]string{fallback}, all...)
}

func tags() []language.Tag {
	all := make([]language.Tag, len(names))
	for i, name := range names {
		all[i] = language.MustParse(name)
	}
	return all
}

func newPrinters() map[string]*message.Printer {
	b := catalog.NewBuilder(catalog.Fallback(language.MustParse(fallback)))
	for name, entries := range texts {
		for key, forms := range entries {
			if err := b.Set(printed(name), key, formsOf(forms)...); err != nil {
				panic(fmt.Errorf("message %s of %s: %w", key, name, err))
			}
		}
	}
	all := map[string]*message.Printer{}
	for _, name := range names {
		all[name] = message.NewPrinter(printed(name), message.Catalog(b))
	}
	return all
}

// printed is the language that numbers are written in: the digits of a date are 0 to 9,
// so those of other numbers are too, in Arabic as well.
func printed(name string) language.Tag { return language.MustParse(name + "-u-nu-latn") }

// formsOf chooses by the first argument when there is more than one form.
func formsOf(t text) []catalog.Message {
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

// languageOf is the language to answer in: the query's lang, else the best of
// Accept-Language (RFC 9110, section 12.5.4).
func languageOf(r *http.Request) string {
	_, at := language.MatchStrings(matcher, r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))
	return names[at]
}

// translate gives the text of a key.
func translate(language, key string, args ...any) string {
	if _, ok := texts[fallback][key]; !ok {
		return key // which the tests of the catalog find
	}
	return printers[language].Sprintf(key, args...)
}

// direction is how a language is written.
func direction(name string) string {
	script, _ := language.MustParse(name).Script()
	if slices.Contains([]string{"Arab", "Hebr", "Thaa", "Syrc", "Nkoo"}, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// date writes a moment in UTC: the page is the same for everybody, and has no script
// that knows a visitor's zone.
func date(language string, t time.Time) string {
	t = t.UTC()
	return translate(language, "date", strconv.Itoa(t.Day()), translate(language, "month_"+strconv.Itoa(int(t.Month()))), strconv.Itoa(t.Year()), t.Format("15:04"))
}

// size writes a number of bytes with a unit of which there are at most 999.
func size(language string, n int64) string {
	if n < 1000 {
		return translate(language, "bytes", n)
	}
	units, value := []string{"kB", "MB", "GB", "TB"}, float64(n)/1000
	at := 0
	for value >= 999.95 && at < len(units)-1 {
		value, at = value/1000, at+1
	}
	return printers[language].Sprintf("%.1f", value) + "\u00a0" + units[at]
}

// seconds rounds a wait up, as Retry-After has it.
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}
