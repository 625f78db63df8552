// Package ole is the policy of what a document in the old Office formats may hold:
// compound files (MS-CFB) of Word, Excel, PowerPoint, Publisher and Visio, and RTF.
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
// *Finding when the file must not pass, and otherwise r's.
func Inspect(r io.ReaderAt, size int64) (string, error) {
	if size > MaxSize {
		return "", found(TooLarge)
	}
	return inspect(&reader{r: r, size: size}, 0)
}

// reader remembers the reader's own failure, which the library does not pass on.
type reader struct {
	r    io.ReaderAt
	size int64
	err  error
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
	document := ""
	classes := map[string]string{} // of entries, by their path
	for _, f := range doc.File[1:] {
		path := "/" + strings.Join(f.Path, "/")
		classes[strings.TrimSuffix(path, "/")+"/"+f.Name] = f.ID()
		if len(f.Path) > maxDepth {
			return "", found(Corrupt)
		}
		if rule := forbidden(f, classes[path]); rule != "" {
			return "", found(rule)
		}
		kind, check := streamOf(f)
		if len(f.Path) == 0 && document == "" {
			document = kind
		}
		if check == nil {
			continue
		}
		content, err := read(s, f)
		if err != nil {
			return "", err
		}
		if err := check(content, depth); err != nil {
			return "", err
		}
	}
	return document, nil
}

// Class ids of an installer package, of the equation editor that Office had until
// 2018, and of MathType, whose equations are in many worksheets and do no harm.
const (
	installer = "{000C1084-0000-0000-C000-000000000046}"
	equation  = "{0002CE02-0000-0000-C000-000000000046}"
	mathType  = "{0002CE03-0000-0000-C000-000000000046}"
)

// forbidden judges an entry by its name, its class and the class of the storage in
// which it lies.
func forbidden(f *mscfb.File, parent string) Rule {
	name := strings.ToLower(f.Name)
	switch {
	case name == "vba", name == "macros", strings.HasPrefix(name, "_vba_project"):
		return Macros
	case name == "encryptedpackage", name == "encryptioninfo":
		return Encrypted
	case name == "ole10native", name == "equation native" && !strings.EqualFold(parent, mathType), strings.EqualFold(f.ID(), equation):
		return EmbeddedObject
	}
	return ""
}

// streamOf names the document that a stream is the main part of, and what looks
// through its records.
func streamOf(f *mscfb.File) (string, func(content []byte, depth int) error) {
	switch strings.ToLower(f.Name) {
	case "worddocument":
		return word, checkWord
	case "workbook", "book":
		return excel, checkWorkbook
	case "powerpoint document":
		return powerPoint, checkPresentation
	case "quill":
		return publisher, nil
	case "visiodocument":
		return visio, nil
	case "current user":
		return "", checkCurrentUser
	}
	return "", nil
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
func nested(content []byte, depth int) error {
	_, err := inspect(&reader{r: bytes.NewReader(content), size: int64(len(content))}, depth+1)
	return err
}

// oneOf is slices.Contains for the record types of the formats.
func oneOf(kind uint16, kinds ...uint16) bool { return slices.Contains(kinds, kind) }
