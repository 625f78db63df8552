package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// NewZip describes a zip of files, or of a folder with what is below it.
type NewZip struct {
	Files  []string `json:"files,omitempty"`
	Folder string   `json:"folder_id,omitempty"`
	Name   string   `json:"name,omitempty"`
}

// Zip is a zip that was asked for. URL is an address of its bytes that needs no token, until
// URLExpiresAt; the zip itself can be downloaded until ExpiresAt.
type Zip struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Size         int64     `json:"size"`
	Files        int       `json:"files"`
	Refused      []ZipLeft `json:"refused"`
	URL          string    `json:"url"`
	URLExpiresAt time.Time `json:"url_expires_at"`
	ExpiresAt    time.Time `json:"expires_at"`
}

// ZipLeft is a file that is not in a zip, or at which a download of it was cut.
type ZipLeft struct {
	File   string `json:"file_id"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// AddressRequest says of what an address is: the published original when it is empty.
type AddressRequest struct {
	Version    int    `json:"version,omitempty"`
	Rendition  string `json:"rendition,omitempty"`
	Transform  any    `json:"transform,omitempty"`
	Attachment bool   `json:"attachment,omitempty"`
	ExpiresIn  int    `json:"expires_in,omitempty"` // seconds
}

// Address is an address of bytes that needs no token.
type Address struct {
	File      string    `json:"file_id"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// MakeZip asks for a zip.
func (c *Client) MakeZip(ctx context.Context, n NewZip) (Zip, error) {
	var z Zip
	return z, c.Call(ctx, http.MethodPost, storage+"/zip", n, &z)
}

// Zip reads a zip that the caller asked for, with a new address.
func (c *Client) Zip(ctx context.Context, id string) (Zip, error) {
	var z Zip
	return z, c.Call(ctx, http.MethodGet, storage+"/zip/"+url.PathEscape(id), nil, &z)
}

// Address gives an address of a file's bytes.
func (c *Client) Address(ctx context.Context, file string, of AddressRequest) (Address, error) {
	var a Address
	return a, c.Call(ctx, http.MethodPost, storage+"/files/"+url.PathEscape(file)+"/link", of, &a)
}

// Fetch writes the bytes at an address that needs no token from offset on, and gives how
// many there were. The token does not go there.
func (c *Client) Fetch(ctx context.Context, address string, offset int64, w io.Writer) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	want := http.StatusOK
	if offset > 0 {
		want = http.StatusPartialContent
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := c.client().Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode >= http.StatusBadRequest:
		return 0, problemOf(resp)
	case resp.StatusCode != want:
		return 0, fmt.Errorf("the server answered %d where %d was expected", resp.StatusCode, want)
	}
	return io.Copy(w, resp.Body)
}
