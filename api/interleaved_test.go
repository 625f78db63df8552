package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/api/apikeys"
	"satchel/api/uploads"
	"satchel/tenancy"
)

// crew is the people of one organization, and a word that all its rows hold.
type crew struct {
	org    tenancy.OrgID
	canary string
	people []*person
	files  []uuid.UUID
}

// heard is what one organization's caller was told. What was asked by an id of
// another organization may say that id again.
type heard struct {
	crew   int
	route  string
	status int
	body   string
	asked  string
}

// crowded is an edge whose requests share two connections.
func crowded(t *testing.T) *testBundle {
	t.Helper()
	b := setup(t)
	db, err := tenancy.Open(context.Background(), tenancy.Config{URL: b.db.AppURL, MaxConns: 2, Timeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	parts := b.api.Parts
	parts.DB, parts.Metrics = db, prometheus.NewRegistry()
	parts.Uploads, err = uploads.New(uploads.Config{SpoolDir: t.TempDir(), TTL: formHour, NetworkTimeout: formHour, LockTimeout: formHour},
		uploads.Ports{DB: db.ForPeople(), Staging: b.store.Staging, OnReceived: b.workflows.Start, Log: slog.New(slog.DiscardHandler), Metrics: parts.Metrics})
	require.NoError(t, err)
	b.api = New(parts)
	b.server = httptest.NewServer(b.api.Handler())
	t.Cleanup(b.server.Close)
	return b
}

// crew makes an organization whose name, files, invitations and keys all say
// its word.
func (b *testBundle) crew(word string) *crew {
	b.t.Helper()
	c := &crew{org: b.organization(), canary: "canary-" + word}
	owner := b.person(c.org, tenancy.Owner)
	c.people = []*person{owner, b.person(c.org, tenancy.Admin), b.person(c.org, tenancy.Teacher)}
	owner.call(patch, owner.orgPath(""), map[string]any{"name": c.canary, "contact_email": c.canary + "@school.test"}).is(http.StatusOK)
	owner.invites(c.canary+"@school.test", tenancy.Teacher)
	made := read[apikeys.KeyView](owner.call(post, owner.orgPath("/keys"), map[string]any{"name": c.canary, "role": tenancy.Teacher, "scopes": []string{"files:read", "files:write"}}).is(http.StatusCreated))
	c.people = append(c.people, &person{b: b, org: c.org, id: made.User, token: made.Key, role: tenancy.Teacher})
	space := b.class(c.people[1:]...)
	for i := range 6 {
		c.files = append(c.files, owner.publishedIn(space, fmt.Sprintf("%s-%d.txt", c.canary, i), c.canary+" "+lorem).ID)
	}
	return c
}

// errand is one kind of request. Where it says so, what is answered must hold
// the organization's own word: an empty page proves nothing.
type errand struct {
	method, path string
	in           string
	own          bool
}

// errands are what each caller does, one after another, with changes and errors in between.
// FILE is a file of their own, THEIRS one of another organization's.
var errands = []errand{
	{get, storagePath + "/files?limit=3", "", true},
	{get, storagePath + "/files/FILE", "", true},
	{get, storagePath + "/files/FILE/content", "", true},
	{get, storagePath + "/files/THEIRS", "", false},
	{get, storagePath + "/files?sort=name&q=canary", "", true},
	{patch, storagePath + "/files/FILE", `{"description":"CANARY"}`, true},
	{patch, storagePath + "/files/FILE", `{"description":`, false},
	{get, "/api/v1/organizations/ORG", "", false},
	{get, "/api/v1/organizations/ORG/members", "", false},
	{patch, storagePath + "/files/THEIRS", `{"description":"mine"}`, false},
	{get, "/api/v1/organizations/ORG/invitations", "", false},
	{get, "/api/v1/organizations/ORG/keys", "", false},
	{get, storagePath + "/quota", "", false},
	{get, storagePath + "/files?cursor=nonsense", "", false},
	{get, "/api/v1/organizations/ORG/usage", "", false},
	{get, "/api/v1/organizations/ORG/audit?limit=20", "", false},
	{remove, storagePath + "/files/THEIRS", "", false},
	{get, storagePath + "/files/FILE/versions", "", true},
	{get, storagePath + "/files/FILE/events", "", true},
	{post, storagePath + "/upload", "UPLOAD", true},
	{get, "/api/v1/organizations/THEIRORG/audit", "", false},
	{get, "/api/v1/me", "", false},
}

// load lets every caller of every crew run rounds of errands at once; every
// fifth request is given up while the server is at it.
func (b *testBundle) load(crews []*crew, rounds int) (all []heard) {
	var mu sync.Mutex
	var callers sync.WaitGroup
	for n, c := range crews {
		theirs := crews[(n+1)%len(crews)]
		for i, p := range c.people {
			callers.Go(func() {
				for step := range rounds * len(errands) {
					e := errands[(step+i*5+n*7)%len(errands)] // no one does the same at the same time
					h := b.run(p, e, c, theirs, step, step%5 == 4)
					h.crew = n
					mu.Lock()
					all = append(all, h)
					mu.Unlock()
				}
			})
		}
	}
	callers.Wait()
	return all
}

// run sends one request. One that is given up ends as soon as it is written.
func (b *testBundle) run(p *person, e errand, c, theirs *crew, step int, giveUp bool) heard {
	own, other := c.files[step%len(c.files)], theirs.files[step%len(theirs.files)]
	path := strings.NewReplacer("FILE", own.String(), "THEIRS", other.String(), "THEIRORG", theirs.org.String(), "ORG", c.org.String()).Replace(e.path)
	var body io.Reader = strings.NewReader(strings.ReplaceAll(e.in, "CANARY", c.canary))
	contentType := "application/json"
	if e.in == "UPLOAD" {
		body, contentType = form(c.canary+".txt", []byte(c.canary), nil, nil)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if giveUp {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	}
	h := heard{route: e.method + " " + e.path}
	if strings.Contains(e.path, "THEIR") {
		h.asked = other.String()
	}
	req, err := http.NewRequestWithContext(ctx, e.method, b.server.URL+path, body)
	if err != nil {
		h.status = http.StatusInternalServerError
		return h
	}
	if e.in != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	resp, err := b.server.Client().Do(req)
	if err != nil {
		return h // given up
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	h.status, h.body = resp.StatusCode, string(text)
	if e.own && !giveUp && h.status/100 == 2 && !strings.Contains(h.body, c.canary) {
		h.body += " [lacks its own " + c.canary + "]"
	}
	return h
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// owned reads every id in an organization's rows, from behind the
// rules.
func (b *testBundle) owned(org tenancy.OrgID) map[string]bool {
	b.t.Helper()
	ctx, conn := context.Background(), b.db.Admin(b.t)
	rows, err := conn.Query(ctx, `select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`)
	require.NoError(b.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b.t, err)
	ids := map[string]bool{org.String(): true}
	for _, table := range tables {
		var text *string
		require.NoError(b.t, conn.QueryRow(ctx, "select string_agg(to_jsonb(x)::text, ' ') from "+table+" x where organization_id = $1", org).Scan(&text))
		if text == nil {
			continue
		}
		for _, id := range anyID.FindAllString(*text, -1) {
			ids[id] = true
		}
	}
	return ids
}

// leaks tells which answers held what is another organization's, or not their
// own. The audit log holds the requested ids, which may be those of others that
// the organization's own people named.
func (b *testBundle) leaks(crews []*crew, all []heard, owned []map[string]bool) (found []string) {
	for _, h := range all {
		if h.status >= http.StatusInternalServerError || strings.Contains(h.body, "[lacks its own") {
			found = append(found, fmt.Sprintf("%s: %d %s", h.route, h.status, h.body))
		}
		for n, c := range crews {
			if n != h.crew && strings.Contains(h.body, c.canary) {
				found = append(found, fmt.Sprintf("%s of %s holds %s", h.route, crews[h.crew].canary, c.canary))
			}
		}
		for _, id := range anyID.FindAllString(h.body, -1) {
			for n := range crews {
				if n != h.crew && owned[n][id] && !owned[h.crew][id] && id != h.asked {
					found = append(found, fmt.Sprintf("%s of %s holds %s of %s", h.route, crews[h.crew].canary, id, crews[n].canary))
				}
			}
		}
	}
	return found
}

// TestLoadOnTwoConnectionsNeverCrosses lets twelve callers of three
// organizations share two connections, with requests that fail and requests
// that are given up in between. No answer holds anything of another
// organization. Then a binding stays on its connection, and that is noticed.
func TestLoadOnTwoConnectionsNeverCrosses(t *testing.T) {
	t.Parallel()
	b := crowded(t)
	crews := []*crew{b.crew("one"), b.crew("two"), b.crew("three")}
	ids := func() (all []map[string]bool) {
		for _, c := range crews {
			all = append(all, b.owned(c.org))
		}
		return all
	}
	all := b.load(crews, 2)
	require.Empty(t, b.leaks(crews, all, ids()))
	answers, own := map[int]int{}, 0
	for _, h := range all {
		answers[h.status/100]++
		if strings.Contains(h.body, crews[h.crew].canary) {
			own++
		}
	}
	require.Greater(t, answers[2], len(all)/3, "%v", answers)
	require.Positive(t, answers[4], "some fail")
	require.Positive(t, answers[0], "some are given up")
	require.Greater(t, own, len(all)/4, "and hold what is the caller's own")
	for _, c := range crews {
		report := b.verified(c.people[0].org)
		require.True(t, report.OK, report.FirstBroken)
	}

	before := ids()
	owner, err := pgx.Connect(t.Context(), b.db.OwnerURL)
	require.NoError(t, err)
	defer func() { _ = owner.Close(context.Background()) }()
	_, err = owner.Exec(t.Context(), `create or replace function app.org() returns uuid language sql stable as $$
		select coalesce(nullif(current_setting('app.left_over', true), ''),
			nullif(set_config('app.left_over', current_setting('app.current_org_id', true), false), ''))::uuid $$`)
	require.NoError(t, err)
	found := b.leaks(crews, b.load(crews, 1), before)
	require.NotEmpty(t, found)
	require.Contains(t, strings.Join(found, "\n"), " holds canary-", "another organization's word was read")
}
