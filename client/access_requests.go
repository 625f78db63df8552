package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// AccessRequest is a request to see education records.
type AccessRequest struct {
	ID        string     `json:"id"`
	Student   string     `json:"student_id"`
	Requester string     `json:"requester_id"`
	Note      string     `json:"note"`
	State     string     `json:"state"`
	Received  time.Time  `json:"received_at"`
	Due       time.Time  `json:"due_at"`
	Overdue   bool       `json:"overdue"`
	Ended     *time.Time `json:"ended_at"`
	Reason    string     `json:"ended_reason"`
	Operation *string    `json:"operation_id"`
}

// AccessRequestFile is a record that a request is about.
type AccessRequestFile struct {
	File     string `json:"file_id"`
	Name     string `json:"name"`
	Students int    `json:"students"`
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
}

func accessRequestsOf(org, rest string) string {
	return "/api/v1/organizations/" + url.PathEscape(org) + "/access-requests" + rest
}

// AskAccess asks to see records; an empty student is oneself, or one's only child.
func (c *Client) AskAccess(ctx context.Context, org, student, note string) (r AccessRequest, err error) {
	in := map[string]string{"note": note}
	if student != "" {
		in["student_id"] = student
	}
	return r, c.Call(ctx, http.MethodPost, accessRequestsOf(org, ""), in, &r)
}

// AccessRequests lists the newest ones that are open, and with ended all.
func (c *Client) AccessRequests(ctx context.Context, org string, ended bool) ([]AccessRequest, error) {
	var page struct {
		Items []AccessRequest `json:"items"`
	}
	path := accessRequestsOf(org, "?limit=200")
	if ended {
		path += "&ended=true"
	}
	err := c.Call(ctx, http.MethodGet, path, nil, &page)
	return page.Items, err
}

// AccessRequest shows one.
func (c *Client) AccessRequest(ctx context.Context, org, id string) (r AccessRequest, err error) {
	return r, c.Call(ctx, http.MethodGet, accessRequestsOf(org, "/"+url.PathEscape(id)), nil, &r)
}

// VerifyAccessRequest says how it is known who asks.
func (c *Client) VerifyAccessRequest(ctx context.Context, org, id, how string) (r AccessRequest, err error) {
	return r, c.Call(ctx, http.MethodPost, accessRequestsOf(org, "/"+url.PathEscape(id)+"/verify"), map[string]string{"how": how}, &r)
}

// AccessRequestFiles lists the first records that a request is about.
func (c *Client) AccessRequestFiles(ctx context.Context, org, id string) ([]AccessRequestFile, error) {
	var page struct {
		Items []AccessRequestFile `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, accessRequestsOf(org, "/"+url.PathEscape(id)+"/files?limit=200"), nil, &page)
	return page.Items, err
}

// DecideAccessRequestFile includes a record in the package or withholds it.
func (c *Client) DecideAccessRequestFile(ctx context.Context, org, id, file, decision, reason string) (r AccessRequest, err error) {
	return r, c.Call(ctx, http.MethodPut, accessRequestsOf(org, "/"+url.PathEscape(id)+"/files/"+url.PathEscape(file)), map[string]string{"decision": decision, "reason": reason}, &r)
}

// ReleaseAccessRequest has the package made, and gives the operation.
func (c *Client) ReleaseAccessRequest(ctx context.Context, org, id string) (operation string, err error) {
	var begun struct {
		ID string `json:"operation_id"`
	}
	err = c.Call(ctx, http.MethodPost, accessRequestsOf(org, "/"+url.PathEscape(id)+"/release"), nil, &begun)
	return begun.ID, err
}

// EndAccessRequest closes, rejects or withdraws one.
func (c *Client) EndAccessRequest(ctx context.Context, org, id, outcome, reason string) (r AccessRequest, err error) {
	return r, c.Call(ctx, http.MethodPost, accessRequestsOf(org, "/"+url.PathEscape(id)+"/end"), map[string]string{"outcome": outcome, "reason": reason}, &r)
}

// AccessRequestPackage writes a part of the package and gives how many bytes there were.
func (c *Client) AccessRequestPackage(ctx context.Context, org, id string, part int, w io.Writer) (int64, error) {
	return c.DownloadRendition(ctx, accessRequestsOf(org, "/"+url.PathEscape(id)+"/package/"+strconv.Itoa(part)), 0, w)
}
