// Package client is a small client of Satchel's REST contract, for the command
// line and the demonstration. It knows the contract and nothing of the server.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client calls one API as one person.
type Client struct {
	Base  string // such as http://127.0.0.1:8400
	Token string
	Org   string // X-Organization-ID, for people of several organizations
	HTTP  *http.Client
}

// Corrected says that the name or the claim of a file said something else than its
// content is. Both are media types.
type Corrected struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// File is a file as the API shows it.
type File struct {
	ID                string      `json:"id"`
	Name              string      `json:"name"`
	Size              int64       `json:"size"`
	MimeType          string      `json:"mime_type"`
	Corrected         *Corrected  `json:"corrected,omitempty"`
	ActiveContent     []string    `json:"active_content"`
	Category          string      `json:"category"`
	Tags              []string    `json:"tags"`
	Description       string      `json:"description"`
	Status            string      `json:"status"`
	StatusReason      string      `json:"status_reason"`
	StatusText        string      `json:"status_text"`
	SHA256            string      `json:"sha256"`
	Version           int         `json:"version"`
	ChangeDescription string      `json:"change_description"`
	PublishedVersion  *int        `json:"published_version"`
	VirusScanned      bool        `json:"virus_scanned"`
	Preview           string      `json:"preview"`
	PreviewReason     string      `json:"preview_reason"`
	Renditions        []Rendition `json:"renditions"`
	Steps             []Step      `json:"steps"`
	UploadedBy        string      `json:"uploaded_by"`
	Space             string      `json:"space_id"`
	Folder            string      `json:"folder_id,omitempty"`
	Subject           string      `json:"subject_id,omitempty"` // the person it is about
	HandedInAt        *time.Time  `json:"handed_in_at,omitempty"`
	CreatedAt         time.Time   `json:"created_at"`
	UpdatedAt         time.Time   `json:"updated_at"`
	PublishedAt       *time.Time  `json:"published_at"`
}

// Rendition is one preview of a file.
type Rendition struct {
	Name     string `json:"name"`
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	MimeType string `json:"mime_type"`
	Size     int64  `json:"size"`
	URL      string `json:"url"`
}

// Step is one step of a file's way through the pipeline.
type Step struct {
	Name      string     `json:"name"`
	State     string     `json:"state"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
	Attempt   int        `json:"attempt"`
}

// Page is one page of a list.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"`
}

// Problem is the API's refusal (RFC 9457).
type Problem struct {
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Title     string `json:"title"`
	Detail    string `json:"detail"`
	Rule      string `json:"rule,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	TraceID   string `json:"trace_id,omitempty"`

	RetryAfter time.Duration `json:"-"` // of the header: how long the server asks to wait
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	return fmt.Sprintf("%s (%d %s)", text, p.Status, p.Code)
}

// Call sends a JSON request and reads a JSON answer into out, unless it is nil.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	header := http.Header{}
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
		header.Set("Content-Type", "application/json")
	}
	resp, err := c.Send(ctx, method, path, header, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// Send sends a request; an answer of 400 and above comes back as a *Problem.
// The caller closes the body.
func (c *Client) Send(ctx context.Context, method, path string, header http.Header, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url(path), body)
	if err != nil {
		return nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if n := header.Get("Content-Length"); n != "" {
		_, _ = fmt.Sscan(n, &req.ContentLength)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if c.Org != "" {
		req.Header.Set("X-Organization-ID", c.Org)
	}
	resp, err := c.client().Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer func() { _ = resp.Body.Close() }()
		return nil, problemOf(resp)
	}
	return resp, nil
}

func (c *Client) url(path string) string {
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		return path
	}
	return strings.TrimRight(c.Base, "/") + path
}

func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return http.DefaultClient
}

func problemOf(resp *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	p := &Problem{Status: resp.StatusCode, Code: "unknown", Title: http.StatusText(resp.StatusCode)}
	if json.Unmarshal(b, p) != nil && len(b) > 0 {
		p.Detail = strings.TrimSpace(string(b))
	}
	p.Status = resp.StatusCode
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return p
}

const storage = "/api/v1/storage"

// Get reads one file.
func (c *Client) Get(ctx context.Context, id string) (File, error) {
	var f File
	return f, c.Call(ctx, http.MethodGet, storage+"/files/"+url.PathEscape(id), nil, &f)
}

// List reads one page of files.
func (c *Client) List(ctx context.Context, query url.Values) (Page[File], error) {
	var p Page[File]
	return p, c.Call(ctx, http.MethodGet, storage+"/files?"+query.Encode(), nil, &p)
}

// Found is one file that a search found.
type Found struct {
	File    File     `json:"file"`
	Matched []string `json:"matched"` // name, text
	Around  string   `json:"around"`  // HTML: the text around what was found
}

// FoundPage is a page of a search. Alike says that nothing matches and these names are
// alike.
type FoundPage struct {
	Page[Found]
	Alike bool `json:"alike"`
}

// Search reads one page of what is found.
func (c *Client) Search(ctx context.Context, query url.Values) (FoundPage, error) {
	var p FoundPage
	return p, c.Call(ctx, http.MethodGet, storage+"/search?"+query.Encode(), nil, &p)
}

// Recent reads one page of what the caller opened or changed last.
func (c *Client) Recent(ctx context.Context, query url.Values) (Page[File], error) {
	var p Page[File]
	return p, c.Call(ctx, http.MethodGet, storage+"/recent?"+query.Encode(), nil, &p)
}

// Delete moves a file to the trash.
func (c *Client) Delete(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, storage+"/files/"+url.PathEscape(id), nil, nil)
}

// Restore takes a file out of the trash.
func (c *Client) Restore(ctx context.Context, id string) (File, error) {
	var f File
	return f, c.Call(ctx, http.MethodPost, storage+"/files/"+url.PathEscape(id)+"/restore", nil, &f)
}

// Download writes a file's bytes from offset on and gives how many there were.
func (c *Client) Download(ctx context.Context, id string, offset int64, w io.Writer) (int64, error) {
	return c.DownloadRendition(ctx, storage+"/files/"+url.PathEscape(id)+"/content", offset, w)
}

// DownloadRendition writes the bytes at a path from offset on and gives how many there were.
func (c *Client) DownloadRendition(ctx context.Context, path string, offset int64, w io.Writer) (int64, error) {
	header := http.Header{}
	if offset > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := c.Send(ctx, http.MethodGet, path, header, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if offset > 0 && resp.StatusCode != http.StatusPartialContent {
		return 0, errors.New("the server did not continue from where the download stopped")
	}
	return io.Copy(w, resp.Body)
}

// HasCode says that an error is the API's refusal with this code.
func HasCode(err error, code string) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == code
}
