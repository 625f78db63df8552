package ingest

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/internal/s3"
)

// unknown is the length of an upload that did not announce one.
const unknown = -1

// ErrBody marks a failure of the request's body, which is the client's or the
// network's, among our own.
var ErrBody = errors.New("read body")

// ErrLost says that earlier bytes of an upload are not there any more. The
// upload is withdrawn.
var (
	ErrLost      = fault.New(fault.Conflict, "upload_broken", "Bytes that this upload had received are lost. Upload the file again.")
	errPartsLost = ErrLost.Under("parts_lost")
)

// Stream carries the bytes of one request into the store. Two spools alternate:
// while one is filled from the network, the other is sent, with at most one
// part in flight. When none is, and the bytes come fast, a part is sent while it
// is still being filled. The part in flight has a copy of the stream's writer, and
// the stream learns what that one did when it waits for the part.
type Stream struct {
	writer
	memory
	wantSHA256 string // SHA-256 that the client announced, or empty
	partSize   int64  // bytes of a full part
	bodyEnd    int64  // where in the file this request's body says it ends, or 0

	// BeforeFinish is asked once all bytes are here and before the file is
	// received: an error of it refuses the file. Nil asks nothing.
	BeforeFinish func() error

	receivedAt time.Time // when the row says that the file was received; zero when that is not known
}

// memory is what this process holds ahead of the row. It is lost with the process, and
// the client sends those bytes again.
type memory struct {
	sum       hash.Hash // over the first received bytes
	received  int64
	buffered  int64 // bytes in the present spool
	spools    [2]*spoolFile
	current   int
	inFlight  <-chan partResult // of the part on its way, or nil
	earlyPart *partUpload       // the part that is on its way and not whole yet
}

// Write takes all that src has and gives how many bytes became durable, which
// is also right when it fails half way.
func (in *Stream) Write(ctx context.Context, src io.Reader) (int64, error) {
	start := in.offset
	var err error
	if in.offset == 0 { // the process that made the rows may have died before it made the key
		err = in.ingest.Prepare(ctx, in.org, in.id)
	}
	if err == nil {
		err = in.RestoreTail(ctx)
	}
	if err == nil {
		err = in.writeAll(ctx, src)
	}
	in.Close()
	return in.offset - start, err
}

// Complete says whether all that was announced has been received.
func (in *Stream) Complete() bool { return in.offset == in.length }

// Received is how many bytes have been read, whether they are durable or not.
func (in *Stream) Received() int64 { return in.received }

// Outcome gives the SHA-256 of what was read, and when the commit received it:
// zero when the commit's answer was lost.
func (in *Stream) Outcome() (sha256 string, at time.Time) {
	return hex.EncodeToString(in.sum.Sum(nil)), in.receivedAt
}

// WriteForm gives a form's file its upload, for which so many bytes are reserved,
// stores what Fill read, and takes what src still has.
func (in *Stream) WriteForm(ctx context.Context, id uuid.UUID, reserved int64, src io.Reader, ended bool) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in.id, in.reserved = id, reserved
	ahead := bufio.NewReaderSize(src, peeked)
	if !ended {
		ended, err = atEnd(ahead)
	}
	if !ended && err == nil {
		err = in.FlushPart(ctx)
		src = ahead
	}
	if ended {
		src = eof{}
	}
	if err == nil {
		err = in.writeAll(ctx, src)
	}
	cancel() // a part in flight has no use any more
	return errors.Join(err, in.waitPart())
}

// peeked is what is read ahead of a body that does not tell its length, to know of a part
// whether it is the last one. Larger reads pass it by.
const peeked = 4 << 10

// atEnd says whether there is nothing more to read.
func atEnd(r *bufio.Reader) (bool, error) {
	_, err := r.Peek(1)
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrBody, err)
	}
	return false, nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// writeAll takes all that src has; a part may be on its way already. Until it ends,
// what the row says belongs to the part in flight.
func (in *Stream) writeAll(ctx context.Context, src io.Reader) error {
	in.ingest.Metrics.active.WithLabelValues(in.protocol).Inc()
	defer in.ingest.Metrics.active.WithLabelValues(in.protocol).Dec()
	err := in.readLoop(ctx, src)
	return errors.Join(err, in.waitPart())
}

func (in *Stream) readLoop(ctx context.Context, src io.Reader) error {
	for {
		ended, err := in.ReadPart(ctx, src)
		if ahead, ok := src.(*bufio.Reader); ok && err == nil && !ended {
			ended, err = atEnd(ahead)
		}
		if p := in.earlyPart; p != nil && (err != nil || ended && in.received != p.to) {
			err = errors.Join(err, in.CancelPart())
		}
		switch {
		case err != nil:
			return err
		case in.received == in.length, ended && in.length == unknown:
			return in.finish(ctx)
		case ended:
			return in.StoreTail(ctx)
		}
		if err := in.FlushPart(ctx); err != nil {
			return err
		}
	}
}

