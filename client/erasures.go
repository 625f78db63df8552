package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// NewErasure is what is to be erased: a file, or the files of a person.
type NewErasure struct {
	Scope     string `json:"scope"`
	Target    string `json:"target_id"`
	Basis     string `json:"basis"`
	Reference string `json:"reference,omitempty"`
}

// Erasure is an erasure and how far it is.
type Erasure struct {
	ID        string     `json:"id"`
	Scope     string     `json:"scope"`
	Target    string     `json:"target_id"`
	Basis     string     `json:"basis"`
	State     string     `json:"state"`
	Hold      *string    `json:"hold_id"`
	Files     int64      `json:"files"`
	Versions  int64      `json:"versions"`
	Erased    int64      `json:"versions_erased"`
	Waits     int64      `json:"files_on_hold"`
	Kept      int64      `json:"files_kept"`
	Requested time.Time  `json:"requested_at"`
	Certified *time.Time `json:"certified_at"`
}

const erasures = "/api/v1/erasures"

// Erase asks that something be erased.
func (c *Client) Erase(ctx context.Context, n NewErasure) (e Erasure, err error) {
	return e, c.Call(ctx, http.MethodPost, erasures, n, &e)
}

// Erasures lists the newest ones.
func (c *Client) Erasures(ctx context.Context) ([]Erasure, error) {
	var page Page[Erasure]
	err := c.Call(ctx, http.MethodGet, erasures+"?limit=200", nil, &page)
	return page.Items, err
}

// Erasure shows one.
func (c *Client) Erasure(ctx context.Context, id string) (e Erasure, err error) {
	return e, c.Call(ctx, http.MethodGet, erasures+"/"+url.PathEscape(id), nil, &e)
}

// ErasureCertificate writes the certificate of an erasure, as it is signed or as PDF.
func (c *Client) ErasureCertificate(ctx context.Context, id, format string, w io.Writer) error {
	resp, err := c.Send(ctx, http.MethodGet, erasures+"/"+url.PathEscape(id)+"/certificate?format="+url.QueryEscape(format), nil, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, resp.Body)
	return errors.Join(err, resp.Body.Close())
}
