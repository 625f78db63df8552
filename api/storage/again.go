package storage

import (
	"context"
	"errors"
	"io"

	"github.com/gin-gonic/gin"

	"satchel/api/repeat"
	"satchel/api/request"
	"satchel/files"
	"satchel/tenancy"
)

// UploadAgain answers a form that is sent again with the version that it made.
// The bytes are read and thrown away: most clients hear nothing before they have
// sent all.
func (r *Storage) UploadAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	patience, err := request.Wait(c)
	if err != nil {
		return repeat.Nothing, err
	}
	t, found, err := r.earlier(c, e)
	if err != nil || found != repeat.Made {
		return found, err
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(c.Request.Body, mostThrownAway)); err != nil {
		return found, errForm.Because(err)
	}
	return found, r.answerUpload(c, t, patience)
}

// mostThrownAway bounds what is read of bytes that are there already. Whoever
// sends more is cut off, and learns by the next try.
const mostThrownAway = 1 << 30

// RestoreVersionAgain answers with the version that the earlier try made.
func (r *Storage) RestoreVersionAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	if _, err := r.findToEdit(c); err != nil {
		return repeat.Nothing, err
	}
	t, found, err := r.earlier(c, e)
	if err != nil || found != repeat.Made {
		return found, err
	}
	return found, r.answerRestored(c, t)
}

// TusAgain answers with the upload that the earlier try created. It takes no
// bytes: where the upload stands is in the answer, and the client goes on there.
func (r *Storage) TusAgain(c *gin.Context, e repeat.Earlier) (repeat.Found, error) {
	made, spoiled, err := r.Intake.Created(c.Writer, c.Request, request.Caller(c), e.ID)
	switch {
	case err != nil:
		return repeat.Nothing, err
	case made:
		return repeat.Made, nil
	case spoiled:
		return repeat.Spoiled, nil
	}
	return repeat.Nothing, nil
}

// earlier looks for the version that an earlier try made. One whose bytes never
// came whole is ended: what came went with the try, and a form is sent whole.
func (r *Storage) earlier(c *gin.Context, e repeat.Earlier) (files.Ticket, repeat.Found, error) {
	ctx, org := c.Request.Context(), request.Caller(c).Org
	u, err := files.GetUpload(ctx, r.DB.Once(org), e.ID)
	if errors.Is(err, files.ErrNotFound) {
		return files.Ticket{}, repeat.Nothing, nil
	}
	if err != nil {
		return files.Ticket{}, repeat.Nothing, err
	}
	t := files.Ticket{File: u.FileID, Version: u.VersionID, Upload: u.ID, Number: u.Number}
	v, err := files.GetOf(ctx, r.DB.Once(org), t.File, t.Version)
	if err != nil {
		return t, repeat.Nothing, err
	}
	if v.Sha256 != "" { // known once all bytes are
		return t, repeat.Made, nil
	}
	return t, repeat.Spoiled, r.giveUp(ctx, org, t)
}

// giveUp ends a version that nobody will send the rest of. A file that has nothing
// else goes to the trash with it: the repeated request makes the file once more,
// and the list would show both.
func (r *Storage) giveUp(ctx context.Context, org tenancy.OrgID, t files.Ticket) error {
	return r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		if err := files.Withdraw(ctx, tx, t.Version, files.Failed, "interrupted"); err != nil {
			return err
		}
		v, err := files.GetOf(ctx, tx, t.File, t.Version)
		if err != nil || v.CurrentID != nil || v.HeadID == nil || *v.HeadID != t.Version {
			return err
		}
		_, err = files.Trash(ctx, tx, t.File)
		return err
	})
}
