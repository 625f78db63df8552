package spaces

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/policies/audit"
	"satchel/spaces"
	"satchel/tenancy"
)

// FolderView is a folder as people see it.
type FolderView struct {
	ID           uuid.UUID  `json:"id"`
	Space        uuid.UUID  `json:"space_id"`
	Parent       *uuid.UUID `json:"parent_id,omitempty"`
	Name         string     `json:"name"`
	Mode         string     `json:"mode"`
	Instructions string     `json:"instructions"`
	OpensAt      *time.Time `json:"opens_at,omitempty"`
	DueAt        *time.Time `json:"due_at,omitempty"`
	ClosesAt     *time.Time `json:"closes_at,omitempty"`
	Accepted     []string   `json:"accepted"`
	CreatedBy    uuid.UUID  `json:"created_by"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`

	Path   []PathView  `json:"path,omitempty"`    // from the top of the space, of a folder that was asked for
	HandIn *HandInView `json:"hand_in,omitempty"` // the caller's own, of a hand-in that was asked for
}

// PathView is a folder on the path from the top of the space to a folder, which is the last.
type PathView struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
}

func showFolder(f spaces.Folder) FolderView {
	return FolderView{
		ID: f.ID, Space: f.SpaceID, Parent: f.ParentID, Name: f.Name, Mode: f.Mode, Instructions: f.Instructions, OpensAt: request.UTC(f.OpensAt),
		DueAt: request.UTC(f.DueAt), ClosesAt: request.UTC(f.ClosesAt), Accepted: f.Accepted, CreatedBy: f.CreatedBy,
		CreatedAt: f.CreatedAt.UTC(), UpdatedAt: f.UpdatedAt.UTC(),
	}
}

// ListFolders lists the folders in a folder, or at the top of the space.
func (r *Spaces) ListFolders(c *gin.Context) error {
	var parent *uuid.UUID
	if text := c.Query("parent_id"); text != "" {
		p, err := uuid.Parse(text)
		if err != nil {
			return spaces.ErrNoFolder.Because(err)
		}
		parent = &p
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]spaces.Folder, error) {
		return lookIn(r, c, func(ctx context.Context, q tenancy.Queries, space uuid.UUID) ([]spaces.Folder, error) {
			return spaces.ListFolders(ctx, q, space, parent, after[0], limit)
		})
	}, showFolder, func(f spaces.Folder) []uuid.UUID { return []uuid.UUID{f.ID} })
}

type folderBody struct {
	Name         string      `json:"name"`
	Parent       *uuid.UUID  `json:"parent_id"`
	Mode         spaces.Mode `json:"mode"`
	Instructions string      `json:"instructions"`
	OpensAt      *time.Time  `json:"opens_at"`
	DueAt        *time.Time  `json:"due_at"`
	ClosesAt     *time.Time  `json:"closes_at"`
	Accepted     []string    `json:"accepted"`
}

const maxInstructions = 2000

// CreateFolder makes a folder in a space.
func (r *Spaces) CreateFolder(c *gin.Context) error {
	space, err := r.seen(c)
	if err != nil {
		return err
	}
	in, err := request.Body[folderBody](c)
	if err != nil {
		return err
	}
	if in.Mode == "" {
		in.Mode = spaces.Shared
	}
	if !slices.Contains(spaces.Modes, in.Mode) {
		return request.Invalid("mode", "mode is one of %v.", spaces.Modes)
	}
	if err := checkFolder(&in.Instructions, in.Accepted); err != nil {
		return err
	}
	id := request.NewID(c)
	var made spaces.Folder
	err = r.change(c, audit.Event{Action: "folder.create", ObjectID: id.String(), Code: string(in.Mode)}, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		made, err = spaces.CreateFolder(ctx, tx, spaces.NewFolder{
			ID: id, Space: space, Parent: in.Parent, Name: in.Name, Mode: in.Mode, Instructions: in.Instructions,
			OpensAt: in.OpensAt, DueAt: in.DueAt, ClosesAt: in.ClosesAt, Accepted: in.Accepted,
		})
		return err
	})
	if err != nil {
		return err
	}
	return created(c, http.StatusCreated, "/api/v1/folders/", id, showFolder(made))
}

