package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// MaxBulk is how many files one change may name.
const MaxBulk = 1000

// NewBulk is a change of many files.
type NewBulk struct {
	Action     string   `json:"action"` // move, trash, restore or tag
	IDs        []string `json:"ids"`
	Space      string   `json:"space_id,omitempty"`
	Folder     string   `json:"folder_id,omitempty"`
	AddTags    []string `json:"add_tags,omitempty"`
	RemoveTags []string `json:"remove_tags,omitempty"`
	OnConflict string   `json:"on_conflict,omitempty"` // of a move or a restore: fail, rename or skip
}

// Bulk is such a change, and what became of each file.
type Bulk struct {
	ID      string     `json:"id"`
	Action  string     `json:"action"`
	State   string     `json:"state"`
	Total   int        `json:"total"`
	OK      int        `json:"ok"`
	Refused int        `json:"refused"`
	Skipped int        `json:"skipped"`
	Items   []BulkItem `json:"items"`
}

// BulkItem is one file of a change.
type BulkItem struct {
	ID     string `json:"id"`
	Result string `json:"result"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// The pauses between two looks at a change that runs.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// Change changes up to MaxBulk files and waits until each is done or refused.
func (c *Client) Change(ctx context.Context, n NewBulk) (Bulk, error) {
	var b Bulk
	if err := c.Call(ctx, http.MethodPost, storage+"/files/bulk", n, &b); err != nil {
		return b, err
	}
	for pause := firstPause; b.State == "running"; pause = min(2*pause, longestPause) {
		select {
		case <-ctx.Done():
			return b, ctx.Err()
		case <-time.After(pause):
		}
		if err := c.Call(ctx, http.MethodGet, storage+"/bulk/"+url.PathEscape(b.ID), nil, &b); err != nil {
			return b, err
		}
	}
	return b, nil
}
