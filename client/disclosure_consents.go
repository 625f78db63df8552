package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// DisclosureConsent is a consent to a disclosure of records (34 CFR 99.30).
type DisclosureConsent struct {
	ID       string     `json:"id"`
	Student  string     `json:"student_id"`
	Files    []string   `json:"file_ids"`
	Purpose  string     `json:"purpose"`
	Party    string     `json:"party"`
	Email    string     `json:"party_email"`
	State    string     `json:"state"`
	Expires  time.Time  `json:"expires_at"`
	Signer   string     `json:"signer_name"`
	Method   string     `json:"method"`
	SignedAt *time.Time `json:"signed_at"`
}

// NewDisclosureConsent is what is asked for.
type NewDisclosureConsent struct {
	Student string    `json:"student_id"`
	Files   []string  `json:"file_ids"`
	Purpose string    `json:"purpose"`
	Party   string    `json:"party"`
	Email   string    `json:"party_email"`
	Expires time.Time `json:"expires_at"`
}

// Signature is that of a consent; Evidence and SignedAt are of one on paper.
type Signature struct {
	Name     string     `json:"name"`
	Approve  bool       `json:"approve"`
	Evidence string     `json:"evidence_file_id,omitempty"`
	SignedAt *time.Time `json:"signed_at,omitempty"`
}

// AskDisclosureConsent asks for one.
func (c *Client) AskDisclosureConsent(ctx context.Context, org string, in NewDisclosureConsent) (d DisclosureConsent, err error) {
	return d, c.Call(ctx, http.MethodPost, consentOf(org, "/disclosure-consents"), in, &d)
}

// DisclosureConsents lists the newest ones, of a student if one is named.
func (c *Client) DisclosureConsents(ctx context.Context, org, student string) ([]DisclosureConsent, error) {
	var page struct {
		Items []DisclosureConsent `json:"items"`
	}
	path := consentOf(org, "/disclosure-consents?limit=200")
	if student != "" {
		path += "&student=" + url.QueryEscape(student)
	}
	err := c.Call(ctx, http.MethodGet, path, nil, &page)
	return page.Items, err
}

// DisclosureConsent shows one.
func (c *Client) DisclosureConsent(ctx context.Context, org, id string) (d DisclosureConsent, err error) {
	return d, c.Call(ctx, http.MethodGet, consentOf(org, "/disclosure-consents/"+url.PathEscape(id)), nil, &d)
}

// SignDisclosureConsent signs one.
func (c *Client) SignDisclosureConsent(ctx context.Context, org, id string, s Signature) (d DisclosureConsent, err error) {
	return d, c.Call(ctx, http.MethodPost, consentOf(org, "/disclosure-consents/"+url.PathEscape(id)+"/sign"), s, &d)
}

// RevokeDisclosureConsent revokes one.
func (c *Client) RevokeDisclosureConsent(ctx context.Context, org, id string) (d DisclosureConsent, err error) {
	return d, c.Call(ctx, http.MethodPost, consentOf(org, "/disclosure-consents/"+url.PathEscape(id)+"/revoke"), nil, &d)
}
