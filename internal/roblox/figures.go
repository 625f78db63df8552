package roblox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"satchel/roblox"
)

func orderedPath(universe int64, store, scope string) string {
	return "/cloud/v2/universes/" + strconv.FormatInt(universe, 10) + "/ordered-data-stores/" + segment(store) + "/scopes/" + segment(scope) + "/entries"
}

// pageOfOrdered is the largest page that Roblox gives.
const pageOfOrdered = "100"

// ListOrdered reads a page of the values in a scope of an ordered data store, without whose
// they are. next is empty at the end. A store that no server has written has none.
func (c *Client) ListOrdered(ctx context.Context, universe int64, store, scope, page string) (values []int64, next string, err error) {
	query := url.Values{"maxPageSize": {pageOfOrdered}}
	if page != "" {
		query.Set("pageToken", page)
	}
	got, err := answer[struct {
		Entries []struct {
			Value float64 `json:"value"`
		} `json:"orderedDataStoreEntries"`
		Next string `json:"nextPageToken"`
	}](ctx, c, call{method: http.MethodGet, path: orderedPath(universe, store, scope), query: query})
	if errors.Is(err, roblox.ErrNotFound) {
		return nil, "", nil
	}
	for _, e := range got.Entries {
		values = append(values, int64(math.Round(e.Value)))
	}
	return values, got.Next, err
}

// DeleteOrdered deletes an entry of an ordered data store; one that is not there is deleted.
func (c *Client) DeleteOrdered(ctx context.Context, universe int64, store, scope, id string) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: orderedPath(universe, store, scope) + "/" + segment(id)})
	if errors.Is(err, roblox.ErrNotFound) {
		return nil
	}
	return err
}

// query is how far Roblox is with a question about an experience.
type query struct {
	Path     string `json:"path"`
	Done     bool   `json:"done"`
	Response struct {
		Values []struct {
			Points []struct {
				Time   time.Time `json:"time"`
				Value  float64   `json:"value"`
				Status string    `json:"status"`
			} `json:"dataPoints"`
		} `json:"values"`
	} `json:"response"`
}

func (q query) read() roblox.Query {
	out := roblox.Query{Path: q.Path, Done: q.Done}
	for _, v := range q.Response.Values {
		for _, p := range v.Points {
			out.Points = append(out.Points, roblox.Point{Time: p.Time.UTC(), Value: p.Value, Certain: p.Status == "" || p.Status == "Valid"})
		}
	}
	return out
}

// QueryMetric asks for a figure of an experience by day; until is not part of it. What takes
// Roblox longer is not done, and PollMetric asks again.
func (c *Client) QueryMetric(ctx context.Context, universe int64, metric string, from, until time.Time) (roblox.Query, error) {
	body, err := json.Marshal(map[string]string{"metric": metric, "granularity": "OneDay", "startTime": from.UTC().Format(time.RFC3339), "endTime": until.UTC().Format(time.RFC3339)})
	if err != nil {
		return roblox.Query{}, fmt.Errorf("encode query: %w", err)
	}
	got, err := answer[query](ctx, c, call{method: http.MethodPost, path: fmt.Sprintf("/analytics-query-api/v1/universes/%d/metrics", universe), contentType: "application/json", body: body})
	return got.read(), err
}

// queryPath is a path as Roblox names a query: what it says is asked for with the key, so it
// has no other form.
var queryPath = regexp.MustCompile(`^v1/universes/[0-9]+/operations/metrics/[A-Za-z0-9_-]{1,200}$`)

// PollMetric asks how far a query is.
func (c *Client) PollMetric(ctx context.Context, path string) (roblox.Query, error) {
	if !queryPath.MatchString(path) {
		return roblox.Query{}, roblox.ErrDown.Because(errors.New("the path of a query has another form"))
	}
	got, err := answer[query](ctx, c, call{method: http.MethodGet, path: "/analytics-query-api/" + path})
	return got.read(), err
}
