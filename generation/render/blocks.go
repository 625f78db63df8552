package render

import (
	"fmt"
	"strconv"
	"strings"

	"satchel/generation"
)

// block is a part of a page: one of its fields is set. Markdown, HTML, DOCX and PDF
// write the same blocks.
type block struct {
	heading string
	level   int // of the heading: 1 is the title
	text    string
	items   []string // an unordered list
	rows    [][]string
}

// labels are the words of pages.
type labels struct{ answers, term, definition, example, criterion, points, minutes, words string }

var labelsOf = map[string]labels{
	"en": {answers: "Answers", term: "Term", definition: "Definition", example: "Example", criterion: "Criterion", points: "points", minutes: "min", words: "Terms"},
	"de": {answers: "Lösungen", term: "Begriff", definition: "Bedeutung", example: "Beispiel", criterion: "Kriterium", points: "Punkte", minutes: "Min.", words: "Begriffe"},
}

// longGap is a gap to write into.
const longGap = "________________"

func blocks(d *generation.Document, answers bool) []block {
	l := labelsOf[d.Language]
	all := []block{{heading: d.Title, level: 1}}
	for _, p := range d.Passage {
		all = append(all, block{text: p.Text})
	}
	for i, q := range d.Questions {
		all = append(all, question(i+1, q, l)...)
	}
	for _, s := range d.Sections {
		heading := s.Heading
		if s.Minutes > 0 {
			heading += fmt.Sprintf(" (%d %s)", s.Minutes, l.minutes)
		}
		all = append(all, block{heading: heading, level: 2})
		if len(s.Lines) > 0 {
			all = append(all, block{items: s.Lines})
		}
	}
	if len(d.Criteria) > 0 {
		all = append(all, block{rows: rubric(d, l)})
	}
	if len(d.Terms) > 0 {
		if len(d.Questions) > 0 || len(d.Sections) > 0 {
			all = append(all, block{heading: l.words, level: 2})
		}
		all = append(all, block{rows: vocabulary(d, l)})
	}
	if answers && len(d.Questions) > 0 {
		all = append(all, block{heading: l.answers, level: 2}, block{items: key(d)})
	}
	return all
}

func question(number int, q generation.Question, l labels) []block {
	all := []block{{text: fmt.Sprintf("%d. %s (%d %s)", number, strings.Replace(q.Stem, generation.Gap, longGap, 1), q.Points, l.points)}}
	switch q.Type {
	case generation.Choice:
		var items []string
		for i, o := range q.Options {
			items = append(items, letter(i)+") "+o)
		}
		all = append(all, block{items: items})
	case generation.Open:
		all = append(all, block{text: strings.Repeat("_", 60)}, block{text: strings.Repeat("_", 60)})
	case generation.Cloze: // the gap is in the stem
	}
	return all
}

// key says the answer of each question.
func key(d *generation.Document) []string {
	var all []string
	for i, q := range d.Questions {
		line := fmt.Sprintf("%d: %s", i+1, answer(q))
		if q.Type == generation.Choice {
			line = fmt.Sprintf("%d: %s) %s", i+1, letter(q.Key), answer(q))
		}
		if q.Rationale != "" {
			line += " – " + q.Rationale
		}
		all = append(all, line)
	}
	return all
}

// answer is the right answer, or all of them.
func answer(q generation.Question) string {
	if q.Type == generation.Choice {
		return q.Options[q.Key]
	}
	if len(q.Accepted) == 0 {
		return "–"
	}
	return strings.Join(q.Accepted, " / ")
}

func rubric(d *generation.Document, l labels) [][]string {
	head := []string{l.criterion}
	for _, level := range d.Criteria[0].Levels {
		head = append(head, level.Label)
	}
	rows := [][]string{head}
	for _, c := range d.Criteria {
		row := []string{c.Name}
		for _, level := range c.Levels {
			row = append(row, fmt.Sprintf("%s (%d %s)", level.Text, level.Points, l.points))
		}
		rows = append(rows, row)
	}
	return rows
}

func vocabulary(d *generation.Document, l labels) [][]string {
	rows := [][]string{{l.term, l.definition, l.example}}
	for _, t := range d.Terms {
		rows = append(rows, []string{t.Term, t.Definition, t.Example})
	}
	return rows
}

func letter(i int) string { return string(rune('A' + i)) }

func number(n int) string { return strconv.Itoa(n) }
