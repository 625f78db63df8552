package client

import (
	"context"
	"net/http"
)

// AnnualNotice is what a school owes each year.
type AnnualNotice struct {
	Kind    string `json:"kind"`
	Rule    string `json:"rule"`
	DueOn   string `json:"due_on"` // a day
	Overdue bool   `json:"overdue"`
	Last    *struct {
		GivenOn string `json:"given_on"`
		How     string `json:"how"`
	} `json:"last"`
}

// AnnualNotices lists what is due, the next first.
func (c *Client) AnnualNotices(ctx context.Context, org string) ([]AnnualNotice, error) {
	var page struct {
		Items []AnnualNotice `json:"items"`
	}
	err := c.Call(ctx, http.MethodGet, consentOf(org, "/annual-notices"), nil, &page)
	return page.Items, err
}

// RecordAnnualNotice records that one was given on a day; file may be empty.
func (c *Client) RecordAnnualNotice(ctx context.Context, org, kind, day, how, file string) (n AnnualNotice, err error) {
	in := map[string]string{"kind": kind, "given_on": day, "how": how}
	if file != "" {
		in["file_id"] = file
	}
	return n, c.Call(ctx, http.MethodPost, consentOf(org, "/annual-notices"), in, &n)
}
