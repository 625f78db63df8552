package auth

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/internal/ttlcache"
	"satchel/tenancy"
)

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Last-Event-ID, Range, Tus-Resumable, " +
		"Upload-Length, Upload-Metadata, Upload-Offset, X-HTTP-Method-Override, X-Organization-ID, X-Request-ID, X-Requested-With, traceparent"
	corsExposed = "Content-Disposition, Content-Range, ETag, Location, RateLimit, RateLimit-Policy, Retry-After, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, " +
		"Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset, X-File-ID, X-Request-ID, X-Trace-ID"
)

var errOrigin = fault.New(fault.Denied, "origin_not_allowed", "Pages of this origin may not call for the organization. An owner can add it to the organization's allowed_origins.")

// keyOrigin is where the origin of a page waits until the caller's organization
// is known.
const keyOrigin = "satchel.origin"

// CORS lets pages in. Origins are compared whole: a prefix or a pattern has let
// strangers in elsewhere. Tokens travel in a header, so cookies are never
// allowed. A browser's question beforehand carries no token, so it is answered
// for origins that any organization knows; the request itself is decided by
// Granted, where the caller's organization is known.
func (d *Auth) CORS(c *gin.Context) {
	h := c.Writer.Header()
	h.Add("Vary", "Origin")
	origin := c.GetHeader("Origin")
	if origin == "" || sameOrigin(c.Request, origin) {
		return
	}
	preflight := c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != ""
	if preflight {
		h.Add("Vary", "Access-Control-Request-Method")
		h.Add("Vary", "Access-Control-Request-Headers")
	}
	ours := slices.Contains(d.Origins, origin)
	if !ours {
		known, err := d.origins.known(c.Request.Context(), d.DB.OriginKnown, origin)
		if err == nil && !known {
			err = errOrigin
		}
		if err != nil {
			request.Fail(c, err)
			return
		}
	}
	switch {
	case preflight:
		allowOrigin(h, origin)
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", corsHeaders)
		h.Set("Access-Control-Max-Age", "600")
		c.AbortWithStatus(http.StatusNoContent)
	case ours:
		allowOrigin(h, origin)
	default:
		c.Set(keyOrigin, origin)
	}
}

func allowOrigin(h http.Header, origin string) {
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", corsExposed)
}

// checkOrigin decides about a page that is not the platform's, once the
// organization is known for which its user calls.
func checkOrigin(c *gin.Context, origins []string) error {
	origin := c.GetString(keyOrigin)
	if origin == "" {
		return nil
	}
	if !slices.Contains(origins, origin) {
		return errOrigin
	}
	allowOrigin(c.Writer.Header(), origin)
	return nil
}

// AllowAnyOrigin lets pages of every organization read public answers, such as
// the accepted issuers.
func AllowAnyOrigin(c *gin.Context) {
	if origin := c.GetString(keyOrigin); origin != "" {
		allowOrigin(c.Writer.Header(), origin)
	}
}

// sameOrigin says whether a page of this very host is asking, which needs no
// permission to read the answer. Browsers send Origin all the same.
func sameOrigin(r *http.Request, origin string) bool {
	o, err := url.Parse(origin)
	return err == nil && o.Host != "" && strings.EqualFold(o.Host, r.Host)
}

const (
	originCacheTTL  = 5 * time.Second
	originCacheSize = 1024
	originTimeout   = 5 * time.Second
)

// originCache remembers for a few seconds which origins some organization
// knows, so that a page's many questions are one of the database. It is
// bounded: anyone can ask with any origin.
type originCache struct {
	found *ttlcache.Cache[string, bool]
}

func newOriginCache() *originCache {
	return &originCache{found: ttlcache.New[string, bool](originCacheSize, originCacheTTL)}
}

// known asks for an origin. What cannot be in any organization's list is not
// asked for.
func (k *originCache) known(ctx context.Context, ask func(context.Context, string) (bool, error), origin string) (bool, error) {
	if tenancy.ValidOrigin(origin) != nil {
		return false, nil
	}
	if known, ok := k.found.Get(origin); ok {
		return known, nil
	}
	ctx, cancel := context.WithTimeout(ctx, originTimeout)
	defer cancel()
	known, err := ask(ctx, origin)
	if err == nil {
		k.found.Put(origin, known)
	}
	return known, err
}
