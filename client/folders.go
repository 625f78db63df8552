package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

const foldersPath = "/api/v1/folders"

// Folder is a folder of a space. Path and HandIn come only from Folder.
type Folder struct {
	ID           string       `json:"id"`
	Space        string       `json:"space_id"`
	Parent       string       `json:"parent_id,omitempty"`
	Name         string       `json:"name"`
	Mode         string       `json:"mode"` // shared, handout, handin
	Instructions string       `json:"instructions"`
	OpensAt      *time.Time   `json:"opens_at,omitempty"`
	DueAt        *time.Time   `json:"due_at,omitempty"`
	ClosesAt     *time.Time   `json:"closes_at,omitempty"`
	Accepted     []string     `json:"accepted"`
	CreatedBy    string       `json:"created_by"`
	CreatedAt    time.Time    `json:"created_at"`
	UpdatedAt    time.Time    `json:"updated_at"`
	Path         []FolderName `json:"path,omitempty"`
	HandIn       *HandIn      `json:"hand_in,omitempty"`
}

// FolderName is a folder on the path from the top of the space to a folder, which is the last.
type FolderName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// NewFolder describes a folder. A hand-out may have OpensAt, a hand-in all times.
type NewFolder struct {
	Name         string     `json:"name"`
	Parent       string     `json:"parent_id,omitempty"`
	Mode         string     `json:"mode,omitempty"`
	Instructions string     `json:"instructions,omitempty"`
	OpensAt      *time.Time `json:"opens_at,omitempty"`
	DueAt        *time.Time `json:"due_at,omitempty"`
	ClosesAt     *time.Time `json:"closes_at,omitempty"`
	Accepted     []string   `json:"accepted,omitempty"` // extensions without a dot
}

// HandIn is what became of one student's work. Student, Name and Files come only from
// HandIns; Note is what the staff wrote when they returned it.
type HandIn struct {
	Student    string     `json:"student_id,omitempty"`
	Name       string     `json:"display_name,omitempty"`
	State      string     `json:"state"` // missing, in, late, returned
	HandedInAt *time.Time `json:"handed_in_at,omitempty"`
	ReturnedAt *time.Time `json:"returned_at,omitempty"`
	Files      int64      `json:"files,omitempty"`
	Note       string     `json:"note,omitempty"`
}

func folderPath(id string) string { return foldersPath + "/" + url.PathEscape(id) }

// Folders lists the folders in a folder, or at the top of the space where parent is
// empty.
func (c *Client) Folders(ctx context.Context, space, parent string) ([]Folder, error) {
	q := url.Values{}
	if parent != "" {
		q.Set("parent_id", parent)
	}
	return All[Folder](ctx, c, spacePath(space)+"/folders", q)
}

// Folder reads one folder, the folders above it, and the caller's own hand-in.
func (c *Client) Folder(ctx context.Context, id string) (Folder, error) {
	var f Folder
	return f, c.Call(ctx, http.MethodGet, folderPath(id), nil, &f)
}

// CreateFolder makes a folder in a space.
func (c *Client) CreateFolder(ctx context.Context, space string, n NewFolder) (Folder, error) {
	var f Folder
	return f, c.Call(ctx, http.MethodPost, spacePath(space)+"/folders", n, &f)
}

// RenameFolder gives a folder another name.
func (c *Client) RenameFolder(ctx context.Context, id, name string) (Folder, error) {
	return c.changeFolder(ctx, id, map[string]any{"name": name})
}

// MoveFolder moves a folder, with all that is in it, into another folder or to the top
// of a space, where parent is empty.
func (c *Client) MoveFolder(ctx context.Context, id, space, parent string) (Folder, error) {
	return c.changeFolder(ctx, id, map[string]any{"space_id": space, "parent_id": orNull(parent)})
}

func (c *Client) changeFolder(ctx context.Context, id string, in any) (Folder, error) {
	var f Folder
	return f, c.Call(ctx, http.MethodPatch, folderPath(id), in, &f)
}

// DeleteFolder removes an empty folder.
func (c *Client) DeleteFolder(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, folderPath(id), nil, nil)
}

// Move moves a file into a folder, or to the top of a space, where folder is empty.
func (c *Client) Move(ctx context.Context, file, space, folder string) (File, error) {
	var f File
	in := map[string]any{"space_id": space, "folder_id": orNull(folder)}
	return f, c.Call(ctx, http.MethodPatch, storage+"/files/"+url.PathEscape(file), in, &f)
}

// orNull is how the API names the top of a space.
func orNull(id string) any {
	if id == "" {
		return nil
	}
	return id
}

// HandIns lists the students of a hand-in with their states, to its staff.
func (c *Client) HandIns(ctx context.Context, folder string) ([]HandIn, error) {
	return All[HandIn](ctx, c, folderPath(folder)+"/hand-ins", nil)
}

// HandInWork hands in what the caller put into the folder.
func (c *Client) HandInWork(ctx context.Context, folder string) (Folder, error) {
	var f Folder
	return f, c.Call(ctx, http.MethodPost, folderPath(folder)+"/hand-in", nil, &f)
}

// WithdrawWork takes back what the caller handed in, before it is due.
func (c *Client) WithdrawWork(ctx context.Context, folder string) error {
	return c.Call(ctx, http.MethodDelete, folderPath(folder)+"/hand-in", nil, nil)
}

// ReturnWork gives a student their work back, with an optional note.
func (c *Client) ReturnWork(ctx context.Context, folder, student, note string) error {
	path := folderPath(folder) + "/hand-ins/" + url.PathEscape(student) + "/return"
	return c.Call(ctx, http.MethodPost, path, map[string]string{"note": note}, nil)
}
