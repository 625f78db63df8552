package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// ErasureRequest is a request of a guardian that the data of a student is erased.
type ErasureRequest struct {
	ID        string    `json:"id"`
	Student   string    `json:"student_id"`
	Requester string    `json:"requester_id"`
	Note      string    `json:"note"`
	State     string    `json:"state"`
	Received  time.Time `json:"received_at"`
	Due       time.Time `json:"due_at"`
	Overdue   bool      `json:"overdue"`
	Reason    string    `json:"reason"`
	Erasures  []struct {
		ID    string `json:"id"`
		Scope string `json:"scope"`
		State string `json:"state"`
	} `json:"erasures"`
}

func erasureRequestsOf(org, rest string) string {
	return "/api/v1/organizations/" + url.PathEscape(org) + "/erasure-requests" + rest
}

// AskErasure asks that the data of a student is erased; an empty student is one's only child, or oneself.
func (c *Client) AskErasure(ctx context.Context, org, student, note string) (r ErasureRequest, err error) {
	in := map[string]string{"note": note}
	if student != "" {
		in["student_id"] = student
	}
	return r, c.Call(ctx, http.MethodPost, erasureRequestsOf(org, ""), in, &r)
}

// ErasureRequests lists the newest ones that are open, and with ended all.
func (c *Client) ErasureRequests(ctx context.Context, org string, ended bool) ([]ErasureRequest, error) {
	var page Page[ErasureRequest]
	path := erasureRequestsOf(org, "?limit=200")
	if ended {
		path += "&ended=true"
	}
	err := c.Call(ctx, http.MethodGet, path, nil, &page)
	return page.Items, err
}

// ErasureRequest shows one.
func (c *Client) ErasureRequest(ctx context.Context, org, id string) (r ErasureRequest, err error) {
	return r, c.Call(ctx, http.MethodGet, erasureRequestsOf(org, "/"+url.PathEscape(id)), nil, &r)
}

// DecideErasureRequest accepts or refuses one.
func (c *Client) DecideErasureRequest(ctx context.Context, org, id, outcome, reason string) (r ErasureRequest, err error) {
	return r, c.Call(ctx, http.MethodPost, erasureRequestsOf(org, "/"+url.PathEscape(id)+"/decide"), map[string]string{"outcome": outcome, "reason": reason}, &r)
}

// WithdrawErasureRequest takes one back.
func (c *Client) WithdrawErasureRequest(ctx context.Context, org, id string) (r ErasureRequest, err error) {
	return r, c.Call(ctx, http.MethodPost, erasureRequestsOf(org, "/"+url.PathEscape(id)+"/withdraw"), nil, &r)
}
