// Package text turns a text into a piece of HTML: source code with its words marked,
// Markdown with its structure, a table with its first rows.
//
// It expects to run in a process that is confined and ends afterwards: the time that a
// pattern takes on a hostile text is bounded by the process.
package text

import (
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/alecthomas/chroma/v2"
	codehtml "github.com/alecthomas/chroma/v2/formatters/html"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"satchel/internal/fragment"
	"satchel/policies/previews"
)

// Render writes the fragment of a text. cut says that the text goes on.
func Render(w io.Writer, content []byte, kind fragment.Kind, ending string) (cut bool, err error) {
	if len(content) > fragment.MaxSource {
		content, cut = content[:fragment.MaxSource], true
	}
	source := strings.ReplaceAll(previews.Decode(content), "\r\n", "\n")
	switch kind {
	case fragment.Table:
		more, err := table(w, source)
		return cut || more, err
	case fragment.Markdown:
		md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList, extension.DefinitionList))
		return cut, md.Convert([]byte(source), w)
	case fragment.Code:
		source, more := firstLines(source)
		return cut || more, code(w, source, ending)
	}
	return false, fmt.Errorf("kind %q does not exist", kind)
}

func firstLines(source string) (first string, more bool) {
	at := 0
	for range fragment.MaxLines {
		next := strings.IndexByte(source[at:], '\n')
		if next < 0 {
			return source, false
		}
		at += next + 1
	}
	return source[:at], at < len(source)
}

// plain has no colors: words get classes. The styles of the library are parsed when their
// package is loaded, all of them.
var plain = chroma.MustNewStyle("plain", nil)

// code marks the words of a source by classes, whose colors are the reader's to choose.
// The lexer is chosen by the ending alone: guessing runs all of them.
func code(w io.Writer, source, ending string) error {
	lexer := lexers.Match("source" + ending)
	if lexer == nil {
		lexer = lexers.Fallback
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, source)
	if err != nil {
		return fmt.Errorf("read source: %w", err)
	}
	return codehtml.New(codehtml.WithClasses(true), codehtml.TabWidth(4)).Format(w, plain, tokens)
}

// table writes the first rows. Rows may have different lengths, and quotes may be
// anywhere, as in what people's programs write.
func table(w io.Writer, source string) (more bool, err error) {
	comma, source := separator(source)
	rows := csv.NewReader(strings.NewReader(source))
	rows.Comma, rows.LazyQuotes, rows.FieldsPerRecord, rows.ReuseRecord = comma, true, -1, true
	var b strings.Builder
	b.WriteString("<table>\n")
	for n := 0; ; n++ {
		row, err := rows.Read()
		if err != nil {
			break // the end, or a place from which nothing can be told apart
		}
		if n == fragment.MaxRows {
			more = true
			break
		}
		more = writeRow(&b, row, n == 0) || more
	}
	b.WriteString("</tbody></table>\n")
	_, err = io.WriteString(w, b.String())
	return more, err
}

func writeRow(b *strings.Builder, row []string, head bool) (more bool) {
	open, cell, end := "<tr>", "td", "</tr>\n"
	if head {
		open, cell, end = "<thead><tr>", "th", "</tr></thead><tbody>\n"
	}
	b.WriteString(open)
	for i, value := range row {
		if i == fragment.MaxColumns {
			more = true
			break
		}
		if runes := []rune(value); len(runes) > fragment.MaxCell {
			value, more = string(runes[:fragment.MaxCell])+"…", true
		}
		fmt.Fprintf(b, "<%s>%s</%s>", cell, html.EscapeString(value), cell)
	}
	b.WriteString(end)
	return more
}

// separator is what the first line has most of, or what Excel's own first line says.
func separator(source string) (rune, string) {
	first, rest, _ := strings.Cut(source, "\n")
	if said, ok := strings.CutPrefix(first, "sep="); ok && len(strings.TrimSpace(said)) == 1 {
		return rune(strings.TrimSpace(said)[0]), rest
	}
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t', '|'} {
		if n := strings.Count(first, string(c)); n > most {
			best, most = c, n
		}
	}
	return best, source
}
