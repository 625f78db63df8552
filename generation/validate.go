package generation

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a document: what a page, a form and a learning platform still show.
const (
	MaxItems = 100
	maxTitle = 200
	maxShort = 1000  // an option, a term, a heading
	maxLong  = 10000 // a stem, a paragraph
)

// parts says which parts a kind must have and which it may have.
var parts = map[Kind]struct{ must, may []string }{
	Quiz:       {must: []string{"questions"}},
	Worksheet:  {must: []string{"questions"}, may: []string{"terms"}},
	LessonPlan: {must: []string{"sections"}, may: []string{"terms"}},
	Passage:    {must: []string{"passage", "questions"}},
	Rubric:     {must: []string{"criteria"}},
	Vocabulary: {must: []string{"terms"}},
}

// SourceOf describes a text that anchors point into.
func SourceOf(text string) *Source {
	sum := sha256.Sum256([]byte(text))
	return &Source{SHA256: hex.EncodeToString(sum[:]), Bytes: len(text)}
}

// Validate says what is wrong with a document, as a sentence for people. source is the
// text that anchors point into.
func Validate(d *Document, source string) error {
	v := validator{d: d, source: source}
	kind := d.Kind()
	switch {
	case kind == "":
		return invalid("The schema %q is not known. It is one of satchel-quiz/1, satchel-worksheet/1 and their like.", d.Schema)
	case !slices.Contains(Languages, d.Language):
		return invalid("The language %q is not one of %s.", d.Language, strings.Join(Languages, ", "))
	case !slices.Contains(Levels, d.Level):
		return invalid("The level %q is not one of %s.", d.Level, strings.Join(Levels[1:], ", "))
	case d.Asked < 0 || d.Asked > MaxItems:
		return invalid("A document has 1 to %d items.", MaxItems)
	case d.Source != nil && *d.Source != *SourceOf(source):
		return invalid("The document names another source than its own. Leave source as it is.")
	}
	v.text("title", d.Title, 1, maxTitle)
	v.parts(kind)
	v.passage()
	v.questions()
	v.sections()
	v.criteria()
	v.terms()
	return v.err
}

// validator keeps the first thing that is wrong.
type validator struct {
	d      *Document
	source string
	err    error
}

func (v *validator) fail(text string, args ...any) {
	if v.err == nil {
		v.err = invalid(text, args...)
	}
}

func (v *validator) parts(kind Kind) {
	counts := map[string]int{
		"passage": len(v.d.Passage), "questions": len(v.d.Questions), "sections": len(v.d.Sections),
		"criteria": len(v.d.Criteria), "terms": len(v.d.Terms),
	}
	for name, n := range counts {
		must, may := slices.Contains(parts[kind].must, name), slices.Contains(parts[kind].may, name)
		switch {
		case must && n == 0:
			v.fail("The part %s is empty. A %s has at least one.", name, kind)
		case !must && !may && n > 0:
			v.fail("A %s has no part %s. Remove it.", kind, name)
		case n > MaxItems:
			v.fail("The part %s has more than %d items. Remove some.", name, MaxItems)
		}
	}
}

func (v *validator) passage() {
	for _, p := range v.d.Passage {
		v.text("passage", p.Text, 1, maxLong)
		v.anchor(p.Anchor)
	}
}

func (v *validator) questions() {
	seen := map[string]bool{}
	for _, q := range v.d.Questions {
		v.text("id", q.ID, 1, 40)
		if seen[q.ID] || !plainID(q.ID) {
			v.fail("The id %q is there twice, or has other characters than letters, digits, - and _. Give each question an id of its own.", q.ID)
		}
		seen[q.ID] = true
		v.text("stem", q.Stem, 1, maxLong)
		v.optional("rationale", q.Rationale, maxLong)
		if q.Points < 0 || q.Points > 100 {
			v.fail("The question %s has %d points. Give it 0 to 100.", q.ID, q.Points)
		}
		v.anchor(q.Anchor)
		v.answer(q)
	}
}

