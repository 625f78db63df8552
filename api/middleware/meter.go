package middleware

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/tenancy/usage"
)

// meter counts what no row records about a finished request: active users and
// bytes sent. Persons are counted, API keys and those who read by a share are not.
func (a *Middleware) meter(c *gin.Context) {
	actor, ok := request.Actor(c)
	if !ok || c.Writer.Status() >= http.StatusBadRequest {
		return
	}
	if actor.Key == uuid.Nil && actor.User != uuid.Nil {
		a.Meter.Active(actor.Org, actor.User)
	}
	if c.Request.Method != http.MethodGet || c.Value(keyClass) != Download {
		return
	}
	bytes, byEdge := request.Given(c)
	if !byEdge {
		bytes = int64(c.Writer.Size())
	}
	a.Meter.Add(actor.Org, usage.BytesOut, bytes)
	if (isContent(c.FullPath()) || request.IsDownload(c)) && fromStart(c.Writer) {
		a.Meter.Add(actor.Org, usage.Downloads, 1)
	}
}

func isContent(route string) bool { return strings.HasSuffix(route, "/content") }

// fromStart tells a download from the continuation of one.
func fromStart(w gin.ResponseWriter) bool {
	return w.Status() == http.StatusOK ||
		w.Status() == http.StatusPartialContent && strings.HasPrefix(w.Header().Get("Content-Range"), "bytes 0-")
}
