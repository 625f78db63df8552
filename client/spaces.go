package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	spacesPath     = "/api/v1/spaces"
	breakGlassPath = "/api/v1/break-glass"
)

// Space is a place of files with its people. MyLevel is the caller's own: 1 reads,
// 2 adds, 3 is staff, 4 manages. Linked comes only from Space.
type Space struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	State     string    `json:"state"`
	MyLevel   int       `json:"my_level"`
	Class     string    `json:"class_id,omitempty"`
	Owner     string    `json:"owner_id,omitempty"`
	About     string    `json:"about_id,omitempty"`
	Linked    []Folder  `json:"linked_folders,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// NewSpace describes a space. Class is of a group, About of a confidential space.
type NewSpace struct {
	Kind  string `json:"kind"` // group, library, staff, confidential
	Name  string `json:"name"`
	Class string `json:"class_id,omitempty"`
	About string `json:"about_id,omitempty"`
}

// SpacePerson is somebody in a space, with their highest level there.
type SpacePerson struct {
	User   string     `json:"user_id"`
	Name   string     `json:"display_name"`
	Level  int        `json:"level"`
	Via    string     `json:"via"`
	EndsAt *time.Time `json:"ends_at,omitempty"`
}

// Grant is access to a space that a person gave.
type Grant struct {
	ID         string     `json:"id"`
	Space      string     `json:"space_id"`
	User       string     `json:"user_id"`
	Level      int        `json:"level"`
	Via        string     `json:"via"`
	Reason     string     `json:"reason,omitempty"`
	GivenBy    string     `json:"given_by"`
	ApprovedBy string     `json:"approved_by,omitempty"`
	BeginsAt   time.Time  `json:"begins_at"`
	EndsAt     *time.Time `json:"ends_at,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
}

// NewGrant describes access. Via is grant, or substitute, which needs EndsAt.
type NewGrant struct {
	User   string     `json:"user_id"`
	Level  int        `json:"level"`
	Via    string     `json:"via,omitempty"`
	Reason string     `json:"reason,omitempty"`
	EndsAt *time.Time `json:"ends_at,omitempty"`
}

// NewBreakGlass names the space, or the person whose personal space is meant, and why.
type NewBreakGlass struct {
	Space  string `json:"space_id,omitempty"`
	User   string `json:"user_id,omitempty"`
	Reason string `json:"reason"`
}

// NewLink describes a link of a file or folder into a space.
type NewLink struct {
	Level    string     `json:"level,omitempty"` // read, add (of folders), edit; read when empty
	StartsAt *time.Time `json:"starts_at,omitempty"`
	EndsAt   *time.Time `json:"ends_at,omitempty"`
}

// Link is a space in which a file or folder is shown.
type Link struct {
	Space    string     `json:"space_id"`
	Level    string     `json:"level"`
	StartsAt *time.Time `json:"starts_at,omitempty"`
	EndsAt   *time.Time `json:"ends_at,omitempty"`
	AddedBy  string     `json:"added_by"`
	AddedAt  time.Time  `json:"added_at"`
}

// Notification is what should reach the caller.
type Notification struct {
	ID        string          `json:"id"`
	Kind      string          `json:"kind"`
	Data      json.RawMessage `json:"data"`
	CreatedAt time.Time       `json:"created_at"`
	ReadAt    *time.Time      `json:"read_at,omitempty"`
}

