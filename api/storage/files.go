// Package storage has the routes of files: upload and download, versions, trash, and
// the events of what happens to them.
package storage

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/content"
	"satchel/api/delivery"
	"satchel/api/listen"
	"satchel/api/ratelimit"
	"satchel/api/request"
	"satchel/api/uploads"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/types"
	"satchel/tenancy"
	"satchel/tenancy/amendments"
	"satchel/tenancy/holds"
)

// Uploads brings bytes in. *uploads.Uploads is one.
type Uploads interface {
	TusHandler() http.Handler
	Form(ctx context.Context, actor tenancy.Actor, a uploads.Metadata, body io.Reader, length int64) (uploads.Accepted, error)
	// Created answers with an upload of tus that was created before. It says false
	// for one that is not there, and that one is gone which takes no bytes any more.
	Created(w http.ResponseWriter, r *http.Request, actor tenancy.Actor, id uuid.UUID) (made, gone bool, err error)
	// StartReceived starts the workflow of a received version behind the answer.
	StartReceived(ctx context.Context, org tenancy.OrgID, t files.Created)
}

// Staging is where bytes wait to be checked. *s3.Bucket is one.
type Staging interface {
	CopyFrom(ctx context.Context, bucket, srcKey, etag, key string) (string, error)
}

// Clean is where published bytes lie. *s3.Bucket is one.
type Clean interface {
	delivery.Source
	Name() string
}

// Workflows are the workflows behind versions and behind changes of many files.
type Workflows interface {
	Cancel(ctx context.Context, org tenancy.OrgID, version uuid.UUID) error
	// ChangeFiles begins a change of many files, and does it where they are few.
	ChangeFiles(ctx context.Context, org tenancy.OrgID, b files.Bulk) error
}

// Storage answers for files.
type Storage struct {
	DB         *tenancy.DB
	Uploads    Uploads
	Workflows  Workflows
	Staging    Staging
	Clean      Clean
	Contents   *content.Contents
	Reads      *content.Reads
	Listener   *listen.Listener
	Streams    *ratelimit.Streams
	ContentURL string // where users' bytes are had
	Log        *slog.Logger
}

// ListFiles lists the files that the caller may see.
func (r *Storage) ListFiles(c *gin.Context) error {
	actor := request.Caller(c)
	f, err := filter(c)
	if err != nil {
		return err
	}
	include, err := readInclude(c)
	if err != nil {
		return err
	}
	// Who administers reaches most spaces: there the order of ids and the policy are
	// cheaper than a page of each space.
	f.Mine = !actor.Administers() && !actor.Spaces
	page, err := tenancy.Read(c.Request.Context(), r.DB, actor.Org, func(ctx context.Context, q tenancy.Queries) (request.Page[ListedView], error) {
		return r.page(ctx, q, f, include)
	})
	if err != nil {
		return err
	}
	return request.JSON(c, http.StatusOK, page)
}

// page reads one page of a list.
func (r *Storage) page(ctx context.Context, q tenancy.Queries, f files.Filter, in included) (page request.Page[ListedView], err error) {
	limit := f.Limit
	f.Limit++ // one more tells whether there is a next page
	rows, err := files.List(ctx, q, f)
	if err != nil {
		return page, err
	}
	if len(rows) > limit {
		page.NextCursor = encodeCursor(f.Sort, files.CursorOf(f.Sort, rows[limit-1]))
		rows = rows[:limit]
	}
	page.Items, err = r.list(ctx, q, rows, in)
	return page, err
}

func filter(c *gin.Context) (files.Filter, error) {
	f := files.Filter{
		Status: files.Status(c.Query("status")), Category: c.Query("category"), Tag: c.Query("tag"), Search: c.Query("q"), Sort: files.Sort(c.Query("sort")),
	}
	if f.Sort == "" {
		f.Sort = files.Newest
	}
	if f.Status != "" && !slices.Contains(files.Statuses, f.Status) {
		return f, request.Invalid("status", "status is one of %v.", files.Statuses)
	}
	for _, text := range []string{f.Category, f.Tag, f.Search} {
		if !utf8.ValidString(text) || len(text) > types.MaxNameBytes || slices.Contains([]byte(text), 0) {
			return f, request.Invalid("query", "category, tag and q are at most %d bytes of UTF-8 text.", types.MaxNameBytes)
		}
	}
	if err := readPlace(c, &f); err != nil {
		return f, err
	}
	n, err := readNarrowing(c)
	if err != nil {
		return f, err
	}
	f.Types, f.SizeFrom, f.SizeTo, f.ChangedFrom, f.ChangedTo = n.Types, n.SizeFrom, n.SizeTo, n.ChangedFrom, n.ChangedTo
	if f.Limit, err = request.Limit(c); err != nil {
		return f, err
	}
	f.After, err = decodeCursor(f.Sort, c.Query("cursor"))
	return f, err
}

