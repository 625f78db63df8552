package zipped

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
)

// Source gives what the layout does not know. A refusal of either cuts the zip: an entry
// is never left out of it silently.
type Source interface {
	// Open gives the bytes of an entry from an offset on to its end.
	Open(ctx context.Context, entry int, offset int64) (io.ReadCloser, error)
	// CRC is the CRC-32 (IEEE) of an entry.
	CRC(ctx context.Context, entry int) (uint32, error)
}

// Open reads a stretch of the zip. Memory stays at one entry's header.
func (l *Layout) Open(ctx context.Context, from Source, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length < 0 || offset+length > l.size {
		return nil, errors.New("a stretch outside of the zip")
	}
	r := &reader{ctx: ctx, layout: l, from: from, at: offset, end: offset + length}
	// The first piece is opened now: its refusal can still be answered.
	if err := r.next(); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return r, nil
}

type reader struct {
	ctx    context.Context //nolint:containedctx // lives for one stretch
	layout *Layout
	from   Source
	at     int64
	end    int64
	piece  io.ReadCloser // what is read now
	left   int64         // of it
}

// Read gives piece after piece.
func (r *reader) Read(p []byte) (int, error) {
	for r.left == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n, err := r.piece.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	r.at += int64(n)
	if errors.Is(err, io.EOF) {
		if err = nil; r.left > 0 && n == 0 {
			err = fmt.Errorf("an entry is shorter than its row says: %w", io.ErrUnexpectedEOF)
		}
	}
	return n, err
}

// Close ends the read.
func (r *reader) Close() error {
	if r.piece == nil {
		return nil
	}
	err := r.piece.Close()
	r.piece = nil
	return err
}

// next opens the piece in which the reader is.
func (r *reader) next() error {
	if err := r.Close(); err != nil {
		return err
	}
	if r.at >= r.end {
		return io.EOF
	}
	piece, length, err := r.pieceAt(r.at)
	if err != nil {
		return err
	}
	r.piece, r.left = piece, min(length, r.end-r.at)
	return nil
}

// pieceAt gives the piece at a place of the zip from there on, and its length: a local
// header, the bytes of an entry, a record of the directory, or the end.
func (r *reader) pieceAt(at int64) (io.ReadCloser, int64, error) {
	l := r.layout
	if at >= l.directory {
		return r.inDirectory(at)
	}
	// The last entry that begins at or before it; entries are in the order of offsets.
	i := sort.Search(len(l.offsets), func(i int) bool { return l.offsets[i] > at }) - 1
	body := l.offsets[i] + l.headerLength(i)
	if at >= body {
		stretch, err := r.from.Open(r.ctx, i, at-body)
		return stretch, body + l.entries[i].Size - at, err
	}
	crc, err := r.from.CRC(r.ctx, i)
	return rest(l.header(i, crc), at-l.offsets[i], err)
}

func (r *reader) inDirectory(at int64) (io.ReadCloser, int64, error) {
	l, place := r.layout, r.layout.directory
	for i := range l.entries {
		next := place + l.recordLength(i)
		if at < next {
			return r.records(i, at-place)
		}
		place = next
	}
	return rest(l.end(), at-place, nil)
}

// recordsAtOnce is how many records of the directory are one piece: to find the place of
// each by counting from the first would take the square of their number.
const recordsAtOnce = 1000

func (r *reader) records(first int, skip int64) (io.ReadCloser, int64, error) {
	var b []byte
	for i := first; i < min(first+recordsAtOnce, len(r.layout.entries)); i++ {
		crc, err := r.from.CRC(r.ctx, i)
		if err != nil {
			return nil, 0, err
		}
		b = append(b, r.layout.record(i, crc)...)
	}
	return rest(b, skip, nil)
}

func rest(b []byte, skip int64, err error) (io.ReadCloser, int64, error) {
	if err != nil {
		return nil, 0, err
	}
	return io.NopCloser(bytes.NewReader(b[skip:])), int64(len(b)) - skip, nil
}
