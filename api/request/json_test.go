package request_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"satchel/api/request"
)

// TestAnAnswerIsWholeBeforeItsRequestEnds: the caller of a page has all of it while its handler still runs.
func TestAnAnswerIsWholeBeforeItsRequestEnds(t *testing.T) {
	t.Parallel()
	read, failed := make(chan struct{}), make(chan error, 1)
	page := request.Page[string]{Items: []string{strings.Repeat("x", 14_000)}, NextCursor: "next"}
	e := gin.New()
	e.GET("/", func(c *gin.Context) {
		failed <- request.JSON(c, http.StatusOK, page)
		<-read
	})
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	require.NoError(t, err)
	answer, err := s.Client().Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	close(read)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.NoError(t, <-failed)
	require.EqualValues(t, len(body), answer.ContentLength)
	require.Equal(t, "application/json; charset=utf-8", answer.Header.Get("Content-Type"))
	var got request.Page[string]
	require.NoError(t, json.Unmarshal(body, &got))
	require.Equal(t, page, got)
}
