// Package extractive makes documents without a model: their questions are cut from the
// text by rules. The same request gives the same document. Where the text has too few
// good sentences, the document has fewer items than were asked for.
package extractive

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"satchel/generation"
)

// Name is the provider's name in rows and in the list of subprocessors.
const Name = "extractive"

// Make makes the document of a request from its source.
func Make(r generation.Request) (*generation.Document, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if r.Topic != "" {
		return nil, generation.ErrNeedsSource
	}
	m := newMaker(r)
	if err := m.text.language(); err != nil {
		return nil, err
	}
	d := &generation.Document{
		Schema: r.Kind.Schema(), Language: r.Language, Level: r.Level,
		Source: generation.SourceOf(r.Source), Asked: r.Count, Title: m.title(),
	}
	m.fill(d)
	if d.Items() == 0 || r.Kind == generation.Passage && len(d.Passage) == 0 {
		return nil, generation.ErrPoorSource
	}
	if err := generation.Validate(d, r.Source); err != nil {
		return nil, fmt.Errorf("validate the extracted document: %w", err)
	}
	return d, nil
}

// maker makes one document.
type maker struct {
	generation.Request
	text  *text
	words phrases
	rand  *rand.Rand
}

// newMaker seeds the choice of distractors and the order of options with the request.
func newMaker(r generation.Request) *maker {
	seed := fnv.New128a()
	_ = json.NewEncoder(seed).Encode(r) // a hash takes every write
	sum := seed.Sum(nil)
	var halves [2]uint64
	for i, b := range sum {
		halves[i/8] = halves[i/8]<<8 | uint64(b)
	}
	return &maker{Request: r, text: read(r.Source, r.Language), words: phrasesOf[r.Language], rand: rand.New(rand.NewPCG(halves[0], halves[1]))} //nolint:gosec // the same request gives the same document
}

func (m *maker) fill(d *generation.Document) {
	switch m.Kind {
	case generation.Quiz:
		d.Questions = m.questions(m.text.sentences, m.Count, choiceFirst)
	case generation.Worksheet:
		d.Questions = m.questions(m.text.sentences, m.Count, gapsFirst)
		d.Terms = m.defined(8)
	case generation.Passage:
		from := m.passage(d)
		d.Questions = m.questions(from, m.Count, choiceFirst)
	case generation.LessonPlan:
		d.Sections, d.Terms = m.lesson(), m.defined(8)
	case generation.Rubric:
		d.Criteria = m.rubric()
	case generation.Vocabulary:
		d.Terms = m.vocabulary()
	}
}

// title is what the text is most about.
func (m *maker) title() string {
	terms := m.text.terms
	if len(terms) == 0 {
		return m.words.titles[m.Kind]
	}
	return m.words.titles[m.Kind] + ": " + cut(terms[0].shown, 80)
}

// wordsOfPassage is how long a passage is at most, by level.
var wordsOfPassage = map[string]int{"": 300, "primary": 120, "lower_secondary": 220, "upper_secondary": 400, "adult": 500}

// passage takes whole sentences from the beginning, with their paragraphs.
func (m *maker) passage(d *generation.Document) []sentence {
	words, last := 0, -1
	for i, s := range m.text.sentences {
		if words += len(s.words); i > 0 && words > wordsOfPassage[m.Level] || len(d.Passage) == generation.MaxItems {
			return m.text.sentences[:i]
		}
		p := generation.Paragraph{Text: cut(s.Text, 5000), Anchor: anchor(s)}
		if last >= 0 && !m.text.apart(m.text.sentences[last], s) {
			before := &d.Passage[len(d.Passage)-1]
			if joined := before.Text + " " + p.Text; len(joined) < 5000 {
				before.Text, before.Anchor.End = joined, s.Anchor.End
				last = i
				continue
			}
		}
		d.Passage, last = append(d.Passage, p), i
	}
	return m.text.sentences
}

// defined are the terms that the text itself explains.
func (m *maker) defined(most int) []generation.Term {
	var terms []generation.Term
	seen := map[string]bool{}
	for _, s := range m.text.sentences {
		if def, ok := m.text.define(s); ok && len(terms) < most && !seen[fold(def.term)] {
			seen[fold(def.term)] = true
			terms = append(terms, generation.Term{Term: def.term, Definition: def.meaning, Anchor: anchor(s)})
		}
	}
	return terms
}

// vocabulary has what the text explains, and then its terms by weight, each with a
// sentence that uses it.
func (m *maker) vocabulary() []generation.Term {
	terms := m.defined(m.Count)
	seen := map[string]bool{}
	for _, t := range terms {
		seen[fold(t.Term)] = true
	}
	for _, t := range m.text.terms {
		if len(terms) >= m.Count {
			break
		}
		if i := slices.IndexFunc(m.text.sentences, func(s sentence) bool { return s.usable() && s.count(t.folded) > 0 }); i >= 0 && !seen[t.folded] {
			seen[t.folded] = true
			s := m.text.sentences[i]
			terms = append(terms, generation.Term{Term: t.shown, Example: s.Text, Anchor: anchor(s)})
		}
	}
	return terms
}

func anchor(s sentence) *generation.Anchor {
	a := s.Anchor
	return &a
}
