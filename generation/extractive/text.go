package extractive

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"satchel/generation"
	"satchel/internal/fault"
)

// text is a source with its sentences and terms.
type text struct {
	source    string
	lang      string
	sentences []sentence
	terms     []term // by weight
	years     []string
}

type sentence struct {
	generation.Sentence
	words []word
}

// word is a word of a sentence: where it is in the sentence's text.
type word struct {
	shown, folded string
	start, end    int
	class         class
}

// class is what a word is. A gap is filled with words of its class only.
type class int

const (
	other   class = iota
	capital       // in the middle of a sentence: a name, and in German a noun
	small
	year
)

type term struct {
	shown, folded string
	class         class
	count, weight int
	first         int // sentence
}

var (
	wordForm = regexp.MustCompile(`[\p{L}\p{N}]+(?:['’\-][\p{L}\p{N}]+)*`)
	yearForm = regexp.MustCompile(`^(1[0-9]|20)[0-9]{2}$`)
)

func read(source, lang string) *text {
	t := &text{source: source, lang: lang}
	for _, s := range generation.Sentences(source, lang) {
		t.sentences = append(t.sentences, sentence{Sentence: s, words: wordsOf(s.Text, lang)})
	}
	t.count()
	return t
}

func wordsOf(line, lang string) []word {
	var all []word
	for i, at := range wordForm.FindAllStringIndex(line, -1) {
		shown := line[at[0]:at[1]]
		w := word{shown: shown, folded: fold(shown), start: at[0], end: at[1]}
		first, _ := utf8.DecodeRuneInString(shown)
		switch {
		case yearForm.MatchString(shown):
			w.class = year
		case strings.ContainsFunc(shown, unicode.IsDigit), utf8.RuneCountInString(shown) < 4, stops[lang][w.folded]:
		case unicode.IsUpper(first) && (i > 0 || lang == "de"):
			// The first word of a German sentence that is no stop word is most often a noun.
			w.class = capital
		case unicode.IsLower(first):
			w.class = small
		}
		all = append(all, w)
	}
	return all
}

func fold(s string) string { return strings.ToLower(s) }

// count finds the terms of the text and the years in it.
func (t *text) count() {
	at := map[string]int{}
	for i, s := range t.sentences {
		for _, w := range s.words {
			if w.class == year && !slices.Contains(t.years, w.shown) {
				t.years = append(t.years, w.shown)
			}
			if w.class != capital && w.class != small {
				continue
			}
			if _, known := at[w.folded]; !known {
				at[w.folded] = len(t.terms)
				t.terms = append(t.terms, term{shown: w.shown, folded: w.folded, class: w.class, first: i})
			}
			found := &t.terms[at[w.folded]]
			found.count++
			if w.class == small && t.lang == "en" {
				// A word that is also written small is no name.
				found.class, found.shown = small, w.shown
			}
		}
	}
	for i := range t.terms {
		t.terms[i].weight = t.weigh(t.terms[i])
	}
	slices.SortStableFunc(t.terms, func(a, b term) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), strings.Compare(a.folded, b.folded))
	})
}

// weigh prefers what is often there, long, and a noun where the writing shows it.
func (t *text) weigh(w term) int {
	weight := min(w.count, 8) * (4 + min(utf8.RuneCountInString(w.folded), 12))
	if w.class == capital {
		weight = weight * 3 / 2
		if t.lang == "de" {
			weight *= 2
		}
	}
	for _, ending := range verbal[t.lang] {
		if w.class == small && strings.HasSuffix(w.folded, ending) {
			return weight / 2
		}
	}
	return weight
}

// language refuses a text that is written in another language than was said: few of its
// words are the small words of that language.
func (t *text) language() error {
	all, small := 0, 0
	for _, s := range t.sentences {
		for _, w := range s.words {
			if all++; stops[t.lang][w.folded] {
				small++
			}
		}
	}
	if all >= 40 && small*100 < all*12 {
		return fault.New(fault.Invalid, "unsupported_language", "The text is not in the language that was asked for. Ask in the language of the text: en and de are supported.")
	}
	return nil
}

// apart says whether an empty line is between two sentences.
func (t *text) apart(a, b sentence) bool {
	return strings.Count(t.source[a.Anchor.End:b.Anchor.Start], "\n") > 1
}

// count is how often the sentence has a word.
func (s sentence) count(folded string) (n int) {
	for _, w := range s.words {
		if w.folded == folded {
			n++
		}
	}
	return n
}

// usable says whether a sentence stands for itself: it is whole, of bearable length, and
// is no heading, address or line of a table.
func (s sentence) usable() bool {
	first, _ := utf8.DecodeRuneInString(s.Text)
	last := strings.TrimRight(s.Text, `"'”“’»)]`)
	switch {
	case len(s.words) < 6 || len(s.words) > 40 || len(s.Text) > 500:
		return false
	case !unicode.IsUpper(first) && !unicode.IsDigit(first):
		return false
	case !strings.HasSuffix(last, "."):
		return false
	case strings.Contains(s.Text, "://") || strings.Contains(s.Text, "www.") || strings.Contains(s.Text, "@") || strings.Contains(s.Text, generation.Gap):
		return false
	}
	return true
}

// standsAlone says whether a sentence is understood without the one before it.
func (t *text) standsAlone(s sentence) bool { return !referring[t.lang][s.words[0].folded] }

// definition is what a sentence says that a term is.
type definition struct{ term, meaning string }

var definitions = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`^(?:(?:The|A|An) )?(\p{L}[\p{L}\p{N}\-]+(?: [\p{L}\p{N}\-]+){0,3}) (?:is|are|was|were) ((?:a|an|the) .{12,300})\.$`),
	"de": regexp.MustCompile(`^(?:(?:Der|Die|Das|Ein|Eine) )?(\p{L}[\p{L}\p{N}\-]+(?: [\p{L}\p{N}\-]+){0,3}) (?:ist|sind|war|waren) ((?:ein|eine|der|die|das) .{12,300})\.$`),
}

// define reads "X is a …" whose X is a noun of at most four words.
func (t *text) define(s sentence) (definition, bool) {
	if !s.usable() {
		return definition{}, false
	}
	m := definitions[t.lang].FindStringSubmatch(s.Text)
	if m == nil {
		return definition{}, false
	}
	words := strings.Fields(m[1])
	for i, w := range words {
		if referring[t.lang][fold(w)] || stops[t.lang][fold(w)] && i != 1 {
			return definition{}, false
		}
	}
	last := fold(words[len(words)-1])
	if stops[t.lang][last] || utf8.RuneCountInString(last) < 3 || strings.Contains(fold(m[2]), last) {
		return definition{}, false
	}
	return definition{term: m[1], meaning: m[2]}, true
}

// cut shortens a text at a rune.
func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return strings.TrimSpace(string(runes[:most-1])) + "…"
}
