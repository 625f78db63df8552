package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"satchel/files"
	"satchel/internal/s3"
)

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
	if to <= in.received || to == in.length || size < in.partSize && (size < in.ingest.Sizes.MinPart || !in.partsAllow(to)) {
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
		if err := in.ingest.abortAll(ctx, files.StagingKey(in.org, in.id)); err != nil {
			return false, err
		}
	}
	in.multipartID, err = in.ingest.Staging.CreateMultipart(ctx, files.StagingKey(in.org, in.id))
	return err == nil, err
}

func (in *Stream) abortMultipart(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if err := in.ingest.Staging.AbortMultipart(ctx, files.StagingKey(in.org, in.id), in.multipartID); err != nil {
		in.ingest.Log.WarnContext(ctx, "abort multipart upload failed; reconciler will retry", "organization", in.org, "version", in.id, "error", err)
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
	in.ingest.Metrics.parts.WithLabelValues(in.protocol).Inc()
	return &files.Part{Number: int32(p.number), Size: p.size, Etag: etag}, nil
}

// putPartOnce tries a part that is not whole yet once. The store's client must not
// repeat it by itself, for it may do so while an earlier try still reads from the
// same place; it repeats only what can seek.
func (in *Stream) putPartOnce(ctx context.Context, p *partUpload) (etag string, err error) {
	put := func(body io.Reader) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, partTimeout)
		defer cancel()
		return in.ingest.Staging.PutPart(ctx, files.StagingKey(in.org, in.id), in.multipartID, p.number, body, p.size)
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
