package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/client"
)

// ourSide is this platform, as a teacher of an organization of its own meets it.
func (b *bench) ourSide(ctx context.Context, root *pgx.Conn) (*side, string, error) {
	org, c, err := b.school(ctx)
	if err != nil {
		return nil, "", err
	}
	c.HTTP = crowd
	const files = "/api/v1/storage/files"
	return &side{
		name: "Satchel",
		send: func(ctx context.Context, name string, size int) (string, error) {
			var made struct{ ID string }
			err := sendForm(ctx, c, "/api/v1/storage/upload", name, size, &made)
			return made.ID, err
		},
		read: func(ctx context.Context, id string) (int64, error) {
			return bytesOf(ctx, c, files+"/"+url.PathEscape(id)+"/content")
		},
		tus: func(ctx context.Context, name string, size int64) error {
			return sendTus(ctx, c, "/api/v1/storage/tus", size, "filename", name)
		},
		page: func(ctx context.Context, cursor string, limit int) ([]byte, error) {
			return bodyOf(ctx, c, http.MethodGet, files+"?"+url.Values{"limit": {strconv.Itoa(limit)}, "cursor": {cursor}}.Encode(), nil, nil)
		},
		parse: func(body []byte) (string, int, error) {
			var page client.Page[json.RawMessage]
			err := json.Unmarshal(body, &page)
			return page.NextCursor, len(page.Items), err
		},
		settle: func(ctx context.Context) error { return settled(ctx, root, org) },
	}, org, nil
}

// settled waits until the pipeline has nothing of an organization.
func settled(ctx context.Context, root *pgx.Conn, org string) error {
	for until := time.Now().Add(10 * time.Minute); ; pause(ctx, 100) {
		var open int
		if err := root.QueryRow(ctx, `select count(*) from file_versions where organization_id = $1 and status in ('uploading', 'processing')`, org).Scan(&open); err != nil || open == 0 {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d files are still in process after ten minutes", open)
		}
	}
}

// fillOurs gives an organization that has a file so many more, published, behind the rules and
// without objects. They lie where that file lies, and its uploader brought them.
func fillOurs(ctx context.Context, root *pgx.Conn, org string, n int) error {
	tx, err := root.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, sql := range []string{
		`set local session_replication_role = replica`,
		`create temporary table listed on commit drop as select organization_id, space_id, uploaded_by, n,
			(lpad(to_hex(1700000000000 + n * 60000::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid as id
			from generate_series(1, ` + strconv.Itoa(n) + `) n, (select organization_id, space_id, uploaded_by from files where organization_id = '` + uuid.MustParse(org).String() + `' limit 1) f`,
		`insert into files (organization_id, id, space_id, name, uploaded_by, status, head_id, current_id, shown_size, shown_type)
			select organization_id, id, space_id, 'essay ' || n || '.txt', uploaded_by, 'published', id, id, 1000, 'text/plain' from listed order by n`,
		`insert into file_versions (organization_id, id, file_id, number, status, size, mime_type, sha256, scan_sha256, scan_verdict, scanned_at, published_at, object_etag, used_bytes, uploaded_by, received_at, cleaned_at)
			select organization_id, id, id, 1, 'published', 1000, 'text/plain', repeat('0', 64), repeat('0', 64), 'clean', now(), now(), 'e', 1000, uploaded_by, now(), now() from listed order by n`,
		`insert into version_steps (organization_id, version_id, name, state, ended_at) select organization_id, id, 'scan', 'done', now() from listed order by n`,
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%.60s: %w", sql, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	for _, sql := range []string{"vacuum analyze files", "vacuum analyze file_versions", "vacuum analyze version_steps", "checkpoint"} {
		if _, err := root.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// sendForm sends a text as the one file of a form.
func sendForm(ctx context.Context, c *client.Client, path, name string, size int, out any) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		return err
	}
	_, _ = io.WriteString(part, textOf(size))
	_ = form.Close()
	answer, err := bodyOf(ctx, c, http.MethodPost, path, http.Header{"Content-Type": {form.FormDataContentType()}}, &body)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// textOf is a text of a size that no cache knows.
func textOf(size int) string {
	line := uuid.NewString() + " The quick brown fox jumps over the lazy dog.\n"
	return strings.Repeat(line, size/len(line)+1)[:size]
}

// sendTus sends a file by tus with as few requests as there are: one that begins it, and one a chunk.
func sendTus(ctx context.Context, c *client.Client, path string, size int64, metadata ...string) error {
	var meta []string
	for i := 0; i+1 < len(metadata); i += 2 {
		meta = append(meta, metadata[i]+" "+base64.StdEncoding.EncodeToString([]byte(metadata[i+1])))
	}
	resp, err := c.Send(ctx, http.MethodPost, path, http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Length": {strconv.FormatInt(size, 10)}, "Upload-Metadata": {strings.Join(meta, ",")}}, nil)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	location, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || location.Path == "" {
		return errors.New("the answer that begins an upload names no Location")
	}
	at := location.RequestURI() // one may name the address of a proxy that is not here
	offset, tries := int64(0), 0
	for offset < size {
		n := min(chunk, size-offset)
		_, err := bodyOf(ctx, c, http.MethodPatch, at, http.Header{"Tus-Resumable": {"1.0.0"}, "Content-Type": {"application/offset+octet-stream"},
			"Upload-Offset": {strconv.FormatInt(offset, 10)}, "Content-Length": {strconv.FormatInt(n, 10)}}, io.NewSectionReader(newEndless(), offset, n))
		if err == nil {
			offset += n
			continue
		}
		if tries++; tries > tusTries {
			return fmt.Errorf("the chunk at %d: %w", offset, err)
		}
		offset = resumeTus(ctx, c, at, offset)
	}
	return nil
}

// tusTries and tusPause are how often in an upload, and after what time, a chunk is sent again. A server that frees its lock
// after the answer that ended the chunk before answers the next one with 423, which clients of tus try again.
const (
	tusTries = 20
	tusPause = 100 * time.Millisecond
)

// resumeTus waits and asks from where an upload goes on; without an answer that says so, from where it was.
func resumeTus(ctx context.Context, c *client.Client, at string, offset int64) int64 {
	select {
	case <-ctx.Done():
	case <-time.After(tusPause):
	}
	resp, err := c.Send(ctx, http.MethodHead, at, http.Header{"Tus-Resumable": {"1.0.0"}}, nil)
	if err != nil {
		return offset
	}
	_ = resp.Body.Close()
	if there, err := strconv.ParseInt(resp.Header.Get("Upload-Offset"), 10, 64); err == nil {
		return there
	}
	return offset
}

func bodyOf(ctx context.Context, c *client.Client, method, path string, header http.Header, in io.Reader) ([]byte, error) {
	resp, err := c.Send(ctx, method, path, header, in)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(resp.Body)
}

func bytesOf(ctx context.Context, c *client.Client, path string) (int64, error) {
	resp, err := c.Send(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.Copy(io.Discard, resp.Body)
}
