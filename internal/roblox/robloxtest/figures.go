package robloxtest

import (
	"encoding/json"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"
)

// SetOrdered writes the value of a person as the game's own servers do, as
// universe/store/scope and the person.
func (f *Fake) SetOrdered(scope, person string, value int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ordered == nil {
		f.ordered = map[string]map[string]int64{}
	}
	if f.ordered[scope] == nil {
		f.ordered[scope] = map[string]int64{}
	}
	f.ordered[scope][person] = value
}

// Ordered is how many entries a scope has, as universe/store/scope.
func (f *Fake) Ordered(scope string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.ordered[scope])
}

// orderedEntries answers for one scope of an ordered data store: a list by pages, and the
// deletion of one entry.
func (f *Fake) orderedEntries(r *http.Request, parts []string) reply {
	scope := parts[3] + "/" + parts[5] + "/" + parts[7]
	entries := f.ordered[scope]
	if r.Method == http.MethodDelete && len(parts) == 10 {
		if _, there := entries[parts[9]]; !there {
			return v2(http.StatusNotFound, "NOT_FOUND", "entry not found")
		}
		delete(entries, parts[9])
		return ok(map[string]any{})
	}
	if r.Method != http.MethodGet || len(parts) != 9 {
		return v2(http.StatusBadRequest, "INVALID_ARGUMENT", "not played")
	}
	if entries == nil {
		return v2(http.StatusNotFound, "NOT_FOUND", "store not found")
	}
	size, err := strconv.Atoi(r.URL.Query().Get("maxPageSize"))
	if err != nil || size < 1 || size > 100 {
		size = 10
	}
	var ids []string
	for id := range entries {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	from := sort.SearchStrings(ids, r.URL.Query().Get("pageToken"))
	items, next := []any{}, ""
	for _, id := range ids[from:] {
		if len(items) == size {
			next = id
			break
		}
		items = append(items, map[string]any{"path": strings.Join(parts[2:9], "/") + "/" + id, "id": id, "value": entries[id]})
	}
	answer := map[string]any{"orderedDataStoreEntries": items}
	if next != "" {
		answer["nextPageToken"] = next
	}
	return ok(answer)
}

// metric answers a query at once, or after QueryPolls looks.
func (f *Fake) metric(r *http.Request, parts []string, body []byte) reply {
	if r.Method == http.MethodPost {
		var in struct {
			Metric, Granularity string
			StartTime, EndTime  time.Time
		}
		if json.Unmarshal(body, &in) != nil || in.Metric == "" || in.Granularity != "OneDay" || !in.StartTime.Before(in.EndTime) {
			return reply{status: http.StatusBadRequest, body: map[string]any{"done": true, "error": map[string]any{"code": 2001, "message": "not a query"}}}
		}
		f.queryFrom, f.queryUntil, f.queryLooks = in.StartTime, in.EndTime, f.QueryPolls
		parts = []string{"", "v1", "universes", parts[3], "operations", "metrics", "query-1"}
	} else if f.queryLooks > 0 {
		f.queryLooks--
	}
	path := strings.Join(parts[1:], "/")
	if f.queryLooks > 0 {
		return reply{status: http.StatusAccepted, body: map[string]any{"path": path, "done": false}}
	}
	points := []any{}
	for day := f.queryFrom.Truncate(24 * time.Hour); day.Before(f.queryUntil); day = day.AddDate(0, 0, 1) {
		if n, there := f.Active[day.Format(time.DateOnly)]; there {
			points = append(points, map[string]any{"time": day.Format(time.RFC3339), "value": n, "status": "Valid"})
		}
	}
	return ok(map[string]any{"path": path, "done": true, "response": map[string]any{"values": []any{map[string]any{"breakdowns": []any{}, "dataPoints": points}}}})
}
