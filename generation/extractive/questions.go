package extractive

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"satchel/generation"
)

// order says which form of question is preferred.
type order int

const (
	choiceFirst order = iota // two choices, then one gap
	gapsFirst                // two gaps, then one open question
)

// candidate is a question that a sentence allows.
type candidate struct {
	sentence int
	quality  int
	about    string // what is asked for: nothing is asked twice
	make     func(number int) (generation.Question, bool)
}

// The qualities below which no question is asked.
const floor = 20

// questions are the best of what the sentences allow, in the order of the text.
func (m *maker) questions(from []sentence, count int, form order) []generation.Question {
	var all []candidate
	for i, s := range from {
		if s.usable() && m.text.standsAlone(s) {
			all = append(all, m.candidates(i, s, form)...)
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return b.quality - a.quality })
	var chosen []candidate
	asked, used := map[string]bool{}, map[int]bool{}
	for _, c := range all {
		if len(chosen) == count {
			break
		}
		if c.quality >= floor && !asked[c.about] && !used[c.sentence] {
			asked[c.about], used[c.sentence] = true, true
			chosen = append(chosen, c)
		}
	}
	slices.SortStableFunc(chosen, func(a, b candidate) int { return a.sentence - b.sentence })
	var questions []generation.Question
	for _, c := range chosen {
		if q, ok := c.make(len(questions)); ok {
			q.ID, q.Points, q.Anchor = "q"+strconv.Itoa(len(questions)+1), 1, anchor(from[c.sentence])
			questions = append(questions, q)
		}
	}
	return questions
}

func (m *maker) candidates(i int, s sentence, form order) (all []candidate) {
	if def, ok := m.text.define(s); ok {
		all = append(all, candidate{sentence: i, quality: 100, about: fold(def.term), make: func(int) (generation.Question, bool) { return m.definition(def, form) }})
	}
	years := slices.DeleteFunc(slices.Clone(s.words), func(w word) bool { return w.class != year })
	if len(years) == 1 {
		all = append(all, candidate{sentence: i, quality: 70, about: years[0].shown, make: func(n int) (generation.Question, bool) { return m.gap(s, years[0], form, n) }})
	}
	for rank, t := range m.text.terms[:min(len(m.text.terms), 60)] {
		if s.count(t.folded) != 1 {
			continue
		}
		w := s.words[slices.IndexFunc(s.words, func(w word) bool { return w.folded == t.folded })]
		if w.class != t.class || w.start == 0 {
			continue
		}
		quality := 60 - rank/2
		if t.count == 1 {
			quality -= 15
		}
		all = append(all, candidate{sentence: i, quality: quality, about: t.folded, make: func(n int) (generation.Question, bool) { return m.gap(s, w, form, n) }})
	}
	return all
}

// definition asks for the term that the text explains.
func (m *maker) definition(def definition, form order) (generation.Question, bool) {
	if form == gapsFirst {
		return generation.Question{Type: generation.Open, Stem: fmt.Sprintf(m.words.explain, def.term), Accepted: []string{def.meaning}}, true
	}
	class := small
	if m.Language == "de" {
		class = capital
	}
	// Other terms that the text explains are the best wrong answers: they are nouns.
	var wrong []string
	for _, t := range m.defined(20) {
		if !related(fold(t.Term), fold(def.term)) && !strings.Contains(fold(def.meaning), fold(t.Term)) {
			wrong = append(wrong, alike(t.Term, def.term))
		}
	}
	m.rand.Shuffle(len(wrong), func(i, j int) { wrong[i], wrong[j] = wrong[j], wrong[i] })
	for _, w := range m.distractors(def.term, class, def.meaning) {
		if !slices.ContainsFunc(wrong, func(o string) bool { return related(fold(o), fold(w)) }) {
			wrong = append(wrong, w)
		}
	}
	return m.choice(fmt.Sprintf(m.words.which, def.meaning), def.term, wrong[:min(len(wrong), 3)])
}

// gap leaves a word out of its sentence: with options, or to be written.
func (m *maker) gap(s sentence, w word, form order, number int) (generation.Question, bool) {
	stem := s.Text[:w.start] + generation.Gap + s.Text[w.end:]
	if form == choiceFirst && number%3 != 2 {
		if q, ok := m.choice(stem, w.shown, m.distractors(w.shown, w.class, s.Text)); ok {
			return q, true
		}
	}
	return generation.Question{Type: generation.Cloze, Stem: stem, Accepted: []string{w.shown}}, true
}

// choice puts the key among the distractors.
func (m *maker) choice(stem, key string, distractors []string) (generation.Question, bool) {
	if len(distractors) < 2 {
		return generation.Question{}, false
	}
	options := append([]string{key}, distractors...)
	m.rand.Shuffle(len(options), func(i, j int) { options[i], options[j] = options[j], options[i] })
	return generation.Question{Type: generation.Choice, Stem: stem, Options: options, Key: slices.Index(options, key)}, true
}

// distractors are up to three words of the class that the sentence does not have: for a
// year others near it, for a word those of the text that are of like length.
func (m *maker) distractors(key string, c class, without string) []string {
	if c == year {
		return m.nearYears(key, without)
	}
	lower, length := fold(without), utf8.RuneCountInString(key)
	var near []term
	for _, t := range m.text.terms {
		if t.class == c && !strings.Contains(lower, t.folded) && !related(t.folded, fold(key)) {
			near = append(near, t)
		}
	}
	near = near[:min(len(near), 24)]
	slices.SortStableFunc(near, func(a, b term) int {
		return abs(utf8.RuneCountInString(a.folded)-length) - abs(utf8.RuneCountInString(b.folded)-length)
	})
	near = near[:min(len(near), 9)]
	m.rand.Shuffle(len(near), func(i, j int) { near[i], near[j] = near[j], near[i] })
	var chosen []string
	for _, t := range near {
		if len(chosen) < 3 && !slices.ContainsFunc(chosen, func(o string) bool { return related(fold(o), t.folded) }) {
			chosen = append(chosen, alike(t.shown, key))
		}
	}
	return chosen
}

// related words have the same beginning: a plural would be no wrong answer.
func related(a, b string) bool {
	n := min(len(a), len(b))
	return a == b || n >= 4 && a[:min(n, 5)] == b[:min(n, 5)]
}

// alike writes a word as the key is written, so that a capital does not tell the answer.
func alike(w, key string) string {
	first, size := utf8.DecodeRuneInString(w)
	if k, _ := utf8.DecodeRuneInString(key); string(k) == strings.ToUpper(string(k)) {
		return strings.ToUpper(string(first)) + w[size:]
	}
	return w
}

// nearYears are other years of the text, and then years near the right one.
func (m *maker) nearYears(key, without string) []string {
	value, _ := strconv.Atoi(key) // wordForm and yearForm: four digits
	var chosen []string
	for _, y := range m.text.years {
		if n, _ := strconv.Atoi(y); len(chosen) < 2 && y != key && abs(n-value) <= 60 && !strings.Contains(without, y) {
			chosen = append(chosen, y)
		}
	}
	for len(chosen) < 3 {
		other := strconv.Itoa(value + []int{-1, 1}[m.rand.IntN(2)]*(2+m.rand.IntN(18)))
		if !slices.Contains(chosen, other) && len(other) == 4 && !strings.Contains(without, other) {
			chosen = append(chosen, other)
		}
	}
	return chosen
}

func abs(n int) int { return max(n, -n) }
