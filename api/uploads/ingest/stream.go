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
	intake   *Intake
	protocol string
	org      tenancy.OrgID
	id       uuid.UUID // the upload's and the version's
	holder   string    // of the lease
	ttl      time.Duration
	claimed  string // SHA-256 that the client announced, or empty
	size     int64  // announced, or unknown
	part     int64  // bytes of a full part
	until    int64  // where in the file this request's body says it ends, or 0

	// BeforeFinish is asked once all bytes are here and before the file is
	// received: an error of it refuses the file. Nil asks nothing.
	BeforeFinish func() error

	// As the row has it.
	offset    int64
	tail      int64
	multipart string
	saved     state
	reserved  int64 // only grown by uploads of unknown length

	receivedAt time.Time // when the row says that the file was received; zero when that is not known

	// Ahead of the row.
	sum      hash.Hash // over the first received bytes
	received int64
	held     int64 // bytes in the present spool
	spools   [2]*spool
	turn     int
	flight   chan error // of the part on its way
	ahead    *parcel    // the part that is on its way and not whole yet
}

// Write takes all that src has and gives how many bytes became durable, which
// is also right when it fails half way.
func (in *Stream) Write(ctx context.Context, src io.Reader) (int64, error) {
	start := in.offset
	err := in.recall(ctx)
	if err == nil {
		err = in.flow(ctx, src)
	}
	in.Close()
	return in.offset - start, err
}

// Complete says whether all that was announced has been received.
func (in *Stream) Complete() bool { return in.offset == in.size }

// Received is how many bytes have been read, whether they are durable or not.
func (in *Stream) Received() int64 { return in.received }

// Outcome gives the SHA-256 of what was read, and when the commit received it:
// zero when the commit's answer was lost.
func (in *Stream) Outcome() (sha256 string, at time.Time) {
	return hex.EncodeToString(in.sum.Sum(nil)), in.receivedAt
}

// Rest gives a form's file its upload, for which so many bytes are reserved,
// stores what Fill read, and takes what src still has.
func (in *Stream) Rest(ctx context.Context, id uuid.UUID, reserved int64, src io.Reader, ended bool) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in.id, in.reserved = id, reserved
	if ended {
		src = eof{}
	} else {
		err = in.ship(ctx)
	}
	if err == nil {
		err = in.flow(ctx, src)
	}
	cancel() // a part in flight has no use any more
	return errors.Join(err, in.wait())
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// flow takes all that src has; a part may be on its way already. Until it ends,
// what the row says belongs to the part in flight.
func (in *Stream) flow(ctx context.Context, src io.Reader) error {
	in.intake.Metrics.active.WithLabelValues(in.protocol).Inc()
	defer in.intake.Metrics.active.WithLabelValues(in.protocol).Dec()
	err := in.pour(ctx, src)
	return errors.Join(err, in.wait())
}