// All reads a list to its end.
func All[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	const most = 200
	q := url.Values{"limit": {strconv.Itoa(most)}}
	for name, values := range query {
		q[name] = values
	}
	all := []T{}
	for {
		var page Page[T]
		if err := c.Call(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.NextCursor == "" {
			return all, nil
		}
		q.Set("cursor", page.NextCursor)
	}
}

func spacePath(id string) string { return spacesPath + "/" + url.PathEscape(id) }

// Spaces lists the caller's spaces; an empty kind lists all of them.
func (c *Client) Spaces(ctx context.Context, kind string) ([]Space, error) {
	q := url.Values{}
	if kind != "" {
		q.Set("kind", kind)
	}
	return All[Space](ctx, c, spacesPath, q)
}

// Space reads one space, and the folders of others that are shown in it.
func (c *Client) Space(ctx context.Context, id string) (Space, error) {
	var s Space
	return s, c.Call(ctx, http.MethodGet, spacePath(id), nil, &s)
}

// CreateSpace makes a space, which the caller then manages.
func (c *Client) CreateSpace(ctx context.Context, n NewSpace) (Space, error) {
	var s Space
	return s, c.Call(ctx, http.MethodPost, spacesPath, n, &s)
}

// SpacePeople lists who is in a space, to those who add to it.
func (c *Client) SpacePeople(ctx context.Context, id string) ([]SpacePerson, error) {
	return All[SpacePerson](ctx, c, spacePath(id)+"/people", nil)
}

// Grants lists the access that was given to a space, ended or not.
func (c *Client) Grants(ctx context.Context, space string) ([]Grant, error) {
	return All[Grant](ctx, c, spacePath(space)+"/grants", nil)
}

// GiveAccess lets a person into a space.
func (c *Client) GiveAccess(ctx context.Context, space string, n NewGrant) (Grant, error) {
	var g Grant
	return g, c.Call(ctx, http.MethodPost, spacePath(space)+"/grants", n, &g)
}

// EndAccess ends given access at once.
func (c *Client) EndAccess(ctx context.Context, space, grant string) error {
	return c.Call(ctx, http.MethodDelete, spacePath(space)+"/grants/"+url.PathEscape(grant), nil, nil)
}

// BreakGlass lets an owner or admin into a space that they are not in, for two hours.
func (c *Client) BreakGlass(ctx context.Context, n NewBreakGlass) (Grant, error) {
	var g Grant
	return g, c.Call(ctx, http.MethodPost, breakGlassPath, n, &g)
}

// ApproveBreakGlass is the second person's word, of a confidential space.
func (c *Client) ApproveBreakGlass(ctx context.Context, grant string) error {
	return c.Call(ctx, http.MethodPost, breakGlassPath+"/"+url.PathEscape(grant)+"/approve", nil, nil)
}

// TeacherAccess is how many of the published files a teacher reads, and how many not, by
// the kind of space.
type TeacherAccess struct {
	User     string           `json:"user_id"`
	Name     string           `json:"display_name"`
	Readable int64            `json:"readable"`
	Hidden   map[string]int64 `json:"hidden"`
}

// AccessReport counts for each teacher, to owners. A zero time counts all files, another
// one those that were begun before it.
func (c *Client) AccessReport(ctx context.Context, before time.Time) ([]TeacherAccess, error) {
	q := url.Values{"limit": {"20"}} // each teacher takes a pass over the files
	if !before.IsZero() {
		q.Set("before", before.UTC().Format(time.RFC3339))
	}
	return All[TeacherAccess](ctx, c, "/api/v1/access-report", q)
}

// Notifications lists what should reach the caller, newest first.
func (c *Client) Notifications(ctx context.Context) ([]Notification, error) {
	return All[Notification](ctx, c, "/api/v1/notifications", nil)
}

func fileLinks(id string) string   { return storage + "/files/" + url.PathEscape(id) + "/links" }
func folderLinks(id string) string { return foldersPath + "/" + url.PathEscape(id) + "/links" }

// LinkFile shows a file in another space of the caller. A second call changes the link.
func (c *Client) LinkFile(ctx context.Context, file, space string, n NewLink) error {
	return c.Call(ctx, http.MethodPut, fileLinks(file)+"/"+url.PathEscape(space), n, nil)
}

// UnlinkFile ends the showing of a file in a space.
func (c *Client) UnlinkFile(ctx context.Context, file, space string) error {
	return c.Call(ctx, http.MethodDelete, fileLinks(file)+"/"+url.PathEscape(space), nil, nil)
}

// LinkFolder shows a folder, with all that is below it, in another space of the caller.
func (c *Client) LinkFolder(ctx context.Context, folder, space string, n NewLink) error {
	return c.Call(ctx, http.MethodPut, folderLinks(folder)+"/"+url.PathEscape(space), n, nil)
}

// UnlinkFolder ends the showing of a folder in a space.
func (c *Client) UnlinkFolder(ctx context.Context, folder, space string) error {
	return c.Call(ctx, http.MethodDelete, folderLinks(folder)+"/"+url.PathEscape(space), nil, nil)
}
