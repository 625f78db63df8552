package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// ConsentRequest is a request for a parent's consent. The address is not shown.
type ConsentRequest struct {
	ID         string     `json:"id"`
	Child      string     `json:"child_id"`
	Guardian   string     `json:"guardian_id"`
	State      string     `json:"state"`
	MailCode   string     `json:"mail_code"`
	Reminders  int        `json:"reminders"`
	AskedAt    *time.Time `json:"asked_at"`
	AnsweredAt *time.Time `json:"answered_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	EndedAt    *time.Time `json:"ended_at"`
}

// NewConsentRequest says whom to ask. Without a guardian it is one who is no member.
type NewConsentRequest struct {
	Email    string `json:"email"`
	Guardian string `json:"guardian_id,omitempty"`
	Language string `json:"language,omitempty"`
}

// ConsentNotice is a version of the notice to parents.
type ConsentNotice struct {
	ID          string    `json:"id"`
	Number      int       `json:"number"`
	Language    string    `json:"language"`
	SHA256      string    `json:"sha256"`
	Material    bool      `json:"material"`
	PublishedAt time.Time `json:"published_at"`
}

// NewConsentNotice is a notice that is to be published: its blocks as JSON.
type NewConsentNotice struct {
	Language string         `json:"language,omitempty"`
	Notice   map[string]any `json:"notice"`
	Material bool           `json:"material,omitempty"`
}

func consentOf(org, rest string) string {
	return "/api/v1/organizations/" + url.PathEscape(org) + rest
}

// AskForConsent has a parent of a student asked by mail.
func (c *Client) AskForConsent(ctx context.Context, org, child string, n NewConsentRequest) (ConsentRequest, error) {
	var r ConsentRequest
	err := c.Call(ctx, http.MethodPost, consentOf(org, "/people/"+url.PathEscape(child)+"/consent-requests"), n, &r)
	return r, err
}

// ConsentRequests lists requests; an empty state is every one.
func (c *Client) ConsentRequests(ctx context.Context, org, state string) ([]ConsentRequest, error) {
	q := url.Values{"limit": {"200"}}
	if state != "" {
		q.Set("state", state)
	}
	return All[ConsentRequest](ctx, c, consentOf(org, "/consent-requests"), q)
}

// ResendConsentRequest has the mail sent again, to another address unless it is empty.
func (c *Client) ResendConsentRequest(ctx context.Context, org, id, email string) (ConsentRequest, error) {
	var r ConsentRequest
	in := map[string]string{}
	if email != "" {
		in["email"] = email
	}
	err := c.Call(ctx, http.MethodPost, consentOf(org, "/consent-requests/"+url.PathEscape(id)+"/resend"), in, &r)
	return r, err
}

// CancelConsentRequest takes a request back.
func (c *Client) CancelConsentRequest(ctx context.Context, org, id string) (ConsentRequest, error) {
	var r ConsentRequest
	err := c.Call(ctx, http.MethodPost, consentOf(org, "/consent-requests/"+url.PathEscape(id)+"/cancel"), nil, &r)
	return r, err
}

// PublishConsentNotice publishes a version of the notice to parents.
func (c *Client) PublishConsentNotice(ctx context.Context, org string, n NewConsentNotice) (ConsentNotice, error) {
	var v ConsentNotice
	err := c.Call(ctx, http.MethodPost, consentOf(org, "/consent/notices"), n, &v)
	return v, err
}

// ConsentNotices lists its versions.
func (c *Client) ConsentNotices(ctx context.Context, org string) ([]ConsentNotice, error) {
	return All[ConsentNotice](ctx, c, consentOf(org, "/consent/notices"), url.Values{"limit": {"200"}})
}
