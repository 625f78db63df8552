package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"satchel/client"
)

// visitor is somebody with the address of a share and nothing else.
type visitor struct {
	b     *bench
	token string
	http  *http.Client
}

// crowd keeps its connections: a visitor's browser does.
var crowd = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}}

func (b *bench) visitor(s client.Share) visitor {
	_, token, _ := strings.Cut(s.URL, "/s/")
	return visitor{b: b, token: token, http: crowd}
}

// seen is an answer: how many bytes came, and whether all that were announced did.
type seen struct {
	status int
	body   []byte // of JSON
	bytes  int64
	whole  bool
}

func (v visitor) ask(ctx context.Context, method, address string, header ...string) (seen, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("{}")
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return seen{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := v.http.Do(req)
	if err != nil {
		return seen{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	s := seen{status: resp.StatusCode}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/") && strings.Contains(resp.Header.Get("Content-Type"), "json") {
		s.body, err = io.ReadAll(resp.Body)
		return s, err
	}
	s.bytes, err = io.Copy(io.Discard, resp.Body)
	s.whole = err == nil && s.bytes == resp.ContentLength
	return s, nil
}

// api is the address of the share's twin for programs.
func (v visitor) api(below string) string {
	return v.b.API + "/api/v1/public/shares/" + v.token + below
}

// download asks for a download's address; refused is empty when there is one.
func (v visitor) download(ctx context.Context) (address, refused string, err error) {
	s, err := v.ask(ctx, http.MethodPost, v.api("/download"))
	if err != nil {
		return "", "", err
	}
	var out struct{ URL, Code string }
	if err := json.NewDecoder(bytes.NewReader(s.body)).Decode(&out); err != nil {
		return "", "", fmt.Errorf("answer %d: %w", s.status, err)
	}
	return out.URL, out.Code, nil
}

// link shares a file by a link.
func link(ctx context.Context, c *client.Client, file string, most int, ends *time.Time) (client.Share, error) {
	n := client.NewShare{Kind: "link", File: file, ExpiresAt: ends}
	if most > 0 {
		n.MaxDownloads = &most
	}
	return c.CreateShare(ctx, n)
}

// publishMany uploads files of a size at once and gives their ids when all are published.
func publishMany(ctx context.Context, c *client.Client, n int, size int64) ([]string, error) {
	return together(ctx, n, 16, func(ctx context.Context, i int) (string, error) {
		id, err := c.Upload(ctx, client.Upload{Body: newEndless(), Size: size, Metadata: map[string]string{"filename": fmt.Sprintf("s%d.txt", i)}})
		if err != nil {
			return "", err
		}
		return id, published(ctx, c, id)
	})
}
