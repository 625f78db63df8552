package archives

import (
	"archive/zip"
	"context"
	"io"
)

// Inspect looks at the directory, the headers and the members that say what a
// document is, of a container of size bytes. Its error is a *Finding when the
// container must not pass, and otherwise a failure of r or ctx, which may be
// tried again.
//
// It reads the end of r once, the directory at once, and headers in batches, so
// r may be a remote object. It does not see what only unpacking shows: see Walk.
func Inspect(ctx context.Context, r io.ReaderAt, size int64, limits Limits) (Report, error) {
	if err := limits.check(); err != nil {
		return Report{}, err
	}
	c, err := open(&source{ctx: ctx, r: r, size: size}, limits)
	if err != nil {
		return Report{}, err
	}
	c.report.members = memberNames(c.entries)
	return c.report, nil
}

// container is an inspected zip, ready to be unpacked.
type container struct {
	s       *source
	zip     *zip.Reader
	entries []entry
	report  Report
	macros  bool // macros pass
}

// open inspects from the cheapest question to the dearest: the directory, what
// it says, the headers, the documents' own descriptions.
func open(s *source, limits Limits) (*container, error) {
	d, err := findDirectory(s)
	if err != nil {
		return nil, err
	}
	c := &container{s: s, macros: limits.Macros}
	if c.entries, err = readEntries(s, d, limits.Entries); err != nil {
		return nil, err
	}
	form := formOf(c.entries)
	if err := checkEntries(c.entries, form, limits.Refuses); err != nil {
		return nil, err
	}
	order, err := layout(d, c.entries)
	if err != nil {
		return nil, err
	}
	c.report = Report{Entries: len(c.entries), Nested: countNested(c.entries), Zip64: d.zip64}
	if c.report.Packed, c.report.Unpacked, err = checkSizes(c.entries, limits); err != nil {
		return nil, err
	}
	if err := checkLocals(s, d, order); err != nil {
		return nil, err
	}
	if err := c.openZip(); err != nil {
		return nil, err
	}
	return c, c.checkDocument(form)
}

// openZip lets the standard library read the container too. Both readings must
// agree, since its reading is the one that is unpacked.
func (c *container) openZip() error {
	z, err := zip.NewReader(c.s, c.s.size)
	if err != nil {
		return c.s.or(found(Ambiguous))
	}
	if len(z.File) != len(c.entries) {
		return found(Ambiguous)
	}
	for i, file := range z.File {
		e := &c.entries[i]
		if file.Name != e.name || file.Method != e.method || file.UncompressedSize64 != uint64(e.unpacked) || file.CompressedSize64 != uint64(e.packed) {
			return found(Ambiguous, i)
		}
	}
	z.RegisterDecompressor(zip.Deflate, inflate)
	c.zip = z
	return nil
}
