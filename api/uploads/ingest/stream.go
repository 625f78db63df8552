package ingest

import (
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
	"satchel/tenancy"
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
// is still being filled. What the flight changes is read only after wait.
type Stream struct {
	intake     *Ingest
	protocol   string
	org        tenancy.OrgID
	id         uuid.UUID // the upload's and the version's
	holder     string    // of the lease
	ttl        time.Duration
	wantSHA256 string // SHA-256 that the client announced, or empty
	length     int64  // announced, or unknown
	partSize   int64  // bytes of a full part
	bodyEnd    int64  // where in the file this request's body says it ends, or 0

	// BeforeFinish is asked once all bytes are here and before the file is
	// received: an error of it refuses the file. Nil asks nothing.
	BeforeFinish func() error

	// As the row has it.
	offset      int64
	tail        int64
	multipartID string
	saved       state
	reserved    int64 // only grown by uploads of unknown length

	receivedAt time.Time // when the row says that the file was received; zero when that is not known

	// Ahead of the row.
	sum        hash.Hash // over the first received bytes
	received   int64
	buffered   int64 // bytes in the present spool
	spools     [2]*spoolFile
	current    int
	partResult chan error  // of the part on its way
	earlyPart  *partUpload // the part that is on its way and not whole yet
}

// Write takes all that src has and gives how many bytes became durable, which
// is also right when it fails half way.
func (in *Stream) Write(ctx context.Context, src io.Reader) (int64, error) {
	start := in.offset
	err := in.RestoreTail(ctx)
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
	if ended {
		src = eof{}
	} else {
		err = in.FlushPart(ctx)
	}
	if err == nil {
		err = in.writeAll(ctx, src)
	}
	cancel() // a part in flight has no use any more
	return errors.Join(err, in.waitPart())
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// writeAll takes all that src has; a part may be on its way already. Until it ends,
// what the row says belongs to the part in flight.
func (in *Stream) writeAll(ctx context.Context, src io.Reader) error {
	in.intake.Metrics.active.WithLabelValues(in.protocol).Inc()
	defer in.intake.Metrics.active.WithLabelValues(in.protocol).Dec()
	err := in.readLoop(ctx, src)
	return errors.Join(err, in.waitPart())
}

func (in *Stream) readLoop(ctx context.Context, src io.Reader) error {
	for {
		ended, err := in.ReadPart(ctx, src)
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
	s, err := in.intake.spools.get()
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
		if in.partResult == nil && in.intake.Sizes.EarlySend.fast(in.received-from, time.Since(began)) {
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
	in.intake.Metrics.bytes.WithLabelValues(in.protocol).Add(float64(len(b)))
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
	body, err := in.intake.Staging.Open(ctx, files.TailKey(in.org, in.id), "", 0, in.tail)
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

// withdraw gives an upload up whose earlier bytes are no longer there: going on
// would only end in a file that does not match its hash.
func (in *Stream) withdraw(ctx context.Context, why error) error {
	return errors.Join(why, in.intake.Withdraw(ctx, in.org, in.id, files.Failed, fault.Of(why).Code))
}

// partUpload is a spool on its way to the store, with what the row will say when it
// has arrived.
type partUpload struct {
	spool    *spoolFile
	size, to int64
	number   int
	early    bool          // sent before it was whole
	filled   chan struct{} // closed when it is whole, or never will be
	sum      []byte        // nil until then, and if it never will be
}

// FlushPart sends the filled spool in the background and turns to the other one.
func (in *Stream) FlushPart(ctx context.Context) error {
	p := in.earlyPart
	if p == nil {
		if err := in.waitPart(); err != nil {
			return err
		}
		p = in.StartPartUpload(ctx, in.buffered, false)
	}
	p.sum = save(in.sum)
	close(p.filled)
	in.earlyPart = nil
	in.current, in.buffered = 1-in.current, 0
	return nil
}

// StartPartUpload sends the current spool as the next part in the background. An
// early one is sent while it is still being filled.
func (in *Stream) StartPartUpload(ctx context.Context, size int64, ahead bool) *partUpload {
	p := &partUpload{
		spool: in.spools[in.current], size: size, to: in.received - in.buffered + size, number: in.saved.parts + 1,
		early: ahead, filled: make(chan struct{}),
	}
	flight := make(chan error, 1)
	in.partResult = flight
	go func() { flight <- in.sendPart(ctx, p) }()
	return p
}

// StartPartEarly begins to send the part that is being filled, if it is certain how long
// it will be. The last part is not hurried: whether the file is the one that was
// announced is known only at its end.
func (in *Stream) StartPartEarly(ctx context.Context) {
	to := min(in.received+in.remaining(), in.bodyEnd)
	size := to - in.received + in.buffered
	if to <= in.received || to == in.length || size < in.partSize && (size < in.intake.Sizes.MinPart || !in.partsAllow(to)) {
		return
	}
	in.earlyPart = in.StartPartUpload(ctx, size, true)
}

// CancelPart takes a part back that was sent ahead of bytes that never came. What
// did come is still in the spool. That the part failed is no news, but that its
// upload is lost is.
func (in *Stream) CancelPart() error {
	in.earlyPart.spool.finish()
	close(in.earlyPart.filled)
	in.earlyPart = nil
	if err := in.waitPart(); errors.Is(err, ErrLost) {
		return err
	}
	return nil
}

// waitPart ends the part that is in flight, if there is one.
func (in *Stream) waitPart() error {
	if in.partResult == nil {
		return nil
	}
	err := <-in.partResult
	in.partResult = nil
	return err
}

// sendPart puts one part and then moves the offset. Dying in between costs one part
// that the client sends again under the same number.
func (in *Stream) sendPart(ctx context.Context, p *partUpload) error {
	if err := in.reserve(ctx, p.to); err != nil {
		return err
	}
	begun, err := in.createMultipart(ctx)
	if err != nil {
		return err
	}
	part, err := in.putPart(ctx, p)
	if err != nil {
		if begun { // no one knows of it but us
			in.abortMultipart(ctx)
		}
		return err
	}
	if <-p.filled; p.sum == nil {
		return errIncomplete
	}
	next := state{parts: in.saved.parts, tailed: in.saved.tailed, boundary: p.sum, current: p.sum}
	if part != nil {
		next.parts = p.number
	}
	return in.recordProgress(ctx, files.Progress{To: p.to, Part: part}, next)
}

// createMultipart opens the multipart upload that the parts go to. Its id reaches the row
// together with its first part, so a request that died in between has left one
// that no row knows: it ends before there is another. A form has no requests
// before this one.
func (in *Stream) createMultipart(ctx context.Context) (begun bool, err error) {
	if in.multipartID != "" {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	if in.protocol != Form {
		if err := in.intake.abortAll(ctx, files.StagingKey(in.org, in.id)); err != nil {
			return false, err
		}
	}
	in.multipartID, err = in.intake.Staging.CreateMultipart(ctx, files.StagingKey(in.org, in.id))
	return err == nil, err
}

func (in *Stream) abortMultipart(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if err := in.intake.Staging.AbortMultipart(ctx, files.StagingKey(in.org, in.id), in.multipartID); err != nil {
		in.intake.Log.WarnContext(ctx, "abort multipart upload failed; reconciler will retry", "organization", in.org, "version", in.id, "error", err)
	}
	in.multipartID = ""
}

// putPart sends one part. It gives none when the multipart upload is already one
// object: an earlier request joined it and died, or lost its database, before
// the row could say so. The client sends those bytes again; they are only
// counted, and finish finds the object.
func (in *Stream) putPart(ctx context.Context, p *partUpload) (*files.Part, error) {
	etag, err := in.putPartOnce(ctx, p)
	if errors.Is(err, s3.ErrMissing) {
		_, err := in.findCompleted(ctx)
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("store part %d: %w", p.number, err)
	}
	in.intake.Metrics.parts.WithLabelValues(in.protocol).Inc()
	return &files.Part{Number: int32(p.number), Size: p.size, Etag: etag}, nil
}

// putPartOnce tries a part that is not whole yet once. The store's client must not
// repeat it by itself, for it may do so while an earlier try still reads from the
// same place; it repeats only what can seek.
func (in *Stream) putPartOnce(ctx context.Context, p *partUpload) (etag string, err error) {
	put := func(body io.Reader) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, partTimeout)
		defer cancel()
		return in.intake.Staging.PutPart(ctx, files.StagingKey(in.org, in.id), in.multipartID, p.number, body, p.size)
	}
	if p.early {
		etag, err = put(struct{ io.Reader }{p.spool.reader(p.size)})
		if err == nil || errors.Is(err, s3.ErrMissing) {
			return etag, err
		}
		if <-p.filled; p.sum == nil {
			return "", errIncomplete
		}
	}
	return put(p.spool.reader(p.size))
}

// StoreTail stores what the body brought beyond whole parts, when it ended early. A
// rest that is large enough becomes a part of its own, which spares reading it
// back; a smaller one is the tail.
func (in *Stream) StoreTail(ctx context.Context) error {
	if in.earlyPart == nil {
		if err := in.waitPart(); err != nil {
			return err
		}
		if in.received == in.offset {
			return nil
		}
	}
	if in.earlyPart != nil || in.buffered >= in.intake.Sizes.MinPart && in.partsAllow(in.received) {
		if err := in.FlushPart(ctx); err != nil {
			return err
		}
		return in.waitPart()
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	if _, err := in.intake.Staging.Put(ctx, files.TailKey(in.org, in.id), in.spools[in.current].reader(in.buffered), in.buffered, ""); err != nil {
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

// reserve reserves room for an upload that did not announce its length, before its
// bytes are stored.
func (in *Stream) reserve(ctx context.Context, to int64) error {
	if in.length != unknown || to <= in.reserved {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	err := in.intake.Tenants.InTx(ctx, in.org, func(tx *tenancy.Tx) error { return files.Reserve(ctx, tx, in.id, to) })
	if err != nil {
		return fmt.Errorf("reserve room: %w", err)
	}
	in.reserved = to
	return nil
}

// recordProgress moves the row's offset to what the store has just confirmed.
func (in *Stream) recordProgress(ctx context.Context, p files.Progress, next state) error {
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	p = in.progress(p, next)
	err := in.intake.Tenants.InTx(ctx, in.org, func(tx *tenancy.Tx) error { return files.Advance(ctx, tx, p) })
	if err != nil {
		return fmt.Errorf("record progress: %w", err)
	}
	in.offset, in.tail, in.saved = p.To, p.Tail, next
	return nil
}

func (in *Stream) progress(p files.Progress, next state) files.Progress {
	p.Upload, p.Holder, p.From, p.TTL = in.id, in.holder, in.offset, in.ttl
	p.S3UploadID, p.SHAState = in.multipartID, next.encode()
	return p
}