var extension = regexp.MustCompile(`^[a-z0-9]{1,12}$`)

func checkFolder(instructions *string, accepted []string) error {
	if instructions != nil && !request.IsText(*instructions, maxInstructions) {
		return request.Invalid("instructions", "instructions is at most %d characters of text.", maxInstructions)
	}
	const most = 50
	if len(accepted) > most || slices.ContainsFunc(accepted, func(e string) bool { return !extension.MatchString(e) }) {
		return request.Invalid("accepted", "accepted is at most %d extensions in lower case without a dot, such as pdf.", most)
	}
	return nil
}

// ReplayCreateFolder answers with the folder that the first try made.
func (r *Spaces) ReplayCreateFolder(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return replay(c, e, spaces.ErrNoFolder, "/api/v1/folders/", func() (any, error) {
		f, err := spaces.GetFolder(c.Request.Context(), r.query(c), e.ID)
		return showFolder(f), err
	})
}

// GetFolder answers with one folder, the folders above it, and the caller's own hand-in.
func (r *Spaces) GetFolder(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoFolder)
	if err != nil {
		return err
	}
	view, err := r.folder(c.Request.Context(), r.query(c), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, view)
	return nil
}

func (r *Spaces) folder(ctx context.Context, q tenancy.Queries, id uuid.UUID) (FolderView, error) {
	f, err := spaces.GetFolder(ctx, q, id)
	if err != nil {
		return FolderView{}, err
	}
	view := showFolder(f)
	above, err := spaces.Path(ctx, q, id)
	if err != nil {
		return view, err
	}
	for _, a := range above {
		view.Path = append(view.Path, PathView{ID: a.ID, Name: a.Name})
	}
	if f.Mode != string(spaces.HandIn) {
		return view, nil
	}
	mine, err := spaces.MyHandIn(ctx, q, id)
	handedIn := spaces.Limit(mine.HandedInAt)
	view.HandIn = &HandInView{State: spaces.StateOf(handedIn, mine.ReturnedAt, f.DueAt), HandedInAt: handedIn, ReturnedAt: request.UTC(mine.ReturnedAt), Note: mine.Note}
	return view, err
}

// folderChange has raw fields where null means something else than nothing.
type folderChange struct {
	Name         *string         `json:"name"`
	Instructions *string         `json:"instructions"`
	Space        *uuid.UUID      `json:"space_id"`
	Parent       json.RawMessage `json:"parent_id"`
	OpensAt      json.RawMessage `json:"opens_at"`
	DueAt        json.RawMessage `json:"due_at"`
	ClosesAt     json.RawMessage `json:"closes_at"`
	Accepted     []string        `json:"accepted"`
}

// optional reads a field that may be null: set says that it was there at all.
func optional[T any](raw json.RawMessage, field, words string) (set bool, v *T, err error) {
	if len(raw) == 0 {
		return false, nil, nil
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return true, nil, request.Invalid(field, "%s is %s, or null.", field, words)
	}
	return true, v, nil
}

func (in folderChange) parse() (change spaces.FolderChange, err error) {
	change = spaces.FolderChange{Name: in.Name, Instructions: in.Instructions, Space: in.Space, Accepted: in.Accepted}
	if change.Moves, change.Parent, err = optional[uuid.UUID](in.Parent, "parent_id", "the id of a folder"); err != nil {
		return change, err
	}
	change.Moves = change.Moves || in.Space != nil
	const moment = "a time such as 2026-12-01T08:00:00Z"
	if change.SetsOpensAt, change.OpensAt, err = optional[time.Time](in.OpensAt, "opens_at", moment); err != nil {
		return change, err
	}
	if change.SetsDueAt, change.DueAt, err = optional[time.Time](in.DueAt, "due_at", moment); err != nil {
		return change, err
	}
	change.SetsClosesAt, change.ClosesAt, err = optional[time.Time](in.ClosesAt, "closes_at", moment)
	return change, err
}

