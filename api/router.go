package api

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"satchel/api/auth"
	"satchel/api/invitepage"
	"satchel/api/middleware"
	"satchel/api/ratelimit"
	"satchel/api/request"
	"satchel/internal/fault"
	"satchel/tenancy"
)

const (
	get    = http.MethodGet
	head   = http.MethodHead
	post   = http.MethodPost
	put    = http.MethodPut
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

// anyone marks a route that needs no token. It is a word and not the zero
// value, so that a forgotten action is refused at start and not open to all.
const anyone tenancy.Action = "anyone"

// signedIn marks a route for whoever has a valid token, a member of an
// organization or not. Such a handler finds who it is by request.Person, and no
// actor.
const signedIn tenancy.Action = "signed_in"

// How long a request may take, and what flows.
const (
	quick     = middleware.Quick
	incoming  = middleware.Upload
	resumable = middleware.Tus
	outgoing  = middleware.Download
	waiting   = middleware.Stream
	probe     = middleware.Probe
)

// handler parses, validates, acts and responds; an error becomes a problem.
type handler func(*gin.Context) error

// Route is one line of the table.
type Route struct {
	Method, Path string
	Action       tenancy.Action
	Handler      handler
	Class        middleware.Class
}

var (
	errNoRoute  = fault.New(fault.NotFound, "no_such_route", "There is nothing at this address. GET /api/v1/openapi.yaml lists what there is.")
	errNoMethod = fault.New(fault.Invalid, "method_not_allowed", "This address does not take that method. The Allow header lists those it takes.")
)

const (
	storagePath = "/api/v1/storage"
	filePath    = storagePath + "/files/:id"
	tusPath     = storagePath + "/tus/"
	adminPath   = "/api/v1/admin"

	organizationPath = "/api/v1/organizations/:id"

	documentPath = "/api/v1/openapi.yaml"
	resourcePath = "/.well-known/oauth-protected-resource"
)

// Routes is every route, with what it demands of the caller. Whether a file is
// the caller's own is asked by the handlers, since it takes the file's row.
func (a *API) Routes() []Route { //nolint:funlen // a line a route
	return []Route{
		{post, storagePath + "/upload", tenancy.Upload, a.storage.Upload, incoming},
		{http.MethodOptions, tusPath, anyone, a.storage.Tus, quick},
		{post, tusPath, tenancy.Upload, a.storage.Tus, resumable},
		{head, tusPath + ":id", tenancy.Upload, a.storage.Tus, resumable},
		{patch, tusPath + ":id", tenancy.Upload, a.storage.Tus, resumable},
		{remove, tusPath + ":id", tenancy.Upload, a.storage.Tus, resumable},

		{get, storagePath + "/files", tenancy.ReadOwn, a.storage.ListFiles, quick},
		{get, filePath, tenancy.ReadOwn, a.storage.GetFile, quick},
		{patch, filePath, tenancy.EditOwn, a.storage.ChangeFile, quick},
		{remove, filePath, tenancy.EditOwn, a.storage.TrashFile, quick},
		{post, filePath + "/restore", tenancy.EditOwn, a.storage.RestoreFile, quick},
		{get, filePath + "/events", tenancy.ReadOwn, a.storage.FollowFile, waiting},
		{get, filePath + "/content", tenancy.ReadOwn, a.storage.GetContent, outgoing},
		{head, filePath + "/content", tenancy.ReadOwn, a.storage.GetContent, outgoing},
		{get, filePath + "/renditions/:name", tenancy.ReadOwn, a.storage.GetRendition, outgoing},
		{head, filePath + "/renditions/:name", tenancy.ReadOwn, a.storage.GetRendition, outgoing},
		{get, filePath + "/versions", tenancy.ReadOwn, a.storage.ListVersions, quick},
		{get, filePath + "/versions/:n/content", tenancy.ReadOwn, a.storage.GetVersionContent, outgoing},
		{head, filePath + "/versions/:n/content", tenancy.ReadOwn, a.storage.GetVersionContent, outgoing},
		{post, filePath + "/versions/:n/restore", tenancy.EditOwn, a.storage.RestoreVersion, quick},
		{get, storagePath + "/quota", tenancy.ReadQuota, a.usage.GetQuota, quick},

		{get, "/api/v1/operations/:id", tenancy.ReadOperation, a.operations.Get, quick},
		{get, adminPath + "/storage/stats", tenancy.ReadStats, a.usage.GetStats, quick},
		{put, adminPath + "/storage/quotas", tenancy.SetQuota, a.usage.SetQuota, quick},
		{post, adminPath + "/storage/scan", tenancy.Rescan, a.operations.Rescan, quick},
		{post, adminPath + "/reconcile", tenancy.Reconcile, a.operations.Reconcile, quick},

		// organizations
		{post, "/api/v1/organizations", tenancy.CreateOrganization, a.organizations.Create, quick},
		{get, "/api/v1/organizations", tenancy.ManageOrganizations, a.organizations.List, quick},
		{get, organizationPath, tenancy.ReadOrganization, a.organizations.Get, quick},
		{patch, organizationPath, tenancy.ChangeOrganization, a.organizations.Change, quick},
		{remove, organizationPath, tenancy.ManageOrganizations, a.organizations.Delete, quick},
		{post, organizationPath + "/suspend", tenancy.ManageOrganizations, a.organizations.Suspend, quick},
		{post, organizationPath + "/resume", tenancy.ManageOrganizations, a.organizations.Resume, quick},
		{post, organizationPath + "/keep", tenancy.ManageOrganizations, a.organizations.CancelDeletion, quick},
		{post, organizationPath + "/export", tenancy.ExportOrganization, a.organizations.Export, quick},
		{get, organizationPath + "/exports/:operation/:part", tenancy.ExportOrganization, a.organizations.GetExport, outgoing},
		{get, organizationPath + "/policies", tenancy.ChangeOrganization, a.organizations.GetPolicies, quick},
		{patch, organizationPath + "/policies", tenancy.ChangeOrganization, a.organizations.ChangePolicies, quick},
		{get, organizationPath + "/events", tenancy.ReadEvents, a.organizations.ListEvents, quick},
		{get, adminPath + "/tiers", tenancy.ReadTiers, a.organizations.ListTiers, quick},
		{put, adminPath + "/tiers/:name", tenancy.SetTiers, a.organizations.SetTier, quick},

		// people
		{get, "/api/v1/me", signedIn, a.members.GetMe, quick},
		{post, organizationPath + "/members", tenancy.ManageMembers, a.members.SetMember, quick},
		{get, organizationPath + "/members", tenancy.ReadMembers, a.members.ListMembers, quick},
		{get, organizationPath + "/members/:user", tenancy.ReadMembers, a.members.GetMember, quick},
		{put, organizationPath + "/members/:user", tenancy.ManageMembers, a.members.ChangeMember, quick},
		{remove, organizationPath + "/members/:user", tenancy.ManageMembers, a.members.RemoveMember, quick},
		{post, organizationPath + "/leave", tenancy.Leave, a.members.Leave, quick},
		{post, organizationPath + "/invitations", tenancy.Invite, a.members.Invite, quick},
		{get, organizationPath + "/invitations", tenancy.Invite, a.members.ListInvitations, quick},
		{get, organizationPath + "/invitations/:invitation", tenancy.Invite, a.members.GetInvitation, quick},
		{remove, organizationPath + "/invitations/:invitation", tenancy.Invite, a.members.RevokeInvitation, quick},
		{post, organizationPath + "/invitations/:invitation/resend", tenancy.Invite, a.members.ResendInvitation, quick},
		{get, "/api/v1/invitations/:token", anyone, a.members.ShowInvitation, quick},
		{post, "/api/v1/invitations/look", anyone, a.members.LookAtInvitation, quick},
		{post, "/api/v1/invitations/accept", signedIn, a.members.AcceptInvitation, quick},
		{post, "/api/v1/invitations/decline", signedIn, a.members.DeclineInvitation, quick},
		{get, invitepage.Path, anyone, a.members.InvitationPage, quick},
		{get, organizationPath + "/guardians", tenancy.ReadGuardians, a.members.ListGuardians, quick},
		{post, organizationPath + "/guardians", tenancy.SetGuardians, a.members.AddGuardian, quick},
		{remove, organizationPath + "/guardians/:parent/:student", tenancy.SetGuardians, a.members.RemoveGuardian, quick},

		// keys
		{get, organizationPath + "/keys", tenancy.ManageKeys, a.keys.List, quick},
		{post, organizationPath + "/keys", tenancy.ManageKeys, a.keys.Create, quick},
		{post, organizationPath + "/keys/:key/rotate", tenancy.ManageKeys, a.keys.Rotate, quick},
		{remove, organizationPath + "/keys/:key", tenancy.ManageKeys, a.keys.Revoke, quick},

		// usage
		{get, organizationPath + "/usage", tenancy.ReadUsage, a.usage.GetUsage, quick},

		// audit
		{get, organizationPath + "/audit", tenancy.ReadAudit, a.auditLog.List, quick},
		{get, organizationPath + "/audit/verify", tenancy.ReadAudit, a.auditLog.Verify, waiting},
		{get, organizationPath + "/audit/export", tenancy.ReadAudit, a.auditLog.Export, waiting},

		{get, "/", anyone, a.getAbout, quick},
		{get, "/api/v1", anyone, a.getAbout, quick},
		{get, documentPath, anyone, a.getDocument, quick},
		{get, resourcePath, anyone, a.getResource, quick},
		{get, "/healthz", anyone, a.getHealth, probe},
		{get, "/readyz", anyone, a.getReadiness, probe},
	}
}

// engine builds a router of the wanted routes.
func (a *API) engine(wanted func(Route) bool) http.Handler {
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.ForwardedByClientIP = false
	e.Use(a.middleware.DrainTimeout, a.middleware.RequestID, a.middleware.AccessLog, a.middleware.Recover, a.middleware.SecurityHeaders, a.auth.CORS, a.auth.ClientAddress, auth.WellFormed)
	e.NoRoute(a.auth.Public, func(c *gin.Context) { request.Fail(c, errNoRoute) })
	e.NoMethod(a.auth.Public, func(c *gin.Context) { request.Fail(c, errNoMethod) })
	makes := a.idempotent()
	for _, r := range a.Routes() {
		if way, ok := makes[r.Method+" "+r.Path]; ok {
			r.Handler = a.idempotency.Wrap(way, r.Handler)
		}
		if r.Action == "" {
			panic("route without an action: " + r.Method + " " + r.Path)
		}
		if wanted(r) {
			e.Handle(r.Method, r.Path, a.middleware.LimitClass(r.Class), a.recordRefusal(auditActions[r.Method+" "+r.Path]), a.authorize(r), a.middleware.LimitBodies, respond(r.Handler))
		}
	}
	return overrideMethod(e)
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

// authorize is who may pass: anyone, as often as an address may, or who is granted
// the route's action.
func (a *API) authorize(r Route) gin.HandlerFunc {
	switch {
	case r.Action == signedIn:
		return a.auth.Authenticate
	case r.Action != anyone:
		return a.auth.Authorize(r.Action, cost(r))
	case r.Class == probe:
		return auth.AllowAnyOrigin // whoever watches over this program must not be told that it is down
	}
	return a.auth.Public
}

// cost is small for the requests of an upload that has begun: it may take
// hundreds, and clients of tus give up at a 429.
func cost(r Route) ratelimit.Cost {
	if r.Path == tusPath+":id" {
		return ratelimit.Part
	}
	return ratelimit.Request
}

// respond runs a handler and turns its error into a problem.
func respond(do handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := do(c); err != nil {
			request.Fail(c, err)
		}
	}
}
