package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scripted answers each request by its method and path, and keeps what came.
type scripted struct {
	answers map[string]string
	asked   []string
	bodies  []string
}

// ServeHTTP answers 404 with a problem to what is not in the script.
func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	s.bodies = append(s.bodies, string(body))
	answer, found := s.answers[r.Method+" "+r.URL.Path]
	if !found {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"type":"about:blank","status":404,"code":"job_not_found","detail":"There is no such job, or it is not yours to see."}`)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answer)
}

const (
	endedJob = `{"id":"j1","kind":"rescan_storage","name":"cleanup.rescan_storage","queue":"batch","priority":"low","state":"failed","attempts":3,"rounds":0,"reason_class":"theirs","reason_code":"store_unavailable",
		"progress":{"done":5,"total":9},"created_at":"2026-11-29T10:00:00Z","ended_at":"2026-11-29T10:05:00Z","timeline":[{"n":1,"at":"2026-11-29T10:00:00Z","state":"waiting","attempt":0,"code":"","priority":"low"}]}`
	heldQueue  = `{"name":"ai","backlog":7,"age_seconds":61,"start_rate":0,"workers":2,"paused":true,"rate":0,"reason":"the provider is down"}`
	draftMade  = `{"id":"g1","kind":"quiz","language":"en","state":"draft","title":"Volcanoes","revision":2,"count":3,"cost_micro":1500,"currency":"EUR","created_at":"2026-11-29T10:00:00Z"}`
	madeReport = `{"id":"r1","kind":"storage","format":"pdf","state":"ready","file_id":"f1","from":"2026-11-01","to":"2026-11-28","created_at":"2026-11-29T10:00:00Z"}`
	connected  = `{"id":"c1","name":"School","universe_id":9,"creator":{"type":"group","id":5},"state":"stopped","code":"roblox_key_refused","key":{"missing":["asset:write"]},"assets":{"live":3,"unsure":1},"lessons":{"live":2},"progress":["quiz"]}`
)

// TestCommandsOfJobs, of queues, documents, reports and Roblox: what each asks, and what a
// person reads of the answer.
func TestCommandsOfJobs(t *testing.T) {
	const jobs, queues, generations, reports, roblox = "/api/v1/jobs", "/api/v1/admin/queues", "/api/v1/generations", "/api/v1/reports", "/api/v1/roblox/connections"
	for name, c := range map[string]struct {
		args    string
		stdin   string
		answers map[string]string
		asked   string // of the last request, its beginning
		body    string // of it; JSON
		says    []string
	}{
		"jobs list":   {args: "jobs list --state failed --kind rescan_storage", answers: map[string]string{"GET " + jobs: `{"items":[` + endedJob + `]}`}, asked: "GET " + jobs + "?kind=rescan_storage&", says: []string{"rescan_storage", "failed", "store_unavailable"}},
		"jobs of all": {args: "jobs list --all", answers: map[string]string{"GET /api/v1/admin/jobs": `{"items":[]}`}, asked: "GET /api/v1/admin/jobs"},
		"jobs of one": {args: "jobs list --organization o1", answers: map[string]string{"GET /api/v1/admin/jobs": `{"items":[]}`}, asked: "GET /api/v1/admin/jobs?organization_id=o1"},
		"search": {args: "search atlas --class Biology", answers: map[string]string{"GET /api/v1/classes": `{"items":[{"id":"k1","title":"Biology"}]}`, "GET /api/v1/storage/search": `{"items":[]}`},
			asked: "GET /api/v1/storage/search?class_id=k1&"},
		"of a file": {args: "generate create quiz cells.md", answers: map[string]string{"GET /api/v1/storage/files": `{"items":[{"id":"f1","name":"cells.md"}]}`, "POST " + generations: draftMade},
			asked: "POST " + generations, body: `{"kind":"quiz","language":"en","file_id":"f1"}`},
		"jobs show":   {args: "jobs show j1", answers: map[string]string{"GET " + jobs + "/j1": endedJob}, asked: "GET " + jobs + "/j1", says: []string{"failed", "store_unavailable", "waiting"}},
		"jobs retry":  {args: "jobs retry j1 --organization o1", answers: map[string]string{"POST " + jobs + "/j1/retry": endedJob}, asked: "POST " + jobs + "/j1/retry?organization_id=o1"},
		"jobs cancel": {args: "jobs cancel j1", answers: map[string]string{"POST " + jobs + "/j1/cancel": endedJob}, asked: "POST " + jobs + "/j1/cancel"},
		"queue list":  {args: "queue list", answers: map[string]string{"GET " + queues: `{"queues":[` + heldQueue + `]}`}, asked: "GET " + queues, says: []string{"ai", "paused", "1m1s", "the provider is down"}},
		"queue pause": {args: "queue pause ai --reason down", answers: map[string]string{"PATCH " + queues + "/ai": heldQueue}, asked: "PATCH " + queues + "/ai", body: `{"paused":true,"reason":"down"}`, says: []string{"paused"}},
		"queue rate":  {args: "queue rate ai --all 5 --organization 0 --reason slow", answers: map[string]string{"PATCH " + queues + "/ai": heldQueue}, asked: "PATCH " + queues + "/ai", body: `{"rate":5,"rate_per_organization":0,"reason":"slow"}`},
		"generate":    {args: "generate list --state draft", answers: map[string]string{"GET " + generations: `{"items":[` + draftMade + `]}`}, asked: "GET " + generations + "?state=draft", says: []string{"Volcanoes", "draft"}},
		"reject":      {args: "generate reject g1", answers: map[string]string{"POST " + generations + "/g1/reject": draftMade}, asked: "POST " + generations + "/g1/reject"},
		"approve":     {args: "generate approve g1 --format gift --revision 2", answers: map[string]string{"POST " + generations + "/g1/approve": draftMade, "GET " + generations + "/g1": draftMade}, asked: "POST " + generations + "/g1/approve"},
		"report":      {args: "report create storage --format pdf --from 2026-11-01 --to 2026-11-28 --wait=false", answers: map[string]string{"POST " + reports: madeReport}, asked: "POST " + reports, says: []string{"ready"}},
		"reports":     {args: "report list", answers: map[string]string{"GET " + reports: `{"items":[` + madeReport + `]}`}, asked: "GET " + reports, says: []string{"storage", "ready"}},
		"unschedule":  {args: "report unschedule s1", answers: map[string]string{"DELETE /api/v1/report-schedules/s1": ""}, asked: "DELETE /api/v1/report-schedules/s1"},
		"connection":  {args: "roblox show c1", answers: map[string]string{"GET " + roblox + "/c1": connected}, asked: "GET " + roblox + "/c1", says: []string{"stopped: roblox_key_refused", "asset:write", "unsure", "lessons live: 2"}},
		"lessons": {args: "roblox lessons c1", answers: map[string]string{"GET " + roblox + "/c1/lessons": `{"items":[{"name":"volcano.html","kind":"quiz","key":"lesson-f1","state":"withheld","rule":"education_record"}]}`},
			asked: "GET " + roblox + "/c1/lessons", says: []string{"volcano.html", "withheld: education_record", "lesson-f1"}},
		"connect": {args: "roblox connect School --universe 9 --group 5", stdin: " the-key\n", answers: map[string]string{"POST " + roblox: connected}, asked: "POST " + roblox,
			body: `{"name":"School","universe_id":9,"creator":{"type":"group","id":5},"api_key":"the-key","space_ids":null,"automatic":true}`},
		"sync":      {args: "roblox sync c1", answers: map[string]string{"POST " + roblox + "/c1/sync": `{"operation_id":"j1"}`}, asked: "POST " + roblox + "/c1/sync", says: []string{"satchel jobs watch j1"}},
		"resolve":   {args: "roblox resolve c1 a1 --there 7", answers: map[string]string{"POST " + roblox + "/c1/assets/a1/resolve": `{"name":"a.png","state":"reviewing"}`}, asked: "POST " + roblox + "/c1/assets/a1/resolve", body: `{"outcome":"there","asset_id":7}`, says: []string{"a.png is reviewing"}},
		"progress":  {args: "roblox progress c1 quiz maze", answers: map[string]string{"PATCH " + roblox + "/c1": connected}, asked: "PATCH " + roblox + "/c1", body: `{"progress":["quiz","maze"]}`},
		"uncounted": {args: "roblox progress c1", answers: map[string]string{"PATCH " + roblox + "/c1": connected}, asked: "PATCH " + roblox + "/c1", body: `{"progress":[]}`},
		"figures": {args: "roblox figures c1", answers: map[string]string{"GET " + roblox + "/c1/figures": `{"items":[{"kind":"progress","name":"quiz","day":"2026-11-29","people":40,"parts":{"below_quarter":null,"below_half":12,"below_three_quarters":null,"below_done":0,"done":14}},
			{"kind":"usage","name":"DailyActiveUsers","day":"2026-11-28","people":null,"parts":null}]}`}, asked: "GET " + roblox + "/c1/figures", says: []string{"quiz", "40", "*", "12", "14", "DailyActiveUsers"}},
	} {
		t.Run(name, func(t *testing.T) {
			api := &scripted{answers: c.answers}
			said, err := commandReading(t, api, c.stdin, strings.Fields(c.args)...)
			require.NoError(t, err, said)
			require.True(t, strings.HasPrefix(api.asked[len(api.asked)-1], c.asked), api.asked)
			if c.body != "" {
				require.JSONEq(t, c.body, api.bodies[len(api.bodies)-1])
			}
			for _, part := range c.says {
				require.Contains(t, said, part)
			}
			if c.stdin != "" {
				require.NotContains(t, said, "the-key")
			}
		})
		if len(c.says) == 0 || strings.Contains(c.args, "sync") {
			continue
		}
		t.Run(name+" as JSON", func(t *testing.T) {
			said, err := commandReading(t, &scripted{answers: c.answers}, c.stdin, append(strings.Fields(c.args), "--json")...)
			require.NoError(t, err, said)
			require.True(t, json.Valid([]byte(said)), said)
		})
	}
}

// TestCommandsSayWhatToDo when they are refused, or lack what they need.
func TestCommandsSayWhatToDo(t *testing.T) {
	for args, want := range map[string]string{
		"jobs show none":                     "There is no such job",
		"queue pause ai":                     "reason",
		"roblox connect School --universe 9": "group",
		"roblox resolve c1 a1":               "not-there",
		"roblox publish c1 seven f1":         "seven is no number",
		"roblox key c1":                      "standard input",
		"generate create quiz":               "",
		"report create":                      "accepts 1 arg",
		"share " + idA + " --link --permission upload --max-files 0": "--max-files is at least 1",
		"jobs watch j0": "the job ended as cancelled",
	} {
		said, err := command(t, &scripted{answers: map[string]string{"GET /api/v1/jobs/j0": `{"id":"j0","state":"cancelled","ended_at":"2026-11-29T10:05:00Z"}`}}, strings.Fields(args)...)
		require.Error(t, err, args)
		require.Contains(t, err.Error()+said, want, args)
		require.False(t, strings.HasSuffix(err.Error(), ": "), err)
	}
}

// TestNoLimitIsNoZero: what was said is sent, and the API refuses a limit of none.
func TestNoLimitIsNoZero(t *testing.T) {
	api := &scripted{}
	_, err := command(t, api, "share", idA, "--link", "--max-downloads", "0")
	require.Error(t, err)
	require.Contains(t, api.bodies[len(api.bodies)-1], `"max_downloads":0`)
}
