package oneroster

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// mostRecord bounds one row, so that a quote that is never closed, or a file of
// commas, does not fill the memory.
const mostRecord = 64 << 10

var mark = []byte{0xEF, 0xBB, 0xBF}

// table reads one CSV file row by row, by the names of its columns.
type table struct {
	p      *Package
	file   string
	csv    *csv.Reader
	source *records
	closer io.Closer
	at     map[string]int // column, by its name in the binding
	width  int
	row    int // the line of the row that was read last
}

// badRow is a row that cannot be taken apart. Reading goes on behind it.
type badRow struct {
	code   Code
	row    int
	fields []string
}

func (b *badRow) Error() string { return string(b.code) }

// table opens a file and reads its header.
func (p *Package) table(file string, want []column, order []string) (*table, error) {
	f := p.files[file]
	body, err := f.Open()
	if err != nil {
		return nil, unreadable(file, err)
	}
	t := &table{p: p, file: file, closer: body, at: map[string]int{}}
	buffered := bufio.NewReaderSize(io.LimitReader(body, p.limits.Unpacked), 64<<10)
	if head, _ := buffered.Peek(len(mark)); bytes.Equal(head, mark) {
		_, _ = buffered.Discard(len(mark))
		p.Warnings.Add(ByteOrderMark, file, 1, "")
	}
	var text io.Reader = buffered
	if p.windows1252 {
		text = charmap.Windows1252.NewDecoder().Reader(buffered)
	}
	t.source = &records{r: text}
	t.csv = csv.NewReader(t.source)
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	if err := t.header(want, order); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *table) close() { _ = t.closer.Close() }

func (t *table) header(want []column, order []string) error {
	line, err := t.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		return stop(HeaderMissing, t.file, 1, "", "The file is empty. Its first row names the columns.")
	case err != nil:
		err = t.broken(err)
		var bad *badRow
		if errors.As(err, &bad) {
			return stop(HeaderMissing, t.file, bad.row, "", "The first row is not CSV: a quote is not closed. It names the columns of OneRoster.")
		}
		return err
	}
	for i, name := range line {
		name = strings.TrimSpace(name)
		if !utf8.ValidString(name) {
			return notUTF8(t.file, 1)
		}
		exact, found := t.exact(name, order)
		if _, twice := t.at[exact]; twice {
			return stop(ColumnTwice, t.file, 1, shown(exact, found), "The column is there twice. Leave one of them out.")
		}
		t.at[exact] = i
	}
	t.width = len(line)
	if len(line) == 1 && strings.Contains(line[0], ";") {
		return stop(SemicolonDivides, t.file, 1, "", "The columns are divided by semicolons; OneRoster divides them by commas. Save the file as CSV with commas.")
	}
	for _, c := range want {
		if _, ok := t.at[c.name]; !ok && c.header {
			return stop(ColumnMissing, t.file, 1, c.name, "The column is missing. The first row of the file names the columns of OneRoster.")
		}
	}
	t.order(order)
	return nil
}

// exact gives the name of a column in the binding.
func (t *table) exact(name string, order []string) (string, bool) {
	i := slices.IndexFunc(order, func(n string) bool { return strings.EqualFold(n, name) })
	switch {
	case i < 0 && strings.HasPrefix(strings.ToLower(name), "metadata."):
	case i < 0:
		t.p.Warnings.Add(ColumnUnknown, t.file, 1, "")
	case order[i] != name:
		t.p.Warnings.Add(ColumnCase, t.file, 1, order[i])
		return order[i], true
	}
	return name, i >= 0
}

// shown gives the name of a known column; an unknown one may be a value, when a
// file has no header.
func shown(name string, found bool) string {
	if found {
		return name
	}
	return ""
}

func (t *table) order(order []string) {
	last := -1
	for _, name := range order {
		at, ok := t.at[name]
		if !ok {
			continue
		}
		if at < last {
			t.p.Warnings.Add(ColumnOrder, t.file, 1, name)
			return
		}
		last = at
	}
}

// next reads one row. Its values are valid until the next call. A row that is
// empty is passed over.
func (t *table) next() ([]string, error) {
	for {
		line, err := t.csv.Read()
		if err != nil {
			return nil, t.broken(err)
		}
		t.row, _ = t.csv.FieldPos(0)
		empty := true
		for _, value := range line {
			if value == "" {
				continue
			}
			empty = false
			if !utf8.ValidString(value) {
				return nil, notUTF8(t.file, t.row)
			}
		}
		if empty {
			t.p.Warnings.Add(RowEmpty, t.file, t.row, "")
			continue
		}
		if len(line) != t.width {
			return nil, &badRow{ColumnCount, t.row, line}
		}
		return line, nil
	}
}

// get gives a value without the space around it; of a column that the file has
// not it is empty.
func (t *table) get(line []string, name string) string {
	at, ok := t.at[name]
	if !ok || at >= len(line) {
		return ""
	}
	return strings.TrimSpace(line[at])
}

// broken says what an error of the reader means.
func (t *table) broken(err error) error {
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, errLongRecord):
		return stop(RecordTooLong, t.file, t.row+1, "", "A row has more than %d KiB: a quote is not closed, or the file is not a roster. Export it again.", mostRecord>>10)
	case errors.As(err, &syntax):
		t.row = syntax.StartLine
		return &badRow{code: Quotes, row: syntax.StartLine}
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return unreadable(t.file, err)
}

// unreadable tells a damaged zip from a store that does not answer.
func unreadable(file string, err error) error {
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || damaged(err) {
		return stop(Unreadable, file, 0, "", "The file is damaged in the zip. Export the package again and send the whole of it.")
	}
	return fmt.Errorf("read %s of the package: %w", file, err)
}

func notUTF8(file string, row int) *Stop {
	return stop(NotUTF8, file, row, "", "The file is not UTF-8, so that names would be changed. Save it as UTF-8. If the system writes only Windows-1252, send it with encoding=windows-1252 and look at the names before you approve.")
}

var errLongRecord = errors.New("a record is longer than its bound")

// records watches the length of the records that pass.
type records struct {
	r      io.Reader
	length int
	quoted bool
	failed error
}

// Read passes bytes on until a record is too long. A quote within a quoted field
// is doubled, so that the parity of quotes says whether a line ends the record.
func (r *records) Read(b []byte) (int, error) {
	if r.failed != nil {
		return 0, r.failed
	}
	n, err := r.r.Read(b)
	for rest := b[:n]; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		part := rest
		if end >= 0 {
			part = rest[:end+1]
		}
		rest = rest[len(part):]
		r.length += len(part)
		if bytes.Count(part, []byte{'"'})%2 == 1 {
			r.quoted = !r.quoted
		}
		if r.length > mostRecord {
			r.failed = errLongRecord
			return 0, r.failed
		}
		if end >= 0 && !r.quoted {
			r.length = 0
		}
	}
	return n, err
}
