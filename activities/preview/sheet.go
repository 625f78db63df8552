package preview

import (
	"context"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"os"
	"strings"
	"unicode"

	"satchel/files"
	"satchel/internal/spool"
	"satchel/policies/previews"
	"satchel/policies/transforms"
)

// A sheet is the picture of a text: its first lines, as they would be on paper.
const (
	sheetSource  = 32 << 10 // bytes of the text that are read
	sheetWidth   = 800
	sheetHeight  = 1130
	sheetMargin  = 48
	sheetLine    = 20 // pixels from a line to the next
	sheetLines   = (sheetHeight - 2*sheetMargin) / sheetLine
	sheetColumns = 84 // characters of a line
	sheetCell    = 18 // characters of a cell of a table
	sheetTab     = 4
)

// isText says whether the picture is made of the text itself: there are no pages of it, and
// no rendition that is a picture.
func isText(v files.Version, spec transforms.Spec) bool {
	row, known := previews.For(v.MimeType)
	return known && spec.Page == 0 && (row.Method == previews.Code || row.Method == previews.Markdown || row.Method == previews.Table)
}

// sheet draws the text at path, and gives the path of the picture.
func (j job) sheet(ctx context.Context, v files.Version, path string) (string, error) {
	content, err := os.ReadFile(path) //nolint:gosec // a path of the spool
	if err != nil {
		return "", spool.Failed("read text", err)
	}
	row, _ := previews.For(v.MimeType)
	drawing := j.folder.Path("sheet.svg")
	if err := os.WriteFile(drawing, []byte(Sheet(previews.Decode(content), row.Method)), 0o600); err != nil {
		return "", spool.Failed("write sheet", err)
	}
	dir, err := j.dir("sheet")
	if err != nil {
		return "", err
	}
	return j.tools.Drawer.Picture(ctx, drawing, dir)
}

// Sheet is the drawing of a text. All that comes from the text is escaped, so that
// nothing of it is an element.
func Sheet(text string, m previews.Method) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d"><rect width="%[1]d" height="%[2]d" fill="#fff"/>`, sheetWidth, sheetHeight)
	family := "monospace"
	if m == previews.Markdown {
		family = "sans-serif"
	}
	fmt.Fprintf(&b, `<g font-family="%s" font-size="14" fill="#222">`, family)
	for i, line := range sheetText(text, m) {
		style := ""
		if m == previews.Markdown && strings.HasPrefix(line, "#") {
			line, style = strings.TrimLeft(line, "# "), ` font-weight="bold" font-size="17"`
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d"%s>`, sheetMargin, sheetMargin+(i+1)*sheetLine, style)
		// A drawing shows one space of several. One that does not break is kept.
		_ = xml.EscapeText(&b, []byte(strings.ReplaceAll(line, " ", "\u00a0"))) // a builder takes everything
		b.WriteString("</text>")
	}
	b.WriteString("</g></svg>")
	return b.String()
}

// sheetText is the lines that a sheet has room for.
func sheetText(text string, m previews.Method) (lines []string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if m == previews.Table {
		return tableText(text)
	}
	for line := range strings.SplitSeq(text, "\n") {
		for rest := []rune(printed(line)); ; {
			n := min(len(rest), sheetColumns)
			lines = append(lines, string(rest[:n]))
			if len(lines) == sheetLines {
				return lines
			}
			if rest = rest[n:]; len(rest) == 0 {
				break
			}
		}
	}
	return lines
}

// printed is a line without what a drawing cannot show.
func printed(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ReplaceAll(line, "\t", strings.Repeat(" ", sheetTab)))
}

// tableText is the first rows, with their cells below each other.
func tableText(text string) (lines []string) {
	head, _, _ := strings.Cut(text, "\n")
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.LazyQuotes, r.Comma = -1, true, ','
	for _, comma := range ";\t|" {
		if strings.Count(head, string(comma)) > strings.Count(head, string(r.Comma)) {
			r.Comma = comma
		}
	}
	for len(lines) < sheetLines {
		cells, err := r.Read()
		if err != nil {
			return lines // what cannot be read as a row ends the picture, as the end does
		}
		var line strings.Builder
		for _, cell := range cells {
			short := []rune(printed(strings.ReplaceAll(cell, "\n", " ")))
			fmt.Fprintf(&line, "%-*s", sheetCell, string(short[:min(len(short), sheetCell-2)]))
		}
		whole := []rune(line.String())
		lines = append(lines, string(whole[:min(len(whole), sheetColumns)]))
	}
	return lines
}