// ChangeFolder renames, moves or times a folder.
func (r *Spaces) ChangeFolder(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoFolder)
	if err != nil {
		return err
	}
	in, err := request.Body[folderChange](c)
	if err != nil {
		return err
	}
	if err := checkFolder(in.Instructions, in.Accepted); err != nil {
		return err
	}
	change, err := in.parse()
	if err != nil {
		return err
	}
	return r.changed(c, audit.Event{Action: "folder.change", ObjectID: id.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		if _, err := spaces.GetFolder(ctx, tx, id); err != nil {
			return err
		}
		return spaces.UpdateFolder(ctx, tx, id, change)
	}, func(ctx context.Context, q tenancy.Queries) (any, error) { return r.folder(ctx, q, id) })
}

// DeleteFolder removes an empty folder.
func (r *Spaces) DeleteFolder(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoFolder)
	if err != nil {
		return err
	}
	return r.done(c, audit.Event{Action: "folder.delete", ObjectID: id.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		if _, err := spaces.GetFolder(ctx, tx, id); err != nil {
			return err
		}
		return spaces.DeleteFolder(ctx, tx, id)
	})
}

// HandInView is what became of one student's work.
type HandInView struct {
	Student    *uuid.UUID `json:"student_id,omitempty"`
	Name       string     `json:"display_name,omitempty"`
	State      string     `json:"state"` // missing, in, late, returned
	HandedInAt *time.Time `json:"handed_in_at,omitempty"`
	ReturnedAt *time.Time `json:"returned_at,omitempty"`
	Files      int64      `json:"files,omitempty"`
	Note       string     `json:"note,omitempty"`
}

// HandIn hands in what the caller put into the folder.
func (r *Spaces) HandIn(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoFolder)
	if err != nil {
		return err
	}
	return r.changed(c, audit.Event{Action: "folder.hand_in", ObjectID: id.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		if _, err := spaces.GetFolder(ctx, tx, id); err != nil {
			return err
		}
		_, err := spaces.HandInNow(ctx, tx, id)
		return err
	}, func(ctx context.Context, q tenancy.Queries) (any, error) { return r.folder(ctx, q, id) })
}

// WithdrawHandIn takes it back before it is due.
func (r *Spaces) WithdrawHandIn(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoFolder)
	if err != nil {
		return err
	}
	return r.done(c, audit.Event{Action: "folder.take_back", ObjectID: id.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		if _, err := spaces.GetFolder(ctx, tx, id); err != nil {
			return err
		}
		return spaces.WithdrawHandIn(ctx, tx, id)
	})
}

// ListHandIns lists the students of a hand-in with their states, to its staff.
func (r *Spaces) ListHandIns(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoFolder)
	if err != nil {
		return err
	}
	var f spaces.Folder
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]spaces.HandInState, error) {
		return look(r, c, func(ctx context.Context, q tenancy.Queries) (found []spaces.HandInState, err error) {
			if f, err = spaces.GetFolder(ctx, q, id); err != nil {
				return nil, err
			}
			return spaces.HandIns(ctx, q, id, after[0], limit)
		})
	}, func(h spaces.HandInState) HandInView {
		handedIn, returned := spaces.Limit(h.HandedInAt), spaces.Limit(h.ReturnedAt)
		return HandInView{
			Student: &h.StudentID, Name: h.DisplayName, State: spaces.StateOf(handedIn, returned, f.DueAt),
			HandedInAt: handedIn, ReturnedAt: returned, Files: h.Files, Note: h.Note,
		}
	}, func(h spaces.HandInState) []uuid.UUID { return []uuid.UUID{h.StudentID} })
}

type returnBody struct {
	Note string `json:"note"`
}

// ReturnHandIn gives a student their work back.
func (r *Spaces) ReturnHandIn(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoFolder)
	if err != nil {
		return err
	}
	student, noStudent := pathID(c, "student", spaces.ErrNotHandIn)
	in, err := request.OptionalBody[returnBody](c)
	if err != nil {
		return err
	}
	if !request.IsText(in.Note, maxInstructions) {
		return request.Invalid("note", "note is at most %d characters of text.", maxInstructions)
	}
	return r.done(c, audit.Event{Action: "folder.return", ObjectID: id.String(), Code: student.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		if _, err := spaces.GetFolder(ctx, tx, id); err != nil {
			return err
		}
		if noStudent != nil {
			return noStudent
		}
		return spaces.ReturnHandIn(ctx, tx, id, student, in.Note)
	})
}
