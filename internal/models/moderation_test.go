package models_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/fault"
	"satchel/internal/models"
	"satchel/internal/models/modelstest"
)

// TestModeration: what it cannot say is no answer, so that nothing unseen is shown.
func TestModeration(t *testing.T) {
	t.Parallel()
	fake := &modelstest.Fake{}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	m := models.NewModeration(models.Config{BaseURL: server.URL + "/v1/", Key: "k", Model: "m"})
	flagged, err := m.Flagged(t.Context(), "a volcano")
	require.NoError(t, err)
	require.False(t, flagged)
	flagged, err = m.Flagged(t.Context(), "what is "+modelstest.Unfit)
	require.NoError(t, err)
	require.True(t, flagged)
	_, err = m.Flagged(t.Context(), modelstest.Silent)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	request := fake.Requests()[0]
	require.Equal(t, "/v1/moderations", request.Path)
	require.Equal(t, "Bearer k", request.Header.Get("Authorization"))
	require.Equal(t, "m", request.Body["model"])
	server.Close()
	_, err = m.Flagged(t.Context(), "a volcano")
	require.Equal(t, "moderation_unavailable", fault.Of(err).Code)
}
