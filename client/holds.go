package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// HoldQuery is what a file meets that a hold of the scope query covers.
type HoldQuery struct {
	Category      *string    `json:"category"`
	CreatedFrom   *time.Time `json:"created_from"`
	CreatedBefore *time.Time `json:"created_before"`
	NameContains  *string    `json:"name_contains"`
}

// NewHold describes a hold. Target is the person, the space or the file.
type NewHold struct {
	Kind   string     `json:"kind"`
	Scope  string     `json:"scope"`
	Target string     `json:"target_id,omitempty"`
	Query  *HoldQuery `json:"query,omitempty"`
	Reason string     `json:"reason"`
}

// Hold is what must not be destroyed, until two people released it.
type Hold struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	Scope    string     `json:"scope"`
	Target   *string    `json:"target_id"`
	Query    *HoldQuery `json:"query"`
	Reason   string     `json:"reason"`
	State    string     `json:"state"`
	PlacedBy string     `json:"placed_by"`
	PlacedAt time.Time  `json:"placed_at"`
	Release  *struct {
		Reason     string     `json:"reason"`
		AskedBy    *string    `json:"asked_by"`
		AskedAt    *time.Time `json:"asked_at"`
		ApprovedBy *string    `json:"approved_by"`
		ApprovedAt *time.Time `json:"approved_at"`
	} `json:"release"`
}

func holdsOf(org, rest string) string {
	return "/api/v1/organizations/" + url.PathEscape(org) + "/holds" + rest
}

// PlaceHold puts a hold in force.
func (c *Client) PlaceHold(ctx context.Context, org string, n NewHold) (h Hold, err error) {
	return h, c.Call(ctx, http.MethodPost, holdsOf(org, ""), n, &h)
}

// Holds lists the newest ones: those in force, or with released all of them.
func (c *Client) Holds(ctx context.Context, org string, released bool) ([]Hold, error) {
	var page struct {
		Items []Hold `json:"items"`
	}
	path := holdsOf(org, "?limit=200")
	if released {
		path += "&released=true"
	}
	err := c.Call(ctx, http.MethodGet, path, nil, &page)
	return page.Items, err
}

// Hold shows one.
func (c *Client) Hold(ctx context.Context, org, id string) (h Hold, err error) {
	return h, c.Call(ctx, http.MethodGet, holdsOf(org, "/"+url.PathEscape(id)), nil, &h)
}

// AskHoldRelease asks for the release, which another person approves.
func (c *Client) AskHoldRelease(ctx context.Context, org, id, reason string) (h Hold, err error) {
	return h, c.Call(ctx, http.MethodPost, holdsOf(org, "/"+url.PathEscape(id)+"/release"), map[string]string{"reason": reason}, &h)
}

// ApproveHoldRelease ends a hold whose release another person asked for.
func (c *Client) ApproveHoldRelease(ctx context.Context, org, id string) (h Hold, err error) {
	return h, c.Call(ctx, http.MethodPost, holdsOf(org, "/"+url.PathEscape(id)+"/release/approve"), nil, &h)
}
