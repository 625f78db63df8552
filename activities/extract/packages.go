package extract

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// format says where the text of a zip of XML lies.
type format struct {
	members func(name string) bool
	text    func(name string) bool // whether an element's characters are text; nil: all are
	breaks  []string               // elements after which a line ends
	skip    []string               // elements without text for people
	title   string                 // the member with the title
}

var (
	openXML = format{
		members: func(name string) bool {
			return name == "word/document.xml" || name == "word/footnotes.xml" || name == "word/endnotes.xml" || name == "xl/sharedStrings.xml" ||
				matches("ppt/slides/slide*.xml", name) || matches("ppt/notesSlides/notesSlide*.xml", name) || matches("xl/worksheets/sheet*.xml", name)
		},
		text:   func(element string) bool { return element == "t" }, // of all three: w:t, a:t and the t of a shared string
		breaks: []string{"p", "si", "is", "tab", "br", "tr"},
		title:  "docProps/core.xml",
	}
	openDocument = format{
		members: func(name string) bool { return name == "content.xml" },
		breaks:  []string{"p", "h", "table-cell", "tab", "s", "line-break"},
		skip:    []string{"binary-data", "styles", "automatic-styles", "font-face-decls", "scripts", "settings", "meta"},
		title:   "meta.xml",
	}
)

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// readerOf is the reader of the formats that are XML.
func readerOf(mediaType string) func(path string) (found, error) {
	switch {
	case strings.HasPrefix(mediaType, "application/vnd.openxmlformats-officedocument."),
		strings.HasPrefix(mediaType, "application/vnd.ms-") && strings.HasSuffix(mediaType, ".macroEnabled.12") && !strings.Contains(mediaType, "binary"):
		return openXML.read
	case mediaType == "application/vnd.oasis.opendocument.text-flat-xml":
		return openDocument.readFlat
	case strings.HasPrefix(mediaType, "application/vnd.oasis.opendocument."):
		return openDocument.read
	}
	return nil
}

// read reads the members in the order of people: slide 2 before slide 10.
func (f format) read(name string) (found, error) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return found{}, unreadable(err)
	}
	defer func() { _ = archive.Close() }()
	var members []*zip.File
	var result found
	for _, m := range archive.File {
		switch {
		case f.members(m.Name):
			members = append(members, m)
		case m.Name == f.title:
			result.title = titleOf(m)
		}
	}
	slices.SortStableFunc(members, func(a, b *zip.File) int {
		if d := strings.Compare(path.Dir(a.Name), path.Dir(b.Name)); d != 0 {
			return d
		}
		return numberIn(a.Name) - numberIn(b.Name)
	})
	var body strings.Builder
	for _, m := range members {
		if body.Len() >= 2*maxText {
			break
		}
		if err := f.member(m, &body); err != nil {
			return found{}, err
		}
	}
	result.body = body.String()
	return result, nil
}

func numberIn(name string) int {
	digits := strings.TrimLeft(strings.TrimSuffix(path.Base(name), path.Ext(name)), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

func (f format) member(m *zip.File, to *strings.Builder) error {
	body, err := m.Open()
	if err != nil {
		return unreadable(err)
	}
	defer func() { _ = body.Close() }()
	return f.walk(io.LimitReader(body, maxXML), to)
}

func (f format) readFlat(name string) (found, error) {
	file, err := os.Open(name) //nolint:gosec // a file in the spool's own folder
	if err != nil {
		return found{}, fmt.Errorf("open spooled file: %w", err)
	}
	defer func() { _ = file.Close() }()
	var body strings.Builder
	err = f.walk(io.LimitReader(file, maxXML), &body)
	return found{body: body.String()}, err
}

// walk collects the text of one document. encoding/xml resolves no external entity, and
// refuses one that is declared inside.
func (f format) walk(r io.Reader, to *strings.Builder) error {
	d := xml.NewDecoder(r)
	d.Strict = false
	var open []string
	for to.Len() < 2*maxText {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) || err != nil && to.Len() > 0 {
			return nil // what was read so far is found
		}
		if err != nil {
			return unreadable(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if !slices.Contains(f.skip, t.Name.Local) {
				open = append(open, t.Name.Local)
			} else if !skipElement(d) {
				return nil // a document that ends here
			}
		case xml.EndElement:
			if slices.Contains(f.breaks, t.Name.Local) {
				to.WriteByte('\n')
			}
			open = open[:max(0, len(open)-1)]
		case xml.CharData:
			if f.isText(open) {
				to.Write(t)
			}
		}
	}
	return nil
}

// isText says whether the characters of the innermost open element are for people.
func (f format) isText(open []string) bool {
	return len(open) > 0 && (f.text == nil || f.text(open[len(open)-1]))
}

// skipElement passes over an element whose start was read, and says whether the document
// goes on behind it.
func skipElement(d *xml.Decoder) bool {
	for depth := 1; depth > 0; {
		token, err := d.RawToken()
		if err != nil {
			return false
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return true
}

// titleOf reads the element title of Dublin Core. A document without one has none.
func titleOf(m *zip.File) string {
	body, err := m.Open()
	if err != nil {
		return ""
	}
	defer func() { _ = body.Close() }()
	d := xml.NewDecoder(io.LimitReader(body, 1<<20))
	d.Strict = false
	in := false
	for {
		token, err := d.RawToken()
		if err != nil {
			return ""
		}
		switch t := token.(type) {
		case xml.StartElement:
			in = t.Name.Local == "title"
		case xml.EndElement:
			in = false
		case xml.CharData:
			if in && strings.TrimSpace(string(t)) != "" {
				return string(t)
			}
		}
	}
}

// readBook reads the pages of an EPUB in the order of its directory.
func readBook(name string) (found, error) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return found{}, unreadable(err)
	}
	defer func() { _ = archive.Close() }()
	var result found
	var body strings.Builder
	for _, m := range archive.File {
		switch strings.ToLower(path.Ext(m.Name)) {
		case ".opf":
			result.title = titleOf(m)
		case ".xhtml", ".html", ".htm":
			if body.Len() >= 2*maxText {
				continue
			}
			text, err := readPage(m)
			if err != nil {
				return found{}, err
			}
			body.WriteString(text + "\n")
		}
	}
	result.body = body.String()
	return result, nil
}

func readPage(m *zip.File) (string, error) {
	page, err := m.Open()
	if err != nil {
		return "", unreadable(err)
	}
	defer func() { _ = page.Close() }()
	text, err := readHTML(io.LimitReader(page, maxXML))
	return text.body, err
}
