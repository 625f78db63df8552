package segments

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Format says where the text of a zip of XML lies.
type Format struct {
	members func(name string) string // the part that a member is, empty for none
	text    func(name string) bool   // whether an element's characters are text; nil: all are
	breaks  []string                 // elements after which a line ends
	skip    []string                 // elements without text for people
	title   string                   // the member with the title
}

// Bounds of a zip of XML. Zips of office programs have some hundred members.
const (
	mostMembers = 5000
	mostXML     = 64 << 20 // bytes of one member, unpacked
)

var (
	openXML = Format{
		members: func(name string) string {
			switch {
			case name == "word/document.xml", name == "xl/sharedStrings.xml", matches("xl/worksheets/sheet*.xml", name):
				return Body
			case matches("ppt/slides/slide*.xml", name):
				return Slide
			case name == "word/footnotes.xml", name == "word/endnotes.xml", matches("word/comments*.xml", name), matches("word/header*.xml", name), matches("word/footer*.xml", name),
				matches("ppt/notesSlides/notesSlide*.xml", name), matches("ppt/comments/*.xml", name), matches("xl/comments*.xml", name), matches("xl/threadedComments/*.xml", name):
				return Header
			}
			return ""
		},
		// Of all three: w:t, a:t and the t of a shared string; delText is what a tracked change
		// took out, which stays in the file, and text that of a comment.
		text:   func(element string) bool { return element == "t" || element == "delText" || element == "text" },
		breaks: []string{"p", "si", "is", "tab", "br", "tr", "text"},
		title:  "docProps/core.xml",
	}
	openDocument = Format{
		members: func(name string) string {
			if name == "content.xml" {
				return Body
			}
			return ""
		},
		breaks: []string{"p", "h", "table-cell", "tab", "s", "line-break"},
		skip:   []string{"binary-data", "styles", "automatic-styles", "font-face-decls", "scripts", "settings", "meta"},
		title:  "meta.xml",
	}
)

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// FormatOf is the format of a media type that is XML; flat says that the file itself is the
// document.
func FormatOf(mediaType string) (f Format, flat, ok bool) {
	switch {
	case strings.HasPrefix(mediaType, "application/vnd.openxmlformats-officedocument."),
		strings.HasPrefix(mediaType, "application/vnd.ms-") && strings.HasSuffix(mediaType, ".macroEnabled.12") && !strings.Contains(mediaType, "binary"):
		return openXML, false, true
	case mediaType == "application/vnd.oasis.opendocument.text-flat-xml":
		return openDocument, true, true
	case strings.HasPrefix(mediaType, "application/vnd.oasis.opendocument."):
		return openDocument, false, true
	}
	return Format{}, false, false
}

// Zip opens a zip of XML and refuses one that has more members than programs write.
func Zip(r io.ReaderAt, size int64) (*zip.Reader, error) {
	archive, err := zip.NewReader(r, size)
	switch {
	case err != nil:
		return nil, &Unread{Unreadable, err.Error()}
	case len(archive.File) > mostMembers:
		return nil, &Unread{TooMany, fmt.Sprintf("%d members", len(archive.File))}
	}
	return archive, nil
}

// Read reads the members in the order of people: slide 2 before slide 10. What is wrong with
// a member comes back when the others are read.
func (f Format) Read(archive *zip.Reader, at string, to Sink) (title string, err error) {
	type member struct {
		file *zip.File
		part string
	}
	var members []member
	for _, m := range archive.File {
		part := f.members(m.Name)
		switch {
		case part != "":
			members = append(members, member{m, part})
		case m.Name == f.title:
			title = titleOf(m)
		}
	}
	slices.SortStableFunc(members, func(a, b member) int {
		if d := strings.Compare(path.Dir(a.file.Name), path.Dir(b.file.Name)); d != 0 {
			return d
		}
		return numberIn(a.file.Name) - numberIn(b.file.Name)
	})
	var bad *Unread
	for i, m := range members {
		if err := to.Begin(Place{Member: at, Part: m.part, Number: max(numberIn(m.file.Name), min(i+1, 1))}); err != nil {
			return title, err
		}
		if err := f.member(m.file, to); err != nil && !errors.As(err, &bad) {
			return title, err
		}
	}
	if bad != nil {
		return title, bad
	}
	return title, nil
}

