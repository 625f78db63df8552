package render

import (
	"encoding/csv"
	"strings"

	"satchel/generation"
)

// giftMarks are the characters that mean something in GIFT.
var giftMarks = strings.NewReplacer(`\`, `\\`, "~", `\~`, "=", `\=`, "#", `\#`, "{", `\{`, "}", `\}`, ":", `\:`)

// gift writes questions as Moodle reads them. A blank line is between two of them.
func gift(d *generation.Document, _ bool) ([]byte, error) {
	var b strings.Builder
	b.WriteString("// " + d.Title + "\n\n")
	for i, p := range d.Passage {
		b.WriteString("::text-" + number(i+1) + "::[plain]" + giftMarks.Replace(p.Text) + "\n\n")
	}
	for _, q := range d.Questions {
		before, after, gap := strings.Cut(q.Stem, generation.Gap)
		b.WriteString("::" + giftMarks.Replace(q.ID) + "::[plain]" + giftMarks.Replace(before))
		if !gap {
			b.WriteString(" ")
		}
		b.WriteString("{" + giftAnswers(q))
		if q.Rationale != "" && q.Type != generation.Open {
			b.WriteString("####" + giftMarks.Replace(q.Rationale))
		}
		b.WriteString("}" + giftMarks.Replace(after) + "\n\n")
	}
	return []byte(b.String()), nil
}

func giftAnswers(q generation.Question) string {
	var all []string
	for i, o := range q.Options {
		mark := "~"
		if i == q.Key {
			mark = "="
		}
		all = append(all, mark+giftMarks.Replace(o))
	}
	if q.Type == generation.Cloze {
		for _, a := range q.Accepted {
			all = append(all, "="+giftMarks.Replace(a))
		}
	}
	return strings.Join(all, " ")
}

// table writes what the document mostly is as CSV.
func table(d *generation.Document, _ bool) ([]byte, error) {
	var rows [][]string
	switch d.Kind() {
	case generation.Vocabulary:
		rows = [][]string{{"term", "definition", "example"}}
		for _, t := range d.Terms {
			rows = append(rows, []string{t.Term, t.Definition, t.Example})
		}
	case generation.Rubric:
		rows = [][]string{{"criterion", "level", "points", "text"}}
		for _, c := range d.Criteria {
			for _, l := range c.Levels {
				rows = append(rows, []string{c.Name, l.Label, number(l.Points), l.Text})
			}
		}
	case generation.LessonPlan:
		rows = [][]string{{"section", "minutes", "text"}}
		for _, s := range d.Sections {
			rows = append(rows, []string{s.Heading, number(s.Minutes), strings.Join(s.Lines, " | ")})
		}
	default:
		rows = questionRows(d)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, row := range rows {
		for i := range row {
			row[i] = harmless(row[i])
		}
		_ = w.Write(row) // a strings.Builder takes every write
	}
	w.Flush()
	return []byte(b.String()), nil
}

func questionRows(d *generation.Document) [][]string {
	options := 0
	for _, q := range d.Questions {
		options = max(options, len(q.Options))
	}
	head := []string{"id", "type", "question", "answer", "points", "rationale"}
	for i := range options {
		head = append(head, "option_"+number(i+1))
	}
	rows := [][]string{head}
	for _, q := range d.Questions {
		row := make([]string, len(head))
		copy(row, append([]string{q.ID, string(q.Type), q.Stem, answer(q), number(q.Points), q.Rationale}, q.Options...))
		rows = append(rows, row)
	}
	return rows
}

// harmless keeps a cell from being read as a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
