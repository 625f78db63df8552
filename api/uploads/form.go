package uploads

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

const (
	// formTTL is how long the rows of a form upload live without a new part. A
	// form cannot be resumed: the rows outlive the request only when the
	// process died.
	formTTL = time.Hour
	// slack is what a form's request may hold beside the file's bytes: its other
	// fields, which the API bounds, and the form's own punctuation.
	slack = 512 << 10
)

// Form receives one file whole. length is the request's Content-Length, which
// is a little more than the file's, or -1 when the body is chunked. The bytes
// are streamed; a file of at most one part costs two short transactions and one
// call to the store. Whatever goes wrong, a client's abort included, everything
// is released before Form returns.
func (u *Uploads) Form(ctx context.Context, actor tenancy.Actor, a Announcement, body io.Reader, length int64) (files.Ticket, error) {
	t, err := u.form(ctx, actor, a, body, length)
	if err != nil && !errors.Is(err, files.ErrChecksum) { // which is counted where it is found
		u.metrics.end(protocolForm, err)
	}
	return t, err
}

func (u *Uploads) form(ctx context.Context, actor tenancy.Actor, a Announcement, body io.Reader, length int64) (files.Ticket, error) {
	if err := announced(actor, &a); err != nil {
		return files.Ticket{}, err
	}
	least := max(0, length-slack)
	limits, err := u.refuseEarly(ctx, actor.Org, least)
	if err != nil {
		return files.Ticket{}, err
	}
	in := u.fresh(protocolForm, actor.Org)
	in.part, in.claimed, in.ttl = u.partSize(limits.MaxFileSize), a.SHA256, formTTL
	defer in.close()
	ended, err := in.fill(ctx, body)
	switch {
	case err != nil:
		return files.Ticket{}, cutShort(err)
	case in.received == 0:
		return files.Ticket{}, ErrEmpty
	}
	in.reserved = in.received
	if !ended {
		in.reserved = max(in.received, least)
	}
	t, err := u.create(ctx, actor, a, in.reserved, formTTL, nil)
	if err != nil {
		return files.Ticket{}, err
	}
	in.id = t.Upload
	return t, u.formRest(ctx, in, t, body, ended)
}

// formRest stores what is spooled and receives the rest. It runs on a context
// of its own: the client's going away must not cut the clean-up short.
func (u *Uploads) formRest(ctx context.Context, in *ingest, t files.Ticket, body io.Reader, ended bool) error {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var err error
	if !ended {
		err = in.ship(own)
	} else {
		body = eof{}
	}
	if err == nil {
		err = in.flow(own, body)
	}
	if err == nil {
		u.start(own, in.org, t)
		return nil
	}
	cancel() // a part in flight has no use any more
	_ = in.wait()
	if errors.Is(err, files.ErrChecksum) || errors.Is(err, errTailLost) {
		return err // withdrawn already
	}
	err = cutShort(err)
	return errors.Join(err, u.withdraw(ctx, in.org, in.id, endOf(err), fault.Of(err).Code))
}

// endOf tells a limit, which is a verdict on the file, from a failure.
func endOf(err error) files.Status {
	if k := fault.KindOf(err); k == fault.TooLarge || k == fault.OverQuota {
		return files.Rejected
	}
	return files.Failed
}

// refuseEarly answers a body that is certainly too large before it is read. A
// body that may be small is read first: its exact size decides.
func (u *Uploads) refuseEarly(ctx context.Context, org tenancy.OrgID, least int64) (files.Quota, error) {
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	q, err := files.GetQuota(ctx, u.Tenants.Once(org))
	switch {
	case err != nil:
		return q, fmt.Errorf("read quota: %w", err)
	case least > q.MaxFileSize:
		return q, files.ErrTooLarge
	case least > q.MaxBytes-q.UsedBytes-q.ReservedBytes:
		return q, tenancy.OverQuota
	}
	return q, nil
}

var errCutShort = fault.New(fault.Invalid, "body_cut_short", "The request ended before the file was complete. Nothing of it was kept. Upload it again, or use a resumable upload.")

// cutShort tells a body that broke off from our own failures, which are faults
// already.
func cutShort(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) || !errors.Is(err, errBody) {
		return err
	}
	return errCutShort.Because(err)
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
