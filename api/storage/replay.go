package storage

import (
	"context"
	"errors"
	"io"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/forms"
	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/files"
	"satchel/tenancy"
)

// ReplayUpload answers a form that is sent again with the version that it made.
// The bytes are read and thrown away: most clients hear nothing before they have
// sent all.
func (r *Storage) ReplayUpload(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	patience, err := request.Wait(c)
	if err != nil {
		return idempotency.NotCreated, err
	}
	t, found, err := r.replayFile(c, e)
	if err != nil || found != idempotency.Created {
		return found, err
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(c.Request.Body, maxDiscarded)); err != nil {
		return found, forms.ErrForm.Because(err)
	}
	return found, r.answerUpload(c, t, patience)
}

// maxDiscarded bounds what is read of bytes that are there already. Anyone who
// sends more is cut off, and learns by the next try.
const maxDiscarded = 1 << 30

// ReplayRestoreVersion answers with the version that the earlier try made.
func (r *Storage) ReplayRestoreVersion(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	if _, err := r.findToEdit(c); err != nil {
		return idempotency.NotCreated, err
	}
	t, found, err := r.replayFile(c, e)
	if err != nil || found != idempotency.Created {
		return found, err
	}
	return found, r.answerRestored(c, t)
}

// ReplayTus answers with the upload that the earlier request created. It reads no
// bytes: the answer holds the offset, and the client continues from there.
func (r *Storage) ReplayTus(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	made, spoiled, err := r.Uploads.Created(c.Writer, c.Request, request.Caller(c), e.ID)
	switch {
	case err != nil:
		return idempotency.NotCreated, err
	case made:
		return idempotency.Created, nil
	case spoiled:
		return idempotency.Unusable, r.trashFailed(c.Request.Context(), request.Caller(c).Org, e.ID)
	}
	return idempotency.NotCreated, nil
}

// replayFile looks for the version that an earlier attempt created. A version
// with incomplete bytes is ended, because a form is always sent from its start.
func (r *Storage) replayFile(c *gin.Context, e idempotency.PreviousAttempt) (files.Created, idempotency.Outcome, error) {
	ctx, org := c.Request.Context(), request.Caller(c).Org
	u, err := files.GetUpload(ctx, r.DB.Single(org), e.ID)
	if errors.Is(err, files.ErrNotFound) {
		return files.Created{}, idempotency.NotCreated, nil
	}
	if err != nil {
		return files.Created{}, idempotency.NotCreated, err
	}
	t := files.Created{File: u.FileID, Version: u.VersionID, Upload: u.ID, Number: u.Number}
	v, err := files.GetOf(ctx, r.DB.Single(org), t.File, t.Version)
	if err != nil {
		return t, idempotency.NotCreated, err
	}
	if v.Sha256 != "" { // known once all bytes are
		return t, idempotency.Created, nil
	}
	return t, idempotency.Unusable, r.withdrawUnfinished(ctx, org, t)
}

// withdrawUnfinished ends a version that no one will send the rest of. A file that has nothing
// else goes to the trash with it: the repeated request makes the file once more,
// and the list would show both.
func (r *Storage) withdrawUnfinished(ctx context.Context, org tenancy.OrgID, t files.Created) error {
	return r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := files.Withdraw(ctx, tx, t.Version, files.Failed, "interrupted"); err != nil {
			return err
		}
		return trashEmpty(ctx, tx, t.File, t.Version)
	})
}

// trashFailed is withdrawUnfinished for an upload that failed or expired before its bytes were here.
func (r *Storage) trashFailed(ctx context.Context, org tenancy.OrgID, upload uuid.UUID) error {
	return r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		u, err := files.GetUpload(ctx, tx, upload)
		if err != nil {
			return err
		}
		return trashEmpty(ctx, tx, u.FileID, u.VersionID)
	})
}

// trashEmpty puts a file into the trash that has nothing but a version without bytes.
func trashEmpty(ctx context.Context, tx *tenancy.Tx, file, version uuid.UUID) error {
	v, err := files.GetOf(ctx, tx, file, version)
	if err != nil || v.Sha256 != "" || v.CurrentID != nil || v.HeadID == nil || *v.HeadID != version {
		return err
	}
	_, err = files.Trash(ctx, tx, file)
	return err
}
