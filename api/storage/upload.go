package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/listen"
	"satchel/api/problem"
	"satchel/api/request"
	"satchel/api/uploads"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/tenancy"
)

// maxField bounds one text field of a form, and maxFields their number.
const (
	maxField  = 16 << 10
	maxFields = 16
)

var (
	errForm   = fault.New(fault.Invalid, "invalid_form", "The body is not a complete multipart/form-data form. Send the file in a part named file.")
	errNoFile = fault.New(fault.Invalid, "file_missing", "The form has no part named file.")
	errOrder  = fault.New(fault.Invalid, "field_after_file", "The fields file_id and sha256 must come before the file. The file was not kept.")
)

// Upload streams the form's file on as it comes. With wait, it answers once
// the file is final, or when the time is up.
func (r *Storage) Upload(c *gin.Context) error {
	patience, err := request.Wait(c)
	if err != nil {
		return err
	}
	t, err := r.receiveForm(c)
	if err != nil {
		return err
	}
	return r.answerUpload(c, t, patience)
}

func (r *Storage) answerUpload(c *gin.Context, t files.Created, patience time.Duration) error {
	v, err := r.await(c.Request.Context(), request.Caller(c).Org, t, patience)
	if err != nil {
		return err
	}
	c.Header("Location", fileLocation(t))
	c.Header("X-File-ID", t.File.String())
	status := http.StatusAccepted
	if files.Final(v.Status) {
		status = http.StatusOK
	}
	return r.answer(c, status, v)
}

// Tus hands over to the protocol's own handler.
func (r *Storage) Tus(c *gin.Context) error {
	in := c.Request
	if in.Method == http.MethodPost {
		in = in.WithContext(uploads.WithID(in.Context(), request.NewID(c)))
	}
	r.Uploads.TusHandler().ServeHTTP(c.Writer, in)
	return nil
}

func (r *Storage) receiveForm(c *gin.Context) (files.Created, error) {
	form, err := c.Request.MultipartReader()
	if err != nil {
		return files.Created{}, errMultipart.Because(err)
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	said := uploads.Metadata{ID: request.NewID(c)}
	for range maxFields {
		part, err := form.NextRawPart()
		switch {
		case errors.Is(err, io.EOF):
			return files.Created{}, errNoFile
		case err != nil:
			return files.Created{}, errForm.Because(err)
		case part.FormName() == "file":
			said.Name, said.ClaimedType = part.FileName(), part.Header.Get("Content-Type")
			t, err := r.Uploads.Form(ctx, actor, said, part, c.Request.ContentLength)
			if err != nil {
				return t, err
			}
			return t, r.readAfter(c, form, t)
		}
		if err := readField(part, &said); err != nil {
			return files.Created{}, err
		}
	}
	return files.Created{}, errForm
}

var errMultipart = fault.New(fault.Invalid, "unsupported_media_type", "Send the file as multipart/form-data, in a part named file.")

// readField takes one text field. Fields that nobody knows are left alone:
// forms of web pages carry buttons and the like.
func readField(part *multipart.Part, said *uploads.Metadata) error {
	b, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil {
		return errForm.Because(err)
	}
	if len(b) > maxField {
		return problem.Body
	}
	switch text := string(b); part.FormName() {
	case "category":
		said.Category = text
	case "description":
		said.Description = text
	case "change_description":
		said.ChangeDescription = text
	case "sha256":
		said.SHA256 = text
	case "file_id":
		if text == "" {
			return nil
		}
		id, err := uuid.Parse(text)
		if err != nil {
			return files.ErrNotFound.Because(err)
		}
		said.File = id
	}
	return nil
}

// readAfter takes the fields behind the file, as a page sends them that names
// its file first. What should have been known before the bytes comes too late:
// then nothing is kept, so that a check that was asked for is never left out.
func (r *Storage) readAfter(c *gin.Context, form *multipart.Reader, t files.Created) error {
	var late uploads.Metadata
	err := readRest(form, &late)
	if err == nil && (late.SHA256 != "" || late.File != uuid.Nil) {
		err = errOrder
	}
	if err == nil {
		err = checkTexts(&late.Description, &late.Category)
	}
	ctx, org := c.Request.Context(), request.Caller(c).Org
	if err != nil {
		return errors.Join(err, r.withdraw(context.WithoutCancel(ctx), org, t))
	}
	change := files.Change{Description: orNil(late.Description), Category: orNil(late.Category)}
	if change == (files.Change{}) {
		return nil
	}
	return r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return files.Update(ctx, tx, t.File, change) })
}

// withdraw ends a version that was received. The file may have others, which
// stay; the workflow finds the version settled and removes its bytes.
func (r *Storage) withdraw(ctx context.Context, org tenancy.OrgID, t files.Created) error {
	err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error {
		return files.Withdraw(ctx, tx, t.Version, files.Rejected, errOrder.Code)
	})
	if err != nil {
		return fmt.Errorf("take version %s back: %w", t.Version, err)
	}
	return r.Workflows.Cancel(ctx, org, t.Version)
}

func readRest(form *multipart.Reader, late *uploads.Metadata) error {
	for range maxFields {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errForm.Because(err)
		}
		if err := readField(part, late); err != nil {
			return err
		}
	}
	return errForm
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// await gives the version as it is once it is final, or once the time is up.
func (r *Storage) await(ctx context.Context, org tenancy.OrgID, t files.Created, patience time.Duration) (files.View, error) {
	defer r.Listener.Count()()
	return listen.WaitFor(ctx, r.Listener, org, t.File, patience, func() (files.View, bool, error) {
		v, err := files.GetOf(ctx, r.DB.Single(org), t.File, t.Version)
		return v, files.Final(v.Status), err
	})
}
