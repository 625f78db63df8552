package generation

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentence is a sentence of a source: its text on one line, and where it is.
type Sentence struct {
	Text   string
	Anchor Anchor
}

// abbreviations end in a full stop and end no sentence.
var abbreviations = map[string][]string{
	"en": {"mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "fig", "no", "vol", "approx", "ca", "jr", "sr", "u.s", "u.k", "a.m", "p.m"},
	"de": {"z.b", "d.h", "u.a", "bzw", "usw", "ca", "dr", "prof", "nr", "s", "vgl", "abb", "hl", "st", "z.t", "etc", "jh", "chr", "v", "n", "sog", "ggf", "evtl", "mio", "mrd", "tel", "b", "h", "a", "o"},
}

// Sentences splits a text. A sentence ends at . ! ? before a space and a beginning, and
// at an empty line. An anchor is the bytes of the sentence in the text.
func Sentences(text, language string) []Sentence {
	var all []Sentence
	start := -1
	end := func(at int) {
		if start >= 0 {
			all = appendSentence(all, text, start, at)
		}
		start = -1
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case start < 0 && !unicode.IsSpace(r):
			start = at
		case r == '\n' && emptyLine(text[at+1:]):
			end(at)
		}
		at += size
		if start >= 0 && (r == '.' || r == '!' || r == '?' || r == '…') {
			closed := at + closing(text[at:])
			if ends(text, start, at, closed, r, language) {
				end(closed)
				at = closed
			}
		}
	}
	end(len(text))
	return all
}

func appendSentence(all []Sentence, text string, start, end int) []Sentence {
	for end > start {
		r, size := utf8.DecodeLastRuneInString(text[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		end -= size
	}
	line := OneLine(text[start:end])
	if line == "" {
		return all
	}
	return append(all, Sentence{Text: line, Anchor: Anchor{Start: start, End: end}})
}

// OneLine is a text as one line, without what cannot be shown.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unprintable(r) || r == '\u00ad':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// emptyLine says whether the next line has nothing.
func emptyLine(rest string) bool {
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line) == ""
}

// closing is how many bytes of quotes and brackets close a sentence.
func closing(rest string) int {
	return len(rest) - len(strings.TrimLeft(rest, `"'”“’»)]`))
}

// ends says whether a mark at the end of text[start:mark] ends a sentence.
func ends(text string, start, mark, closed int, r rune, language string) bool {
	rest := text[closed:]
	if rest == "" {
		return true
	}
	next, _ := utf8.DecodeRuneInString(rest)
	if !unicode.IsSpace(next) {
		return false
	}
	begin, _ := utf8.DecodeRuneInString(strings.TrimLeft(strings.TrimLeftFunc(rest, unicode.IsSpace), `"'“„‘«»([`))
	if unicode.IsLower(begin) {
		return false
	}
	if r != '.' {
		return true
	}
	word := text[start : mark-1]
	if i := strings.LastIndexFunc(word, unicode.IsSpace); i >= 0 {
		word = word[i+1:]
	}
	word = strings.ToLower(strings.TrimLeft(word, `"'“„(`))
	if slices.Contains(abbreviations[language], word) {
		return false
	}
	// A single letter is an initial, and in German a number is an ordinal.
	ordinal := language == "de" && digits(word) && len(word) <= 2
	return utf8.RuneCountInString(word) != 1 && !ordinal
}

func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
