package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// RetentionRule is for how long files of a category are kept, and what for. No days are no limit.
type RetentionRule struct {
	Category     string `json:"category"`
	Children     bool   `json:"children"`
	Purpose      string `json:"purpose"`
	BusinessNeed string `json:"business_need"`
	Days         *int32 `json:"days"`
	Begins       string `json:"begins"`
	Disposal     string `json:"disposal"`
}

// RetentionPolicy is a rule with its id.
type RetentionPolicy struct {
	ID string `json:"id"`
	RetentionRule
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// RetentionReview is a file that is listed for a decision.
type RetentionReview struct {
	File      string     `json:"file_id"`
	Policy    string     `json:"policy_id"`
	State     string     `json:"state"`
	DueAt     time.Time  `json:"due_at"`
	KeepUntil *time.Time `json:"keep_until"`
	Reason    string     `json:"reason"`
	DecidedAt *time.Time `json:"decided_at"`
}

func retentionOf(org, rest string) string {
	return "/api/v1/organizations/" + url.PathEscape(org) + "/retention-" + rest
}

// RetentionPolicies lists them, by category.
func (c *Client) RetentionPolicies(ctx context.Context, org string) ([]RetentionPolicy, error) {
	var page struct {
		Items []RetentionPolicy `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, retentionOf(org, "policies"), nil, &page)
	return page.Items, err
}

// CreateRetentionPolicy says for how long files of a category are kept.
func (c *Client) CreateRetentionPolicy(ctx context.Context, org string, r RetentionRule) (p RetentionPolicy, err error) {
	return p, c.Call(ctx, http.MethodPost, retentionOf(org, "policies"), r, &p)
}

// DeleteRetentionPolicy deletes one.
func (c *Client) DeleteRetentionPolicy(ctx context.Context, org, id string) error {
	return c.Call(ctx, http.MethodDelete, retentionOf(org, "policies/"+url.PathEscape(id)), nil, nil)
}

// RetentionReviews lists the first files of a state; an empty one is waiting.
func (c *Client) RetentionReviews(ctx context.Context, org, state string) ([]RetentionReview, error) {
	var page struct {
		Items []RetentionReview `json:"items"`
	}
	path := retentionOf(org, "reviews?limit=200")
	if state != "" {
		path += "&state=" + url.QueryEscape(state)
	}
	err := c.Call(ctx, http.MethodGet, path, nil, &page)
	return page.Items, err
}

// DecideRetention puts a listed file into the trash, or keeps it until a time.
func (c *Client) DecideRetention(ctx context.Context, org, file, reason string, keepUntil *time.Time) (r RetentionReview, err error) {
	in := map[string]any{"decision": "dispose", "reason": reason}
	if keepUntil != nil {
		in["decision"], in["keep_until"] = "keep", keepUntil
	}
	return r, c.Call(ctx, http.MethodPost, retentionOf(org, "reviews/"+url.PathEscape(file)+"/decide"), in, &r)
}
