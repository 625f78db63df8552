package render

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"satchel/generation"
	"satchel/internal/fault"
	"satchel/policies/archives"
	"satchel/policies/types"
)

// hostile texts mean something in each of the formats.
const hostile = `=1+1 <b>&"x"</b> {~a =b} \ # **c** [d](javascript:e) | f :: - ]]> 'g' ß ω`

func sample(kind generation.QuestionType, id, stem string) generation.Question {
	q := generation.Question{ID: id, Type: kind, Stem: stem, Points: 2, Rationale: "Because: {x}"}
	switch kind {
	case generation.Choice:
		q.Options, q.Key = []string{"=a~", "{b}", "<c>", "d & e"}, 2
	case generation.Cloze:
		q.Accepted = []string{"right = #1", "r:2"}
	case generation.Open:
		q.Accepted = []string{"A sample <answer>."}
	}
	return q
}

// document has a document of a kind, with all that the kind may have.
func document(kind generation.Kind) *generation.Document {
	d := &generation.Document{Schema: kind.Schema(), Title: "Title " + hostile, Language: "en"}
	questions := []generation.Question{
		sample(generation.Choice, "q1", hostile), sample(generation.Cloze, "q2", "Before {a} ____ after ~b."), sample(generation.Open, "q3", "Why?"),
		sample(generation.Choice, "q4", "Missing ____ word."),
	}
	terms := []generation.Term{{Term: hostile, Definition: "@d"}, {Term: "t", Example: "+e"}}
	switch kind {
	case generation.Quiz:
		d.Questions = questions
	case generation.Worksheet:
		d.Questions, d.Terms = questions, terms
	case generation.Passage:
		d.Questions, d.Passage = questions, []generation.Paragraph{{Text: hostile}, {Text: "1. Second"}}
	case generation.LessonPlan:
		d.Sections = []generation.Section{{Heading: hostile, Minutes: 5, Lines: []string{hostile, "- b"}}, {Heading: "Empty"}}
	case generation.Rubric:
		levels := []generation.RubricLevel{{Label: "Good " + hostile, Points: 2, Text: hostile}, {Label: "Not yet", Points: 0, Text: "-"}}
		d.Criteria = []generation.Criterion{{Name: hostile, Levels: levels}, {Name: "b", Levels: levels}}
	case generation.Vocabulary:
		d.Terms = terms
	}
	return d
}

// every calls f for each kind and the formats that it has.
func every(t *testing.T, f func(d *generation.Document, format Format, file File)) {
	t.Helper()
	for _, kind := range generation.Kinds {
		for _, format := range Formats() {
			d := document(kind)
			require.NoError(t, generation.Validate(d, ""))
			file, err := Render(d, format, true)
			if Fits(kind, format) != nil {
				require.Equal(t, "invalid_format", fault.Of(err).Code)
				continue
			}
			require.NoError(t, err)
			f(d, format, file)
		}
	}
}

// The platform takes every file as what its name says, and finds nothing in a package.
func TestFilesPassThePolicyOfTypes(t *testing.T) {
	t.Parallel()
	every(t, func(d *generation.Document, format Format, file File) {
		decided := types.Decide(file.Name, file.MediaType, file.Content[:min(len(file.Content), types.HeadSize)], types.Rules{})
		require.True(t, decided.Accepted(), "%s as %s: %s", d.Schema, format, decided.Rule)
		if decided.Type.Container == types.Zip {
			report, err := archives.Inspect(t.Context(), bytes.NewReader(file.Content), int64(len(file.Content)), archives.DefaultLimits())
			require.NoError(t, err, "%s", format)
			decided = types.Contained(decided, report.Document, report.Has, types.Rules{})
		}
		require.True(t, decided.Accepted(), "%s as %s: %s", d.Schema, format, decided.Rule)
		require.Equal(t, file.MediaType, decided.Type.MediaType, "%s as %s", d.Schema, format)
		require.Empty(t, decided.From)
	})
}

func TestSameDocumentSameBytes(t *testing.T) {
	t.Parallel()
	every(t, func(d *generation.Document, format Format, file File) {
		again, err := Render(d, format, true)
		require.NoError(t, err)
		require.True(t, bytes.Equal(file.Content, again.Content), "%s as %s", d.Schema, format)
	})
}

// texts are those that a reader of a page has to see.
func texts(d *generation.Document) []string {
	all := []string{d.Title}
	for _, b := range blocks(d, true) {
		all = append(append(all, b.text), b.items...)
		for _, row := range b.rows {
			all = append(all, row...)
		}
	}
	return all
}