func (in *Stream) pour(ctx context.Context, src io.Reader) error {
	for {
		ended, err := in.Fill(ctx, src)
		if p := in.ahead; p != nil && (err != nil || ended && in.received != p.to) {
			err = errors.Join(err, in.retract())
		}
		switch {
		case err != nil:
			return err
		case in.received == in.size, ended && in.size == unknown:
			return in.finish(ctx)
		case ended:
			return in.keep(ctx)
		}
		if err := in.ship(ctx); err != nil {
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
	in.spools = [2]*spool{}
}

// spool gives the one to fill. The second is made only when a body is longer
// than a part.
func (in *Stream) spool() (*spool, error) {
	if s := in.spools[in.turn]; s != nil {
		return s, nil
	}
	s, err := in.intake.spools.get()
	in.spools[in.turn] = s
	return s, err
}

// Reads of this size keep the cost of a system call per byte small. The buffers
// are shared: they are the only memory an upload holds.
var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// Fill reads until the spool holds a part, the announced size is reached, or
// src ends.
func (in *Stream) Fill(ctx context.Context, src io.Reader) (ended bool, err error) {
	s, err := in.spool()
	if err != nil {
		return false, err
	}
	if in.held == 0 {
		s = s.again()
		in.spools[in.turn] = s
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	began, from := time.Now(), in.received
	for {
		room := in.room()
		if room == 0 {
			return false, nil
		}
		n, err := src.Read((*buffer)[:min(room, int64(len(*buffer)))])
		if werr := in.take(s, (*buffer)[:n]); werr != nil {
			return false, werr
		}
		switch {
		case err == io.EOF:
			return true, nil
		case err != nil:
			return false, fmt.Errorf("%w: %w", ErrBody, err)
		}
		if in.flight == nil && in.intake.Sizes.Probe.fast(in.received-from, time.Since(began)) {
			in.hurry(ctx)
		}
	}
}

// room is how many bytes may still be read into the spool.
func (in *Stream) room() int64 {
	room := in.part - in.held
	if in.size != unknown {
		room = min(room, in.size-in.received)
	}
	return room
}

func (in *Stream) take(s *spool, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if _, err := s.WriteAt(b, in.held); err != nil {
		return err
	}
	_, _ = in.sum.Write(b) // a hash never fails
	in.held += int64(len(b))
	in.received += int64(len(b))
	in.intake.Metrics.bytes.WithLabelValues(in.protocol).Add(float64(len(b)))
	return nil
}

// recall brings the tail of an earlier request back into the spool. The tail
// object may be longer than the row says, when a process died between writing
// it and recording it: its first bytes are the same. Whether they are is
// checked by the hash, so that a late write of a writer that had lost its lease
// cannot slip in.
func (in *Stream) recall(ctx context.Context) error {
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
		return in.lost(ctx, ErrLost.Because(err))
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
		return in.lost(ctx, ErrLost)
	}
	in.held = in.tail
	return nil
}

// lost gives an upload up whose earlier bytes are no longer there: going on
// would only end in a file that does not match its hash.
func (in *Stream) lost(ctx context.Context, why error) error {
	return errors.Join(why, in.intake.Withdraw(ctx, in.org, in.id, files.Failed, fault.Of(why).Code))
}

// parcel is a spool on its way to the store, with what the row will say when it
// has arrived.
type parcel struct {
	spool    *spool
	size, to int64
	number   int
	ahead    bool          // sent before it was whole
	ready    chan struct{} // closed when it is whole, or never will be
	sum      []byte        // nil until then, and if it never will be
}

// ship sends the filled spool in the background and turns to the other one.
func (in *Stream) ship(ctx context.Context) error {
	p := in.ahead
	if p == nil {
		if err := in.wait(); err != nil {
			return err
		}
		p = in.launch(ctx, in.held, false)
	}
	p.sum = save(in.sum)
	close(p.ready)
	in.ahead = nil
	in.turn, in.held = 1-in.turn, 0
	return nil
}

func (in *Stream) launch(ctx context.Context, size int64, ahead bool) *parcel {
	p := &parcel{
		spool: in.spools[in.turn], size: size, to: in.received - in.held + size, number: in.saved.parts + 1,
		ahead: ahead, ready: make(chan struct{}),
	}
	flight := make(chan error, 1)
	in.flight = flight
	go func() { flight <- in.send(ctx, p) }()
	return p
}

// hurry begins to send the part that is being filled, if it is certain how long
// it will be. The last part is not hurried: whether the file is the one that was
// announced is known only at its end.
func (in *Stream) hurry(ctx context.Context) {
	to := min(in.received+in.room(), in.until)
	size := to - in.received + in.held
	if to <= in.received || to == in.size || size < in.part && (size < in.intake.Sizes.Least || !in.partsAllow(to)) {
		return
	}
	in.ahead = in.launch(ctx, size, true)
}

// retract takes a part back that was sent ahead of bytes that never came. What
// did come is still in the spool. That the part failed is no news, but that its
// upload is lost is.
func (in *Stream) retract() error {
	in.ahead.spool.end()
	close(in.ahead.ready)
	in.ahead = nil
	if err := in.wait(); errors.Is(err, ErrLost) {
		return err
	}
	return nil
}

// wait ends the part that is in flight, if there is one.
func (in *Stream) wait() error {
	if in.flight == nil {
		return nil
	}
	err := <-in.flight
	in.flight = nil
	return err
}

// send puts one part and then moves the offset. Dying in between costs one part
// that the client sends again under the same number.
func (in *Stream) send(ctx context.Context, p *parcel) error {
	if err := in.grow(ctx, p.to); err != nil {
		return err
	}
	begun, err := in.begin(ctx)
	if err != nil {
		return err
	}
	part, err := in.put(ctx, p)
	if err != nil {
		if begun { // nobody knows of it but us
			in.abort(ctx)
		}
		return err
	}
	if <-p.ready; p.sum == nil {
		return errUnfilled
	}
	next := state{parts: in.saved.parts, tailed: in.saved.tailed, boundary: p.sum, current: p.sum}
	if part != nil {
		next.parts = p.number
	}
	return in.advance(ctx, files.Progress{To: p.to, Part: part}, next)
}

// begin opens the multipart upload that the parts go to. Its id reaches the row
// together with its first part, so a request that died in between has left one
// that no row knows: it ends before there is another. A form has no requests
// before this one.
func (in *Stream) begin(ctx context.Context) (begun bool, err error) {
	if in.multipart != "" {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	if in.protocol != Form {
		if err := in.intake.abortAll(ctx, files.StagingKey(in.org, in.id)); err != nil {
			return false, err
		}
	}
	in.multipart, err = in.intake.Staging.Begin(ctx, files.StagingKey(in.org, in.id))
	return err == nil, err
}

func (in *Stream) abort(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if err := in.intake.Staging.Abort(ctx, files.StagingKey(in.org, in.id), in.multipart); err != nil {
		in.intake.Log.WarnContext(ctx, "a multipart upload stays open until the reconciler finds it", "organization", in.org, "version", in.id, "error", err)
	}
	in.multipart = ""
}

// put sends one part. It gives none when the multipart upload is already one
// object: an earlier request joined it and died, or lost its database, before
// the row could say so. The client sends those bytes again; they are only
// counted, and finish finds the object.
func (in *Stream) put(ctx context.Context, p *parcel) (*files.Part, error) {
	etag, err := in.putBytes(ctx, p)
	if errors.Is(err, s3.ErrMissing) {
		_, err := in.joined(ctx)
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("store part %d: %w", p.number, err)
	}
	in.intake.Metrics.parts.WithLabelValues(in.protocol).Inc()
	return &files.Part{Number: int32(p.number), Size: p.size, Etag: etag}, nil
}

// putBytes tries a part that is not whole yet once. The store's client must not
// repeat it by itself, for it may do so while an earlier try still reads from the
// same place; it repeats only what can seek.
func (in *Stream) putBytes(ctx context.Context, p *parcel) (etag string, err error) {
	put := func(body io.Reader) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, partTimeout)
		defer cancel()
		return in.intake.Staging.PutPart(ctx, files.StagingKey(in.org, in.id), in.multipart, p.number, body, p.size)
	}
	if p.ahead {
		etag, err = put(struct{ io.Reader }{p.spool.reader(p.size)})
		if err == nil || errors.Is(err, s3.ErrMissing) {
			return etag, err
		}
		if <-p.ready; p.sum == nil {
			return "", errUnfilled
		}
	}
	return put(p.spool.reader(p.size))
}

// keep stores what the body brought beyond whole parts, when it ended early. A
// rest that is large enough becomes a part of its own, which spares reading it
// back; a smaller one is the tail.
func (in *Stream) keep(ctx context.Context) error {
	if in.ahead == nil {
		if err := in.wait(); err != nil {
			return err
		}
		if in.received == in.offset {
			return nil
		}
	}
	if in.ahead != nil || in.held >= in.intake.Sizes.Least && in.partsAllow(in.received) {
		if err := in.ship(ctx); err != nil {
			return err
		}
		return in.wait()
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	if _, err := in.intake.Staging.Put(ctx, files.TailKey(in.org, in.id), in.spools[in.turn].reader(in.held), in.held, ""); err != nil {
		return fmt.Errorf("store the tail: %w", err)
	}
	next := in.saved
	next.tailed, next.current = true, save(in.sum)
	return in.advance(ctx, files.Progress{To: in.received, Tail: in.held}, next)
}

// partsAllow says whether a short part that ends there still leaves enough
// numbers for the rest.
func (in *Stream) partsAllow(to int64) bool {
	rest := (in.size - to + in.part - 1) / in.part
	return int64(in.saved.parts)+1+rest <= mostParts
}

// grow reserves room for an upload that did not announce its length, before its
// bytes are stored.
func (in *Stream) grow(ctx context.Context, to int64) error {
	if in.size != unknown || to <= in.reserved {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	err := in.intake.Tenants.InTx(ctx, in.org, func(tx *tenancy.Tx) error { return files.Grow(ctx, tx, in.id, to) })
	if err != nil {
		return fmt.Errorf("reserve room: %w", err)
	}
	in.reserved = to
	return nil
}

// advance moves the row's offset to what the store has just confirmed.
func (in *Stream) advance(ctx context.Context, p files.Progress, next state) error {
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
	p.S3UploadID, p.SHAState = in.multipart, next.encode()
	return p
}