// Close gives the spools back. Nothing may be in flight.
func (in *Stream) Close() {
	for _, s := range in.spools {
		if s != nil {
			s.close()
		}
	}
	in.spools = [2]*spoolFile{}
}

// spool gives the one to fill. The second is made only when a body is longer
// than a part.
func (in *Stream) spool() (*spoolFile, error) {
	if s := in.spools[in.current]; s != nil {
		return s, nil
	}
	s, err := in.ingest.spools.get()
	in.spools[in.current] = s
	return s, err
}

// Reads of this size keep the cost of a system call per byte small. The buffers
// are shared: they are the only memory an upload holds.
var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// ReadPart reads until the spool holds a part, the announced size is reached, or
// src ends.
func (in *Stream) ReadPart(ctx context.Context, src io.Reader) (ended bool, err error) {
	s, err := in.spool()
	if err != nil {
		return false, err
	}
	if in.buffered == 0 {
		s = s.reuse()
		in.spools[in.current] = s
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	began, from := time.Now(), in.received
	for {
		room := in.remaining()
		if room == 0 {
			return false, nil
		}
		n, err := src.Read((*buffer)[:min(room, int64(len(*buffer)))])
		if werr := in.bufferBytes(s, (*buffer)[:n]); werr != nil {
			return false, werr
		}
		switch {
		case err == io.EOF:
			return true, nil
		case err != nil:
			return false, fmt.Errorf("%w: %w", ErrBody, err)
		}
		if in.inFlight == nil && in.ingest.Sizes.EarlySend.fast(in.received-from, time.Since(began)) {
			in.StartPartEarly(ctx)
		}
	}
}

// remaining is how many bytes may still be read into the spool.
func (in *Stream) remaining() int64 {
	room := in.partSize - in.buffered
	if in.length != unknown {
		room = min(room, in.length-in.received)
	}
	return room
}

func (in *Stream) bufferBytes(s *spoolFile, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if _, err := s.WriteAt(b, in.buffered); err != nil {
		return err
	}
	_, _ = in.sum.Write(b) // a hash never fails
	in.buffered += int64(len(b))
	in.received += int64(len(b))
	in.ingest.Metrics.bytes.WithLabelValues(in.protocol).Add(float64(len(b)))
	return nil
}

// RestoreTail brings the tail of an earlier request back into the spool. The tail
// object may be longer than the row says, when a process died between writing
// it and recording it: its first bytes are the same. Whether they are is
// checked by the hash, so that a late write of a writer that had lost its lease
// cannot slip in.
func (in *Stream) RestoreTail(ctx context.Context) error {
	if in.tail == 0 {
		return nil
	}
	s, err := in.spool()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	body, err := in.ingest.Staging.Open(ctx, files.TailKey(in.org, in.id), "", 0, in.tail)
	if errors.Is(err, s3.ErrMissing) {
		return in.withdraw(ctx, ErrLost.Because(err))
	}
	if err != nil {
		return fmt.Errorf("read the tail back: %w", err)
	}
	defer func() { _ = body.Close() }()
	h, err := restore(in.saved.boundary)
	if err != nil {
		return err
	}
	n, err := io.Copy(io.MultiWriter(h, io.NewOffsetWriter(s, 0)), io.LimitReader(body, in.tail))
	if err != nil {
		return fault.New(fault.Unavailable, "store_unavailable", "The object store does not answer right now. Try again shortly.").Because(err)
	}
	if n != in.tail || !sameHash(h, in.saved.current) {
		return in.withdraw(ctx, ErrLost)
	}
	in.buffered = in.tail
	return nil
}

// StoreTail stores what the body brought beyond whole parts, when it ended early. A
// rest that is large enough, and of whole segments, becomes a part of its own, which
// spares reading it back; another one is the tail.
func (in *Stream) StoreTail(ctx context.Context) error {
	if in.earlyPart == nil {
		if err := in.waitPart(); err != nil {
			return err
		}
		if in.received == in.offset {
			return nil
		}
	}
	if in.earlyPart != nil || in.buffered >= in.ingest.Sizes.MinPart && in.ingest.Sizes.aligned(in.buffered) && in.partsAllow(in.received) {
		if err := in.FlushPart(ctx); err != nil {
			return err
		}
		return in.waitPart()
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	if _, err := in.ingest.Staging.Put(ctx, files.TailKey(in.org, in.id), in.spools[in.current].reader(in.buffered), in.buffered, ""); err != nil {
		return fmt.Errorf("store the tail: %w", err)
	}
	next := in.saved
	next.tailed, next.current = true, save(in.sum)
	return in.recordProgress(ctx, files.Progress{To: in.received, Tail: in.buffered}, next)
}

// partsAllow says whether a short part that ends there still leaves enough
// numbers for the rest.
func (in *Stream) partsAllow(to int64) bool {
	rest := (in.length - to + in.partSize - 1) / in.partSize
	return int64(in.saved.parts)+1+rest <= maxParts
}
