package storage

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/forms"
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
	errNoFile = fault.New(fault.Invalid, "file_missing", "The form has no part named file.")
	errTwo    = fault.New(fault.Invalid, "one_file_at_a_time", "The form has two parts named file. Send one file in each request. Neither was kept.")
	errOrder  = fault.New(fault.Invalid, "field_after_file", "The fields file_id, sha256, space_id, folder_id, subject_id and on_conflict must come before the file. The file was not kept.")
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
	if patience == 0 && t.View != nil {
		return r.answerNew(c, statusOf(c, t.Created, *t.View), *t.View)
	}
	return r.answerUpload(c, t.Created, patience)
}

func (r *Storage) answerUpload(c *gin.Context, t files.Created, patience time.Duration) error {
	v, err := r.await(c.Request.Context(), request.Caller(c).Org, t, patience)
	if err != nil {
		return err
	}
	return r.answer(c, statusOf(c, t, v), v)
}

// statusOf says where the file is, and gives the status of the answer.
func statusOf(c *gin.Context, t files.Created, v files.View) int {
	c.Header("Location", fileLocation(t))
	c.Header("X-File-ID", t.File.String())
	if files.Final(v.Status) {
		return http.StatusOK
	}
	return http.StatusAccepted
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

func (r *Storage) receiveForm(c *gin.Context) (uploads.Accepted, error) {
	form, err := forms.New(c.Request)
	if err != nil {
		return uploads.Accepted{}, errMultipart.Because(err)
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	said := uploads.Metadata{ID: request.NewID(c), Claimed: request.HasClaimedID(c)}
	for range maxFields {
		part, err := form.Next()
		switch {
		case errors.Is(err, io.EOF):
			return uploads.Accepted{}, errNoFile
		case err != nil:
			return uploads.Accepted{}, err
		case part.FormName() == "file":
			said.Name, said.ClaimedType = unescaped.Replace(part.FileName()), part.Header.Get("Content-Type")
			said.Trailing = func() (uploads.Trailing, error) { return readTrailing(form) }
			return r.Uploads.Form(ctx, actor, said, part, c.Request.ContentLength)
		}
		if err := readField(part, &said); err != nil {
			return uploads.Accepted{}, err
		}
	}
	return uploads.Accepted{}, forms.ErrForm
}

// unescaped undoes what browsers do to the name in a form: they escape these three
// characters and no others (HTML, multipart/form-data encoding algorithm).
var unescaped = strings.NewReplacer("%22", `"`, "%0D", "\r", "%0A", "\n")

var errMultipart = fault.New(fault.Invalid, "unsupported_media_type", "Send the file as multipart/form-data, in a part named file.")

// readField takes one text field. Fields that no one knows are left alone:
// forms of web pages carry buttons and the like.
func readField(part *multipart.Part, said *uploads.Metadata) error {
	b, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil {
		return forms.ErrForm.Because(err)
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
	case "on_conflict":
		said.OnConflict = text
	case "file_id":
		return readID(text, &said.File, files.ErrNotFound)
	case "space_id":
		return readID(text, &said.Space, files.ErrNoPlace)
	case "folder_id":
		return readID(text, &said.Folder, files.ErrNoPlace)
	case "subject_id":
		return readID(text, &said.Subject, files.ErrNoPlace)
	}
	return nil
}

// readID takes an id, or nothing where a page sends an empty field.
func readID(text string, id *uuid.UUID, none *fault.Fault) (err error) {
	if text == "" {
		return nil
	}
	if *id, err = uuid.Parse(text); err != nil {
		return none.Because(err)
	}
	return nil
}

// restTimeout bounds what follows the file in a form: texts.
const restTimeout = 30 * time.Second

// readTrailing takes the fields behind the file, as a page sends them that names
// its file first. What should have been known before the bytes comes too late:
// then the file is refused, so that a check that was asked for is never left out.
func readTrailing(form *forms.Reader) (uploads.Trailing, error) {
	form.EndBy(time.Now().Add(restTimeout))
	var late uploads.Metadata
	if err := readRest(form, &late); err != nil {
		return uploads.Trailing{}, err
	}
	if late.SHA256 != "" || late.File != uuid.Nil || late.Space != uuid.Nil || late.Folder != uuid.Nil || late.Subject != uuid.Nil || late.OnConflict != "" {
		return uploads.Trailing{}, errOrder
	}
	if !request.IsText(late.ChangeDescription, maxDescription) {
		return uploads.Trailing{}, request.Invalid("change_description", "change_description is at most %d characters of text.", maxDescription)
	}
	return uploads.Trailing{Description: late.Description, Category: late.Category, ChangeDescription: late.ChangeDescription}, checkTexts(&late.Description, &late.Category)
}

func readRest(form *forms.Reader, late *uploads.Metadata) error {
	for range maxFields {
		part, err := form.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FormName() == "file" && part.FileName() != "" {
			return errTwo
		}
		if err := readField(part, late); err != nil {
			return err
		}
	}
	return forms.ErrForm
}

// await gives the version as it is once it is final, or once the time is up.
func (r *Storage) await(ctx context.Context, org tenancy.OrgID, t files.Created, patience time.Duration) (files.View, error) {
	defer r.Listener.Count()()
	return listen.WaitFor(ctx, r.Listener, org, t.File, patience, func() (files.View, bool, error) {
		v, err := files.GetOf(ctx, r.DB.Single(org), t.File, t.Version)
		return v, files.Final(v.Status), err
	})
}
