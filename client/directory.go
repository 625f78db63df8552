package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// DirectoryPolicy is what a school designated as directory information (34 CFR 99.37).
type DirectoryPolicy struct {
	Categories  []string `json:"categories"`
	NoticeAt    string   `json:"notice_at"`     // a day
	OptOutUntil string   `json:"opt_out_until"` // the last day to refuse
}

// DirectoryOptOut is whether a student is opted out.
type DirectoryOptOut struct {
	Student  string    `json:"student_id"`
	OptedOut bool      `json:"opted_out"`
	At       time.Time `json:"at"` // in a list: when that was said last
}

// DirectoryPolicy reads the policy.
func (c *Client) DirectoryPolicy(ctx context.Context, org string) (p DirectoryPolicy, err error) {
	return p, c.Call(ctx, http.MethodGet, consentOf(org, "/directory-policy"), nil, &p)
}

// SetDirectoryPolicy replaces it.
func (c *Client) SetDirectoryPolicy(ctx context.Context, org string, in DirectoryPolicy) (p DirectoryPolicy, err error) {
	return p, c.Call(ctx, http.MethodPut, consentOf(org, "/directory-policy"), in, &p)
}

// OptOut says whether a student is opted out; an empty holder is the caller, or for an owner or
// admin the student.
func (c *Client) OptOut(ctx context.Context, org, student, holder string, out bool) (o DirectoryOptOut, err error) {
	in := map[string]any{"opted_out": out}
	if holder != "" {
		in["holder_id"] = holder
	}
	return o, c.Call(ctx, http.MethodPut, consentOf(org, "/directory-opt-outs/"+url.PathEscape(student)), in, &o)
}

// OptOutOf reads it.
func (c *Client) OptOutOf(ctx context.Context, org, student string) (o DirectoryOptOut, err error) {
	return o, c.Call(ctx, http.MethodGet, consentOf(org, "/directory-opt-outs/"+url.PathEscape(student)), nil, &o)
}

// OptOuts lists the first students who are opted out.
func (c *Client) OptOuts(ctx context.Context, org string) ([]DirectoryOptOut, error) {
	var page struct {
		Items []DirectoryOptOut `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, consentOf(org, "/directory-opt-outs?limit=200"), nil, &page)
	return page.Items, err
}
