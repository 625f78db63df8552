package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Event is one server-sent event of a file.
type Event struct {
	ID, Type string
	Data     json.RawMessage
}

// Watch follows a file's events until its final state, over cut connections,
// and gives the file as it is then.
func (c *Client) Watch(ctx context.Context, id string, each func(Event)) (File, error) {
	last := ""
	for failures := 0; ; {
		seen, err := c.follow(ctx, id, last, each)
		if seen != last {
			last, failures = seen, 0
		}
		if err == nil {
			return c.Get(ctx, id)
		}
		if failures++; failures > 8 || !WorthRetrying(err) {
			return File{}, err
		}
		if err := pause(ctx, failures); err != nil {
			return File{}, err
		}
	}
}

// previewPause lies between two questions after a file whose previews are pending.
const previewPause = time.Second

// WaitForPreviews gives the file once its previews are decided, which is at once for a
// file that has no pending ones.
func (c *Client) WaitForPreviews(ctx context.Context, f File) (File, error) {
	for f.Preview == "pending" {
		select {
		case <-ctx.Done():
			return f, ctx.Err()
		case <-time.After(previewPause):
		}
		var err error
		if f, err = c.Get(ctx, f.ID); err != nil {
			return f, err
		}
	}
	return f, nil
}

var errCut = errors.New("the event stream ended before the file's final state")

// follow reads one stream; nil means that the final state came.
func (c *Client) follow(ctx context.Context, id, last string, each func(Event)) (string, error) {
	header := http.Header{"Accept": {"text/event-stream"}}
	if last != "" {
		header.Set("Last-Event-ID", last)
	}
	resp, err := c.Send(ctx, http.MethodGet, storage+"/files/"+url.PathEscape(id)+"/events", header, nil)
	if err != nil {
		return last, err
	}
	defer func() { _ = resp.Body.Close() }()
	var e Event
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			e.ID = value
		case "event":
			e.Type = value
		case "data":
			e.Data = json.RawMessage(value)
		case "":
			if lines.Text() != "" || e.Data == nil {
				continue
			}
			if e.ID != "" {
				last = e.ID
			}
			if each != nil {
				each(e)
			}
			if e.Type == "final" {
				return last, nil
			}
			e = Event{}
		}
	}
	if err := lines.Err(); err != nil {
		return last, err
	}
	return last, errCut
}
