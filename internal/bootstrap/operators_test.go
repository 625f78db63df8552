package bootstrap

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestReadinessTellsDegradedFromDown: only a part without which no request can be
// served takes the program out of traffic.
func TestReadinessTellsDegradedFromDown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		down   []string
		status int
		body   string
	}{
		{nil, 200, `{"ready":true,"degraded":false,"draining":false,"missing":[]}`},
		{[]string{"temporal", "issuer"}, 200, `{"ready":true,"degraded":true,"draining":false,"missing":["issuer","temporal"]}`},
		{[]string{"store"}, 503, `{"ready":false,"degraded":false,"draining":false,"missing":["store"]}`},
		{[]string{"postgres", "temporal"}, 503, `{"ready":false,"degraded":false,"draining":false,"missing":["postgres","temporal"]}`},
	} {
		r := newReadiness()
		for _, name := range []string{"postgres", "store", "temporal", "issuer"} {
			r.Add(name, func(context.Context) error { return nil })
		}
		for _, name := range c.down {
			r.Add(name, func(context.Context) error { return errors.New("down") })
		}
		r.Optional("temporal", "issuer")
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
		require.Equal(t, c.status, w.Code, c.down)
		require.JSONEq(t, c.body, w.Body.String())
	}
}

// TestDraining: a program that was told to end asks to be taken out before it stops.
func TestDraining(t *testing.T) {
	t.Parallel()
	r := newReadiness()
	r.Add("postgres", func(context.Context) error { return nil })
	r.Drain()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	require.Equal(t, 503, w.Code)
	require.JSONEq(t, `{"ready":false,"degraded":false,"draining":true,"missing":[]}`, w.Body.String())
}

// TestHungCheckIsMissing: a part that neither answers nor refuses, through a client that
// does not listen to its context, must not keep the probe waiting.
func TestHungCheckIsMissing(t *testing.T) {
	t.Parallel()
	r := newReadiness()
	r.timeout = 500 * time.Millisecond
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	r.Add("postgres", func(context.Context) error { return nil })
	r.Add("temporal", func(context.Context) error { <-hang; return nil })
	r.Optional("temporal")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	require.Equal(t, 200, w.Code)
	require.JSONEq(t, `{"ready":true,"degraded":true,"draining":false,"missing":["temporal"]}`, w.Body.String())
	r.Add("store", func(context.Context) error { <-hang; return nil })
	w = httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	require.Equal(t, 503, w.Code)
	require.Contains(t, w.Body.String(), `"missing":["store","temporal"]`)
}

// TestConnectionsEndWhileDraining: a client that is answered in that time has no connection left that the end could cut.
func TestConnectionsEndWhileDraining(t *testing.T) {
	t.Parallel()
	r := newReadiness()
	server := httptest.NewServer(r.LetGo(http.HandlerFunc(Health)))
	t.Cleanup(server.Close)
	for _, draining := range []bool{false, true} {
		if draining {
			r.Drain()
		}
		resp, err := server.Client().Get(server.URL)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, draining, resp.Close)
	}
}
