package generations

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/api/uploads"
	"satchel/files"
	"satchel/generation"
	"satchel/generation/drafts"
	"satchel/generation/render"
	"satchel/tenancy"
	"satchel/tenancy/operations"
)

type editBody struct {
	Revision int             `json:"revision"`
	Document json.RawMessage `json:"document"`
}

// Change replaces the document of a draft.
func (r *Generations) Change(c *gin.Context) error {
	g, err := r.find(c)
	if err != nil {
		return err
	}
	in, err := request.Body[editBody](c)
	if err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	err = r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error { return drafts.Edit(ctx, tx, g.ID, actor.User, in.Revision, in.Document) })
	if err != nil {
		return err
	}
	return r.showAgain(c, g.ID)
}

// write renders the newest revision.
func (r *Generations) write(c *gin.Context, g drafts.Generation, format render.Format, answers bool) (render.File, error) {
	if err := render.Fits(g.Kind, format); err != nil {
		return render.File{}, err
	}
	switch {
	case g.State == drafts.Waiting:
		return render.File{}, drafts.ErrNoDraft
	case !g.Open() && g.State != drafts.Published:
		return render.File{}, drafts.ErrEnded
	}
	ctx, q := c.Request.Context(), r.query(c)
	newest, err := drafts.Newest(ctx, q, g.ID)
	if err != nil {
		return render.File{}, err
	}
	var d generation.Document
	// It was validated when it was stored, and the text that it was validated with is gone
	// when it is published.
	if err := json.Unmarshal(newest.Document, &d); err != nil {
		return render.File{}, err
	}
	return render.Render(&d, format, answers)
}

// GetOutput sends the draft in a format, to be looked at elsewhere.
func (r *Generations) GetOutput(c *gin.Context) error {
	g, err := r.find(c)
	if err != nil {
		return err
	}
	file, err := r.write(c, g, render.Format(c.Query("format")), c.Query("answers") == "true")
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	// A browser shows none of it here: what a model wrote is no page of this service.
	h.Set("Content-Disposition", `attachment; filename="draft`+path.Ext(file.Name)+`"`)
	h.Set("Content-Length", strconv.Itoa(len(file.Content)))
	h.Set("Cache-Control", "private, no-store")
	c.Data(http.StatusOK, file.MediaType, file.Content)
	return nil
}

type approveBody struct {
	Revision int           `json:"revision"`
	Format   render.Format `json:"format"`
	Answers  bool          `json:"answers"`
	SpaceID  *uuid.UUID    `json:"space_id"`
	FolderID *uuid.UUID    `json:"folder_id"`
	FileID   *uuid.UUID    `json:"file_id"` // a new version of this one
	Name     string        `json:"name"`
}

// writeTTL is how long the rows of an approved draft wait for their bytes. The workflow
// writes them at once; this is for a store that is down.
const writeTTL = 48 * time.Hour

// Approve makes a draft a file. Its rows are made here, by the rights of the person; the
// bytes are written by the workflow.
func (r *Generations) Approve(c *gin.Context) error {
	g, err := r.find(c)
	if err != nil {
		return err
	}
	in, err := request.Body[approveBody](c)
	if err != nil {
		return err
	}
	actor, ctx := request.Caller(c), c.Request.Context()
	if actor.Key != uuid.Nil {
		return request.ErrNotByKey // a person looked at it
	}
	if g.State == drafts.Approved || g.State == drafts.Published {
		if g.Format != string(in.Format) {
			return drafts.ErrDecided
		}
		return r.showWhole(c, g) // the same again
	}
	file, err := r.write(c, g, in.Format, in.Answers)
	if err != nil {
		return err
	}
	m := uploads.Metadata{Name: named(in.Name, file.Name), ClaimedType: file.MediaType, OnConflict: "rename", ChangeDescription: origin(g), File: orZero(in.FileID), Space: orZero(in.SpaceID), Folder: orZero(in.FolderID)}
	m.OnCreate = func(ctx context.Context, tx *tenancy.Tx, t files.Created) error {
		return drafts.Approve(ctx, tx, g.ID, drafts.Approval{By: actor.User, Revision: in.Revision, Format: string(in.Format), Answers: in.Answers, File: t.File, Version: t.Version})
	}
	if _, err := r.Uploads.Reserve(ctx, actor, m, int64(len(file.Content)), writeTTL); err != nil {
		return err
	}
	r.look(c, g.ID)
	return r.showAgain(c, g.ID)
}

// named gives a file the name that a person wants, with the ending that its format has.
func named(wanted, usual string) string {
	if wanted == "" {
		return usual
	}
	ending := path.Ext(usual)
	if strings.HasSuffix(strings.ToLower(wanted), ending) {
		return wanted
	}
	return wanted + ending
}

func orZero(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// look has the workflow read what was decided. What is lost is done by the sweep.
func (r *Generations) look(c *gin.Context, id uuid.UUID) {
	const patience = 3 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), patience)
	defer cancel()
	_ = r.Workflows.LookAtGeneration(ctx, request.Caller(c).Org, id)
}

// Reject ends a draft that is not wanted.
func (r *Generations) Reject(c *gin.Context) error {
	g, err := r.refuse(c, drafts.Rejected)
	if err != nil {
		return err
	}
	r.look(c, g.ID)
	return r.showAgain(c, g.ID)
}

func (r *Generations) refuse(c *gin.Context, to drafts.State) (drafts.Generation, error) {
	g, err := r.find(c)
	if err != nil {
		return g, err
	}
	ctx, actor := c.Request.Context(), request.Caller(c)
	return g, r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error {
		_, err := drafts.Refuse(ctx, tx, g.ID, actor.User, to)
		return err
	})
}

// Cancel calls a generation off, whatever it waits for. What was approved becomes a file.
func (r *Generations) Cancel(c *gin.Context) error {
	g, err := r.refuse(c, drafts.Cancelled)
	if err != nil {
		return err
	}
	ctx, org := c.Request.Context(), request.Caller(c).Org
	running, err := r.Workflows.CancelGeneration(ctx, org, g.ID)
	if err == nil && !running {
		err = operations.End(ctx, r.DB.Single(org), g.ID, operations.Cancelled, nil, nil, nil)
	}
	if err != nil {
		return err
	}
	return r.showAgain(c, g.ID)
}
