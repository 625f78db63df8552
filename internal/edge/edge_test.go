package edge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"satchel/internal/edge"
	"satchel/internal/fault"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func many(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("f-%06d", i))
	}
	return keys
}

// The fakes speak the published contracts of their services, and give the keys that a
// request purges.

func fakeVarnish(t *testing.T, r *http.Request) []string {
	t.Helper()
	require.Equal(t, "PURGE", r.Method)
	require.Equal(t, "the secret", r.Header.Get("Edge-Key"))
	return strings.Fields(r.Header.Get("Edge-Purge"))
}

func fakeCloudflare(t *testing.T, r *http.Request) []string {
	t.Helper()
	require.Equal(t, "POST /client/v4/zones/the-zone/purge_cache", r.Method+" "+r.URL.Path)
	require.Equal(t, "Bearer the secret", r.Header.Get("Authorization"))
	var in struct{ Tags []string }
	require.NoError(t, json.NewDecoder(r.Body).Decode(&in))
	return in.Tags
}

func fakeFastly(t *testing.T, r *http.Request) []string {
	t.Helper()
	require.Equal(t, "POST /service/the-zone/purge", r.Method+" "+r.URL.Path)
	require.Equal(t, []string{"the secret", "1"}, []string{r.Header.Get("Fastly-Key"), r.Header.Get("Fastly-Soft-Purge")})
	var in struct {
		Keys []string `json:"surrogate_keys"`
	}
	require.NoError(t, json.NewDecoder(r.Body).Decode(&in))
	return in.Keys
}

func fakeWebhook(t *testing.T, r *http.Request) []string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	verifier, err := standardwebhooks.NewWebhook(webhookSecret)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(body, r.Header))
	var in struct {
		Type string
		Data struct{ Keys []string }
	}
	require.NoError(t, json.Unmarshal(body, &in))
	require.Equal(t, "edge.purge", in.Type)
	return in.Data.Keys
}

// TestDriversSpeakTheirContracts: every key once, in requests of the size that is taken.
func TestDriversSpeakTheirContracts(t *testing.T) {
	t.Parallel()
	for driver, c := range map[string]struct {
		fake   func(*testing.T, *http.Request) []string
		secret string
		most   int
		answer string
	}{
		"varnish":    {fakeVarnish, "the secret", 100, ""},
		"cloudflare": {fakeCloudflare, "the secret", 100, `{"success":true,"errors":[],"result":{"id":"1"}}`},
		"fastly":     {fakeFastly, "the secret", 256, `{"f-000000":"1"}`},
		"webhook":    {fakeWebhook, webhookSecret, 100, ""},
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			var purged []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				keys := c.fake(t, r)
				assert.LessOrEqual(t, len(keys), c.most)
				purged = append(purged, keys...)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer server.Close()
			e, err := edge.New(edge.Config{Driver: driver, URL: server.URL, Secret: c.secret, Zone: "the-zone"})
			require.NoError(t, err)
			require.NoError(t, e.Purge(t.Context(), append(many(300), many(10)...)))
			require.Equal(t, many(300), purged)
		})
	}
}

// TestPurgeFails: each failure may be tried again, and a limit says when.
func TestPurgeFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		kind   fault.Kind
		after  time.Duration
	}{
		"limited": {func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		}, fault.Limited, 30 * time.Second},
		"without a time": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) }, fault.Limited, time.Second},
		"for ever": {func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "99999999999")
			w.WriteHeader(http.StatusTooManyRequests)
		}, fault.Limited, 0},
		"broken":  {func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, fault.Unavailable, 0},
		"refused": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }, fault.Unavailable, 0},
		"elsewhere": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "/x")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, fault.Unavailable, 0},
		"no success": {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"success":false}`) }, fault.Unavailable, 0},
		"no JSON":    {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") }, fault.Unavailable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { c.answer(w) }))
			defer server.Close()
			e, err := edge.New(edge.Config{Driver: "cloudflare", URL: server.URL, Secret: "x", Zone: "z"})
			require.NoError(t, err)
			failed := fault.Of(e.Purge(t.Context(), many(1)))
			require.Equal(t, c.kind, failed.Kind)
			if c.after > 0 {
				require.Equal(t, c.after, failed.RetryAfter)
			}
			require.LessOrEqual(t, failed.RetryAfter, 10*time.Minute)
		})
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	e, err := edge.New(edge.Config{Driver: "varnish", URL: closed.URL, Secret: "x"})
	require.NoError(t, err)
	require.Equal(t, fault.Unavailable, fault.KindOf(e.Purge(context.Background(), many(1))))
}

// TestConfiguration: what is missing is named.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	none, err := edge.New(edge.Config{Driver: "none"})
	require.NoError(t, err)
	require.Nil(t, none)
	for missing, c := range map[string]edge.Config{
		"SATCHEL_EDGE_DRIVER":              {Driver: "akamai"},
		"SATCHEL_EDGE_PURGE_SECRET":        {Driver: "fastly", Zone: "z"},
		"SATCHEL_EDGE_PURGE_ZONE":          {Driver: "fastly", Secret: "s"},
		"SATCHEL_EDGE_PURGE_URL":           {Driver: "varnish", Secret: "s"},
		"SATCHEL_EDGE_PURGE_SECRET is no ": {Driver: "webhook", Secret: "s", URL: "https://cache.example/"},
	} {
		_, err := edge.New(c)
		require.ErrorContains(t, err, missing)
	}
}
