package sharepage

import (
	"embed"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/text/language"

	"satchel/internal/messages"
)

//go:embed messages/*.json
var files embed.FS

// fallback is the language of who asks for none that there is.
const fallback = "en"

var (
	texts    = messages.Read(files)
	names    = languageNames()
	matcher  = language.NewMatcher(tags())
	printers = texts.Printers(fallback)
)

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
