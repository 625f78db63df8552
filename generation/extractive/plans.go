package extractive

import (
	"fmt"
	"strings"

	"satchel/generation"
)

// keySentences are those with the heaviest terms, in the order of the text.
func (m *maker) keySentences(most int) []sentence {
	var all []sentence
	taken := map[int]bool{}
	for _, t := range m.text.terms {
		if len(taken) == most {
			break
		}
		if s := m.text.sentences[t.first]; s.usable() && m.text.standsAlone(s) {
			taken[t.first] = true
		}
	}
	for i, s := range m.text.sentences {
		if taken[i] {
			all = append(all, s)
		}
	}
	return all
}

func (m *maker) topTerms(most int) []string {
	var all []string
	for _, t := range m.text.terms[:min(most, len(m.text.terms))] {
		all = append(all, cut(t.shown, 60))
	}
	return all
}

// lesson is a plan of the usual phases, filled with what the text has. Count is not its
// number of sections, but of questions in the exercise.
func (m *maker) lesson() []generation.Section {
	w := m.words
	terms, sentences := m.topTerms(6), m.keySentences(3)
	if len(terms) == 0 || len(sentences) == 0 {
		return nil
	}
	list := strings.Join(terms, ", ")
	var read []string
	for _, s := range sentences {
		read = append(read, s.Text)
	}
	var exercise []string
	for _, q := range m.questions(m.text.sentences, min(m.Count, 10), choiceFirst) {
		line := q.Stem
		if q.Type == generation.Choice {
			line += " (" + strings.Join(q.Options, " / ") + ")"
		}
		exercise = append(exercise, line)
	}
	if len(exercise) == 0 {
		exercise = []string{fmt.Sprintf(w.explain, terms[0])}
	}
	return []generation.Section{
		{Heading: w.goals, Lines: []string{fmt.Sprintf(w.goal, list)}},
		{Heading: w.start, Minutes: 5, Lines: []string{fmt.Sprintf(w.ask, terms[0])}},
		{Heading: w.reading, Minutes: 15, Lines: read},
		{Heading: w.exercise, Minutes: 20, Lines: exercise},
		{Heading: w.close, Minutes: 5, Lines: []string{fmt.Sprintf(w.sum, list)}},
	}
}

// rubric has a criterion for each of the key sentences, and those of every text.
func (m *maker) rubric() []generation.Criterion {
	w := m.words
	var all []generation.Criterion
	add := func(name, what string, s *sentence) {
		if len(all) == m.Count {
			return
		}
		c := generation.Criterion{Name: name}
		if s != nil {
			c.Anchor = anchor(*s)
		}
		for i, g := range w.grades {
			c.Levels = append(c.Levels, generation.RubricLevel{Label: g.label, Points: len(w.grades) - 1 - i, Text: fmt.Sprintf(g.text, what)})
		}
		all = append(all, c)
	}
	for _, s := range m.keySentences(max(1, m.Count-1)) {
		for _, t := range m.text.terms {
			if s.count(t.folded) > 0 {
				shown := cut(t.shown, 60)
				add(fmt.Sprintf(w.content, shown), fmt.Sprintf(w.explains, shown), &s)
				break
			}
		}
	}
	if len(all) > 0 {
		add(w.vocabulary, fmt.Sprintf(w.uses, strings.Join(m.topTerms(4), ", ")), nil)
	}
	return all
}
