// Package redact takes personal data out of what is given to a model: mail addresses,
// telephone and account numbers, postal addresses, and the names that the organization
// itself knows. What it takes out has a number, so that an answer can be given its
// meaning back inside of the platform.
package redact

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"satchel/policies/pii"
)

// Redactor redacts the texts of one call. The same thing has the same placeholder in all
// of them.
type Redactor struct {
	detect *pii.Detector
	parts  map[string]bool   // of names, folded
	known  map[string]string // what was taken out, to its placeholder
	pairs  []string          // placeholder, original
	count  map[string]int
}

// The kinds of what is taken out.
const (
	name    = "name"
	mail    = "mail"
	phone   = "phone"
	account = "account"
	address = "address"
)

var patterns = []struct {
	kind string
	form *regexp.Regexp
}{
	{mail, regexp.MustCompile(`(?i)[\p{L}\p{N}._%+\-]+(?:@|\s?[\[(]at[\])]\s?)[\p{L}\p{N}.\-]+\.\p{L}{2,}`)},
	{account, regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b`)},
	{account, regexp.MustCompile(`\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b`)},
	{phone, regexp.MustCompile(`(?:\+[0-9]{1,3}|\(?\b0[0-9]{1,5}\)?|\(?\b[2-9][0-9]{2}\)?)[ \-./]{0,2}(?:[0-9]{2,}[ \-./]{0,1}){1,5}[0-9]{2,}\b`)},
	{address, regexp.MustCompile(`(?:\p{Lu}[\p{L}\-]*\s?)?\p{L}*(?:straße|strasse|str\.|Straße|Strasse|gasse|allee|Allee|weg|platz|Platz)\s[0-9]{1,4}\s?[a-z]?\b(?:,?\s[0-9]{5}\s\p{Lu}\p{L}+)?`)},
	{address, regexp.MustCompile(`\b[0-9]{1,5}\s(?:\p{Lu}[\p{L}.]*\s){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Way)\b\.?`)},
}

// particles are parts of names that are also words.
var particles = map[string]bool{"von": true, "van": true, "der": true, "den": true, "de": true, "la": true, "le": true, "da": true, "di": true, "del": true, "und": true,
	"the": true, "and": true, "zu": true, "zum": true, "zur": true, "el": true, "al": true, "bin": true, "dos": true}

// identifying are the detectors' categories that are taken out. A date of birth and words
// of health are not: a text about history or biology is made of them, and without the name
// they say of no one in particular.
var identifying = map[pii.Category]string{
	pii.Email: mail, pii.RosterEmail: mail, pii.Phone: phone, pii.Address: address, pii.SSN: account, pii.ITIN: account, pii.Card: account, pii.IBAN: account,
	pii.BankAccount: account, pii.Routing: account, pii.Passport: account, pii.License: account, pii.MBI: account, pii.NHS: account, pii.MedicalID: account, pii.StudentID: account, pii.IP: account,
}

// detector is the same for all texts: the names of an organization are found here, by their
// parts. Its key is of no use to anyone, since no hash is kept.
var detector = sync.OnceValues(func() (*pii.Detector, error) { return pii.New(pii.Options{Key: make([]byte, 32)}) })

// New takes the names of the organization's own people, and of itself.
func New(names []string) *Redactor {
	found, err := detector()
	if err != nil {
		panic(err) // constants of this package
	}
	r := &Redactor{detect: found, parts: map[string]bool{}, known: map[string]string{}, count: map[string]int{}}
	for _, n := range names {
		for _, t := range tokens(n) {
			if f := fold(n[t.start:t.end]); !particles[f] && utf8.RuneCountInString(f) > 1 {
				r.parts[f] = true
			}
		}
	}
	return r
}

// Count is how many things of each kind were taken out. It names none of them.
func (r *Redactor) Count() map[string]int { return r.count }

// Redact replaces personal data with placeholders such as [name 1].
func (r *Redactor) Redact(text string) string {
	text = r.detected(text)
	for _, p := range patterns {
		text = p.form.ReplaceAllStringFunc(text, func(found string) string { return r.placeholder(p.kind, found) })
	}
	return r.names(text)
}

// detected replaces what the detectors find.
func (r *Redactor) detected(text string) string {
	found := r.detect.ScanString(text).Findings
	slices.SortFunc(found, func(a, b pii.Finding) int { return cmp.Compare(a.Start, b.Start) })
	var b strings.Builder
	at := 0
	for _, f := range found {
		kind, taken := identifying[f.Category]
		if start, end := int(f.Start), int(f.End); taken && start >= at && end <= len(text) {
			b.WriteString(text[at:start])
			b.WriteString(r.placeholder(kind, text[start:end]))
			at = end
		}
	}
	b.WriteString(text[at:])
	return b.String()
}

// Restore gives an answer the meaning of its placeholders back.
func (r *Redactor) Restore(text string) string { return strings.NewReplacer(r.pairs...).Replace(text) }

func (r *Redactor) placeholder(kind, found string) string {
	r.count[kind]++
	if p, ok := r.known[kind+found]; ok {
		return p
	}
	p := fmt.Sprintf("[%s %d]", kind, 1+len(r.pairs)/2)
	r.known[kind+found] = p
	r.pairs = append(r.pairs, p, found)
	return p
}

// names replaces runs of words that are parts of names: two or more as they are written,
// one if it is written as a name.
func (r *Redactor) names(text string) string {
	all := tokens(text)
	var b strings.Builder
	at := 0
	for i := 0; i < len(all); i++ {
		if !r.isPart(text[all[i].start:all[i].end]) || inPlaceholder(text, all[i].start) {
			continue
		}
		last := i
		for last+1 < len(all) && joins(text[all[last].end:all[last+1].start]) && r.isPart(text[all[last+1].start:all[last+1].end]) {
			last++
		}
		word := text[all[i].start:all[i].end]
		first, _ := utf8.DecodeRuneInString(word)
		if last > i || !unicode.IsLower(first) && (utf8.RuneCountInString(word) > 2 || first > unicode.MaxLatin1) {
			b.WriteString(text[at:all[i].start])
			b.WriteString(r.placeholder(name, text[all[i].start:all[last].end]))
			at = all[last].end
		}
		i = last
	}
	b.WriteString(text[at:])
	return b.String()
}

// isPart knows the German genitive too.
func (r *Redactor) isPart(word string) bool {
	f := fold(word)
	return r.parts[f] || strings.HasSuffix(f, "s") && utf8.RuneCountInString(f) > 3 && r.parts[strings.TrimSuffix(f, "s")]
}

// joins says whether two parts of a name are one after the other.
func joins(between string) bool {
	return strings.Trim(between, " \u00a0-,'’.\n\t") == "" && len(between) <= 4
}

var placeholderForm = regexp.MustCompile(`^\[(?:name|mail|phone|account|address) [0-9]+\]`)

// inPlaceholder says whether the word at a place is the kind of a placeholder. A bracket
// alone says nothing: a name may be in one.
func inPlaceholder(text string, at int) bool {
	return at > 0 && text[at-1] == '[' && placeholderForm.MatchString(text[at-1:min(len(text), at+40)])
}

type token struct{ start, end int }

// tokens are the words of a text, without hyphens and apostrophes.
func tokens(text string) (all []token) {
	start := -1
	for at, r := range text {
		letter := unicode.IsLetter(r) || unicode.IsMark(r)
		switch {
		case letter && start < 0:
			start = at
		case !letter && start >= 0:
			all, start = append(all, token{start, at}), -1
		}
	}
	if start >= 0 {
		all = append(all, token{start, len(text)})
	}
	return all
}

// fold compares names whatever their accents and case: Zoë is Zoe.
func fold(s string) string {
	return strings.ReplaceAll(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s)), "ß", "ss")
}
