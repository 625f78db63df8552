package read

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html/charset"

	"satchel/internal/segments"
)

// office reads the formats that are XML, and what their programs noted about them.
func (r *reading) office(at string, source io.ReaderAt, size int64, mediaType string, f segments.Format, flat bool) error {
	if flat {
		if err := r.to.Begin(segments.Place{Member: at, Part: segments.Body}); err != nil {
			return err
		}
		return f.Walk(io.NewSectionReader(source, 0, size), r.to)
	}
	archive, err := segments.Zip(source, size)
	if err != nil {
		return err
	}
	if err := r.properties(at, archive); err != nil {
		return err
	}
	if strings.Contains(mediaType, "spreadsheetml") || strings.Contains(mediaType, "ms-excel") {
		if err := r.unzipped(at, archive); err != nil {
			return err
		}
		if err := r.sheets(at, io.NewSectionReader(source, 0, size)); err != nil {
			return err
		}
		f = segments.SheetNotes
	}
	_, err = f.Read(archive, at, r.to)
	return err
}

func (r *reading) properties(at string, archive *zip.Reader) error {
	for _, m := range archive.File {
		switch m.Name {
		case "docProps/core.xml", "docProps/app.xml", "docProps/custom.xml", "meta.xml":
		default:
			continue
		}
		body, err := m.Open()
		if err != nil {
			return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
		}
		if err := r.to.Begin(segments.Place{Member: at, Part: segments.Properties}); err != nil {
			return errors.Join(err, body.Close())
		}
		if err := errors.Join(segments.AllText.Walk(body, r.to), body.Close()); err != nil {
			return err
		}
	}
	return nil
}

// mostUnzipped is what a workbook may be unpacked: the library holds it in memory.
const mostUnzipped = 48 << 20

// unzipped looks at the parts of a workbook before the library does, which takes the end of
// damaged XML for the end of the sheet.
func (r *reading) unzipped(at string, archive *zip.Reader) error {
	var sum uint64
	for _, m := range archive.File {
		if sum += m.UncompressedSize64; sum > mostUnzipped {
			return &segments.Unread{Reason: segments.TooMany, Detail: "a workbook of more than 48 MiB, unpacked"}
		}
		// A part that declares entities is refused before a parser sees it.
		if strings.HasSuffix(m.Name, ".xml") || strings.HasSuffix(m.Name, ".rels") {
			if err := declaresNone(m); err != nil {
				return err
			}
		}
	}
	for _, m := range archive.File {
		if strings.HasPrefix(m.Name, "xl/") && strings.HasSuffix(m.Name, ".xml") {
			if err := sheetIsWhole(m); err != nil {
				r.unread(at, &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()})
			}
		}
	}
	return nil
}

// sheetIsWhole reads a part to its end if it is a sheet. A part that is none may be damaged:
// its text is not read as cells.
func sheetIsWhole(m *zip.File) error {
	body, err := m.Open()
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	d := xml.NewDecoder(io.LimitReader(body, mostUnzipped))
	d.CharsetReader = charset.NewReaderLabel
	sheet := strings.HasPrefix(m.Name, "xl/worksheets/")
	for root := true; ; {
		token, err := d.Token()
		switch {
		case err != nil && !sheet:
			return nil
		case errors.Is(err, io.EOF) && !root:
			return nil
		case err != nil:
			return fmt.Errorf("a damaged sheet: %w", err)
		}
		if e, ok := token.(xml.StartElement); ok && root {
			root = false
			if sheet = sheet || e.Name.Local == "worksheet"; !sheet {
				return nil
			}
		}
	}
}

func declaresNone(m *zip.File) error {
	body, err := m.Open()
	if err != nil {
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	defer func() { _ = body.Close() }()
	head, err := io.ReadAll(io.LimitReader(body, 4<<10))
	if err != nil {
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	if strings.Contains(string(head), "<!DOCTYPE") {
		return &segments.Unread{Reason: segments.Entities, Detail: "a document type"}
	}
	return nil
}

// sheets gives each sheet as lines of cells with tabs between them, so that the first row
// names the columns to the detectors.
func (r *reading) sheets(at string, source io.Reader) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &segments.Unread{Reason: segments.Unreadable, Detail: fmt.Sprint(p)}
		}
	}()
	book, err := excelize.OpenReader(source, excelize.Options{UnzipSizeLimit: mostUnzipped, UnzipXMLSizeLimit: mostUnzipped})
	if err != nil {
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	defer func() { _ = book.Close() }()
	names := book.GetSheetList()
	for i, name := range names {
		if i >= mostSheets {
			return &segments.Unread{Reason: segments.TooMany, Detail: fmt.Sprintf("%d sheets", len(names))}
		}
		if err := segments.Write(r.to, segments.Place{Member: at, Part: segments.Properties, Number: i + 1}, name); err != nil {
			return err
		}
		if err := r.to.Begin(segments.Place{Member: at, Part: segments.Sheet, Number: i + 1}); err != nil {
			return err
		}
		err := r.sheet(book, name)
		var about *segments.Unread
		if errors.As(err, &about) && about.Reason == segments.Unreadable {
			r.unread(at, about) // the other sheets are read
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var flat = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

func (r *reading) sheet(book *excelize.File, name string) error {
	rows, err := book.Rows(name) // none, and no error, where the sheet is a chart
	if err != nil {
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
		}
		for i, c := range cells {
			cells[i] = flat.Replace(c)
		}
		if _, err := io.WriteString(r.to, strings.Join(cells, "\t")+"\n"); err != nil {
			return err
		}
	}
	if err := rows.Error(); err != nil {
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	return nil
}

// zip reads the members of an archive.
func (r *reading) zip(at string, depth int, source io.ReaderAt, size int64) error {
	archive, err := zip.NewReader(source, size)
	if err != nil {
		return &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	for i, m := range archive.File {
		if strings.HasSuffix(m.Name, "/") {
			continue
		}
		if err := segments.Write(r.to, segments.Place{Member: at, Part: segments.Name, Number: i + 1}, m.Name); err != nil {
			return err
		}
		content, err := unzip(m)
		var about *segments.Unread
		switch {
		case errors.As(err, &about):
			r.unread(fmt.Sprint(i+1), about)
			continue
		case err != nil:
			return err
		}
		if err := r.member(at, i+1, depth, content); err != nil {
			return err
		}
	}
	return nil
}

func unzip(m *zip.File) ([]byte, error) {
	switch {
	case m.Flags&1 != 0:
		return nil, &segments.Unread{Reason: segments.Protected, Detail: "an encrypted member"}
	case m.UncompressedSize64 > mostMember:
		return nil, &segments.Unread{Reason: segments.TooMany, Detail: "a member of more than 24 MiB"}
	}
	body, err := m.Open()
	if err != nil {
		return nil, &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	}
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(io.LimitReader(body, mostMember+1))
	switch {
	case err != nil:
		return nil, &segments.Unread{Reason: segments.Unreadable, Detail: err.Error()}
	case len(content) > mostMember:
		return nil, &segments.Unread{Reason: segments.TooMany, Detail: "a member of more than 24 MiB"}
	}
	return content, nil
}
