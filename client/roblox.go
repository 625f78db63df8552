package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// RobloxCreator owns assets at Roblox.
type RobloxCreator struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
}

// RobloxConnection is an experience to which files are brought.
type RobloxConnection struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	UniverseID int64            `json:"universe_id"`
	Creator    RobloxCreator    `json:"creator"`
	SpaceIDs   []string         `json:"space_ids"`
	Automatic  bool             `json:"automatic"`
	Progress   []string         `json:"progress"`
	State      string           `json:"state"`
	Code       string           `json:"code"`
	SyncedAt   *time.Time       `json:"synced_at"`
	Assets     map[string]int64 `json:"assets"`
	Lessons    map[string]int64 `json:"lessons"`
	WebhookURL string           `json:"webhook_url"`
	Secret     string           `json:"secret"`
	Key        struct {
		ExpiresAt *time.Time `json:"expires_at"`
		Missing   []string   `json:"missing"`
	} `json:"key"`
}

// NewRobloxConnection is what is connected.
type NewRobloxConnection struct {
	Name       string        `json:"name"`
	UniverseID int64         `json:"universe_id"`
	Creator    RobloxCreator `json:"creator"`
	APIKey     string        `json:"api_key"`
	SpaceIDs   []string      `json:"space_ids"`
	Automatic  bool          `json:"automatic"`
}

// RobloxAsset is what a file became.
type RobloxAsset struct {
	ID          string    `json:"id"`
	FileID      string    `json:"file_id"`
	Name        string    `json:"name"`
	Type        string    `json:"type"`
	State       string    `json:"state"`
	Code        string    `json:"code"`
	AssetID     *int64    `json:"asset_id"`
	DisplayName string    `json:"display_name"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// RobloxLesson is what a document became: an entry of the data store satchel.
type RobloxLesson struct {
	FileID    string     `json:"file_id"`
	VersionID string     `json:"version_id"`
	Name      string     `json:"name"`
	Kind      string     `json:"kind"`
	Key       string     `json:"key"`
	State     string     `json:"state"`
	Code      string     `json:"code"`
	Rule      string     `json:"rule"`
	Revision  string     `json:"revision"`
	SHA256    string     `json:"sha256"`
	WrittenAt *time.Time `json:"written_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

// RobloxQuota is how many assets of a type may be made still.
type RobloxQuota struct {
	AssetType string     `json:"asset_type"`
	Period    string     `json:"period"`
	Used      int64      `json:"used"`
	Max       int64      `json:"max"`
	Planned   int64      `json:"planned"`
	ResetsAt  *time.Time `json:"resets_at"`
}

// RobloxFigure is how far people are, or how many used the experience on a day.
type RobloxFigure struct {
	Kind   string            `json:"kind"`
	Name   string            `json:"name"`
	Day    string            `json:"day"`
	People *int64            `json:"people"` // nil: fewer than are shown
	Parts  map[string]*int64 `json:"parts"`
}

const robloxPath = "/api/v1/roblox/connections"

func robloxAt(id, rest string) string { return robloxPath + "/" + url.PathEscape(id) + rest }

// RobloxConnections lists all of the organization.
func (c *Client) RobloxConnections(ctx context.Context) ([]RobloxConnection, error) {
	var all struct {
		Items []RobloxConnection `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, robloxPath, nil, &all)
	return all.Items, err
}

// ConnectRoblox makes a connection. Its answer alone has the secret.
func (c *Client) ConnectRoblox(ctx context.Context, n NewRobloxConnection) (r RobloxConnection, err error) {
	return r, c.Call(ctx, http.MethodPost, robloxPath, n, &r)
}

// RobloxConnection shows one.
func (c *Client) RobloxConnection(ctx context.Context, id string) (r RobloxConnection, err error) {
	return r, c.Call(ctx, http.MethodGet, robloxAt(id, ""), nil, &r)
}

// ChangeRoblox changes a connection, by the fields of the contract.
func (c *Client) ChangeRoblox(ctx context.Context, id string, change map[string]any) (r RobloxConnection, err error) {
	return r, c.Call(ctx, http.MethodPatch, robloxAt(id, ""), change, &r)
}

// DisconnectRoblox deletes a connection.
func (c *Client) DisconnectRoblox(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, robloxAt(id, ""), nil, nil)
}

// SyncRoblox begins a sync and gives its operation.
func (c *Client) SyncRoblox(ctx context.Context, id string) (string, error) {
	return c.began(ctx, robloxAt(id, "/sync"), map[string]any{})
}

// PublishRobloxPlace makes a version of a place of a file, and gives its operation.
func (c *Client) PublishRobloxPlace(ctx context.Context, id string, place int64, file string, publish bool) (string, error) {
	return c.began(ctx, robloxAt(id, "/places/"+strconv.FormatInt(place, 10)), map[string]any{"file_id": file, "publish": publish})
}

func (c *Client) began(ctx context.Context, path string, in any) (string, error) {
	var op struct {
		ID string `json:"operation_id"`
	}
	err := c.Call(ctx, http.MethodPost, path, in, &op)
	return op.ID, err
}

// RobloxAssets lists a page of what files became; next is empty at the end.
func (c *Client) RobloxAssets(ctx context.Context, id, state, cursor string) (found []RobloxAsset, next string, err error) {
	var page struct {
		Items []RobloxAsset `json:"items"`
		Next  string        `json:"next_cursor"`
	}
	q := url.Values{"limit": {"200"}}
	for name, value := range map[string]string{"state": state, "cursor": cursor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	err = c.Call(ctx, http.MethodGet, robloxAt(id, "/assets?"+q.Encode()), nil, &page)
	return page.Items, page.Next, err
}

// RobloxLessons lists a page of what documents became; next is empty at the end.
func (c *Client) RobloxLessons(ctx context.Context, id, cursor string) (found []RobloxLesson, next string, err error) {
	var page struct {
		Items []RobloxLesson `json:"items"`
		Next  string         `json:"next_cursor"`
	}
	q := url.Values{"limit": {"200"}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	err = c.Call(ctx, http.MethodGet, robloxAt(id, "/lessons?"+q.Encode()), nil, &page)
	return page.Items, page.Next, err
}

// ResolveRobloxAsset says whether an unsure asset is at Roblox; zero: it is not.
func (c *Client) ResolveRobloxAsset(ctx context.Context, id, asset string, number int64) (a RobloxAsset, err error) {
	in := map[string]any{"outcome": "not_there"}
	if number != 0 {
		in = map[string]any{"outcome": "there", "asset_id": number}
	}
	return a, c.Call(ctx, http.MethodPost, robloxAt(id, "/assets/"+url.PathEscape(asset)+"/resolve"), in, &a)
}

// RobloxQuotas asks how many assets the account may make still.
func (c *Client) RobloxQuotas(ctx context.Context, id string) ([]RobloxQuota, error) {
	var all struct {
		Items []RobloxQuota `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, robloxAt(id, "/quota"), nil, &all)
	return all.Items, err
}

// RobloxFigures reads what the experience says about those who use it.
func (c *Client) RobloxFigures(ctx context.Context, id string) ([]RobloxFigure, error) {
	var all struct {
		Items []RobloxFigure `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, robloxAt(id, "/figures"), nil, &all)
	return all.Items, err
}
