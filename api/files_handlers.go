package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/types"
	"satchel/tenancy"
	"satchel/tenancy/orgs"
)

type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

func (a *API) listFiles(c *gin.Context) error {
	actor := caller(c)
	f, err := filter(c)
	if err != nil {
		return err
	}
	if !actor.May(tenancy.ReadAll) {
		f.Owner = actor.User
		if f.Wards, err = a.wards(c); err != nil {
			return err
		}
	}
	limit := f.Limit
	f.Limit++ // one more tells whether there is a next page
	views, err := files.List(c.Request.Context(), a.DB.Once(actor.Org), f)
	if err != nil {
		return err
	}
	var next string
	if len(views) > limit {
		last := views[limit-1]
		next = encodeCursor(f.Sort, files.Cursor{ID: last.FileID, Name: last.Name})
		views = views[:limit]
	}
	shown, err := showAll(views, a.describe)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, page[fileView]{Items: shown, NextCursor: next})
	return nil
}

func filter(c *gin.Context) (files.Filter, error) {
	f := files.Filter{
		Status: files.Status(c.Query("status")), Category: c.Query("category"), Search: c.Query("q"), Sort: files.Sort(c.Query("sort")),
	}
	if f.Sort == "" {
		f.Sort = files.Newest
	}
	if f.Status != "" && !slices.Contains(files.Statuses, f.Status) {
		return f, invalid("status", "status is one of %v.", files.Statuses)
	}
	for _, text := range []string{f.Category, f.Search} {
		if !utf8.ValidString(text) || len(text) > types.MaxNameBytes || slices.Contains([]byte(text), 0) {
			return f, invalid("query", "category and q are at most %d bytes of UTF-8 text.", types.MaxNameBytes)
		}
	}
	var err error
	if f.Limit, err = limitParam(c); err != nil {
		return f, err
	}
	f.After, err = decodeCursor(f.Sort, c.Query("cursor"))
	return f, err
}

// find reads the file that the path names, if the caller may see it. One they
// may not see is not there.
func (a *API) find(c *gin.Context) (files.View, error) {
	id, err := fileID(c)
	if err != nil {
		return files.View{}, err
	}
	actor := caller(c)
	v, err := files.Get(c.Request.Context(), a.DB.Once(actor.Org), id)
	if err != nil {
		return v, err
	}
	if actor.May(tenancy.ReadAll) || v.OwnerID == actor.User {
		return v, nil
	}
	wards, err := a.wards(c)
	if err != nil {
		return files.View{}, err
	}
	if !slices.Contains(wards, v.OwnerID) {
		return files.View{}, files.ErrNotFound
	}
	return v, nil
}

// wards are the students whose files a parent may read, and nobody for others.
func (a *API) wards(c *gin.Context) ([]uuid.UUID, error) {
	actor := caller(c)
	if actor.Role != tenancy.Parent {
		return nil, nil
	}
	return orgs.Wards(c.Request.Context(), a.DB.Once(actor.Org), actor.User)
}

var errNotYours = fault.New(fault.Denied, "not_yours", "This file is somebody else's. You may read it; its owner, or an admin, may change it.")

// findToEdit is find for those who would change the file.
func (a *API) findToEdit(c *gin.Context) (files.View, error) {
	v, err := a.find(c)
	if err != nil {
		return v, err
	}
	actor := caller(c)
	if !actor.May(tenancy.EditAll) && v.OwnerID != actor.User {
		return v, errNotYours
	}
	return v, nil
}

func (a *API) getFile(c *gin.Context) error {
	v, err := a.find(c)
	if err != nil {
		return err
	}
	return a.answer(c, http.StatusOK, v)
}

// answer sends a file, and what became of a newer version than the shown one.
func (a *API) answer(c *gin.Context, status int, v files.View) error {
	f, err := a.describe(v)
	if err != nil {
		return err
	}
	c.JSON(status, f)
	return nil
}

// describe shows the version that a file answers with, and what became of a
// newer one.
func (a *API) describe(v files.View) (fileView, error) {
	f, err := a.show(v)
	if v.HeadNumber != v.Number {
		f.Latest = &latestView{Version: v.HeadNumber, Status: v.HeadStatus, StatusReason: v.HeadReason}
	}
	return f, err
}

type changeBody struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Category    *string `json:"category"`
}

func (a *API) changeFile(c *gin.Context) error {
	v, err := a.findToEdit(c)
	if err != nil {
		return err
	}
	in, err := body[changeBody](c)
	if err != nil {
		return err
	}
	if in.Name != nil {
		clean, err := cleanName(*in.Name)
		if err != nil {
			return err
		}
		in.Name = &clean
	}
	if err := checkTexts(in.Description, in.Category); err != nil {
		return err
	}
	ctx, org := c.Request.Context(), caller(c).Org
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return files.Update(ctx, tx, v.FileID, files.Change(in)) })
	if err != nil {
		return err
	}
	v, err = files.Get(ctx, a.DB.Once(org), v.FileID)
	if err != nil {
		return err
	}
	return a.answer(c, http.StatusOK, v)
}

func cleanName(name string) (string, error) {
	clean, err := types.CleanName(name)
	if err != nil {
		return "", fault.New(fault.Invalid, "invalid_name", "%s.", err.Error()).Because(err)
	}
	return clean, nil
}

const (
	maxDescription = 2000
	maxCategory    = 100
)

func checkTexts(description, category *string) error {
	if description != nil && !isText(*description, maxDescription) {
		return invalid("description", "description is at most %d characters of text.", maxDescription)
	}
	if category != nil && !isText(*category, maxCategory) {
		return invalid("category", "category is at most %d characters of text.", maxCategory)
	}
	return nil
}

// isText keeps out what the database cannot hold.
func isText(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit && !slices.Contains([]byte(s), 0)
}

// trashFile puts a file into the trash. Its running workflows are asked to end
// after the commit; should that fail, they find the trashed file at their next
// step and end by themselves.
func (a *API) trashFile(c *gin.Context) error {
	v, err := a.findToEdit(c)
	if err != nil {
		return err
	}
	if err := a.trash(c.Request.Context(), caller(c).Org, v.FileID); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (a *API) trash(ctx context.Context, org tenancy.OrgID, file uuid.UUID) error {
	var open []uuid.UUID
	err := a.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		open, err = files.Trash(ctx, tx, file)
		return err
	})
	if err != nil {
		return err
	}
	var failed error
	for _, version := range open {
		failed = errors.Join(failed, a.Processes.Cancel(ctx, org, version))
	}
	if failed != nil {
		a.Log.WarnContext(ctx, "cancel after trash", slog.String("org", org.String()), slog.String("file", file.String()), slog.Any("error", failed))
	}
	return nil
}

func (a *API) restoreFile(c *gin.Context) error {
	v, err := a.findToEdit(c)
	if err != nil {
		return err
	}
	ctx, org := c.Request.Context(), caller(c).Org
	err = a.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return files.Restore(ctx, tx, v.FileID) })
	if err != nil {
		return err
	}
	v, err = files.Get(ctx, a.DB.Once(org), v.FileID)
	if err != nil {
		return err
	}
	return a.answer(c, http.StatusOK, v)
}