// readPlace reads of which place the list is.
func readPlace(c *gin.Context, f *files.Filter) error {
	for name, id := range map[string]*uuid.UUID{"space_id": &f.Space, "class_id": &f.Class, "folder_id": &f.Folder, "shown_in": &f.Linked, "uploaded_by": &f.Owner, "subject_id": &f.Subject} {
		if err := readID(c.Query(name), id, files.ErrNoPlace); err != nil {
			return err
		}
	}
	f.TopOnly, f.Starred, f.Shared = c.Query("top") == "true", c.Query("starred") == "true", c.Query("shared") == "true"
	if f.TopOnly && f.Space == uuid.Nil {
		return request.Invalid("top", "top=true lists what is in no folder of a space: name space_id.")
	}
	return nil
}

// find reads the file that the path names, if the caller may see it. One they
// may not see is not there.
func (r *Storage) find(c *gin.Context) (files.View, error) {
	id, err := fileID(c)
	if err != nil {
		return files.View{}, err
	}
	return files.Get(c.Request.Context(), r.DB.Single(request.Caller(c).Org), id)
}

// look is find for a request that only reads: a standby may answer.
func (r *Storage) look(c *gin.Context) (files.View, error) {
	id, err := fileID(c)
	if err != nil {
		return files.View{}, err
	}
	return tenancy.Read(c.Request.Context(), r.DB, request.Caller(c).Org, func(ctx context.Context, q tenancy.Queries) (files.View, error) {
		return files.Get(ctx, q, id)
	})
}

// findToEdit is find for those who would change the file.
func (r *Storage) findToEdit(c *gin.Context) (files.View, error) {
	v, err := r.find(c)
	if err != nil {
		return v, err
	}
	may, err := files.MayChange(c.Request.Context(), r.DB.Single(request.Caller(c).Org), v.FileID)
	if err == nil && !may {
		err = files.ErrNotYours
	}
	return v, err
}

// GetFile answers with one file.
func (r *Storage) GetFile(c *gin.Context) error {
	v, err := r.look(c)
	if err != nil {
		return err
	}
	return r.answer(c, http.StatusOK, v)
}

// answer sends a file, and what became of a newer version than the shown one.
func (r *Storage) answer(c *gin.Context, status int, v files.View) error {
	f, err := r.describeTo(c, v)
	if err != nil {
		return err
	}
	if err := r.addStatements(c, &f); err != nil {
		return err
	}
	c.JSON(status, f)
	return nil
}

// answerNew is answer for a file that this request made: no statement can be of it yet.
func (r *Storage) answerNew(c *gin.Context, status int, v files.View) error {
	f, err := r.describeTo(c, v)
	if err != nil {
		return err
	}
	c.JSON(status, f)
	return nil
}

// describeTo is describe with what the caller may know beside it.
func (r *Storage) describeTo(c *gin.Context, v files.View) (FileView, error) {
	f, err := r.describe(v)
	if err != nil {
		return f, err
	}
	shown := []FileView{f}
	err = r.markHeld(c, shown)
	return shown[0], err
}

// addStatements adds what a student's side says about a record that the school did not change:
// it is disclosed with the record, to each of its readers (34 CFR 99.21(c)).
func (r *Storage) addStatements(c *gin.Context, f *FileView) error {
	said, err := amendments.StatementsOf(c.Request.Context(), r.DB.Single(request.Caller(c).Org), []uuid.UUID{f.ID})
	for _, s := range said[f.ID] {
		f.Statements = append(f.Statements, StatementView{Amendment: s.Amendment, Student: s.Student, Text: s.Text, At: s.At.UTC()})
	}
	return err
}

// markHeld says of each file whether a hold covers it, to those who see holds.
func (r *Storage) markHeld(c *gin.Context, shown []FileView) error {
	actor := request.Caller(c)
	if !actor.May(tenancy.ReadHolds) || len(shown) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(shown))
	for i, f := range shown {
		ids[i] = f.ID
	}
	covered, err := holds.Covered(c.Request.Context(), r.DB.Single(actor.Org), ids)
	if err != nil {
		return err
	}
	for i := range shown {
		is := covered[shown[i].ID]
		shown[i].OnHold = &is
	}
	return nil
}

// describe shows the version that a file answers with, and what became of a
// newer one.
func (r *Storage) describe(v files.View) (FileView, error) {
	f, err := r.show(v)
	if v.HeadNumber != v.Number {
		f.Latest = &LatestView{Version: v.HeadNumber, Status: v.HeadStatus, StatusReason: v.HeadReason, StatusText: reasonText(v.HeadStatus, v.HeadReason, "", "")}
	}
	return f, err
}

type changeBody struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Category    *string `json:"category"`

	Space  *uuid.UUID      `json:"space_id"`
	Folder json.RawMessage `json:"folder_id"` // null: to the top of the space
}

