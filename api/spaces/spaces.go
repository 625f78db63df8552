// Package spaces answers for spaces, their folders, hand-ins, classes and who reaches
// them. Each handler parses, asks package spaces in one transaction as the caller,
// and responds; row-level security decides what the caller sees.
package spaces

import (
	"context"
	"encoding/json"
	"net/http"
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

// Spaces answers for spaces and what is in them but the files.
type Spaces struct {
	DB  *tenancy.DB // as the caller
	All *tenancy.DB // of the whole organization: counts for an owner
}

// SpaceView is a space as its people see it.
type SpaceView struct {
	ID        uuid.UUID  `json:"id"`
	Kind      string     `json:"kind"`
	Name      string     `json:"name"`
	State     string     `json:"state"`
	MyLevel   int        `json:"my_level"` // 1 reads, 2 adds, 3 is staff, 4 manages
	Class     *uuid.UUID `json:"class_id,omitempty"`
	Owner     *uuid.UUID `json:"owner_id,omitempty"`
	About     *uuid.UUID `json:"about_id,omitempty"`
	TrashDays *int32     `json:"trash_days,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

func showSpace(s spaces.Space) SpaceView {
	return SpaceView{
		ID: s.ID, Kind: s.Kind, Name: s.Name, State: s.State, MyLevel: int(s.MyLevel), Class: s.ClassID, Owner: s.OwnerID, About: s.AboutID,
		TrashDays: s.TrashDays, CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC(),
	}
}

// List lists the caller's spaces by name.
func (r *Spaces) List(c *gin.Context) error {
	kind := spaces.Kind(c.Query("kind"))
	if kind != "" && !slices.Contains(spaces.Kinds, kind) {
		return request.Invalid("kind", "kind is one of %v.", spaces.Kinds)
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]spaces.Space, error) {
		return look(r, c, func(ctx context.Context, q tenancy.Queries) ([]spaces.Space, error) {
			return spaces.List(ctx, q, kind, after[0], limit)
		})
	}, showSpace, func(s spaces.Space) []uuid.UUID { return []uuid.UUID{s.ID} })
}

// query gives single statements as the caller.
func (r *Spaces) query(c *gin.Context) *tenancy.SingleStatement {
	return r.DB.Single(request.Caller(c).Org)
}

// look gives what f reads as the caller, where a standby may answer.
func look[T any](r *Spaces, c *gin.Context, f func(context.Context, tenancy.Queries) (T, error)) (T, error) {
	return tenancy.Read(c.Request.Context(), r.DB, request.Caller(c).Org, f)
}

// lookIn is look in the space of the path, which the caller must see.
func lookIn[T any](r *Spaces, c *gin.Context, f func(ctx context.Context, q tenancy.Queries, space uuid.UUID) (T, error)) (none T, err error) {
	id, err := pathID(c, "id", spaces.ErrNoSpace)
	if err != nil {
		return none, err
	}
	return look(r, c, func(ctx context.Context, q tenancy.Queries) (T, error) {
		if _, err := spaces.Get(ctx, q, id); err != nil {
			return none, err
		}
		return f(ctx, q, id)
	})
}

// change runs f as the caller and records what it did in the same transaction.
func (r *Spaces) change(c *gin.Context, e audit.Event, f func(context.Context, *tenancy.Tx) error) error {
	ctx := c.Request.Context()
	return r.DB.InTx(ctx, request.Caller(c).Org, func(tx *tenancy.Tx) error {
		if err := f(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
}

type spaceBody struct {
	Kind  spaces.Kind `json:"kind"`
	Name  string      `json:"name"`
	Class *uuid.UUID  `json:"class_id"`
	About *uuid.UUID  `json:"about_id"`
}

// Create makes a group, a library, a staff room or a confidential space.
func (r *Spaces) Create(c *gin.Context) error {
	in, err := request.Body[spaceBody](c)
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains(spaces.Makable, in.Kind):
		return request.Invalid("kind", "kind is one of %v. A personal space comes with its person, a class's with its class.", spaces.Makable)
	case in.Kind == spaces.Library && !request.Caller(c).May(tenancy.ManageSpaces):
		return request.Invalid("kind", "Only owners and admins make a library: everybody here reads it.")
	case in.Class != nil && in.Kind != spaces.Group, in.About != nil && in.Kind != spaces.Confidential:
		return request.Invalid("kind", "class_id is of a group, about_id of a confidential space.")
	}
	id := request.NewID(c)
	var made spaces.Space
	err = r.change(c, audit.Event{Action: "space.create", ObjectID: id.String(), Code: string(in.Kind)}, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		made, err = spaces.Create(ctx, tx, spaces.New{ID: id, Kind: in.Kind, Name: in.Name, Class: in.Class, About: in.About})
		return err
	})
	if err != nil {
		return err
	}
	return created(c, http.StatusCreated, "/api/v1/spaces/", id, showSpace(made))
}

func created(c *gin.Context, status int, path string, id uuid.UUID, view any) error {
	c.Header("Location", path+id.String())
	c.JSON(status, view)
	return nil
}

// ReplayCreate answers with the space that the first try made.
func (r *Spaces) ReplayCreate(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	return replay(c, e, spaces.ErrNoSpace, "/api/v1/spaces/", func() (any, error) {
		s, err := spaces.Get(c.Request.Context(), r.query(c), e.ID)
		return showSpace(s), err
	})
}

// replay answers a repeated request with the thing that the first try made, also where
// that try ended before its answer: to make it once more would record it once more.
func replay(c *gin.Context, e idempotency.PreviousAttempt, none error, path string, read func() (any, error)) (idempotency.Outcome, error) {
	view, err := read()
	if err == nil {
		err = created(c, http.StatusCreated, path, e.ID, view)
	}
	return idempotency.OutcomeOf(err, none)
}

// Get answers with one space, and the folders of others that are shown in it.
func (r *Spaces) Get(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoSpace)
	if err != nil {
		return err
	}
	view, err := look(r, c, func(ctx context.Context, q tenancy.Queries) (wholeSpace, error) { return getWhole(ctx, q, id) })
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, view)
	return nil
}

// wholeSpace is a space with the folders of others that are shown in it.
type wholeSpace struct {
	SpaceView
	Linked []FolderView `json:"linked_folders"`
}

func getWhole(ctx context.Context, q tenancy.Queries, id uuid.UUID) (wholeSpace, error) {
	s, err := spaces.Get(ctx, q, id)
	if err != nil {
		return wholeSpace{}, err
	}
	linked, err := spaces.LinkedFolders(ctx, q, id)
	view := wholeSpace{showSpace(s), make([]FolderView, len(linked))}
	for i, f := range linked {
		view.Linked[i] = showFolder(f)
	}
	return view, err
}

type spaceChange struct {
	Name      *string         `json:"name"`
	State     *string         `json:"state"`
	TrashDays json.RawMessage `json:"trash_days"`
}

var spaceStates = []string{"open", "frozen", "archived"}

// Change renames, freezes or archives a space that the caller manages.
func (r *Spaces) Change(c *gin.Context) error {
	id, err := pathID(c, "id", spaces.ErrNoSpace)
	if err != nil {
		return err
	}
	in, err := request.Body[spaceChange](c)
	if err != nil {
		return err
	}
	if in.State != nil && !slices.Contains(spaceStates, *in.State) {
		return request.Invalid("state", "state is one of %v.", spaceStates)
	}
	change := spaces.Change{Name: in.Name, State: in.State}
	if change.TrashDays, change.ClearsTrash, err = trashDays(in.TrashDays); err != nil {
		return err
	}
	return r.changed(c, audit.Event{Action: "space.change", ObjectID: id.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		if _, err := spaces.Get(ctx, tx, id); err != nil {
			return err
		}
		return spaces.Update(ctx, tx, id, change)
	}, func(ctx context.Context, q tenancy.Queries) (any, error) {
		s, err := spaces.Get(ctx, q, id)
		return showSpace(s), err
	})
}

// trashDays tells "as it is" (nothing), "as the organization" (null) and a number apart.
func trashDays(raw json.RawMessage) (days *int32, clears bool, err error) {
	switch string(raw) {
	case "":
		return nil, false, nil
	case "null":
		return nil, true, nil
	}
	const most = 3650
	if json.Unmarshal(raw, &days) != nil || *days < 1 || *days > most {
		return nil, false, request.Invalid("trash_days", "trash_days is a number from 1 to %d, or null.", most)
	}
	return days, false, nil
}

// changed makes a change and answers with what is there after it.
func (r *Spaces) changed(c *gin.Context, e audit.Event, f func(context.Context, *tenancy.Tx) error, read func(context.Context, tenancy.Queries) (any, error)) error {
	if err := r.change(c, e, f); err != nil {
		return err
	}
	view, err := read(c.Request.Context(), r.query(c))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, view)
	return nil
}

// done makes a change that has nothing to show.
func (r *Spaces) done(c *gin.Context, e audit.Event, f func(context.Context, *tenancy.Tx) error) error {
	if err := r.change(c, e, f); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// PersonView is somebody in a space.
type PersonView struct {
	User   uuid.UUID  `json:"user_id"`
	Name   string     `json:"display_name"`
	Level  int        `json:"level"`
	Via    string     `json:"via"`
	EndsAt *time.Time `json:"ends_at,omitempty"`
}

// People lists who is in a space, to those who add to it.
func (r *Spaces) People(c *gin.Context) error {
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]spaces.Person, error) {
		return lookIn(r, c, func(ctx context.Context, q tenancy.Queries, space uuid.UUID) ([]spaces.Person, error) {
			return spaces.People(ctx, q, space, after[0], limit)
		})
	}, func(p spaces.Person) PersonView {
		return PersonView{User: p.UserID, Name: p.DisplayName, Level: int(p.Level), Via: p.Via, EndsAt: spaces.Limit(p.EndsAt)}
	}, func(p spaces.Person) []uuid.UUID { return []uuid.UUID{p.UserID} })
}

// seen reads the space of the path, which the caller must see.
func (r *Spaces) seen(c *gin.Context) (uuid.UUID, error) {
	id, err := pathID(c, "id", spaces.ErrNoSpace)
	if err != nil {
		return id, err
	}
	_, err = spaces.Get(c.Request.Context(), r.query(c), id)
	return id, err
}

// pathID reads an id of the path. What is not an id names nothing.
func pathID(c *gin.Context, name string, none error) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param(name))
	if err != nil {
		return id, none
	}
	return id, nil
}
