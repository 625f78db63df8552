package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/api/content"
	"satchel/search"
	"satchel/tenancy"
)

// BenchmarkEdgeQuestion measures what an answer to the edge costs, and what of it each
// question to the database is: all of them in turns, so that what else the machine does is
// in all of them.
func BenchmarkEdgeQuestion(b *testing.B) {
	e := setup(b)
	listener := httptest.NewServer(e.api.EdgeHandler())
	b.Cleanup(listener.Close)
	owner := e.person(e.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	path := owner.link(f.ID, nil)
	ask := func(path, method string, status int) func(context.Context) error {
		return func(ctx context.Context) error {
			req, err := http.NewRequestWithContext(ctx, get, listener.URL+path, nil)
			require.NoError(b, err)
			req.Header.Set("Edge-Key", edgeKey)
			req.Header.Set("Edge-Method", method)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(b, err)
			require.Equal(b, status, resp.StatusCode)
			return resp.Body.Close()
		}
	}
	actor := tenancy.Actor{Org: owner.org, User: owner.id, Role: tenancy.Owner}
	ctx := tenancy.WithActor(b.Context(), actor)
	q := e.db.ForPeople().Single(owner.org)
	version := e.head(owner.org, f.ID).VersionID
	read := content.Version{Organization: owner.org, File: f.ID, ID: version, Number: 1}
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"refused", ask(strings.Replace(path, "/c/", "/x/", 1), get, 404)},
		{"head", ask(path, head, 200)},
		{"get", ask(path, get, 200)},
		{"select", func(ctx context.Context) error { _, err := q.Exec(ctx, "select 1"); return err }},
		{"membership", func(ctx context.Context) error { _, err := tenancy.GetMembership(ctx, q, actor); return err }},
		{"file", func(ctx context.Context) error { _, err := content.GetReadable(ctx, q, f.ID, version); return err }},
		{"recent", func(ctx context.Context) error { return search.Use(ctx, q, f.ID) }},
		{"known", func(ctx context.Context) error {
			return content.RecordReads(ctx, q, []content.Version{read}, time.Hour)
		}},
		{"record", func(ctx context.Context) error { return content.RecordReads(ctx, q, []content.Version{read}, 0) }},
	}
	took := make([][]time.Duration, len(steps))
	for b.Loop() {
		for i, s := range steps {
			began := time.Now()
			require.NoError(b, s.do(ctx))
			took[i] = append(took[i], time.Since(began))
		}
	}
	for i, s := range steps {
		slices.Sort(took[i])
		b.ReportMetric(float64(took[i][len(took[i])/2].Microseconds()), s.name+"-µs")
	}
}
