package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Key is an API key. Key itself comes only from CreateKey and RotateKey.
type Key struct {
	ID         string     `json:"id"`
	Key        string     `json:"key,omitempty"`
	Name       string     `json:"name"`
	Last       string     `json:"last4"`
	State      string     `json:"state"`
	Role       string     `json:"role"`
	Scopes     []string   `json:"scopes"`
	AllSpaces  bool       `json:"all_spaces"`
	User       string     `json:"user_id"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	ReplacedBy *string    `json:"replaced_by"`
}

// NewKey describes a key; a zero ExpiresIn leaves its life to the server.
type NewKey struct {
	Name      string   `json:"name"`
	Role      string   `json:"role"`
	Scopes    []string `json:"scopes"`
	ExpiresIn int64    `json:"expires_in,omitempty"` // seconds
	AllSpaces bool     `json:"all_spaces,omitempty"` // an owner's to give
}

func keysOf(org string) string { return "/api/v1/organizations/" + url.PathEscape(org) + "/keys" }

// CreateKey makes a key of an organization.
func (c *Client) CreateKey(ctx context.Context, org string, n NewKey) (Key, error) {
	var k Key
	return k, c.Call(ctx, http.MethodPost, keysOf(org), n, &k)
}

// Keys reads one page of an organization's keys.
func (c *Client) Keys(ctx context.Context, org string, query url.Values) (Page[Key], error) {
	var p Page[Key]
	return p, c.Call(ctx, http.MethodGet, keysOf(org)+"?"+query.Encode(), nil, &p)
}

// RotateKey replaces a key; the old one works for the overlap.
func (c *Client) RotateKey(ctx context.Context, org, id string, overlap time.Duration) (Key, error) {
	var k Key
	in := map[string]int64{"overlap": int64(overlap.Seconds())}
	return k, c.Call(ctx, http.MethodPost, keysOf(org)+"/"+url.PathEscape(id)+"/rotate", in, &k)
}

// RevokeKey ends a key at once.
func (c *Client) RevokeKey(ctx context.Context, org, id string) error {
	return c.Call(ctx, http.MethodDelete, keysOf(org)+"/"+url.PathEscape(id), nil, nil)
}
