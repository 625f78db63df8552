package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Amendment is a request to amend an education record (34 CFR 99.20).
type Amendment struct {
	ID        string     `json:"id"`
	File      string     `json:"file_id"`
	Student   string     `json:"student_id"`
	Requester string     `json:"requester_id"`
	What      string     `json:"what"`
	State     string     `json:"state"`
	Due       *time.Time `json:"due_at"` // by when the next step is due; nil: it is over
	Overdue   bool       `json:"overdue"`
	Reason    string     `json:"reason"`
	Hearing   *time.Time `json:"hearing_at"`
	Decision  string     `json:"decision"`
	Statement string     `json:"statement"`
}

// AmendmentStep is a step of a request, with what it needs.
type AmendmentStep struct {
	Step           string     `json:"step"`
	Reason         string     `json:"reason,omitempty"`
	Decision       string     `json:"decision,omitempty"`
	Statement      string     `json:"statement,omitempty"`
	HearingAt      *time.Time `json:"hearing_at,omitempty"`
	HearingPlace   string     `json:"hearing_place,omitempty"`
	HearingOfficer string     `json:"hearing_officer,omitempty"`
}

// AskAmendment asks that a record is amended.
func (c *Client) AskAmendment(ctx context.Context, org, file, student, what string) (a Amendment, err error) {
	return a, c.Call(ctx, http.MethodPost, consentOf(org, "/amendments"), map[string]string{"file_id": file, "student_id": student, "what": what}, &a)
}

// Amendments lists the newest ones that are open, and with ended all.
func (c *Client) Amendments(ctx context.Context, org string, ended bool) ([]Amendment, error) {
	var page struct {
		Items []Amendment `json:"items"`
	}
	path := consentOf(org, "/amendments?limit=200")
	if ended {
		path += "&ended=true"
	}
	err := c.Call(ctx, http.MethodGet, path, nil, &page)
	return page.Items, err
}

// Amendment shows one.
func (c *Client) Amendment(ctx context.Context, org, id string) (a Amendment, err error) {
	return a, c.Call(ctx, http.MethodGet, consentOf(org, "/amendments/"+url.PathEscape(id)), nil, &a)
}

// StepAmendment takes a step of one.
func (c *Client) StepAmendment(ctx context.Context, org, id string, step AmendmentStep) (a Amendment, err error) {
	return a, c.Call(ctx, http.MethodPost, consentOf(org, "/amendments/"+url.PathEscape(id)+"/steps"), step, &a)
}
