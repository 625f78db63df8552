package middleware

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"satchel/tenancy"
)

// One caller has so many requests with a body open at once, and not one more.
// Others, and requests without a body, are let through.
func TestBodiesOfOneCallerAreBounded(t *testing.T) {
	t.Parallel()
	a := New(Middleware{Log: slog.New(slog.DiscardHandler)}, prometheus.NewRegistry())
	begun, block := make(chan struct{}), make(chan struct{})
	e := gin.New()
	e.POST("/", func(c *gin.Context) {
		user := uuid.MustParse(c.GetHeader("User"))
		c.Request = c.Request.WithContext(tenancy.WithActor(c.Request.Context(), tenancy.Actor{Org: tenancy.OrgID(uuid.New()), User: user}))
	}, a.LimitBodies, func(c *gin.Context) {
		if c.GetHeader("Block") != "" {
			begun <- struct{}{}
			<-block
		}
	})
	send := func(user uuid.UUID, body io.Reader, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/", body)
		r.Header.Set("User", user.String())
		for _, h := range header {
			r.Header.Set(h, "yes")
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w
	}
	one, ended := uuid.New(), make(chan int)
	for range MostBodies {
		go func() { ended <- send(one, strings.NewReader("x"), "Block").Code }()
		<-begun
	}
	refused := send(one, strings.NewReader("x"))
	require.Equal(t, http.StatusTooManyRequests, refused.Code)
	require.Equal(t, "2", refused.Header().Get("Retry-After"))
	require.Contains(t, refused.Body.String(), `"too_many_requests_at_once"`)
	require.Equal(t, http.StatusOK, send(one, nil).Code)
	require.Equal(t, http.StatusOK, send(uuid.New(), strings.NewReader("x")).Code)
	close(block)
	for range MostBodies {
		require.Equal(t, http.StatusOK, <-ended)
	}
	require.Equal(t, http.StatusOK, send(one, strings.NewReader("x")).Code)
}
