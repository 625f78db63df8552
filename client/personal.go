package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// PersonalData is what is known of personal data in a version, with a page of findings. It
// holds no value.
type PersonalData struct {
	FileID      string                `json:"file_id"`
	Version     int                   `json:"version"`
	State       string                `json:"state"`        // pending, none, found or uninspectable
	ContainsPII *bool                 `json:"contains_pii"` // nil: unknown
	Detector    string                `json:"detector"`
	Outdated    bool                  `json:"outdated"`
	Unread      []string              `json:"unread"`
	Capped      []string              `json:"capped"`
	InspectedAt *time.Time            `json:"inspected_at,omitempty"`
	Held        string                `json:"held,omitempty"`
	HeldBy      string                `json:"held_by,omitempty"`
	Items       []PersonalDataFinding `json:"items"`
	NextCursor  string                `json:"next_cursor,omitempty"`
}

// PersonalDataFinding is a place that looks like personal data.
type PersonalDataFinding struct {
	Number   int      `json:"number"`
	Category string   `json:"category"`
	Part     string   `json:"part"`
	Place    int      `json:"part_number,omitempty"`
	Member   string   `json:"member,omitempty"`
	Cell     string   `json:"cell,omitempty"`
	Line     int      `json:"line,omitempty"`
	Score    float64  `json:"score"`
	Reasons  []string `json:"reasons"`
	Masked   string   `json:"masked"`
	PersonID string   `json:"person_id,omitempty"`
}

// HeldFile is a file that waits for a decision about its personal data.
type HeldFile struct {
	FileID     string    `json:"file_id"`
	VersionID  string    `json:"version_id"`
	State      string    `json:"state"`
	Categories []string  `json:"categories"`
	Unread     []string  `json:"unread"`
	HeldBy     string    `json:"held_by"`
	HeldAt     time.Time `json:"held_at"`
	UploadedBy string    `json:"uploaded_by"`
}

// PersonalData reads a page of what is known of a file; version 0 is the one that waits, else
// the one that the file shows.
func (c *Client) PersonalData(ctx context.Context, id string, version int, cursor string) (d PersonalData, err error) {
	query := url.Values{}
	if version > 0 {
		query.Set("version", strconv.Itoa(version))
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return d, c.Call(ctx, http.MethodGet, "/api/v1/storage/files/"+url.PathEscape(id)+"/pii-findings?"+query.Encode(), nil, &d)
}

// RescanPersonalData has the file inspected again.
func (c *Client) RescanPersonalData(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodPost, "/api/v1/storage/files/"+url.PathEscape(id)+"/rescan-pii", nil, nil)
}

// ReleaseHeld publishes a file that waits.
func (c *Client) ReleaseHeld(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodPost, "/api/v1/storage/files/"+url.PathEscape(id)+"/release", nil, nil)
}

// RejectHeld deletes a version that waits.
func (c *Client) RejectHeld(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodPost, "/api/v1/storage/files/"+url.PathEscape(id)+"/reject", nil, nil)
}

// HeldFiles reads a page of the files that wait.
func (c *Client) HeldFiles(ctx context.Context, cursor string) (p Page[HeldFile], err error) {
	query := url.Values{}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return p, c.Call(ctx, http.MethodGet, "/api/v1/storage/held?"+query.Encode(), nil, &p)
}
