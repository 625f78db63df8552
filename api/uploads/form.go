package uploads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"satchel/api/uploads/ingest"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

const (
	// formTTL is how long the rows of a form upload are kept without a new
	// part. A form cannot be resumed: the rows outlive the request only when
	// the process is killed.
	formTTL = time.Hour
	// slack is what a form's request may hold beside the file's bytes: its other
	// fields, which the API bounds, and the form's own punctuation.
	slack = 512 << 10
)

// Form receives one file whole. length is the request's Content-Length, which
// is a little more than the file's, or -1 when the body is chunked. The bytes
// are streamed; a file of at most one part costs two short transactions and one
// call to the store, and a small one a look and one transaction: see formAtOnce. Whatever goes wrong, a client's abort included, everything
// is released before Form returns.
func (u *Uploads) Form(ctx context.Context, actor tenancy.Actor, a Metadata, body io.Reader, length int64) (Accepted, error) {
	t, err := u.form(ctx, actor, a, body, length)
	if err != nil && !errors.Is(err, files.ErrChecksum) { // which is counted where it is found
		u.ingest.Metrics.End(ingest.Form, err)
	}
	return t, err
}

func (u *Uploads) form(ctx context.Context, actor tenancy.Actor, a Metadata, body io.Reader, length int64) (Accepted, error) {
	if err := metadataOf(actor, &a); err != nil {
		return Accepted{}, err
	}
	least, most := max(0, length-slack), length
	if length < 0 || length > slack {
		limits, err := u.refuseEarly(ctx, actor.Org, least)
		if err != nil {
			return Accepted{}, err
		}
		most = limits.MaxFileSize
	} // A short body is read without a look at the limits: its rows are refused by them.
	in := u.ingest.Form(actor.Org, most, a.SHA256, formTTL)
	defer in.Close()
	ended, err := in.ReadPart(ctx, body)
	if err != nil {
		return Accepted{}, cutShort(err)
	}
	if ended && a.fitsAtOnce(in.Received()) {
		t, done, err := u.formAtOnce(ctx, actor, a, in)
		if done || err != nil {
			return t, err
		}
	}
	reserved := in.Received()
	if !ended {
		reserved = max(reserved, least)
	}
	t, err := u.create(ctx, actor, relaxed(a), reserved, formTTL, nil)
	if err != nil {
		return Accepted{}, err
	}
	// On a context of its own: the client's going away must not cut the clean-up short.
	own := context.WithoutCancel(ctx)
	var refused error // by what follows the file
	in.BeforeFinish = func() error {
		refused = u.readTrailing(own, actor.Org, t, &a)
		return refused
	}
	err = in.WriteForm(own, t.Upload, reserved, body, ended)
	switch {
	case err == nil:
		u.StartReceived(own, actor.Org, t)
		return accepted(t, actor, a, in), nil
	case errors.Is(err, files.ErrChecksum), errors.Is(err, ingest.ErrLost):
		return Accepted{Created: t}, err // withdrawn already
	}
	err = cutShort(err)
	end := endOf(err)
	if refused != nil && fault.KindOf(refused) == fault.Invalid {
		end = files.Rejected
	}
	return Accepted{Created: t}, errors.Join(err, u.ingest.Withdraw(own, actor.Org, t.Upload, end, fault.Of(err).Code))
}

// relaxed lets the rows of a form be made without waiting for the disk. No one is told of them
// before the file is received, whose commit waits, and makes these durable with it. Where a crash of
// the database loses them, the form is refused, and the reconciler finds its object.
func relaxed(a Metadata) Metadata {
	next := a.OnCreate
	a.OnCreate = func(ctx context.Context, tx *tenancy.Tx, t files.Created) error {
		if next != nil {
			if err := next(ctx, tx, t); err != nil {
				return err
			}
		}
		return tenancy.Relax(ctx, tx)
	}
	return a
}

// readTrailing takes the texts behind the file.
func (u *Uploads) readTrailing(ctx context.Context, org tenancy.OrgID, t files.Created, a *Metadata) error {
	if a.Trailing == nil {
		return nil
	}
	late, err := a.Trailing()
	if err != nil || late == (Trailing{}) {
		return err
	}
	var change files.Change
	if late.Description != "" {
		a.Description, change.Description = late.Description, &late.Description
	}
	if late.Category != "" {
		a.Category, change.Category = late.Category, &late.Category
	}
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	return u.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if late.ChangeDescription != "" {
			a.ChangeDescription = late.ChangeDescription
			if err := files.DescribeVersion(ctx, tx, t.Version, late.ChangeDescription); err != nil {
				return err
			}
		}
		if change == (files.Change{}) {
			return nil
		}
		return files.Update(ctx, tx, t.File, change)
	})
}

// Accepted is a file that was received.
type Accepted struct {
	files.Created
	// View is the version as its commit left it, without reading its row again.
	// Nil: not all of it is known, and the row is to be read.
	View *files.View
}

// accepted builds the view of a new file. A new version of a file is shown with
// texts that only the file's row has.
func accepted(t files.Created, actor tenancy.Actor, a Metadata, in *ingest.Stream) Accepted {
	sum, at := in.Outcome()
	if a.File != uuid.Nil || at.IsZero() || t.CreatedAt.IsZero() {
		return Accepted{Created: t}
	}
	none := json.RawMessage("[]")
	return Accepted{t, &files.View{
		OrganizationID: actor.Org, FileID: t.File, Name: t.Place.Name, SpaceID: t.Place.SpaceID, FolderID: t.Place.FolderID, Needs: t.Place.Needs, SubjectID: t.Place.SubjectID, Description: a.Description, Category: a.Category,
		FileStatus: files.Processing, OwnerID: actor.User, CreatedAt: t.CreatedAt, UpdatedAt: at, ShownID: &t.Version, HeadID: &t.Version,
		VersionID: t.Version, Number: t.Number, Status: files.Processing, ChangeDescription: a.ChangeDescription, Size: in.Received(),
		Sha256: sum, UploadedBy: actor.User, VersionCreatedAt: t.CreatedAt, Renditions: none, Steps: none,
		HeadNumber: t.Number, HeadStatus: files.Processing,
	}}
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
