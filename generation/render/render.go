// Package render writes documents as files: pages for people, and packages for learning
// platforms. Each is a pure function: the same document gives the same bytes.
package render

import (
	"slices"
	"strings"

	"satchel/generation"
	"satchel/internal/fault"
)

// Format is a form of a file.
type Format string

// The formats.
const (
	Markdown Format = "markdown"
	HTML     Format = "html"
	DOCX     Format = "docx"
	PDF      Format = "pdf"
	QTI21    Format = "qti_2.1"
	QTI30    Format = "qti_3.0"
	GIFT     Format = "gift"
	CSV      Format = "csv"
)

// form is how a format is written. questions says that it holds questions only.
type form struct {
	name      Format
	ending    string
	mediaType string
	questions bool
	write     func(*generation.Document, bool) ([]byte, error)
}

var forms = []form{
	{name: Markdown, ending: ".md", mediaType: "text/markdown", write: markdown},
	{name: HTML, ending: ".html", mediaType: "text/html", write: page},
	{name: DOCX, ending: ".docx", mediaType: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", write: docx},
	{name: PDF, ending: ".pdf", mediaType: "application/pdf", write: pdf},
	{name: QTI21, ending: "-qti21.zip", mediaType: "application/zip", questions: true, write: qti21},
	{name: QTI30, ending: "-qti30.zip", mediaType: "application/zip", questions: true, write: qti30},
	{name: GIFT, ending: ".gift.txt", mediaType: "text/plain", questions: true, write: gift},
	{name: CSV, ending: ".csv", mediaType: "text/csv", write: table},
}

// Formats lists every format.
func Formats() []Format {
	var all []Format
	for _, f := range forms {
		all = append(all, f.name)
	}
	return all
}

// File is a document as a file.
type File struct {
	Name, MediaType string
	Content         []byte
}

// Fits says whether a kind has the format: a rubric is no package of questions.
func Fits(kind generation.Kind, format Format) error {
	i := slices.IndexFunc(forms, func(f form) bool { return f.name == format })
	if i < 0 {
		return fault.New(fault.Invalid, "invalid_format", "The format %q is not known. It is one of %s.", format, join(Formats()))
	}
	if forms[i].questions && !slices.Contains([]generation.Kind{generation.Quiz, generation.Worksheet, generation.Passage}, kind) {
		return fault.New(fault.Invalid, "invalid_format", "A %s has no questions, so it cannot be written as %s. Choose markdown, html, docx, pdf or csv.", kind, format)
	}
	return nil
}

func join(all []Format) string {
	var names []string
	for _, f := range all {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// Render writes a document. answers says whether pages have a key to the questions;
// packages and tables always have it.
func Render(d *generation.Document, format Format, answers bool) (File, error) {
	if err := Fits(d.Kind(), format); err != nil {
		return File{}, err
	}
	f := forms[slices.IndexFunc(forms, func(f form) bool { return f.name == format })]
	content, err := f.write(d, answers)
	if err != nil {
		return File{}, err
	}
	return File{Name: baseName(d.Title) + f.ending, MediaType: f.mediaType, Content: content}, nil
}

// baseName makes a file's name of a title: letters, digits and single dashes.
func baseName(title string) string {
	words := strings.FieldsFunc(title, func(r rune) bool {
		kept := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r > 127 && !strings.ContainsRune("“”„’«»…–—", r)
		return !kept
	})
	name := []rune(strings.Join(words, "-"))
	if len(name) == 0 {
		return "document"
	}
	return strings.Trim(string(name[:min(len(name), 80)]), "-")
}
