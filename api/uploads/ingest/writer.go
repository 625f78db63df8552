package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/envelope"
	"satchel/internal/fault"
	"satchel/internal/s3"
	"satchel/tenancy"
)

// writer moves one upload in the store and in its row. It is a value of one
// goroutine: a part in flight works on a copy, so that nothing is shared with the
// stream that goes on reading.
type writer struct {
	ingest   *Ingest
	protocol string
	org      tenancy.OrgID
	id       uuid.UUID // the upload's and the version's
	holder   string    // of the lease
	ttl      time.Duration
	length   int64 // announced, or unknown

	durable
}

// durable is the upload as its row has it. It moves when a commit has moved the row.
type durable struct {
	offset      int64
	tail        int64
	multipartID string // known to the row with the first part
	saved       state
	reserved    int64 // only grown by uploads of unknown length
}

// sendPart puts one part and then moves the offset. Dying in between costs one part
// that the client sends again under the same number.
func (w *writer) sendPart(ctx context.Context, p *partUpload) error {
	if err := w.reserve(ctx, p.to); err != nil {
		return err
	}
	begun, err := w.createMultipart(ctx)
	if err != nil {
		return err
	}
	part, err := w.putPart(ctx, p)
	if err != nil {
		if begun { // no one knows of it but us
			w.abortMultipart(ctx)
		}
		return err
	}
	if <-p.filled; p.sum == nil {
		return errIncomplete
	}
	next := state{parts: w.saved.parts, tailed: w.saved.tailed, boundary: p.sum, current: p.sum}
	if part != nil {
		next.parts = p.number
	}
	return w.recordProgress(ctx, files.Progress{To: p.to, Part: part}, next)
}

// createMultipart opens the multipart upload that the parts go to. Its id reaches the row
// together with its first part, so a request that died in between has left one
// that no row knows: it ends before there is another. A form has no requests
// before this one.
func (w *writer) createMultipart(ctx context.Context) (begun bool, err error) {
	if w.multipartID != "" {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	if w.protocol != Form {
		if err := w.ingest.abortAll(ctx, files.StagingKey(w.org, w.id)); err != nil {
			return false, err
		}
	}
	w.multipartID, err = w.ingest.Staging.CreateMultipart(ctx, files.StagingKey(w.org, w.id))
	return err == nil, err
}

func (w *writer) abortMultipart(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	if err := w.ingest.Staging.AbortMultipart(ctx, files.StagingKey(w.org, w.id), w.multipartID); err != nil {
		w.ingest.Log.WarnContext(ctx, "abort multipart upload failed; reconciler will retry", "organization", w.org, "version", w.id, "error", err)
	}
	w.multipartID = ""
}

// putPart sends one part. It gives none when the multipart upload is already one
// object: an earlier request joined it and died, or lost its database, before
// the row could say so. The client sends those bytes again; they are only
// counted, and finish finds the object.
func (w *writer) putPart(ctx context.Context, p *partUpload) (*files.Part, error) {
	etag, err := w.putPartOnce(ctx, p)
	if errors.Is(err, s3.ErrMissing) {
		_, err := w.findCompleted(ctx, p.to)
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("store part %d: %w", p.number, err)
	}
	w.ingest.Metrics.parts.WithLabelValues(w.protocol).Inc()
	return &files.Part{Number: int32(p.number), Size: p.size, Etag: etag}, nil
}

// putPartOnce tries a part that is not whole yet once. The store's client must not
// repeat it by itself, for it may do so while an earlier try still reads from the
// same place; it repeats only what can seek.
func (w *writer) putPartOnce(ctx context.Context, p *partUpload) (etag string, err error) {
	put := func(body io.Reader) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, partTimeout)
		defer cancel()
		return w.ingest.Staging.PutPart(ctx, files.StagingKey(w.org, w.id), w.multipartID, p.number, envelope.Span{Offset: p.to - p.size, Last: p.last}, body, p.size)
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

// findCompleted finds the object that this or an earlier request joined. Its bytes are
// not read here: the scan reads them all and refuses another hash than the row's.
func (w *writer) findCompleted(ctx context.Context, received int64) (etag string, err error) {
	o, err := w.ingest.Staging.Stat(ctx, files.StagingKey(w.org, w.id))
	if err == nil && (o.Size == w.length || w.length == unknown && o.Size == received) {
		return o.ETag, nil
	}
	if err == nil || errors.Is(err, s3.ErrMissing) {
		return "", w.withdraw(ctx, errPartsLost.Because(err))
	}
	return "", fmt.Errorf("look for the joined object: %w", err)
}

// withdraw gives an upload up whose earlier bytes are no longer there: going on
// would only end in a file that does not match its hash.
func (w *writer) withdraw(ctx context.Context, why error) error {
	return errors.Join(why, w.ingest.Withdraw(ctx, w.org, w.id, files.Failed, fault.Of(why).Code))
}

// reserve reserves room for an upload that did not announce its length, before its
// bytes are stored.
func (w *writer) reserve(ctx context.Context, to int64) error {
	if w.length != unknown || to <= w.reserved {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	err := w.ingest.Tenants.InTx(ctx, w.org, func(tx *tenancy.Tx) error { return files.Reserve(ctx, tx, w.id, to) })
	if err != nil {
		return fmt.Errorf("reserve room: %w", err)
	}
	w.reserved = to
	return nil
}

// recordProgress moves the row's offset to what the store has just confirmed.
func (w *writer) recordProgress(ctx context.Context, p files.Progress, next state) error {
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	p = w.progress(p, next)
	err := w.ingest.Tenants.InTx(ctx, w.org, func(tx *tenancy.Tx) error { return files.Advance(ctx, tx, p) })
	if err != nil {
		return fmt.Errorf("record progress: %w", err)
	}
	w.offset, w.tail, w.saved = p.To, p.Tail, next
	return nil
}

func (w *writer) progress(p files.Progress, next state) files.Progress {
	p.Upload, p.Holder, p.From, p.TTL = w.id, w.holder, w.offset, w.ttl
	p.S3UploadID, p.SHAState = w.multipartID, next.encode()
	return p
}
