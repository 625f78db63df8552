package render

import (
	"strings"

	"satchel/generation"
)

// marks are the characters that mean something in Markdown.
var marks = func() *strings.Replacer {
	var pairs []string
	for _, c := range "\\`*_{}[]<>()#+-.!|~&:@\"'=$^" {
		pairs = append(pairs, string(c), `\`+string(c))
	}
	return strings.NewReplacer(pairs...)
}()

func markdown(d *generation.Document, answers bool) ([]byte, error) {
	var b strings.Builder
	for _, p := range blocks(d, answers) {
		switch {
		case p.heading != "":
			b.WriteString(strings.Repeat("#", p.level) + " " + marks.Replace(p.heading) + "\n\n")
		case p.items != nil:
			for _, item := range p.items {
				b.WriteString("- " + marks.Replace(item) + "\n")
			}
			b.WriteString("\n")
		case p.rows != nil:
			for i, row := range p.rows {
				b.WriteString("|")
				for _, cell := range row {
					b.WriteString(" " + marks.Replace(cell) + " |")
				}
				b.WriteString("\n")
				if i == 0 {
					b.WriteString("|" + strings.Repeat(" --- |", len(row)) + "\n")
				}
			}
			b.WriteString("\n")
		default:
			b.WriteString(marks.Replace(p.text) + "\n\n")
		}
	}
	return []byte(strings.TrimRight(b.String(), "\n") + "\n"), nil
}
