package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"satchel/api/auth"
	"satchel/api/console"
	"satchel/api/request"
	"satchel/internal/fault"
)

// routes are those that are wanted.
func (a *API) routes(wanted func(Route) bool) []Route {
	return slices.DeleteFunc(a.Routes(), func(r Route) bool { return !wanted(r) })
}

// engine builds a router of routes.
func (a *API) engine(routes []Route) *gin.Engine {
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.ForwardedByClientIP = false
	if trace := a.middleware.Trace(); trace != nil {
		e.Use(trace) // around the log line, which has its id
	}
	e.Use(a.middleware.Drain, a.middleware.RequestID, a.middleware.AccessLog, a.middleware.Recover, a.middleware.SecurityHeaders, a.auth.CORS, a.auth.ClientAddress, auth.WellFormed)
	e.NoRoute(a.auth.Public, func(c *gin.Context) { request.Fail(c, errNoRoute) })
	e.NoMethod(a.auth.Public, func(c *gin.Context) { request.Fail(c, errNoMethod) })
	for _, r := range routes {
		if r.Action == "" {
			panic("route without an action: " + r.Method + " " + r.Path)
		}
		handle := r.Handler
		if r.Idempotency.Replay != nil {
			handle = a.idempotency.Wrap(r.Idempotency, handle)
		}
		e.Handle(r.Method, r.Path, a.middleware.LimitClass(r.Class), a.open(r), a.recordRefusal(r.Audit), a.authorize(r), a.middleware.LimitBodies, respond(handle))
	}
	return e
}

// errMaintenance is the answer to everybody but operators while a restored system is checked.
var errMaintenance = fault.New(fault.Unavailable, "maintenance", "The platform was restored from a backup and is being checked. Nothing is lost by waiting. Try again in a few minutes.").After(time.Minute)

// open refuses what is not for operators while the system is maintained: what was taken in
// then, or given out, would be of rows that the check has not seen.
func (a *API) open(r Route) gin.HandlerFunc {
	operators := r.Class == probe || r.Action == signedIn || strings.HasPrefix(r.Path, adminPath+"/") || strings.HasPrefix(r.Path, apiPath+"/operations/")
	return func(c *gin.Context) {
		if a.Config.Maintained && !operators {
			request.Fail(c, errMaintenance)
		}
	}
}

// serveConsole adds the web console, whose files are no calls of the API: they are
// the same for everyone, and a school behind one address opens many at once, so no
// rate limit counts them.
func (a *API) serveConsole(e *gin.Engine) {
	for _, p := range []string{console.Path, console.Path + "/*path"} {
		e.GET(p, a.middleware.LimitClass(quick), gin.WrapH(a.Console))
	}
}

// overrideMethod gives a request of tus the method that X-HTTP-Method-Override
// names, as the protocol demands. It comes before the routing, so that the
// request is authorized, bounded and recorded as what it becomes.
func overrideMethod(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m := r.Header.Get("X-HTTP-Method-Override"); m != "" && strings.HasPrefix(r.URL.Path, tusPath) {
			r = r.WithContext(r.Context()) // a copy: the server goes on with the method that came
			r.Method = m
		}
		next.ServeHTTP(w, r)
	})
}

// authorize checks the caller of a route: for public routes the rate limit of
// the address, for all others the grant of the route's action.
func (a *API) authorize(r Route) gin.HandlerFunc {
	switch {
	case r.Action == signedIn:
		return a.auth.Authenticate
	case r.Action != anyone:
		return a.auth.Authorize(r.Action, r.Cost)
	case r.Class == probe || r.Signed: // the handler limits the addresses of those whose signature is not good
		return auth.AllowAnyOrigin // anyone who watches over this program must not be told that it is down
	case r.Page != nil:
		return a.auth.PublicPage(r.Page)
	}
	return a.auth.Public
}

// respond runs a handler and turns its error into a problem.
func respond(do handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := do(c); err != nil {
			request.Fail(c, err)
		}
	}
}
