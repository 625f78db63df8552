package uploads

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"satchel/api/uploads/ingest"
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
func (u *Uploads) Form(ctx context.Context, actor tenancy.Actor, a Metadata, body io.Reader, length int64) (files.Created, error) {
	t, err := u.form(ctx, actor, a, body, length)
	if err != nil && !errors.Is(err, files.ErrChecksum) { // which is counted where it is found
		u.ingest.Metrics.End(ingest.Form, err)
	}
	return t, err
}

func (u *Uploads) form(ctx context.Context, actor tenancy.Actor, a Metadata, body io.Reader, length int64) (files.Created, error) {
	if err := metadataOf(actor, &a); err != nil {
		return files.Created{}, err
	}
	least := max(0, length-slack)
	limits, err := u.refuseEarly(ctx, actor.Org, least)
	if err != nil {
		return files.Created{}, err
	}
	in := u.ingest.Form(actor.Org, limits.MaxFileSize, a.SHA256, formTTL)
	defer in.Close()
	ended, err := in.ReadPart(ctx, body)
	switch {
	case err != nil:
		return files.Created{}, cutShort(err)
	case in.Received() == 0:
		return files.Created{}, ErrEmpty
	}
	reserved := in.Received()
	if !ended {
		reserved = max(reserved, least)
	}
	t, err := u.create(ctx, actor, a, reserved, formTTL, nil)
	if err != nil {
		return files.Created{}, err
	}
	// On a context of its own: the client's going away must not cut the clean-up short.
	own := context.WithoutCancel(ctx)
	err = in.WriteForm(own, t.Upload, reserved, body, ended)
	switch {
	case err == nil:
		u.start(own, actor.Org, t)
		return t, nil
	case errors.Is(err, files.ErrChecksum), errors.Is(err, ingest.ErrLost):
		return t, err // withdrawn already
	}
	err = cutShort(err)
	return t, errors.Join(err, u.ingest.Withdraw(own, actor.Org, t.Upload, endOf(err), fault.Of(err).Code))
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
	q, err := files.GetQuota(ctx, u.DB.Single(org))
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
	if errors.As(err, &f) || !errors.Is(err, ingest.ErrBody) {
		return err
	}
	return errCutShort.Because(err)
}