// shown is the text of an HTML page. Scripts and elements that the renderer does not write fail.
func shown(t require.TestingT, page []byte) string {
	root, err := html.Parse(bytes.NewReader(page))
	require.NoError(t, err)
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		if n.Type == html.ElementNode {
			require.NotContains(t, []string{"script", "a", "b", "img", "strong"}, n.Data, "an element of the content")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return b.String()
}

func TestPagesAreReadBack(t *testing.T) {
	t.Parallel()
	md := goldmark.New(goldmark.WithExtensions(extension.Table))
	for _, kind := range generation.Kinds {
		d := document(kind)
		file, err := Render(d, HTML, true)
		require.NoError(t, err)
		page := shown(t, file.Content)
		file, err = Render(d, Markdown, true)
		require.NoError(t, err)
		var asPage bytes.Buffer
		require.NoError(t, md.Convert(file.Content, &asPage))
		fromMarkdown := shown(t, asPage.Bytes())
		file, err = Render(d, DOCX, true)
		require.NoError(t, err)
		word := elements(t, members(t, file.Content)["word/document.xml"], "t")
		for _, s := range texts(d) {
			require.Contains(t, page, s, "HTML")
			require.Contains(t, fromMarkdown, s, "Markdown: %s", file.Content)
			if s != "" {
				require.Contains(t, word, s, "DOCX")
			}
		}
	}
}

// A page without answers has none.
func TestPagesWithoutAnswers(t *testing.T) {
	t.Parallel()
	for _, format := range []Format{Markdown, HTML} {
		file, err := Render(document(generation.Quiz), format, false)
		require.NoError(t, err)
		require.NotContains(t, string(file.Content), "Because")
		require.NotContains(t, string(file.Content), "sample")
		require.NotContains(t, string(file.Content), "Answers")
	}
}

func TestPDFIsReadBack(t *testing.T) {
	t.Parallel()
	pdftotext, err := exec.LookPath("pdftotext")
	require.NoError(t, err, "poppler is what previews need too: docs/development says how it is installed")
	for _, kind := range generation.Kinds {
		d := document(kind)
		d.Title += " 😀"
		file, err := Render(d, PDF, true)
		require.NoError(t, err)
		run := exec.CommandContext(t.Context(), pdftotext, "-layout", "-", "-")
		run.Stdin = bytes.NewReader(file.Content)
		out, err := run.Output()
		require.NoError(t, err)
		got := squeezed(string(out))
		require.Contains(t, got, squeezed("Title =1+1 <b>&"), "%s", kind)
		for _, q := range d.Questions {
			for _, o := range q.Options {
				require.Contains(t, got, squeezed(o))
			}
		}
	}
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

// A table longer than a page, and a cell longer than a page, are on further pages.
func TestLongTablesOfPDF(t *testing.T) {
	t.Parallel()
	d := document(generation.Vocabulary)
	for range 80 {
		d.Terms = append(d.Terms, generation.Term{Term: "term", Definition: strings.TrimSpace(strings.Repeat("word ", 60))})
	}
	d.Terms = append(d.Terms, generation.Term{Term: "long", Definition: strings.TrimSpace(strings.Repeat("word ", 1900))})
	file, err := Render(d, PDF, true)
	require.NoError(t, err)
	require.Greater(t, bytes.Count(file.Content, []byte("/Type /Page\n")), 5)
}

func members(t require.TestingT, content []byte) map[string][]byte {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	all := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		all[f.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
	return all
}

// elements are the texts of the elements of a name.
func elements(t require.TestingT, document []byte, name string) (all []string) {
	dec := xml.NewDecoder(bytes.NewReader(document))
	inside := false
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			if inside = e.Name.Local == name; inside {
				all = append(all, "")
			}
		case xml.CharData:
			if inside {
				all[len(all)-1] += string(e)
			}
		case xml.EndElement:
			inside = false
		}
	}
}

func TestCSVIsReadBack(t *testing.T) {
	t.Parallel()
	for _, kind := range generation.Kinds {
		file, err := Render(document(kind), CSV, false)
		require.NoError(t, err)
		rows, err := csv.NewReader(bytes.NewReader(file.Content)).ReadAll()
		require.NoError(t, err)
		require.Greater(t, len(rows), 1)
		whole := ""
		for _, row := range rows {
			for _, cell := range row {
				require.False(t, cell != "" && strings.ContainsRune("=+-@", rune(cell[0])), "a formula: %s", cell)
				whole += cell + "\n"
			}
		}
		require.Contains(t, whole, hostile, "%s", kind)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{"Quiz: Größe/../x": "Quiz-Größe-x.md", "???": "document.md", strings.Repeat("ä", 300): strings.Repeat("ä", 80) + ".md"} {
		d := document(generation.Quiz)
		d.Title = title
		file, err := Render(d, Markdown, true)
		require.NoError(t, err)
		require.Equal(t, want, file.Name)
	}
}

// Every valid document is written in every format, and packages are well-formed.
func TestAnyTextIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		line := rapid.StringOfN(rapid.RuneFrom([]rune("a1=~{}#:\\/<>&\"'|*_[]()-+@!.;$% ßω漢😀")), 1, 30, -1).Filter(func(s string) bool { return strings.TrimSpace(s) == s })
		d := document(rapid.SampledFrom([]generation.Kind{generation.Quiz, generation.Worksheet, generation.Passage}).Draw(rt, "kind"))
		d.Title = line.Draw(rt, "title")
		d.Questions[0].Stem, d.Questions[0].Options[0], d.Questions[1].Accepted[0] = line.Draw(rt, "stem"), line.Draw(rt, "option"), line.Draw(rt, "accepted")
		if generation.Validate(d, "") != nil {
			return
		}
		for _, format := range []Format{Markdown, HTML, DOCX, QTI21, QTI30, GIFT, CSV} {
			file, err := Render(d, format, true)
			require.NoError(rt, err)
			switch format {
			case QTI21, QTI30:
				require.Equal(rt, d.Questions, readQTI(rt, file.Content, format))
			case GIFT:
				require.Equal(rt, d.Questions, readGIFT(rt, string(file.Content)))
			case HTML:
				require.Contains(rt, shown(rt, file.Content), d.Questions[0].Stem)
			case DOCX:
				elements(rt, members(rt, file.Content)["word/document.xml"], "t")
			case Markdown, PDF, CSV:
			}
		}
	})
}
