// Package ole is the policy of what a document in the old Office formats may hold:
// compound files (MS-CFB) of Word, Excel, PowerPoint, Publisher and Visio, RTF, and
// documents that are one XML file.
//
// A clean one is taken. One with macros, Excel 4 macro sheets, embedded packages,
// the old equation editor (CVE-2017-11882), a remote template or a password is a
// Finding, and so is what cannot be read completely.
package ole

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/richardlehane/mscfb"
)

// The bounds of what is looked at. Documents that people write stay far below.
const (
	MaxSize    = 256 << 20
	maxEntries = 4096
	maxDepth   = 32
	maxNested  = 3 // documents inside documents
	maxStream  = 64 << 20
)

// The media types that a compound file gives itself by its streams.
const (
	word       = "application/msword"
	excel      = "application/vnd.ms-excel"
	powerPoint = "application/vnd.ms-powerpoint"
	publisher  = "application/vnd.ms-publisher"
	visio      = "application/vnd.visio"
)

// Inspect looks through a compound file of size bytes and returns the media type
// of the document that it is, empty for any other compound file. Its error is a
// *Finding when the file must not pass, one of embedded, or r's.
func Inspect(r io.ReaderAt, size int64, embedded Embedded) (string, error) {
	if size > MaxSize {
		return "", found(TooLarge)
	}
	s := &reader{r: r, size: size, embedded: embedded}
	if isOldWorkbook(s) {
		return inspectOldWorkbook(s)
	}
	return inspect(s, 0)
}

// isOldWorkbook knows a workbook of Excel 2 to 4, which is no compound file but the
// stream of one.
func isOldWorkbook(s *reader) bool {
	head := make([]byte, 4)
	n, _ := s.ReadAt(head, 0) // a failure comes again at the reading that follows
	head = head[:n]
	for _, begin := range []string{"\x09\x00\x04\x00", "\x09\x02\x06\x00", "\x09\x04\x06\x00"} {
		if bytes.HasPrefix(head, []byte(begin)) {
			return true
		}
	}
	return false
}

func inspectOldWorkbook(s *reader) (string, error) {
	if s.size > maxStream {
		return "", found(TooLarge)
	}
	content := make([]byte, s.size)
	if n, _ := s.ReadAt(content, 0); int64(n) != s.size {
		return "", s.or(Corrupt)
	}
	if err := checkWorkbook(content, 0); err != nil {
		return "", err
	}
	return excel, nil
}

// reader remembers the reader's own failure, which the library does not pass on.
type reader struct {
	r    io.ReaderAt
	size int64
	err  error

	embedded Embedded
}

func (s *reader) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// or returns the reader's own failure, or else the finding.
func (s *reader) or(rule Rule) error {
	if s.err != nil {
		return s.err
	}
	return found(rule)
}

func inspect(s *reader, depth int) (string, error) {
	if depth > maxNested {
		return "", found(Corrupt)
	}
	doc, err := mscfb.New(s)
	if err != nil || len(doc.File) == 0 || len(doc.File) > maxEntries {
		return "", s.or(Corrupt)
	}
	if strings.EqualFold(doc.ID(), installer) {
		return "", found(Executable)
	}
	l := &look{
		s: s, depth: depth, classes: map[string]string{"/": doc.ID()}, projects: map[string]*project{}, equations: map[string]bool{},
	}
	document := ""
	for _, f := range doc.File[1:] {
		kind, err := l.entry(f)
		if err != nil {
			return "", err
		}
		if len(f.Path) == 0 && document == "" {
			document = kind
		}
	}
	if err := l.end(); err != nil {
		return "", err
	}
	return document, nil
}

// look is one pass over the entries of a compound file.
type look struct {
	s         *reader
	depth     int
	classes   map[string]string // of storages, by their path
	projects  map[string]*project
	equations map[string]bool // the storages of equations: whether theirs was read
}

// entry judges one entry, and names the document whose main part it is.
func (l *look) entry(f *mscfb.File) (string, error) {
	parent := "/" + strings.Join(f.Path, "/")
	if len(f.Path) > maxDepth {
		return "", found(Corrupt)
	}
	if rule := forbidden(f); rule != "" {
		return "", found(rule)
	}
	if f.FileInfo().IsDir() {
		return mainStorages[strings.ToLower(f.Name)], l.storage(f, strings.TrimSuffix(parent, "/")+"/"+f.Name)
	}
	kind, check := l.streamOf(f, parent)
	if check == nil {
		return kind, nil
	}
	content, err := read(l.s, f)
	if err != nil {
		return "", err
	}
	return kind, check(content, l.depth)
}

// mainStorages name the documents whose main part is a storage.
var mainStorages = map[string]string{"quill": publisher}

// storage remembers what the streams in a storage are judged by.
func (l *look) storage(f *mscfb.File, path string) error {
	l.classes[path] = f.ID()
	switch {
	case strings.EqualFold(f.Name, "VBA"):
		l.projects[path] = &project{streams: map[string][]byte{}}
	case isMacroStorage(last(f.Path)):
		return found(Macros) // a form, which has code of its own
	case strings.EqualFold(f.ID(), equation):
		l.equations[path] = false
	}
	return nil
}

