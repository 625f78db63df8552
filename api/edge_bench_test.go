package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/api/content"
	"satchel/search"
	"satchel/tenancy"
)

// BenchmarkEdgeQuestion measures what an answer to the edge costs, and what of it each
// question to the database is.
func BenchmarkEdgeQuestion(b *testing.B) {
	e := setup(b)
	listener := httptest.NewServer(e.api.EdgeHandler())
	b.Cleanup(listener.Close)
	owner := e.person(e.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	ask := func(b *testing.B, path string) {
		req, err := http.NewRequestWithContext(b.Context(), get, listener.URL+path, nil)
		require.NoError(b, err)
		req.Header.Set("Edge-Key", edgeKey)
		for b.Loop() {
			resp, err := http.DefaultClient.Do(req)
			require.NoError(b, err)
			require.NoError(b, resp.Body.Close())
			require.Equal(b, 200, resp.StatusCode)
		}
	}
	b.Run("nothing signed", func(b *testing.B) {
		req, err := http.NewRequestWithContext(b.Context(), get, listener.URL+"/healthz", nil)
		require.NoError(b, err)
		for b.Loop() {
			resp, err := http.DefaultClient.Do(req)
			require.NoError(b, err)
			require.NoError(b, resp.Body.Close())
		}
	})
	b.Run("member", func(b *testing.B) { ask(b, owner.link(f.ID, nil)) })
	actor := tenancy.Actor{Org: owner.org, User: owner.id, Role: tenancy.Owner}
	ctx := tenancy.WithActor(b.Context(), actor)
	q := e.db.ForPeople().Single(owner.org)
	version := e.head(owner.org, f.ID).VersionID
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"nothing", func(ctx context.Context) error { _, err := q.Exec(ctx, "select 1"); return err }},
		{"membership", func(ctx context.Context) error { _, err := tenancy.GetMembership(ctx, q, actor); return err }},
		{"file", func(ctx context.Context) error { _, err := content.GetReadable(ctx, q, f.ID, version); return err }},
		{"recent", func(ctx context.Context) error { return search.Use(ctx, q, f.ID) }},
		{"record known", func(ctx context.Context) error {
			return content.RecordRead(ctx, q, content.Version{File: f.ID, ID: version, Number: 1}, time.Hour)
		}},
		{"record", func(ctx context.Context) error {
			return content.RecordRead(ctx, q, content.Version{File: f.ID, ID: version, Number: 1}, 0)
		}},
	}
	for _, s := range steps {
		b.Run("step "+s.name, func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, s.do(ctx))
			}
		})
	}
}
