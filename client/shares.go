package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

const sharesPath = "/api/v1/storage/shares"

// ShareWith names a recipient of a share: a member, a class, or an address outside.
type ShareWith struct {
	User  string `json:"user_id,omitempty"`
	Class string `json:"class_id,omitempty"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
}

// NewShare describes a share of one file, folder or space. Kind is link, members, classes
// or people; Permission is view, download, upload or edit, download when empty.
type NewShare struct {
	Kind         string      `json:"kind"`
	Permission   string      `json:"permission,omitempty"`
	File         string      `json:"file_id,omitempty"`
	Folder       string      `json:"folder_id,omitempty"`
	Space        string      `json:"space_id,omitempty"`
	Label        string      `json:"label,omitempty"`
	Password     string      `json:"password,omitempty"`
	StartsAt     *time.Time  `json:"starts_at,omitempty"`
	ExpiresAt    *time.Time  `json:"expires_at,omitempty"`
	MaxDownloads *int        `json:"max_downloads,omitempty"`
	MaxFiles     int         `json:"max_files,omitempty"`
	MaxBytes     int64       `json:"max_bytes,omitempty"`
	Accepted     []string    `json:"accepted,omitempty"`
	With         []ShareWith `json:"with,omitempty"`
}

// ShareChange is what changes of a share; nil leaves a field as it is.
type ShareChange struct {
	ExpiresAt    *time.Time  `json:"expires_at,omitempty"`
	MaxDownloads *int        `json:"max_downloads,omitempty"`
	Password     *string     `json:"password,omitempty"`
	Permission   string      `json:"permission,omitempty"`
	Add          []ShareWith `json:"add,omitempty"`
}

// Share is who was given something, and until when. URL is set by CreateShare of a link
// alone; Recipients are of one share and not of a list.
type Share struct {
	ID           string           `json:"id"`
	URL          string           `json:"url,omitempty"`
	Kind         string           `json:"kind"`
	Permission   string           `json:"permission"`
	File         string           `json:"file_id,omitempty"`
	Folder       string           `json:"folder_id,omitempty"`
	Space        string           `json:"space_id,omitempty"`
	Label        string           `json:"label"`
	HasPassword  bool             `json:"has_password"`
	Status       string           `json:"status"`
	StartsAt     time.Time        `json:"starts_at"`
	ExpiresAt    *time.Time       `json:"expires_at,omitempty"`
	MaxDownloads *int             `json:"max_downloads,omitempty"`
	Downloads    int              `json:"downloads"`
	CreatedBy    string           `json:"created_by"`
	CreatedAt    time.Time        `json:"created_at"`
	Recipients   []ShareRecipient `json:"recipients,omitempty"`
}

// ShareRecipient is with whom a share is. Delivery is of the mail to somebody outside:
// queued, sent or failed.
type ShareRecipient struct {
	ID       string     `json:"id"`
	User     string     `json:"user_id,omitempty"`
	Class    string     `json:"class_id,omitempty"`
	Email    string     `json:"email,omitempty"`
	Name     string     `json:"name,omitempty"`
	Delivery string     `json:"delivery,omitempty"`
	EndedAt  *time.Time `json:"ended_at,omitempty"`
}

// CreateShare shares a file, a folder or a space.
func (c *Client) CreateShare(ctx context.Context, n NewShare) (Share, error) {
	var s Share
	return s, c.Call(ctx, http.MethodPost, "/api/v1/storage/share", n, &s)
}

// Shares lists the caller's shares: which is given, received, or outside.
func (c *Client) Shares(ctx context.Context, which string) ([]Share, error) {
	return All[Share](ctx, c, sharesPath, url.Values{"which": {which}})
}

// SharesOfFile lists the shares of a file that the caller may see, ended ones too.
func (c *Client) SharesOfFile(ctx context.Context, file string) ([]Share, error) {
	return All[Share](ctx, c, "/api/v1/storage/files/"+url.PathEscape(file)+"/shares", nil)
}

// Share reads one share with its recipients.
func (c *Client) Share(ctx context.Context, id string) (Share, error) {
	var s Share
	return s, c.Call(ctx, http.MethodGet, sharesPath+"/"+url.PathEscape(id), nil, &s)
}

// ChangeShare changes a share that has not ended.
func (c *Client) ChangeShare(ctx context.Context, id string, change ShareChange) (Share, error) {
	var s Share
	return s, c.Call(ctx, http.MethodPatch, sharesPath+"/"+url.PathEscape(id), change, &s)
}

// RevokeShare ends a share at once.
func (c *Client) RevokeShare(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, sharesPath+"/"+url.PathEscape(id), nil, nil)
}

// RemoveShareRecipient takes somebody out of a share at once. A share without recipients
// ends.
func (c *Client) RemoveShareRecipient(ctx context.Context, share, recipient string) error {
	return c.Call(ctx, http.MethodDelete, sharesPath+"/"+url.PathEscape(share)+"/recipients/"+url.PathEscape(recipient), nil, nil)
}

// ResendShareMail sends the mail of somebody outside again. The link of the mail before
// ends.
func (c *Client) ResendShareMail(ctx context.Context, share, recipient string) (ShareRecipient, error) {
	var r ShareRecipient
	return r, c.Call(ctx, http.MethodPost, sharesPath+"/"+url.PathEscape(share)+"/recipients/"+url.PathEscape(recipient)+"/resend", nil, &r)
}