// place reads where the file is to go.
func (in changeBody) place() (moves bool, space, folder uuid.UUID, err error) {
	if in.Space != nil {
		moves, space = true, *in.Space
	}
	if len(in.Folder) == 0 {
		return moves, space, folder, nil
	}
	var named *uuid.UUID
	if err := json.Unmarshal(in.Folder, &named); err != nil {
		return false, space, folder, request.Invalid("folder_id", "folder_id is the id of a folder, or null for the top of the space.")
	}
	if named != nil {
		folder = *named
	}
	return true, space, folder, nil
}

// ChangeFile changes a file's name, texts or place.
func (r *Storage) ChangeFile(c *gin.Context) error {
	v, err := r.findToEdit(c)
	if err != nil {
		return err
	}
	in, err := request.Body[changeBody](c)
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
	ctx, actor := c.Request.Context(), request.Caller(c)
	err = r.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) error {
		change := files.Change{Name: in.Name, Description: in.Description, Category: in.Category}
		if change.Moves, change.Space, change.Folder, err = in.place(); err != nil {
			return err
		}
		if in.Name != nil {
			change.FromType = v.MimeType
			if change.ToType, err = renamed(ctx, tx, actor, v, *in.Name); err != nil {
				return err
			}
		}
		return files.Update(ctx, tx, v.FileID, change)
	})
	if err != nil {
		return err
	}
	r.used(c, v)
	v, err = files.Get(ctx, r.DB.Single(actor.Org), v.FileID)
	if err != nil {
		return err
	}
	return r.answer(c, http.StatusOK, v)
}

// renamed holds a new name against the type policy, as an upload's name is, and
// returns the media type that the file then has. A version that is not inspected
// yet has none: its inspection judges it by the name that it finds.
func renamed(ctx context.Context, q tenancy.Queries, actor tenancy.Actor, v files.View, name string) (string, error) {
	policies, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return "", err
	}
	rules := types.RulesOf(policies.Switches, policies.Extensions, policies.AllowedTypes, actor.Staff())
	if v.MimeType == "" {
		return "", uploads.NotTaken(types.Admit(name, "", rules))
	}
	row, err := types.Rename(v.MimeType, v.Name, name, rules)
	return row.MediaType, uploads.NotTaken(err)
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
	if description != nil && !request.IsText(*description, maxDescription) {
		return request.Invalid("description", "description is at most %d characters of text.", maxDescription)
	}
	if category != nil && !request.IsText(*category, maxCategory) {
		return request.Invalid("category", "category is at most %d characters of text.", maxCategory)
	}
	return nil
}

// TrashFile puts a file into the trash. Its running workflows are asked to end
// after the commit; should that fail, they find the trashed file at their next
// step and end by themselves.
func (r *Storage) TrashFile(c *gin.Context) error {
	v, err := r.findToEdit(c)
	if err != nil {
		return err
	}
	if err := r.trash(c.Request.Context(), request.Caller(c).Org, v.FileID); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (r *Storage) trash(ctx context.Context, org tenancy.OrgID, file uuid.UUID) error {
	var open []uuid.UUID
	err := r.DB.InTx(ctx, org, func(tx *tenancy.Tx) (err error) {
		open, err = files.Trash(ctx, tx, file)
		return err
	})
	if err != nil {
		return err
	}
	var failed error
	for _, version := range open {
		failed = errors.Join(failed, r.Workflows.Cancel(ctx, org, version))
	}
	if failed != nil {
		r.Log.WarnContext(ctx, "cancel workflow of trashed file failed", slog.String("org", org.String()), slog.String("file", file.String()), slog.Any("error", failed))
	}
	return nil
}

// RestoreFile takes a file out of the trash.
func (r *Storage) RestoreFile(c *gin.Context) error {
	v, err := r.findToEdit(c)
	if err != nil {
		return err
	}
	ctx, org := c.Request.Context(), request.Caller(c).Org
	conflict := files.OnConflict(c.Query("on_conflict"))
	if conflict != "" && conflict != files.ConflictFails && conflict != files.ConflictRenames {
		return request.Invalid("on_conflict", "on_conflict is fail or rename.")
	}
	err = r.DB.InTx(ctx, org, func(tx *tenancy.Tx) error { return files.Restore(ctx, tx, v.FileID, conflict) })
	if err != nil {
		return err
	}
	v, err = files.Get(ctx, r.DB.Single(org), v.FileID)
	if err != nil {
		return err
	}
	return r.answer(c, http.StatusOK, v)
}

// fileID reads the id of the path. What is not an id names no file.
func fileID(c *gin.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return id, files.ErrNotFound.Because(err)
	}
	return id, nil
}

func versionNumber(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, files.ErrNotFound
	}
	return int32(n), nil
}
