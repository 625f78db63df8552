package ingest

import (
	"context"
	"errors"
)

// partUpload is a spool on its way to the store, with what the row will say when it
// has arrived.
type partUpload struct {
	spool    *spoolFile
	size, to int64
	number   int
	early    bool          // sent before it was whole
	last     bool          // the file ends with it
	filled   chan struct{} // closed when it is whole, or never will be
	sum      []byte        // nil until then, and if it never will be
}

// partResult is how a part in flight ended, and the upload as its row has it then.
type partResult struct {
	durable durable
	err     error
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
	result, w := make(chan partResult, 1), in.writer
	in.inFlight = result
	go func() {
		err := w.sendPart(ctx, p)
		result <- partResult{w.durable, err}
	}()
	return p
}

// StartPartEarly begins to send the part that is being filled, if it is certain how long
// it will be. The last part is not hurried: whether the file is the one that was
// announced is known only at its end.
func (in *Stream) StartPartEarly(ctx context.Context) {
	to := min(in.received+in.remaining(), in.bodyEnd)
	size := to - in.received + in.buffered
	if to <= in.received || to == in.length || !in.ingest.Sizes.aligned(size) || size < in.partSize && (size < in.ingest.Sizes.MinPart || !in.partsAllow(to)) {
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

// waitPart ends the part that is in flight, if there is one, and takes over what
// the row says behind it. A part that failed may have moved the row as well: it
// reserved room, or began the multipart upload.
func (in *Stream) waitPart() error {
	if in.inFlight == nil {
		return nil
	}
	r := <-in.inFlight
	in.inFlight, in.durable = nil, r.durable
	return r.err
}
