package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Upload is one file to send by tus, resumable at any byte.
type Upload struct {
	Body     io.ReaderAt
	Size     int64
	Metadata map[string]string // filename, filetype, sha256, category, description, file_id, space_id, folder_id
	URL      string            // of an upload begun before; empty begins one
	OnStart  func(url string)  // called once the server knows the upload
	Progress func(sent int64)
	Chunk    int64  // bytes a request; 16 MiB when zero
	Retries  int    // tries in a row without progress before giving up; 6 when zero
	Key      string // Idempotency-Key of the beginning: sent again, the same upload is answered
}

const defaultChunk = 16 << 20

// Upload sends a file and gives its id. Cut connections and server restarts are
// waited out; the server's own offset says where to go on.
func (c *Client) Upload(ctx context.Context, u Upload) (fileID string, err error) {
	if u.Chunk == 0 {
		u.Chunk = defaultChunk
	}
	if u.Retries == 0 {
		u.Retries = 6
	}
	var offset int64
	if u.URL == "" {
		if u.URL, fileID, err = c.begin(ctx, u); err != nil {
			return "", err
		}
		if u.OnStart != nil {
			u.OnStart(u.URL)
		}
	} else if offset, fileID, err = c.offset(ctx, u.URL); err != nil {
		return "", err
	}
	return fileID, c.sendFrom(ctx, u, offset)
}

// sendFrom patches chunk after chunk; a failed one asks for the offset again.
func (c *Client) sendFrom(ctx context.Context, u Upload, offset int64) error {
	for failures := 0; offset < u.Size; {
		next, err := c.patch(ctx, u, offset)
		if err == nil {
			offset, failures = next, 0
			if u.Progress != nil {
				u.Progress(offset)
			}
			continue
		}
		if failures++; failures > u.Retries || !WorthRetrying(err) {
			return err
		}
		if err := pauseAfter(ctx, err, failures); err != nil {
			return err
		}
		if at, _, err := c.offset(ctx, u.URL); err == nil {
			offset = at
		} else if !WorthRetrying(err) {
			return err
		}
	}
	return nil
}

func (c *Client) begin(ctx context.Context, u Upload) (url, fileID string, err error) {
	header := http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Length": {strconv.FormatInt(u.Size, 10)}}
	var meta []string
	for _, name := range sortedNames(u.Metadata) { // in one order: a repetition is known by this header
		meta = append(meta, name+" "+base64.StdEncoding.EncodeToString([]byte(u.Metadata[name])))
	}
	header.Set("Upload-Metadata", strings.Join(meta, ","))
	if u.Key != "" {
		header.Set("Idempotency-Key", u.Key)
	}
	resp, err := c.Send(ctx, http.MethodPost, storage+"/tus", header, nil)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.Header.Get("Location"), resp.Header.Get("X-File-ID"), nil
}

func (c *Client) offset(ctx context.Context, url string) (int64, string, error) {
	resp, err := c.Send(ctx, http.MethodHead, url, http.Header{"Tus-Resumable": {"1.0.0"}}, nil)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return 0, "", errors.New("the server's answer has no Upload-Offset")
	}
	return n, resp.Header.Get("X-File-ID"), nil
}

func (c *Client) patch(ctx context.Context, u Upload, offset int64) (int64, error) {
	n := min(u.Chunk, u.Size-offset)
	header := http.Header{
		"Tus-Resumable": {"1.0.0"}, "Content-Type": {"application/offset+octet-stream"},
		"Upload-Offset": {strconv.FormatInt(offset, 10)}, "Content-Length": {strconv.FormatInt(n, 10)},
	}
	resp, err := c.Send(ctx, http.MethodPatch, u.URL, header, io.NewSectionReader(u.Body, offset, n))
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	next, err := strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the server's answer has no Upload-Offset")
	}
	return next, nil
}

// WorthRetrying says whether a request may be taken later: a refusal stays a refusal, but for a lock, a lost offset, a
// limit in time and the server's own failures.
func WorthRetrying(err error) bool {
	var p *Problem
	if !errors.As(err, &p) {
		return !errors.Is(err, context.Canceled)
	}
	switch p.Status {
	case http.StatusConflict, http.StatusLocked, http.StatusTooManyRequests:
		return true
	}
	return p.Status >= 500 && p.Status != http.StatusInsufficientStorage
}

// pauseAfter waits as long as the server asks for, or longer after each failure.
func pauseAfter(ctx context.Context, err error, failures int) error {
	var p *Problem
	if !errors.As(err, &p) || p.RetryAfter == 0 {
		return pause(ctx, failures)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(p.RetryAfter):
		return nil
	}
}

func pause(ctx context.Context, failures int) error {
	wait := min(time.Duration(1<<failures)*250*time.Millisecond, 8*time.Second)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}