func numberIn(name string) int {
	digits := strings.TrimLeft(strings.TrimSuffix(path.Base(name), path.Ext(name)), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

func (f Format) member(m *zip.File, to io.Writer) error {
	if m.Flags&1 != 0 {
		return &Unread{Protected, "an encrypted member"}
	}
	body, err := m.Open()
	if err != nil {
		return &Unread{Unreadable, err.Error()}
	}
	defer func() { _ = body.Close() }()
	return f.Walk(body, to)
}

// Walk collects the text of one document. encoding/xml resolves no external entity; a
// document that declares entities of its own is not read, since they may stand for text that
// is not seen here.
func (f Format) Walk(r io.Reader, to io.Writer) error {
	bounded := &io.LimitedReader{R: r, N: mostXML}
	d := xml.NewDecoder(bounded)
	d.Strict = false
	var open []string
	for {
		token, err := d.RawToken()
		switch {
		case bounded.N <= 0:
			return &Unread{TooLong, "XML"}
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return &Unread{Unreadable, err.Error()}
		}
		err = nil
		switch t := token.(type) {
		case xml.Directive:
			if strings.Contains(string(t), "ENTITY") {
				return &Unread{Entities, "a document type with entities"}
			}
		case xml.StartElement:
			if !slices.Contains(f.skip, t.Name.Local) {
				open = append(open, t.Name.Local)
			} else if !skipElement(d) {
				return &Unread{Unreadable, "the document ends in an element"}
			}
		case xml.EndElement:
			if slices.Contains(f.breaks, t.Name.Local) {
				_, err = io.WriteString(to, "\n")
			}
			open = open[:max(0, len(open)-1)]
		case xml.CharData:
			if f.isText(open) {
				_, err = to.Write(t)
			}
		}
		if err != nil {
			return err
		}
		if len(open) > 10_000 {
			return &Unread{TooDeep, "elements within elements"}
		}
	}
}

// isText says whether the characters of the innermost open element are for people.
func (f Format) isText(open []string) bool {
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

// AllText is the format of XML whose every character is text, such as properties.
var AllText = Format{breaks: []string{"title", "creator", "subject", "description", "keywords", "lastModifiedBy", "Company", "Manager", "lpwstr", "initial-creator", "user-defined"}}

// ReadBook reads the pages of an EPUB in the order of its directory.
func ReadBook(archive *zip.Reader, at string, to Sink) (title string, err error) {
	var bad *Unread
	for i, m := range archive.File {
		switch strings.ToLower(path.Ext(m.Name)) {
		case ".opf":
			title = titleOf(m)
		case ".xhtml", ".html", ".htm":
			if err := to.Begin(Place{Member: at, Part: Page, Number: i + 1}); err != nil {
				return title, err
			}
			if err := readPage(m, to); err != nil && !errors.As(err, &bad) {
				return title, err
			}
		}
	}
	if bad != nil {
		return title, bad
	}
	return title, nil
}

func readPage(m *zip.File, to io.Writer) error {
	page, err := m.Open()
	if err != nil {
		return &Unread{Unreadable, err.Error()}
	}
	defer func() { _ = page.Close() }()
	bounded := &io.LimitedReader{R: page, N: mostXML}
	if _, err = ReadHTML(bounded, to); err != nil {
		return err
	}
	if bounded.N <= 0 {
		return &Unread{TooLong, "a page"}
	}
	_, err = io.WriteString(to, "\n")
	return err
}

// SheetNotes are the comments on the cells of a workbook, whose cells are read otherwise.
var SheetNotes = Format{
	members: func(name string) string {
		if part := openXML.members(name); part == Header {
			return part
		}
		return ""
	},
	text: openXML.text, breaks: openXML.breaks, title: openXML.title,
}
