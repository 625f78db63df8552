package roblox

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/roblox"
)

// TestRequestsAreCounted by what came of them.
func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(server.Close)
	metrics := prometheus.NewRegistry()
	d, err := New(Config{URL: server.URL}, metrics)
	require.NoError(t, err)
	t.Cleanup(d.http.CloseIdleConnections)
	c := d.Open("secret")
	require.NoError(t, c.PublishMessage(t.Context(), 9, "satchel", "{}"))
	status = http.StatusTooManyRequests
	require.ErrorIs(t, c.PublishMessage(t.Context(), 9, "satchel", "{}"), roblox.ErrBusy)
	require.ErrorIs(t, c.PublishMessage(t.Context(), 9, "satchel", "{}"), roblox.ErrBusy)
	for outcome, want := range map[string]float64{"ok": 1, fault.Of(roblox.ErrBusy).Code: 2} {
		var m dto.Metric
		require.NoError(t, d.requests.WithLabelValues(outcome).Write(&m))
		require.InDelta(t, want, m.GetCounter().GetValue(), 0, outcome)
	}
}