// answer checks what the type of a question asks for.
func (v *validator) answer(q Question) {
	for _, s := range slices.Concat(q.Options, q.Accepted) {
		v.text("answer", s, 1, maxShort)
	}
	if q.Type != Choice && (len(q.Options) > 0 || q.Key != 0) {
		v.fail("The question %s has options and is no choice. Remove them, or change its type.", q.ID)
	}
	switch q.Type {
	case Choice:
		if len(q.Options) < 2 || len(q.Options) > 10 || len(distinct(q.Options)) != len(q.Options) {
			v.fail("The question %s has to have 2 to 10 different options.", q.ID)
		}
		if q.Key < 0 || q.Key >= len(q.Options) {
			v.fail("The key of question %s is none of its options.", q.ID)
		}
		if len(q.Accepted) > 0 {
			v.fail("The question %s is a choice: its answer is key, and accepted is empty.", q.ID)
		}
	case Cloze:
		if strings.Count(q.Stem, Gap) != 1 || len(q.Accepted) == 0 || len(q.Accepted) > 10 {
			v.fail("The question %s has to have one gap, written %s, and 1 to 10 accepted answers.", q.ID, Gap)
		}
	case Open:
		if len(q.Accepted) > 1 {
			v.fail("The question %s has more than one sample answer. Keep one.", q.ID)
		}
	default:
		v.fail("The type %q of question %s is not choice, cloze or open.", q.Type, q.ID)
	}
}

func (v *validator) sections() {
	for _, s := range v.d.Sections {
		v.text("heading", s.Heading, 1, maxShort)
		if s.Minutes < 0 || s.Minutes > 600 || len(s.Lines) > MaxItems {
			v.fail("A section of a lesson plan has 0 to 600 minutes and at most %d lines.", MaxItems)
		}
		for _, line := range s.Lines {
			v.text("line", line, 1, maxLong)
		}
	}
}

func (v *validator) criteria() {
	for i, c := range v.d.Criteria {
		v.text("criterion", c.Name, 1, maxShort)
		v.anchor(c.Anchor)
		if len(c.Levels) < 2 || len(c.Levels) > 8 || len(c.Levels) != len(v.d.Criteria[0].Levels) {
			v.fail("Criterion %d of the rubric has to have 2 to 8 levels, as many as the first one.", i+1)
			return
		}
		for at, l := range c.Levels {
			v.text("level", l.Label, 1, maxTitle)
			v.text("level", l.Text, 1, maxLong)
			if l.Points < 0 || l.Points > 100 || at > 0 && l.Points > c.Levels[at-1].Points {
				v.fail("The points of criterion %d are 0 to 100, the best level first.", i+1)
			}
		}
	}
}

func (v *validator) terms() {
	for _, t := range v.d.Terms {
		v.text("term", t.Term, 1, maxShort)
		v.optional("definition", t.Definition, maxLong)
		if t.Definition == "" && t.Example == "" {
			v.fail("A term has neither a definition nor an example. Give it one.")
		}
		v.optional("example", t.Example, maxLong)
		v.anchor(t.Anchor)
	}
}

func (v *validator) optional(what, s string, most int) {
	if s != "" {
		v.text(what, s, 1, most)
	}
}

// text takes one line of printable text. Control characters would leave the fields of
// CSV and GIFT, and XML cannot hold them.
func (v *validator) text(what, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unprintable):
		v.fail("The %s has characters that cannot be shown. Write it as one line of text.", what)
	case n < least || n > most || strings.TrimSpace(s) != s:
		v.fail("The %s has to have %d to %d characters, and no space around it.", what, least, most)
	}
}

// unprintable characters are controls, those that turn the direction of writing, and
// what no XML may hold.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF || unicode.Is(unicode.Noncharacter_Code_Point, r) ||
		r == '\u2028' || r == '\u2029'
}

func (v *validator) anchor(a *Anchor) {
	switch {
	case a == nil:
	case v.d.Source == nil:
		v.fail("The document has no source, so nothing in it has an anchor.")
	case a.Start < 0 || a.Start >= a.End || a.End > len(v.source):
		v.fail("An anchor points outside of the source. Leave anchors as they are, or remove them.")
	case !utf8.RuneStart(v.source[a.Start]) || a.End < len(v.source) && !utf8.RuneStart(v.source[a.End]):
		v.fail("An anchor cuts a character of the source. Leave anchors as they are, or remove them.")
	}
}

// distinct folds case and spaces: options that look the same are the same.
func distinct(all []string) map[string]bool {
	seen := map[string]bool{}
	for _, s := range all {
		seen[strings.ToLower(strings.Join(strings.Fields(s), " "))] = true
	}
	return seen
}

func plainID(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
		return !plain
	})
}
