// Package swagger replaces the routes of the pages that show the description of an API. The stack's supervisor answers
// 404 there.
package swagger

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// WrapHandler returns a handler that answers 404.
func WrapHandler(any) gin.HandlerFunc {
	return func(c *gin.Context) { c.AbortWithStatus(http.StatusNotFound) }
}
