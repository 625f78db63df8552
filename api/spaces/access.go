package spaces

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/idempotency"
	"satchel/api/request"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/spaces"
	"satchel/tenancy"
)

// GrantView is access that somebody gave.
type GrantView struct {
	ID         uuid.UUID  `json:"id"`
	Space      uuid.UUID  `json:"space_id"`
	User       uuid.UUID  `json:"user_id"`
	Level      int        `json:"level"`
	Via        string     `json:"via"`
	Reason     string     `json:"reason,omitempty"`
	GivenBy    uuid.UUID  `json:"given_by"`
	ApprovedBy *uuid.UUID `json:"approved_by,omitempty"`
	BeginsAt   time.Time  `json:"begins_at"`
	EndsAt     *time.Time `json:"ends_at,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
}

func showGrant(g spaces.Grant) GrantView {
	return GrantView{
		ID: g.ID, Space: g.SpaceID, User: g.UserID, Level: int(g.Level), Via: g.Via, Reason: g.Reason, GivenBy: g.GivenBy, ApprovedBy: g.ApprovedBy,
		BeginsAt: g.BeginsAt.UTC(), EndsAt: spaces.Limit(g.EndsAt), CreatedAt: g.CreatedAt.UTC(),
	}
}

// ListGrants lists the access that was given to a space.
func (r *Spaces) ListGrants(c *gin.Context) error {
	id, err := r.seen(c)
	if err != nil {
		return err
	}
	return request.List(c, 1, func(after []uuid.UUID, limit int) ([]spaces.Grant, error) {
		return spaces.Grants(c.Request.Context(), r.query(c), id, after[0], limit)
	}, showGrant, func(g spaces.Grant) []uuid.UUID { return []uuid.UUID{g.ID} })
}

type grantBody struct {
	User     uuid.UUID  `json:"user_id"`
	Level    int16      `json:"level"`
	Via      spaces.Via `json:"via"`
	Reason   string     `json:"reason"`
	BeginsAt *time.Time `json:"begins_at"`
	EndsAt   *time.Time `json:"ends_at"`
}

const maxReason = 1000

// Give gives a person access to a space: who manages it does, and an admin for a
// substitute.
func (r *Spaces) Give(c *gin.Context) error {
	space, err := r.seen(c)
	if err != nil {
		return err
	}
	in, err := request.Body[grantBody](c)
	if err != nil {
		return err
	}
	if in.Via == "" {
		in.Via = spaces.ByGrant
	}
	switch {
	case in.Via != spaces.ByGrant && in.Via != spaces.Substitute:
		return request.Invalid("via", "via is grant, or substitute, which ends after at most 30 days.")
	case in.Via == spaces.Substitute && in.EndsAt == nil:
		return spaces.ErrEnds
	case in.Level < spaces.Reads || in.Level > spaces.Manages:
		return request.Invalid("level", "level is 1 to read, 2 to add, 3 to work as staff, 4 to manage.")
	case !request.IsText(in.Reason, maxReason):
		return request.Invalid("reason", "reason is at most %d characters of text.", maxReason)
	}
	id := request.NewID(c)
	return r.give(c, audit.Event{Action: "space.grant", ObjectID: space.String(), Code: in.User.String()}, id, func(ctx context.Context, tx *tenancy.Tx) (spaces.Grant, error) {
		return spaces.Give(ctx, tx, spaces.NewGrant{ID: id, Space: space, User: in.User, Level: in.Level, Via: in.Via, Reason: in.Reason, BeginsAt: in.BeginsAt, EndsAt: in.EndsAt})
	})
}

func (r *Spaces) give(c *gin.Context, e audit.Event, id uuid.UUID, f func(context.Context, *tenancy.Tx) (spaces.Grant, error)) error {
	var made spaces.Grant
	err := r.change(c, e, func(ctx context.Context, tx *tenancy.Tx) (err error) {
		made, err = f(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	return created(c, http.StatusCreated, "/api/v1/spaces/"+made.SpaceID.String()+"/grants/", id, showGrant(made))
}

// ReplayGive answers with the access that the first try gave.
func (r *Spaces) ReplayGive(c *gin.Context, e idempotency.PreviousAttempt) (idempotency.Outcome, error) {
	g, err := spaces.GetGrant(c.Request.Context(), r.query(c), e.ID)
	return replay(c, e, spaces.ErrNoGrant, "/api/v1/spaces/"+g.SpaceID.String()+"/grants/", func() (any, error) { return showGrant(g), err })
}

// EndGrant ends access at once.
func (r *Spaces) EndGrant(c *gin.Context) error {
	space, err := r.seen(c)
	if err != nil {
		return err
	}
	grant, err := pathID(c, "grant", spaces.ErrNoGrant)
	if err != nil {
		return err
	}
	return r.done(c, audit.Event{Action: "space.revoke", ObjectID: space.String(), Code: grant.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.EndGrant(ctx, tx, space, grant)
	})
}

type breakBody struct {
	Space  uuid.UUID `json:"space_id"`
	User   uuid.UUID `json:"user_id"`
	Reason string    `json:"reason"`
}

// BreakGlass lets an admin into a space that they are not in, for two hours.
func (r *Spaces) BreakGlass(c *gin.Context) error {
	in, err := request.Body[breakBody](c)
	if err != nil {
		return err
	}
	const least = 10
	switch {
	case (in.Space == uuid.Nil) == (in.User == uuid.Nil):
		return request.Invalid("space_id", "Name either space_id, or user_id for the personal space of a person.")
	case !request.IsText(in.Reason, maxReason) || utf8.RuneCountInString(in.Reason) < least:
		return spaces.ErrReason
	}
	id, named := request.NewID(c), in.Space
	if named == uuid.Nil {
		named = in.User
	}
	return r.give(c, audit.Event{Action: "space.break_glass", ObjectID: named.String(), Code: id.String()}, id, func(ctx context.Context, tx *tenancy.Tx) (spaces.Grant, error) {
		return spaces.Break(ctx, tx, id, in.Space, in.User, in.Reason)
	})
}

// ApproveBreakGlass is the second person's word, of a confidential space.
func (r *Spaces) ApproveBreakGlass(c *gin.Context) error {
	grant, err := pathID(c, "grant", spaces.ErrNoGrant)
	if err != nil {
		return err
	}
	return r.done(c, audit.Event{Action: "space.approve", ObjectID: grant.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.Approve(ctx, tx, grant)
	})
}

// LinkView is a file or folder that is shown in another space.
type LinkView struct {
	Space    uuid.UUID  `json:"space_id"`
	Share    *uuid.UUID `json:"share_id,omitempty"` // the share that made it, and ends it
	Level    string     `json:"level"`
	StartsAt *time.Time `json:"starts_at,omitempty"`
	EndsAt   *time.Time `json:"ends_at,omitempty"`
	AddedBy  uuid.UUID  `json:"added_by"`
	AddedAt  time.Time  `json:"added_at"`
}

type linkBody struct {
	Level    string     `json:"level"`
	StartsAt *time.Time `json:"starts_at"`
	EndsAt   *time.Time `json:"ends_at"`
}

// linked is a file or a folder: what a link is of.
type linked struct {
	object string
	none   *fault.Fault
	see    func(context.Context, tenancy.Queries, uuid.UUID) error
	set    func(context.Context, tenancy.Queries, uuid.UUID, spaces.NewLink) error
	end    func(ctx context.Context, q tenancy.Queries, thing, space uuid.UUID) error
	list   func(context.Context, tenancy.Queries, uuid.UUID) ([]spaces.Link, error)
}

var linkedFile = linked{"file", files.ErrNotFound, func(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	_, err := files.Get(ctx, q, id)
	return err
}, spaces.LinkFile, spaces.UnlinkFile, spaces.FileLinks}

var linkedFolder = linked{"folder", spaces.ErrNoFolder, func(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	_, err := spaces.GetFolder(ctx, q, id)
	return err
}, spaces.LinkFolder, spaces.UnlinkFolder, spaces.FolderLinks}

// LinkFile shows a file in another space of the caller.
func (r *Spaces) LinkFile(c *gin.Context) error { return r.link(c, linkedFile) }

// LinkFolder shows a folder in another space of the caller.
func (r *Spaces) LinkFolder(c *gin.Context) error { return r.link(c, linkedFolder) }

func (r *Spaces) link(c *gin.Context, of linked) error {
	thing, err := pathID(c, "id", of.none)
	if err != nil {
		return err
	}
	space, noSpace := pathID(c, "space", spaces.ErrNoSpace)
	in, err := request.OptionalBody[linkBody](c)
	if err != nil {
		return err
	}
	if in.Level == "" {
		in.Level = "read"
	}
	return r.done(c, audit.Event{Action: of.object + ".link", ObjectID: thing.String(), Code: space.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		if err := of.see(ctx, tx, thing); err != nil {
			return err
		}
		if noSpace != nil { // after the file: who does not see it learns of nothing else
			return noSpace
		}
		if _, err := spaces.Get(ctx, tx, space); err != nil {
			return err
		}
		return of.set(ctx, tx, thing, spaces.NewLink{Space: space, Level: in.Level, StartsAt: in.StartsAt, EndsAt: in.EndsAt})
	})
}

// UnlinkFile ends the showing of a file in a space.
func (r *Spaces) UnlinkFile(c *gin.Context) error { return r.unlink(c, linkedFile) }

// UnlinkFolder ends the showing of a folder in a space.
func (r *Spaces) UnlinkFolder(c *gin.Context) error { return r.unlink(c, linkedFolder) }

func (r *Spaces) unlink(c *gin.Context, of linked) error {
	thing, err := pathID(c, "id", spaces.ErrNoLink)
	if err != nil {
		return err
	}
	space, err := pathID(c, "space", spaces.ErrNoLink)
	if err != nil {
		return err
	}
	return r.done(c, audit.Event{Action: of.object + ".unlink", ObjectID: thing.String(), Code: space.String()}, func(ctx context.Context, tx *tenancy.Tx) error {
		return of.end(ctx, tx, thing, space)
	})
}

// ListFileLinks lists where a file is shown.
func (r *Spaces) ListFileLinks(c *gin.Context) error { return r.links(c, linkedFile) }

// ListFolderLinks lists where a folder is shown.
func (r *Spaces) ListFolderLinks(c *gin.Context) error { return r.links(c, linkedFolder) }

func (r *Spaces) links(c *gin.Context, of linked) error {
	thing, err := pathID(c, "id", of.none)
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.query(c)
	if err := of.see(ctx, q, thing); err != nil {
		return err
	}
	found, err := of.list(ctx, q, thing)
	if err != nil {
		return err
	}
	page := request.Page[LinkView]{Items: make([]LinkView, len(found))}
	for i, l := range found {
		page.Items[i] = LinkView{Space: l.SpaceID, Share: unlessNil(l.ShareID), Level: l.Level, StartsAt: spaces.Limit(l.StartsAt), EndsAt: spaces.Limit(l.EndsAt), AddedBy: l.AddedBy, AddedAt: l.CreatedAt.UTC()}
	}
	c.JSON(http.StatusOK, page)
	return nil
}

func unlessNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// StarFile marks a file for the caller alone.
func (r *Spaces) StarFile(c *gin.Context) error { return r.star(c, spaces.Star) }

// UnstarFile takes the mark away.
func (r *Spaces) UnstarFile(c *gin.Context) error { return r.star(c, spaces.Unstar) }

// star is not in the audit log: it says nothing to anybody else.
func (r *Spaces) star(c *gin.Context, f func(context.Context, tenancy.Queries, uuid.UUID) error) error {
	id, err := pathID(c, "id", files.ErrNotFound)
	if err != nil {
		return err
	}
	ctx, q := c.Request.Context(), r.query(c)
	if err := linkedFile.see(ctx, q, id); err != nil {
		return err
	}
	if err := f(ctx, q, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
