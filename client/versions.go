package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// VersionFacts is a version by itself.
type VersionFacts struct {
	Version           int        `json:"version"`
	Status            string     `json:"status"`
	Name              string     `json:"name"` // of the file, when this version was begun
	Size              int64      `json:"size"`
	MimeType          string     `json:"mime_type"`
	SHA256            string     `json:"sha256"`
	ChangeDescription string     `json:"change_description"`
	UploadedBy        string     `json:"uploaded_by"`
	CreatedAt         time.Time  `json:"created_at"`
	PublishedAt       *time.Time `json:"published_at"`
}

// Difference is one thing in which two versions differ.
type Difference struct {
	Field string          `json:"field"`
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
}

// Comparison is two versions of a file and what differs.
type Comparison struct {
	From        VersionFacts `json:"from"`
	To          VersionFacts `json:"to"`
	Differences []Difference `json:"differences"`
}

// Versions lists the versions of a file, the newest first.
func (c *Client) Versions(ctx context.Context, id string) ([]File, error) {
	var p Page[File]
	return p.Items, c.Call(ctx, http.MethodGet, versionsPath(id), nil, &p)
}

// CompareVersions says in what two versions of a file differ.
func (c *Client) CompareVersions(ctx context.Context, id string, from, to int) (Comparison, error) {
	var d Comparison
	return d, c.Call(ctx, http.MethodGet, fmt.Sprintf("%s/%d/diff/%d", versionsPath(id), from, to), nil, &d)
}

// DeleteVersion deletes one version of a file for good.
func (c *Client) DeleteVersion(ctx context.Context, id string, version int) error {
	return c.Call(ctx, http.MethodDelete, fmt.Sprintf("%s/%d", versionsPath(id), version), nil, nil)
}

// VersionPath is where the bytes of a version are, for DownloadRendition.
func VersionPath(id string, version int) string {
	return fmt.Sprintf("%s/%d/content", versionsPath(id), version)
}

func versionsPath(id string) string { return storage + "/files/" + url.PathEscape(id) + "/versions" }
