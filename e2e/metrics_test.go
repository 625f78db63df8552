package e2e

import (
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"
)

// TestMetrics: what `promtool check metrics` says of both programs, as they are scraped.
func TestMetrics(t *testing.T) {
	t.Parallel()
	for _, url := range []string{local.Metrics.API, local.Metrics.Worker} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		problems, err := promlint.New(resp.Body).Lint()
		require.NoError(t, resp.Body.Close())
		require.NoError(t, err, url)
		require.Empty(t, problems, url)
	}
}
