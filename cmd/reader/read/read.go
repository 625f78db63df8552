// Package read takes the texts out of one file of any kind that is read, with the place of
// each. It expects to run in a process that is confined and ends afterwards: memory and time
// that a hostile file takes are bounded by the process.
package read

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"satchel/internal/reader"
	"satchel/internal/segments"
)

// Bounds of what is in a file.
const (
	mostDepth  = 3        // zips and mails within each other
	mostInside = 2000     // members of all of them
	mostMember = 24 << 20 // bytes of a member, which is held in memory
	mostPages  = 2000     // of a PDF
	mostSheets = 500      // of a workbook
)

// File reads a file and reports what it could not read. An error is a fault.
func File(source io.ReaderAt, size int64, mediaType string, pages *PDF, to *segments.Frames) (reader.Report, error) {
	r := &reading{to: to, pages: pages}
	err := r.file("", 0, source, size, mediaType)
	var full *segments.Unread
	if errors.As(err, &full) {
		r.unread("", full)
		err = nil
	}
	return r.report, errors.Join(err, to.Close())
}

// reading is the state of one file.
type reading struct {
	to     *segments.Frames
	pages  *PDF
	report reader.Report
	inside int
}

// unread notes each reason once for a member.
func (r *reading) unread(at string, u *segments.Unread) {
	const most = 100
	note := reader.Unread{Reason: u.Reason, Member: at}
	for _, known := range r.report.Unread {
		if known == note {
			return
		}
	}
	if len(r.report.Unread) < most {
		r.report.Unread = append(r.report.Unread, note)
	}
}

// file reads a file or member. What is wrong with it alone is noted; an error ends it all.
func (r *reading) file(at string, depth int, source io.ReaderAt, size int64, mediaType string) error {
	err := r.kind(at, depth, source, size, mediaType)
	var about *segments.Unread
	if errors.As(err, &about) && about.Reason != segments.TooLong {
		r.unread(at, about)
		return nil
	}
	return err
}

func (r *reading) kind(at string, depth int, source io.ReaderAt, size int64, mediaType string) error {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	all := io.NewSectionReader(source, 0, size)
	if format, flat, ok := segments.FormatOf(mediaType); ok {
		return r.office(at, source, size, mediaType, format, flat)
	}
	switch {
	case mediaType == "application/pdf":
		return r.pdf(at, depth, all, size)
	case mediaType == "application/epub+zip":
		archive, err := segments.Zip(source, size)
		if err != nil {
			return err
		}
		_, err = segments.ReadBook(archive, at, r.to)
		return err
	case mediaType == "application/zip" || mediaType == "application/x-zip-compressed":
		return r.zip(at, depth, source, size)
	case mediaType == "message/rfc822":
		return r.mail(at, depth, all)
	case mediaType == "text/html" || mediaType == "application/xhtml+xml":
		return r.html(at, all)
	case mediaType == "image/svg+xml":
		if err := r.to.Begin(segments.Place{Member: at, Part: segments.Body}); err != nil {
			return err
		}
		return segments.AllText.Walk(all, r.to)
	case strings.HasPrefix(mediaType, "image/"):
		return r.picture(at, all, mediaType)
	case isText(mediaType):
		return r.text(at, all)
	}
	return &segments.Unread{Reason: segments.NoText, Detail: mediaType}
}

// isText says whether the bytes of a kind are a text. RTF is one of marks between which few
// words stand whole.
func isText(mediaType string) bool {
	switch mediaType {
	case "text/rtf", "application/rtf":
		return false
	case "application/json", "application/xml", "application/javascript", "application/x-ndjson", "application/yaml", "application/x-yaml", "application/toml", "application/sql", "application/geo+json", "application/x-tex", "application/x-sh", "application/x-subrip":
		return true
	}
	return strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "+json") || strings.HasSuffix(mediaType, "+xml")
}

// member reads what is inside a zip or mail, by what its bytes are.
func (r *reading) member(at string, index, depth int, content []byte) error {
	place := strconv.Itoa(index)
	if at != "" {
		place = at + "/" + place
	}
	if r.inside++; r.inside > mostInside {
		return &segments.Unread{Reason: segments.TooMany, Detail: "members"}
	}
	if depth >= mostDepth {
		r.unread(place, &segments.Unread{Reason: segments.TooDeep})
		return nil
	}
	return r.file(place, depth+1, bytes.NewReader(content), int64(len(content)), sniff(content))
}

// sniff tells the kind of a member: as text where it is a form of text.
func sniff(content []byte) string {
	if len(content) == 0 {
		return "text/plain"
	}
	found := mimetype.Detect(content)
	for m := found; m != nil; m = m.Parent() {
		if m.Is("text/plain") && !found.Is("text/html") && !found.Is("text/rtf") && !found.Is("image/svg+xml") && !found.Is("message/rfc822") {
			return "text/plain"
		}
	}
	if found.Is("text/plain") && looksLikeMail(content) {
		return "message/rfc822"
	}
	return found.String()
}

func looksLikeMail(content []byte) bool {
	head := content[:min(len(content), 4<<10)]
	return bytes.Contains(head, []byte("\nFrom: ")) && bytes.Contains(head, []byte("\nMIME-Version: "))
}

// NeedsPDF says whether a PDF may be in files of a kind.
func NeedsPDF(mediaType string) bool {
	switch mediaType, _, _ = strings.Cut(mediaType, ";"); mediaType {
	case "application/pdf", "application/zip", "application/x-zip-compressed", "message/rfc822":
		return true
	}
	return false
}