// end judges what only all entries together show.
func (l *look) end() error {
	for _, p := range l.projects {
		if p.hasCode() {
			return found(Macros)
		}
	}
	for _, read := range l.equations {
		if !read {
			return found(EmbeddedObject)
		}
	}
	return nil
}

// Class ids of an installer package, of the equation editor that Office had until
// 2018, and of MathType, whose equations are in many worksheets and do no harm.
const (
	installer = "{000C1084-0000-0000-C000-000000000046}"
	equation  = "{0002CE02-0000-0000-C000-000000000046}"
	mathType  = "{0002CE03-0000-0000-C000-000000000046}"
)

// drawn are the classes of objects of OLE 1 that hold a drawing or a sound: Graph,
// Draw, Note-It, WordArt, Paintbrush, Sound Recorder and the gallery of clip art.
var drawn = []string{
	"{00030001-0000-0000-C000-000000000046}", "{00030006-0000-0000-C000-000000000046}", "{00030007-0000-0000-C000-000000000046}",
	"{00030008-0000-0000-C000-000000000046}", "{00030009-0000-0000-C000-000000000046}", "{0003000A-0000-0000-C000-000000000046}",
	"{0003000D-0000-0000-C000-000000000046}", "{00030026-0000-0000-C000-000000000046}",
}

// packages are the classes of objects that hold a file with its name.
var packages = []string{"{0003000C-0000-0000-C000-000000000046}", "{F20DA720-C02F-11CE-927B-0800095AE340}"}

// forbidden judges an entry by its name alone.
func forbidden(f *mscfb.File) Rule {
	stream := !f.FileInfo().IsDir()
	name := strings.ToLower(f.Name)
	switch {
	case name == "encryptedpackage", name == "encryptioninfo", name == "drmcontent", name == "drmviewercontent":
		return Encrypted
	case stream && isMacroStorage(name) && last(f.Path) != "vba", stream && name == "vba":
		return Macros
	case stream && isMacroStorage(last(f.Path)) && !slices.Contains([]string{"project", "projectwm", "projectlk"}, name):
		return Macros
	}
	return ""
}

// isMacroStorage knows, by a name in lower case, the storages around a VBA project.
func isMacroStorage(name string) bool {
	return name == "macros" || strings.HasPrefix(name, "_vba_project")
}

// last is the name, in lower case, of the storage in which an entry lies.
func last(path []string) string {
	if len(path) == 0 {
		return ""
	}
	return strings.ToLower(path[len(path)-1])
}

// check looks through a stream.
type check func(content []byte, depth int) error

// streamOf names the document that a stream is the main part of, and what looks
// through its records.
func (l *look) streamOf(f *mscfb.File, parent string) (string, check) {
	name := strings.ToLower(f.Name)
	if p := l.projects[parent]; p != nil {
		return "", func(content []byte, _ int) error {
			p.streams[name] = content
			return nil
		}
	}
	switch name {
	case "worddocument":
		return word, checkWord
	case "workbook", "book":
		return excel, checkWorkbook
	case "powerpoint document":
		return powerPoint, l.s.embedded.checkPresentation
	case "pp40":
		return powerPoint, nil // PowerPoint 4 and 95 keep objects in storages, and have no macros
	case "visiodocument":
		return visio, nil
	case "current user":
		return "", checkCurrentUser
	case "package":
		return "", l.s.embedded.checkZip
	case "equation native", "ole10native":
		return "", l.objectOf(name, parent)
	}
	return "", nil
}

// objectOf is what looks through the data of an object, by the class of its storage.
func (l *look) objectOf(name, parent string) check {
	class := strings.ToUpper(l.classes[parent])
	old := name == "ole10native"
	switch {
	case old && slices.Contains(drawn, class), !old && class == mathType:
		return nil
	case old && class == equation:
		l.equations[parent] = true
		return checkOldEquation
	case !old:
		l.equations[parent] = true
		return checkEquation
	}
	if slices.Contains(packages, class) {
		return l.s.embedded.checkPackage
	}
	return func([]byte, int) error { return found(EmbeddedObject) }
}

// read returns a stream completely.
func read(s *reader, f *mscfb.File) ([]byte, error) {
	if f.Size > maxStream && !strings.EqualFold(f.Name, "PowerPoint Document") || f.Size > s.size {
		return nil, s.or(Corrupt)
	}
	content, err := io.ReadAll(io.LimitReader(f, f.Size))
	if err != nil || int64(len(content)) != f.Size {
		return nil, s.or(Corrupt)
	}
	return content, nil
}

// nested looks through a compound file inside a stream.
func (e Embedded) nested(content []byte, depth int) error {
	_, err := inspect(&reader{r: bytes.NewReader(content), size: int64(len(content)), embedded: e}, depth+1)
	return err
}

// oneOf is slices.Contains for the record types of the formats.
func oneOf(kind uint16, kinds ...uint16) bool { return slices.Contains(kinds, kind) }
