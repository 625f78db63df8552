package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Form is one small file to send in one request.
type Form struct {
	Name     string
	Body     []byte
	Metadata map[string]string // sha256, category, description, file_id, space_id, folder_id, on_conflict
	Key      string            // Idempotency-Key: sent again, the same file is answered
	Wait     int               // seconds to wait for the final state, at most a minute
}

// SendForm uploads a file with a form. A request that is cut or turned away for a time is
// sent again when it has a key: without one it could make the file twice.
func (c *Client) SendForm(ctx context.Context, f Form) (File, error) {
	body, kind, err := f.encode()
	if err != nil {
		return File{}, err
	}
	header := http.Header{"Content-Type": {kind}, "Content-Length": {strconv.Itoa(len(body))}}
	if f.Key != "" {
		header.Set("Idempotency-Key", f.Key)
	}
	path := storage + "/upload"
	if f.Wait > 0 {
		path += "?" + url.Values{"wait": {strconv.Itoa(f.Wait)}}.Encode()
	}
	for failures := 0; ; {
		out, err := c.sendForm(ctx, path, header, body)
		if err == nil {
			return out, nil
		}
		if failures++; f.Key == "" || failures > formRetries || !WorthRetrying(err) || HasCode(err, "name_taken") {
			return File{}, err
		}
		if err := pauseAfter(ctx, err, failures); err != nil {
			return File{}, err
		}
	}
}

const formRetries = 8

func (c *Client) sendForm(ctx context.Context, path string, header http.Header, body []byte) (f File, err error) {
	resp, err := c.Send(ctx, http.MethodPost, path, header, bytes.NewReader(body))
	if err != nil {
		return f, err
	}
	defer func() { _ = resp.Body.Close() }()
	return f, json.NewDecoder(resp.Body).Decode(&f)
}

// encode writes the fields before the file, in an order of their own: a repetition is
// known by the length of the form.
func (f Form) encode() (body []byte, kind string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range sortedNames(f.Metadata) {
		if err := w.WriteField(name, f.Metadata[name]); err != nil {
			return nil, "", err
		}
	}
	part, err := w.CreateFormFile("file", f.Name)
	if err == nil {
		_, err = io.Copy(part, bytes.NewReader(f.Body))
	}
	if err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

// sortedNames gives the names of the fields that have a value.
func sortedNames(metadata map[string]string) []string {
	var names []string
	for name, value := range metadata {
		if strings.TrimSpace(value) != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
