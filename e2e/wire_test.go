package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"satchel/client"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func decodeJSON(r io.Reader, out any) error { return json.NewDecoder(r).Decode(out) }

// begin creates a tus upload and gives its URL.
func begin(ctx context.Context, c *client.Client, name string, size int, sha string) (string, error) {
	meta := "filename " + b64(name)
	if sha != "" {
		meta += ",sha256 " + b64(sha)
	}
	header := http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Length": {strconv.Itoa(size)}, "Upload-Metadata": {meta}}
	resp, err := c.Send(ctx, http.MethodPost, "/api/v1/storage/tus", header, nil)
	if err != nil {
		return "", err
	}
	_ = resp.Body.Close()
	return resp.Header.Get("Location"), nil
}
