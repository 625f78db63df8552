package archives

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Member is one file inside a container.
type Member struct {
	// Path leads to it, as positions from the outermost container inwards.
	Path []int
	// Size is exactly how many bytes Reader yields, unless it fails.
	Size int64
	// Container says that it is a zip itself. Its members follow.
	Container bool
	// Reader yields the unpacked bytes. Its error is a *Finding as soon as there
	// are more, fewer or other bytes than the container declared.
	Reader io.Reader
}

// Walk inspects a container of size bytes and gives every file in it to visit,
// however deeply nested: a nested container first as a whole, then its members.
//
// Its error is a *Finding when something in there cannot be passed on. A finding
// wins over visit's own error, and also counts when visit did not read to the
// end or ignored it. Any other error is visit's, r's or ctx's. Together, visit's
// readers never yield more than limits.Total bytes.
func Walk(ctx context.Context, r io.ReaderAt, size int64, limits Limits, visit func(Member) error) error {
	if err := limits.check(); err != nil {
		return err
	}
	w := &walker{ctx: ctx, limits: limits, visit: visit, entries: limits.Entries, bytes: limits.Total}
	return w.walk(&source{ctx: ctx, r: r, size: size}, nil)
}

// walker carries what is left of the limits from container to container.
type walker struct {
	ctx     context.Context //nolint:containedctx // lives for one Walk
	limits  Limits
	visit   func(Member) error
	entries int
	bytes   int64
}

// walk goes through one container. Its depth is the length of the path.
func (w *walker) walk(s *source, path []int) error {
	if len(path) >= w.limits.Depth {
		return found(TooDeep, path...)
	}
	left := w.limits
	left.Entries, left.Total = w.entries, w.bytes
	c, err := open(s, left)
	if err != nil {
		return within(err, path)
	}
	w.entries -= len(c.entries)
	for i := range c.entries {
		if c.entries[i].folder() {
			continue
		}
		if err := w.member(c, i, append(slices.Clone(path), i)); err != nil {
			return err
		}
	}
	return nil
}

// within completes a finding's path by the way to its container.
func within(err error, path []int) error {
	var f *Finding
	if errors.As(err, &f) {
		return found(f.Rule, append(slices.Clone(path), f.Path...)...)
	}
	return err
}

// member unpacks one member, tells what it is by its first bytes, and visits it.
func (w *walker) member(c *container, i int, path []int) error {
	unpacked, err := c.zip.File[i].Open()
	if err != nil {
		return c.s.or(found(ruleOf(err), path...))
	}
	defer func() { _ = unpacked.Close() }()
	body := &metered{w: w, s: c.s, r: unpacked, path: path, declared: c.entries[i].unpacked, wantSum: c.entries[i].crc}
	buffered := bufio.NewReaderSize(body, 64<<10)
	head, err := buffered.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case isClosedFormat(head):
		return found(NestedArchive, path...)
	case beginsWith(head, zipHeads):
		return w.nested(body, buffered, path)
	}
	return w.show(body, buffered, path)
}

// show visits a member that is no container, and reads on to its end, so that
// its checksum and size are checked whatever the visitor did.
func (w *walker) show(body *metered, r io.Reader, path []int) error {
	visited := w.visit(Member{Path: path, Size: body.declared, Reader: r})
	if visited == nil {
		_, _ = io.Copy(io.Discard, r)
	}
	if body.err != nil && !errors.Is(body.err, io.EOF) {
		return body.err
	}
	if visited != nil {
		return fmt.Errorf("visit member %v: %w", path, visited)
	}
	return nil
}

// nested sets a container aside, visits it as a whole, and walks through it.
func (w *walker) nested(body *metered, r io.Reader, path []int) error {
	if len(path) >= w.limits.Depth {
		return found(TooDeep, path...)
	}
	spool, err := w.spool(r, body.declared)
	if err != nil {
		return err
	}
	defer func() { _ = spool.Close() }()
	whole := io.NewSectionReader(spool, 0, body.declared)
	if err := w.visit(Member{Path: path, Size: body.declared, Container: true, Reader: whole}); err != nil {
		return fmt.Errorf("visit member %v: %w", path, err)
	}
	return w.walk(&source{ctx: w.ctx, r: spool, size: body.declared}, path)
}

// spooled is a nested container that can be read anywhere.
type spooled interface {
	io.ReaderAt
	io.Closer
}

// spool unpacks r into memory or, when it is large, into a file without a name,
// which is gone with the process.
func (w *walker) spool(r io.Reader, size int64) (spooled, error) {
	if size <= w.limits.SpoolMemory {
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		return memory{bytes.NewReader(content)}, nil
	}
	file, err := w.limits.TempFile()
	if err != nil {
		return nil, fmt.Errorf("make a file for a nested archive: %w", err)
	}
	if _, err := io.Copy(file, r); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("unpack a nested archive: %w", err)
	}
	return file, nil
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }
